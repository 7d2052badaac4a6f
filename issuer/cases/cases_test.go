package cases_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/issuer/cases"
	"lommebok.example/issuer/issuance"
	"lommebok.example/minid"
	"lommebok.example/specs/statuslist"
)

var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// office is the store and the people of a case worker, and what was asked of it.
type office struct {
	cases.Store
	events   []audit.Event
	shown    int
	proposed []cases.Bulk
	waiting  []cases.Bulk
	counted  []int // with which bounds
	slow     bool  // counting takes as long as it may
	fault    error // of the audit log, or of the second step
	steps    int
	stop     func()
}

func (o *office) Record(_ context.Context, e audit.Event) error {
	o.events = append(o.events, e)
	return o.fault
}

func (o *office) Mine(context.Context, string) ([]issuance.Issued, error) {
	o.shown++
	return []issuance.Issued{{ID: "one"}}, nil
}

// Count has three of everything but of what is called nothing.
func (o *office) Count(ctx context.Context, b cases.Bulk, _ time.Time, most int) (int, error) {
	o.counted = append(o.counted, most)
	if o.slow {
		<-ctx.Done()
		return 0, fmt.Errorf("interrupted: %w", ctx.Err())
	}
	if b.ClientID == "nothing" {
		return 0, nil
	}
	return 3, nil
}

func (o *office) Unknown(context.Context, cases.Bulk, time.Time, int) (int, error) { return 2, nil }

func (o *office) Bulks(context.Context) ([]cases.Bulk, error) { return o.waiting, nil }

func (o *office) Propose(_ context.Context, b cases.Bulk) error {
	o.proposed = append(o.proposed, b)
	return nil
}

func (o *office) PersonByPID(_ context.Context, pid string) (*minid.Person, error) {
	if pid != "12865398148" {
		return nil, minid.ErrNotFound
	}
	return &minid.Person{ID: "anna", PID: pid}, nil
}

// Step has three parts to do, and stops at the second when it is told to.
func (o *office) Step(ctx context.Context, _ time.Time) (bool, error) {
	o.steps++
	if o.steps == 2 && o.stop != nil {
		o.stop()
		return false, ctx.Err()
	}
	if o.steps == 2 && o.fault != nil {
		return false, o.fault
	}
	return o.steps < 4, nil
}

func newOffice() (*office, *cases.Core) {
	o := &office{}
	return o, &cases.Core{Store: o, People: o, Now: func() time.Time { return noon }}
}

// A search is in the log before anything is shown, also one that finds nobody; without the log nothing is shown.
func TestASearchIsWrittenDownFirst(t *testing.T) {
	down := errors.New("down")
	for name, tt := range map[string]struct {
		pid, reason, outcome string
		fault, want          error
		entries, shown       int
	}{
		"found":                 {"12865398148", "misuse", "shown", nil, nil, 1, 1},
		"nobody":                {"24902499901", "misuse", "nobody", nil, cases.ErrNobody, 1, 0},
		"without a reason":      {"12865398148", "", "", nil, cases.ErrReason, 0, 0},
		"a reason of one's own": {"12865398148", "curious", "", nil, cases.ErrReason, 0, 0},
		"no log":                {"12865398148", "misuse", "shown", down, down, 1, 0},
		"nobody, no log":        {"24902499901", "misuse", "nobody", down, down, 1, 0},
	} {
		o, c := newOffice()
		o.fault = tt.fault
		_, _, err := c.Find(t.Context(), "worker", tt.pid, tt.reason)
		if !errors.Is(err, tt.want) || len(o.events) != tt.entries || o.shown != tt.shown {
			t.Errorf("%s: %v, %d entries, shown %d times", name, err, len(o.events), o.shown)
			continue
		}
		for _, e := range o.events {
			if worker, _ := e.Actor.PersonID(); e.Outcome != tt.outcome || worker != "worker" || e.Details["reason"] != tt.reason || len(e.Details) != 1 {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
}

func TestABulkIsOfWholeDaysUntilNow(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, time.November, d, 0, 0, 0, 0, time.UTC) }
	good := cases.Bulk{To: statuslist.Invalid, Reason: "misuse", ConfigurationID: "x", From: day(20), Until: day(21)}
	for name, tt := range map[string]struct {
		change func(b *cases.Bulk)
		until  time.Time
		want   error
	}{
		"past days":           {func(*cases.Bulk) {}, day(22), nil},
		"until today":         {func(b *cases.Bulk) { b.Until = day(23) }, noon.Add(time.Second), nil},
		"until next year":     {func(b *cases.Bulk) { b.Until = day(23).AddDate(1, 0, 0) }, noon.Add(time.Second), nil},
		"one day":             {func(b *cases.Bulk) { b.Until = b.From }, day(21), nil},
		"backwards":           {func(b *cases.Bulk) { b.Until = day(19) }, time.Time{}, cases.ErrBulk},
		"from tomorrow":       {func(b *cases.Bulk) { b.From, b.Until = day(24), day(25) }, time.Time{}, cases.ErrBulk},
		"without days":        {func(b *cases.Bulk) { b.From, b.Until = time.Time{}, time.Time{} }, time.Time{}, cases.ErrBulk},
		"of nothing":          {func(b *cases.Bulk) { b.ConfigurationID = "" }, time.Time{}, cases.ErrBulk},
		"of one key alone":    {func(b *cases.Bulk) { b.ConfigurationID, b.Signer = "", "k" }, day(22), nil},
		"of one provider":     {func(b *cases.Bulk) { b.ConfigurationID, b.WalletProvider = "", "p" }, day(22), nil},
		"that nothing is of":  {func(b *cases.Bulk) { b.ClientID = "nothing" }, time.Time{}, cases.ErrBulk},
		"that restores":       {func(b *cases.Bulk) { b.To = statuslist.Valid }, time.Time{}, cases.ErrBulk},
		"for no known reason": {func(b *cases.Bulk) { b.Reason = "x" }, time.Time{}, cases.ErrReason},
	} {
		o, c := newOffice()
		b := good
		tt.change(&b)
		got, err := c.Propose(t.Context(), "worker", b)
		if !errors.Is(err, tt.want) || len(o.proposed) != 0 != (tt.want == nil) {
			t.Errorf("%s: %v, %d proposed", name, err, len(o.proposed))
			continue
		}
		if err == nil && (!got.Until.Equal(tt.until) || got.State != cases.Proposed || got.ProposedBy != "worker" || got.Matching != 3 || !got.Ends.Equal(noon.Add(24*time.Hour))) {
			t.Errorf("%s: %+v", name, got)
		}
		if chosen := b.WalletProvider+b.Signer != ""; err == nil && got.Unknown != 0 != chosen {
			t.Errorf("%s: %d unknown", name, got.Unknown)
		}
		if err == nil && (got.Open("worker", noon) || !got.Open("another", noon) || got.Open("another", got.Ends)) {
			t.Errorf("%s: who may approve it", name)
		}
	}
}

// Run goes on until nothing is left, stops without an error when its time is over, and tells of a fault.
func TestRun(t *testing.T) {
	o, c := newOffice()
	if err := c.Run(t.Context()); err != nil || o.steps != 4 {
		t.Errorf("%v after %d steps", err, o.steps)
	}
	o, c = newOffice()
	ctx, cancel := context.WithCancel(t.Context())
	o.stop = cancel
	if err := c.Run(ctx); err != nil || o.steps != 2 {
		t.Errorf("stopped: %v after %d steps", err, o.steps)
	}
	o, c = newOffice()
	if o.fault = errors.New("down"); !errors.Is(c.Run(t.Context()), o.fault) {
		t.Error("a fault was not told")
	}
}

// However much waits for a decision, looking at it counts a bounded part.
func TestWhatIsCountedAtEachLookIsBounded(t *testing.T) {
	o, c := newOffice()
	for range 8 {
		o.waiting = append(o.waiting, cases.Bulk{State: cases.Refused, Ends: noon.Add(time.Hour)}, cases.Bulk{State: cases.Proposed, Ends: noon},
			cases.Bulk{State: cases.Proposed, Ends: noon.Add(time.Hour)})
	}
	all, err := c.Bulks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	counted := 0
	for n, b := range all {
		open := n%3 == 2 && n < 15
		if want := map[bool]int{true: 3, false: cases.NotCounted}[open]; b.Still != want {
			t.Errorf("bulk %d: %d still match, want %d", n, b.Still, want)
		}
		if open {
			counted++
		}
	}
	if len(o.counted) != counted || slices.Max(o.counted) != cases.MaxStill+1 {
		t.Errorf("counted %d times: %d", len(o.counted), o.counted)
	}
}

// Counting that takes long is given up, and the page comes without; a caller who has gone gets the fault.
func TestWhatTakesLongIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, c := newOffice()
		o.slow = true
		for range 3 {
			o.waiting = append(o.waiting, cases.Bulk{State: cases.Proposed, Ends: noon.Add(time.Hour)})
		}
		all, err := c.Bulks(t.Context())
		if err != nil || len(all) != 3 || len(o.counted) != 1 {
			t.Fatalf("%d, counted %d times: %v", len(all), len(o.counted), err)
		}
		for n, b := range all {
			if b.Still != cases.NotCounted {
				t.Errorf("bulk %d: %d still match", n, b.Still)
			}
		}
		gone, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := c.Bulks(gone); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
