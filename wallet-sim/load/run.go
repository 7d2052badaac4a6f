package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Flow is something that a holder does, from 0 to Config.Holders-1.
type Flow struct {
	Name   string
	Weight int
	Do     func(ctx context.Context, holder int) error
}

// Config is what is to come. Count and For bound it, whichever ends first; one of them must be set.
type Config struct {
	Rate    float64 // arrivals a second
	Count   int
	For     time.Duration
	Holders int
	Flows   []Flow
	Seed    uint64
	Now     func() time.Time
}

// MostArrivals bounds what is planned.
const MostArrivals = 1_000_000

// ErrConfig is what is wrong with a Config.
var ErrConfig = errors.New("load")

func (cfg Config) check() error {
	switch {
	case !(cfg.Rate > 0) || cfg.Rate > 1e6:
		return fmt.Errorf("%w: expected a rate of arrivals a second above 0, got %g", ErrConfig, cfg.Rate)
	case cfg.Count <= 0 && cfg.For <= 0:
		return fmt.Errorf("%w: expected a number of arrivals or a time", ErrConfig)
	case cfg.Holders <= 0:
		return fmt.Errorf("%w: expected a holder or more, got %d", ErrConfig, cfg.Holders)
	case cfg.weights() <= 0:
		return fmt.Errorf("%w: expected a flow with a weight above 0", ErrConfig)
	}
	return nil
}

func (cfg Config) weights() (sum int) {
	for _, f := range cfg.Flows {
		if f.Weight < 0 {
			return 0
		}
		sum += f.Weight
	}
	return sum
}

// Arrival is planned: when, from the beginning, and for which of the flows.
type Arrival struct {
	At   time.Duration
	Flow int
}

// Plan gives the arrivals in their order. Errors: ErrConfig, also for more than MostArrivals.
func (cfg Config) Plan() ([]Arrival, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	chance := rand.New(rand.NewPCG(cfg.Seed, 0)) //nolint:gosec // a schedule that comes again for the same seed; nothing is secret about it
	var all []Arrival
	for at := 0.0; cfg.Count <= 0 || len(all) < cfg.Count; {
		at += chance.ExpFloat64() / cfg.Rate
		when := time.Duration(at * float64(time.Second))
		if cfg.For > 0 && when >= cfg.For {
			break
		}
		if len(all) == MostArrivals {
			return nil, fmt.Errorf("%w: more than %d arrivals", ErrConfig, MostArrivals)
		}
		all = append(all, Arrival{when, cfg.pick(chance)})
	}
	return all, nil
}

// pick draws a flow by its weight.
func (cfg Config) pick(chance *rand.Rand) int {
	n := chance.IntN(cfg.weights())
	for i, f := range cfg.Flows {
		if n -= f.Weight; n < 0 {
			return i
		}
	}
	return len(cfg.Flows) - 1
}

// Run does what was planned. When ctx ends nobody comes any more, and what is under way goes on to its end. Errors: ErrConfig.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	plan, err := cfg.Plan()
	if err != nil {
		return nil, err
	}
	free := make(chan int, cfg.Holders)
	for i := range cfg.Holders {
		free <- i
	}
	samples := make([]Sample, len(plan))
	begun, came, late := cfg.Now(), 0, time.Duration(0)
	var under sync.WaitGroup
	for i, a := range plan {
		if !until(ctx, begun.Add(a.At).Sub(cfg.Now())) {
			break
		}
		came++
		late = max(late, cfg.Now().Sub(begun.Add(a.At)))
		s := &samples[i]
		s.Arrival = a
		select {
		case holder := <-free:
			under.Go(func() {
				s.end(cfg.Flows[a.Flow].Do(context.WithoutCancel(ctx), holder))
				s.Took = cfg.Now().Sub(begun.Add(a.At))
				free <- holder
			})
		default:
			s.Outcome = NotSent
		}
	}
	under.Wait()
	r := reportOf(cfg, samples[:came], cfg.Now().Sub(begun))
	r.Interrupted, r.Late = came < len(plan), float64(late.Milliseconds())
	return r, nil
}

// until waits; false when ctx has ended.
func until(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
