package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"lommebok.example/minid/authserver"
	"lommebok.example/verifier/api"
	"lommebok.example/verifier/presentation"
)

func addAPI(t *testing.T, s *Store, id string, change ...func(*api.Presentation)) []presentation.Request {
	t.Helper()
	requests := add(t, s, id)
	p := api.Presentation{
		ID: id, Party: "party", Handle: "handle", Purpose: "p", Redirect: "https://rp.example/back", Reference: "r", Created: noon,
		Expires: noon.Add(presentation.RequestLifetime), Gone: noon.Add(10 * time.Minute), Webhook: true,
	}
	for _, f := range change {
		f(&p)
	}
	if err := s.AddPresentation(context.Background(), p); err != nil {
		t.Fatal(err)
	}
	return requests
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAPITokensAndProofs(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		won := race(t, authserver.ErrProofUsed, func(int) error { return s.TakeProof(ctx, authserver.HashOf("jti"), noon) })
		if won != 1 {
			t.Errorf("a client assertion was taken %d times", won)
		}
		must(t, s.AddToken(ctx, "hash", "party", noon))
		if party, err := s.Token(ctx, "hash", noon.Add(-time.Millisecond)); party != "party" || err != nil {
			t.Errorf("%s, %v", party, err)
		}
		_, err := s.Token(ctx, "hash", noon)
		wantErr(t, "too late", err, api.ErrNotFound)
		_, err = s.Token(ctx, "another", noon.Add(-time.Hour))
		wantErr(t, "another", err, api.ErrNotFound)
		must(t, s.SweepAPI(ctx, noon, noon))
		_, err = s.Token(ctx, "hash", noon.Add(-time.Hour))
		wantErr(t, "swept", err, api.ErrNotFound)
	})
}

func TestAPIPresentationIsFoundByItsParty(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		addAPI(t, s, "tx")
		got, err := s.Presentation(ctx, "tx", "party", "handle", noon)
		must(t, err)
		if got.Reference != "r" || got.Purpose != "p" || !got.Gone.Equal(noon.Add(10*time.Minute)) || got.State != "" || !got.Webhook {
			t.Errorf("%+v", got)
		}
		for _, wrong := range [][3]string{{"ty", "party", "handle"}, {"tx", "other", "handle"}, {"tx", "party", "other"}, {"tx\x00", "party", "handle"}, {"", "", ""}} {
			_, err := s.Presentation(ctx, wrong[0], wrong[1], wrong[2], noon)
			wantErr(t, fmt.Sprint(wrong), err, api.ErrNotFound)
		}
		_, err = s.Presentation(ctx, "tx", "party", "handle", noon.Add(10*time.Minute))
		wantErr(t, "gone", err, api.ErrNotFound)
	})
}

func TestAPIKeyIsUsedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		won := race(t, api.ErrKeyTaken, func(i int) error {
			return s.AddPresentation(ctx, api.Presentation{ID: fmt.Sprint("tx", i), Party: "party", Key: "key", Created: noon, Expires: noon, Gone: noon})
		})
		if won != 1 {
			t.Errorf("%d presentations have one key", won)
		}
		if _, err := s.PresentationByKey(ctx, "party", "key"); err != nil {
			t.Error(err)
		}
		for _, other := range [][2]string{{"other", "key"}, {"party", "other"}, {"party", ""}} {
			_, err := s.PresentationByKey(ctx, other[0], other[1])
			wantErr(t, fmt.Sprint(other), err, api.ErrNotFound)
		}
		for i := range 2 {
			must(t, s.AddPresentation(ctx, api.Presentation{ID: fmt.Sprint("without", i), Party: "party", Created: noon, Expires: noon, Gone: noon}))
		}
	})
}

// Of an answer and a cancellation at once one wins: there is a verdict, or there is nothing.
func TestAPICancelAgainstAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		outcomes := map[string]int{}
		for i := range 12 {
			id := fmt.Sprint("tx", i)
			requests := addAPI(t, s, id)
			var cancelled, answered error
			var wg sync.WaitGroup
			wg.Go(func() { cancelled = s.Cancel(ctx, id, noon, noon) })
			wg.Go(func() {
				answered = s.TakeAnswer(ctx, requests[0], presentation.Outcome{State: presentation.Answered, Verdict: []byte{1}}, noon)
			})
			wg.Wait()
			_, err := s.Transaction(ctx, id, "browser")
			p, findErr := s.Presentation(ctx, id, "party", "handle", noon)
			must(t, findErr)
			switch {
			case cancelled == nil && errors.Is(answered, presentation.ErrTaken) && errors.Is(err, presentation.ErrNotFound) && p.State == api.Cancelled:
				outcomes["cancelled"]++
			case errors.Is(cancelled, api.ErrAnswered) && answered == nil && err == nil && p.State == "":
				outcomes["answered"]++
			default:
				t.Errorf("cancel %v, answer %v, transaction %v, state %s", cancelled, answered, err, p.State)
			}
		}
		t.Log(outcomes)
	})
}

func TestAPICancel(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		addAPI(t, s, "open")
		must(t, s.Cancel(ctx, "open", noon, noon))
		must(t, s.Cancel(ctx, "open", noon, noon))
		same := addAPI(t, s, "same")[1]
		must(t, s.TakeAnswer(ctx, same, presentation.Outcome{State: presentation.Answered, Code: "same code"}, noon))
		must(t, s.Cancel(ctx, "same", noon, noon))
		wantErr(t, "the code after that", s.TakeResponseCode(ctx, "same", "browser", "same code"), presentation.ErrNotFound)
		read := addAPI(t, s, "read")[1]
		must(t, s.TakeAnswer(ctx, read, presentation.Outcome{State: presentation.Answered, Code: "read code"}, noon))
		must(t, s.TakeResponseCode(ctx, "read", "browser", "read code"))
		wantErr(t, "what may be read", s.Cancel(ctx, "read", noon, noon), api.ErrAnswered)
		addAPI(t, s, "late")
		end := noon.Add(presentation.RequestLifetime)
		wantErr(t, "what expired", s.Cancel(ctx, "late", end, end), api.ErrExpired)
		must(t, s.Settle(ctx, end, end))
		wantErr(t, "what is noted as expired", s.Cancel(ctx, "late", noon, noon), api.ErrExpired)
		if p, err := s.Presentation(ctx, "late", "party", "handle", noon); err != nil || p.State != presentation.Expired {
			t.Errorf("%+v, %v", p, err)
		}
		_, err := s.Transaction(ctx, "late", "browser")
		must(t, err)
		wantErr(t, "nobody's", s.Cancel(ctx, "nobody", noon, noon), api.ErrNotFound)
	})
}

// The mark is another whenever a presentation comes to stand otherwise, and the same until then.
func TestAPIMark(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		last := ""
		another := func(id, after string, err error) {
			t.Helper()
			must(t, err)
			mark, err := s.Mark(ctx, id)
			must(t, err)
			again, err := s.Mark(ctx, id)
			must(t, err)
			if mark == last || mark != again {
				t.Errorf("%s: %q, then %q, and %q before", after, mark, again, last)
			}
			last = mark
		}
		requests := addAPI(t, s, "tx")
		another("tx", "asked", nil)
		another("tx", "fetched", s.MarkFetched(ctx, "tx"))
		another("tx", "answered", s.TakeAnswer(ctx, requests[1], presentation.Outcome{State: presentation.Answered, Code: "code"}, noon))
		another("tx", "redeemed", s.TakeResponseCode(ctx, "tx", "browser", "code"))
		another("tx", "settled", s.Settle(ctx, noon, noon))
		another("tx", "deleted", s.Sweep(ctx, noon.Add(time.Hour)))
		addAPI(t, s, "back")
		another("back", "asked", nil)
		another("back", "cancelled", s.Cancel(ctx, "back", noon, noon))
		_, err := s.Mark(ctx, "nobody")
		wantErr(t, "nobody's", err, api.ErrNotFound)
	})
}

func TestAPIEventIsInOneLease(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		const n = 20
		for i := range n {
			r := addAPI(t, s, fmt.Sprint("tx", i))[0]
			must(t, s.TakeAnswer(ctx, r, presentation.Outcome{State: presentation.Refused}, noon))
		}
		quiet := addAPI(t, s, "quiet", func(p *api.Presentation) { p.Webhook = false })[0]
		must(t, s.TakeAnswer(ctx, quiet, presentation.Outcome{State: presentation.Refused}, noon))
		must(t, s.Settle(ctx, noon, noon))
		var mu sync.Mutex
		seen := map[string]int{}
		lease := func(name string, at time.Time, limit int) []api.Event {
			got, err := s.Lease(ctx, "party", name, at, at.Add(time.Minute), limit)
			if err != nil {
				t.Error(err)
			}
			return got
		}
		race(t, nil, func(i int) error {
			for _, e := range lease(fmt.Sprint("lease", i), noon, 3) {
				mu.Lock()
				seen[e.ID]++
				mu.Unlock()
			}
			return nil
		})
		for id, times := range seen {
			if times != 1 {
				t.Errorf("%s is in %d leases", id, times)
			}
		}
		due := func(at time.Time, want ...string) {
			t.Helper()
			if got, err := s.Due(ctx, at); err != nil || !slices.Equal(got, want) {
				t.Errorf("due are %v, %v, want %v", got, err, want)
			}
		}
		another := addAPI(t, s, "another", func(p *api.Presentation) { p.Party = "other" })[0]
		must(t, s.TakeAnswer(ctx, another, presentation.Outcome{State: presentation.Refused}, noon))
		must(t, s.Settle(ctx, noon, noon))
		lease("rest", noon, n)
		due(noon.Add(-time.Second))
		due(noon, "other")
		if more := lease("more", noon, n); len(more) != 0 {
			t.Errorf("%d are leased twice", len(more))
		}
		if others, err := s.Lease(ctx, "other", "others", noon, noon.Add(time.Hour), n); err != nil || len(others) != 1 || others[0].ID != "another" {
			t.Errorf("%+v, %v", others, err)
		}
		over := noon.Add(time.Minute) // who held the leases has died
		due(over, "party")
		again := lease("again", over, n+1)
		if len(again) != n || again[0].State != presentation.Refused || again[0].Party != "party" || again[0].Reference != "r" {
			t.Fatalf("%d: %+v", len(again), again)
		}
		must(t, s.Taken(ctx, again[0].ID, "rest")) // too late: it is another's
		must(t, s.Taken(ctx, again[1].ID, "again"))
		must(t, s.Postpone(ctx, again[2].ID, "again", over.Add(2*time.Minute)))
		must(t, s.Postpone(ctx, again[3].ID, "again", time.Time{}))
		if got := lease("third", over.Add(time.Minute), n); len(got) != n-3 {
			t.Errorf("%d, want %d: without what was taken, given up and put off", len(got), n-3)
		}
		later := lease("fourth", over.Add(2*time.Minute), n)
		for _, e := range later {
			if e.ID == again[2].ID && e.Attempts != 1 {
				t.Errorf("%+v", e)
			}
		}
		if len(later) != n-2 {
			t.Errorf("%d, want %d", len(later), n-2)
		}
		if n, err := s.Replay(ctx, "party", again[1].ID, time.Time{}, over); n != 1 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		for _, other := range [][2]string{{"other", again[1].ID}, {"party", "quiet"}, {"party", "nobody"}} {
			if n, err := s.Replay(ctx, other[0], other[1], time.Time{}, over); n != 0 || err != nil {
				t.Errorf("%v: replayed %d, %v", other, n, err)
			}
		}
		if n, err := s.Replay(ctx, "party", "", noon.Add(time.Second), over); n != 0 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
	})
}

func TestAPISettle(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		end := noon.Add(presentation.RequestLifetime)
		state := func(id string, at time.Time) presentation.State {
			t.Helper()
			must(t, s.Settle(ctx, at, at.Add(-30*time.Second)))
			p, err := s.Presentation(ctx, id, "party", "handle", noon)
			must(t, err)
			return p.State
		}
		want := func(id string, at time.Time, want presentation.State) {
			t.Helper()
			if got := state(id, at); got != want {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
		addAPI(t, s, "open")
		want("open", end.Add(29*time.Second), "")
		want("open", end.Add(30*time.Second), presentation.Expired)
		same := addAPI(t, s, "same")[1]
		must(t, s.TakeAnswer(ctx, same, presentation.Outcome{State: presentation.Answered, Code: "code"}, noon))
		want("same", end.Add(time.Minute), "") // its response_code may still come
		must(t, s.TakeResponseCode(ctx, "same", "browser", "code"))
		want("same", end.Add(time.Minute), presentation.Answered)
		lost := addAPI(t, s, "lost")[1]
		must(t, s.TakeAnswer(ctx, lost, presentation.Outcome{State: presentation.Answered, Code: "lost code"}, noon))
		want("lost", noon.Add(10*time.Minute), presentation.Expired)
		must(t, s.SweepAPI(ctx, noon.Add(10*time.Minute), noon))
		if _, err := s.Transaction(ctx, "same", "browser"); !errors.Is(err, presentation.ErrNotFound) {
			t.Errorf("a verdict outlives its time: %v", err)
		}
	})
}
