package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"time"

	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/wallet"
)

// Outcome is how an arrival ended. Each ends in one way.
type Outcome int

// The outcomes.
const (
	OK      Outcome = iota
	Busy            // the server said that it has too much to do: 503 or 429
	Refused         // the server said no
	Failed          // no answer, or one that the wallet did not take
	NotSent         // every holder was at something
	outcomes
)

// Sample is an arrival and what became of it.
type Sample struct {
	Arrival
	Outcome Outcome
	Code    string        // of Refused and Failed
	Says    string        // the same in words
	Took    time.Duration // from when it was planned
}

// end notes what a flow ended with.
func (s *Sample) end(err error) {
	if s.Outcome, s.Code = outcomeOf(err); s.Code != "" {
		s.Says = err.Error()
	}
}

// outcomeOf reads what a flow ended with.
func outcomeOf(err error) (Outcome, string) {
	var refusal *wallet.Refusal
	var page *browser.StatusError
	switch {
	case err == nil:
		return OK, ""
	case errors.As(err, &refusal):
		return byStatus(refusal.Status, refusal.Code)
	case errors.As(err, &page):
		return byStatus(page.Status, "")
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Failed, "timeout"
	case errors.Is(err, wallet.ErrNoMatch):
		return Failed, "nothing to show"
	case errors.As(err, new(*net.OpError)), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Failed, "network"
	}
	return Failed, "the wallet minds"
}

func byStatus(status int, code string) (Outcome, string) {
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		return Busy, ""
	}
	if code == "" {
		code = fmt.Sprintf("status %d", status)
	}
	return Refused, code
}

// Percentiles are of the arrivals that ended well, in milliseconds.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Part is what became of some arrivals. OK, Busy, Refused, Failed and NotSent add up to Arrivals.
type Part struct {
	Flow         string            `json:"flow,omitempty"` // "" for all
	Arrivals     int               `json:"arrivals"`
	OK           int               `json:"ok"`
	Busy         int               `json:"busy"`
	Refused      int               `json:"refused"`
	Failed       int               `json:"failed"`
	NotSent      int               `json:"not_sent"`
	Codes        map[string]int    `json:"codes,omitempty"`
	Says         map[string]string `json:"says,omitempty"` // the first of each code in words
	Milliseconds Percentiles       `json:"milliseconds"`
}

// Second is one second of it, by when the arrivals were planned.
type Second struct {
	Outcomes     [outcomes]int `json:"outcomes"` // ok, busy, refused, failed, not sent
	Milliseconds Percentiles   `json:"milliseconds"`
}

// Report is what came of a load.
type Report struct {
	Planned float64 `json:"planned_per_second"`
	Came    float64 `json:"arrivals_per_second"`
	Served  float64 `json:"ok_per_second"`
	Took    float64 `json:"seconds"` // to the end of the last answer
	// Preparing is how many seconds the holders took to be prepared, which is not part of the rest.
	Preparing   float64 `json:"preparing_seconds"`
	Interrupted bool    `json:"interrupted"` // before all came that were planned
	// Late is how many milliseconds after its time an arrival was begun at the most: when it is much, this machine is what was slow.
	Late    float64  `json:"begun_late_milliseconds"`
	Holders int      `json:"holders"`
	Seed    uint64   `json:"seed"`
	Total   Part     `json:"total"`
	Flows   []Part   `json:"flows"`
	Seconds []Second `json:"each_second"`
}

func reportOf(cfg Config, samples []Sample, took time.Duration) *Report {
	r := &Report{Planned: cfg.Rate, Took: took.Seconds(), Holders: cfg.Holders, Seed: cfg.Seed, Total: partOf("", samples)}
	if seconds := r.Took; seconds > 0 {
		r.Came, r.Served = float64(r.Total.Arrivals)/seconds, float64(r.Total.OK)/seconds
	}
	for i, f := range cfg.Flows {
		r.Flows = append(r.Flows, partOf(f.Name, slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return s.Flow != i })))
	}
	for first := 0; first < len(samples); {
		second, end := int(samples[first].At/time.Second), first
		for end < len(samples) && int(samples[end].At/time.Second) == second {
			end++
		}
		for len(r.Seconds) < second {
			r.Seconds = append(r.Seconds, Second{})
		}
		r.Seconds = append(r.Seconds, secondOf(samples[first:end]))
		first = end
	}
	return r
}

func secondOf(samples []Sample) (s Second) {
	for _, one := range samples {
		s.Outcomes[one.Outcome]++
	}
	s.Milliseconds = percentilesOf(samples)
	return s
}

func partOf(name string, samples []Sample) Part {
	p := Part{Flow: name, Arrivals: len(samples), Milliseconds: percentilesOf(samples)}
	for _, s := range samples {
		*[...]*int{&p.OK, &p.Busy, &p.Refused, &p.Failed, &p.NotSent}[s.Outcome]++
		if s.Code != "" {
			if p.Codes == nil {
				p.Codes, p.Says = map[string]int{}, map[string]string{}
			}
			if p.Codes[s.Code]++; p.Codes[s.Code] == 1 {
				p.Says[s.Code] = s.Says
			}
		}
	}
	return p
}

// percentilesOf are exact, by the nearest rank.
func percentilesOf(samples []Sample) Percentiles {
	var took []float64
	for _, s := range samples {
		if s.Outcome == OK {
			took = append(took, math.Round(float64(s.Took)/float64(time.Microsecond))/1000)
		}
	}
	if len(took) == 0 {
		return Percentiles{}
	}
	slices.Sort(took)
	rank := func(p float64) float64 { return took[max(0, int(math.Ceil(p*float64(len(took))))-1)] }
	return Percentiles{rank(0.50), rank(0.90), rank(0.95), rank(0.99), took[len(took)-1]}
}
