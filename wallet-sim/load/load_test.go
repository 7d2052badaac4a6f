package load

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/wallet"
)

func TestPlanIsTheSameForTheSameSeed(t *testing.T) {
	cfg := Config{Rate: 100, For: 20 * time.Second, Holders: 1, Seed: 7, Flows: []Flow{{"a", 3, nil}, {"b", 1, nil}}}
	one, err := cfg.Plan()
	if err != nil {
		t.Fatal(err)
	}
	two, _ := cfg.Plan()
	other := cfg
	other.Seed = 8
	three, _ := other.Plan()
	if fmt.Sprint(one) != fmt.Sprint(two) || fmt.Sprint(one) == fmt.Sprint(three) {
		t.Error("the seed does not decide")
	}
	before, ofA, squares := time.Duration(0), 0, 0.0
	for _, a := range one {
		if a.At < before || a.At >= cfg.For {
			t.Fatalf("%s after %s", a.At, before)
		}
		gap := (a.At - before).Seconds()
		squares += gap * gap
		if before = a.At; a.Flow == 0 {
			ofA++
		}
	}
	// 2000 are expected of a Poisson process, give or take 45; the gaps' mean square is twice the square of their mean.
	if n := float64(len(one)); math.Abs(n-2000) > 5*45 || math.Abs(float64(ofA)/n-0.75) > 0.05 || math.Abs(squares/n*100*100-2) > 0.4 {
		t.Errorf("%d arrivals, %d of the first flow, mean square %g", len(one), ofA, squares/n)
	}
}

func TestConfigsThatAreRefused(t *testing.T) {
	good := Config{Rate: 1, Count: 1, Holders: 1, Flows: []Flow{{"a", 1, nil}}}
	for name, change := range map[string]func(c *Config){
		"no rate":         func(c *Config) { c.Rate = 0 },
		"no number":       func(c *Config) { c.Rate = math.NaN() },
		"no bound":        func(c *Config) { c.Count = 0 },
		"too many":        func(c *Config) { c.Count = MostArrivals + 1 },
		"no holder":       func(c *Config) { c.Holders = 0 },
		"no flow":         func(c *Config) { c.Flows = nil },
		"no weight":       func(c *Config) { c.Flows = []Flow{{"a", 0, nil}} },
		"negative weight": func(c *Config) { c.Flows = []Flow{{"a", 2, nil}, {"b", -1, nil}} },
	} {
		cfg := good
		change(&cfg)
		if _, err := cfg.Plan(); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whether it was answered well, and by what it is counted when not.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Outcome
		code string
	}{
		{nil, OK, ""},
		{&wallet.Refusal{Status: 503, Code: "temporarily_unavailable"}, Busy, ""},
		{&wallet.Refusal{Status: 429}, Busy, ""},
		{fmt.Errorf("a: %w", &wallet.Refusal{Status: 400, Code: "invalid_proof"}), Refused, "invalid_proof"},
		{&wallet.Refusal{Status: 500}, Refused, "status 500"},
		{fmt.Errorf("a: %w", &browser.StatusError{Status: 503}), Busy, ""},
		{&browser.StatusError{Status: 404}, Refused, "status 404"},
		{context.DeadlineExceeded, Failed, "timeout"},
		{wallet.ErrNoMatch, Failed, "nothing to show"},
		{io.ErrUnexpectedEOF, Failed, "network"},
		{wallet.ErrCredential, Failed, "the wallet minds"},
	} {
		if got, code := outcomeOf(c.err); got != c.want || code != c.code {
			t.Errorf("%v: %d %q, want %d %q", c.err, got, code, c.want, c.code)
		}
	}
}

// The percentiles are exact, and of what went well alone.
func TestPercentiles(t *testing.T) {
	var samples []Sample
	for i := range 200 {
		samples = append(samples, Sample{Outcome: OK, Took: time.Duration(200-i) * time.Millisecond}, Sample{Outcome: Busy, Took: time.Hour})
	}
	if got, want := percentilesOf(samples), (Percentiles{100, 180, 190, 198, 200}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got := percentilesOf(samples[:2]); got != (Percentiles{200, 200, 200, 200, 200}) {
		t.Errorf("of one: %v", got)
	}
	if got := percentilesOf(nil); got != (Percentiles{}) {
		t.Errorf("of none: %v", got)
	}
}

// Who arrives when every holder is at something is not sent, and no later arrival waits for them.
func TestNobodyWaitsForAnAnswer(t *testing.T) {
	all, goOn := make(chan struct{}), make(chan struct{})
	var came atomic.Int64
	cfg := Config{Rate: 1e5, Count: 50, Holders: 3, Now: func() time.Time { return time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC) }, Flows: []Flow{{"a", 1, func(context.Context, int) error {
		if came.Add(1) == 3 {
			close(all)
		}
		<-goOn
		return nil
	}}}}
	done := make(chan *Report)
	go func() {
		r, err := Run(context.Background(), cfg)
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	<-all
	close(goOn)
	r := <-done
	if r.Total.Arrivals != 50 || r.Total.OK < 3 || r.Total.OK+r.Total.NotSent != 50 {
		t.Errorf("%+v", r.Total)
	}
}

// When it is ended nobody comes any more, and what is under way is waited for.
func TestEndedEarly(t *testing.T) {
	ctx, end := context.WithCancel(context.Background())
	cfg := Config{Rate: 1000, For: time.Minute, Holders: 2, Now: time.Now, Flows: []Flow{{"a", 1, func(inner context.Context, _ int) error {
		end()
		return inner.Err()
	}}}}
	r, err := Run(ctx, cfg)
	if err != nil || r.Total.Arrivals == 0 || r.Total.OK == 0 || r.Total.OK+r.Total.NotSent != r.Total.Arrivals || !r.Interrupted {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestReportAddsUp(t *testing.T) {
	cfg := Config{Rate: 5, Holders: 1, Flows: []Flow{{"a", 1, nil}, {"b", 1, nil}}}
	var samples []Sample
	for i := range 20 {
		samples = append(samples, Sample{Arrival: Arrival{time.Duration(i) * 400 * time.Millisecond, i % 2}, Outcome: Outcome(i % int(outcomes)), Took: time.Millisecond})
		if samples[i].Outcome == Refused {
			samples[i].Code, samples[i].Says = "invalid_proof", fmt.Sprint(i)
		}
	}
	samples = append(samples, Sample{Arrival: Arrival{10 * time.Second, 0}}) // after two seconds in which nobody came
	r := reportOf(cfg, samples, 12*time.Second)
	sum := func(p Part) int { return p.OK + p.Busy + p.Refused + p.Failed + p.NotSent }
	if sum(r.Total) != 21 || r.Total.Arrivals != 21 || sum(r.Flows[0])+sum(r.Flows[1]) != 21 || r.Total.Codes["invalid_proof"] != 4 {
		t.Errorf("%+v", r)
	}
	seconds := 0
	for _, s := range r.Seconds {
		for _, n := range s.Outcomes {
			seconds += n
		}
	}
	if len(r.Seconds) != 11 || seconds != 21 {
		t.Errorf("%d seconds with %d arrivals", len(r.Seconds), seconds)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{`"planned_per_second":5`, `"arrivals":21`, `"not_sent":4`, `"p99":1`, `"codes":{"invalid_proof":4},"says":{"invalid_proof":"2"}`, `"each_second":[{"outcomes":[`} {
		if !strings.Contains(string(raw), member) {
			t.Errorf("lacks %s: %s", member, raw)
		}
	}
	var chart bytes.Buffer
	if err := r.Chart(&chart); err != nil {
		t.Fatal(err)
	}
	bars := 0
	for d := xml.NewDecoder(&chart); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "rect" {
			bars++
		}
	}
	if bars < 1+5+9 { // the ground, the legend, and what came in nine seconds
		t.Errorf("%d rectangles", bars)
	}
}
