package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/verifier/presentation"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func each(t *testing.T, f func(t *testing.T, s *Store)) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := New(context.Background(), db)
		if err != nil {
			t.Fatal(err)
		}
		f(t, s)
	})
}

func add(t *testing.T, s *Store, id string) []presentation.Request {
	t.Helper()
	requests := []presentation.Request{
		{ID: id + "-qr", TransactionID: id, Via: presentation.ViaQR, Nonce: "n1", State: "s1", KeyID: "k1", Key: []byte{1}},
		{ID: id + "-link", TransactionID: id, Via: presentation.ViaLink, Nonce: "n2", State: "s2", KeyID: "k2", Key: []byte{2}},
	}
	err := s.AddTransaction(context.Background(), presentation.Transaction{
		ID: id, Browser: "browser", Ask: []byte("ask"), State: presentation.Waiting,
		Created: noon, Expires: noon.Add(presentation.RequestLifetime),
	}, requests)
	if err != nil {
		t.Fatal(err)
	}
	return requests
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// race calls f from 16 goroutines at once and counts those that end without error; the others must end with want.
func race(t *testing.T, want error, f func(i int) error) int64 {
	t.Helper()
	var won atomic.Int64
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			<-start
			err := f(i)
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, want) {
				t.Errorf("a loser got %v, want %v", err, want)
			}
		})
	}
	close(start)
	wg.Wait()
	return won.Load()
}

func TestOneAnswerWins(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		requests := add(t, s, "tx")
		won := race(t, presentation.ErrTaken, func(i int) error {
			o := presentation.Outcome{State: presentation.Answered, Verdict: []byte{byte(i)}, Code: "code"}
			return s.TakeAnswer(context.Background(), requests[i%2], o, noon)
		})
		if won != 1 {
			t.Errorf("%d of 16 answers were taken, want 1", won)
		}
		if _, _, err := s.Request(context.Background(), "tx-qr", noon); !errors.Is(err, presentation.ErrNotFound) {
			t.Errorf("the request lives on after its answer: %v", err)
		}
	})
}

func TestOneResponseCodeWins(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		requests := add(t, s, "tx")
		ctx := context.Background()
		o := presentation.Outcome{State: presentation.Answered, Verdict: []byte{1}, Code: "code"}
		if err := s.TakeAnswer(ctx, requests[1], o, noon); err != nil {
			t.Fatal(err)
		}
		wantErr(t, "a wrong code", s.TakeResponseCode(ctx, "tx", "browser", "other"), presentation.ErrNotFound)
		wantErr(t, "another browser", s.TakeResponseCode(ctx, "tx", "other", "code"), presentation.ErrNotFound)
		won := race(t, presentation.ErrNotFound, func(int) error { return s.TakeResponseCode(ctx, "tx", "browser", "code") })
		if won != 1 {
			t.Errorf("%d of 16 redeemed the response_code, want 1", won)
		}
	})
}

func TestNoCodeCannotBeRedeemed(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		add(t, s, "tx")
		wantErr(t, "an empty code", s.TakeResponseCode(context.Background(), "tx", "browser", ""), presentation.ErrNotFound)
	})
}

func TestExpiredRequest(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		requests := add(t, s, "tx")
		late := noon.Add(presentation.RequestLifetime)
		_, _, err := s.Request(context.Background(), "tx-qr", late)
		wantErr(t, "the request", err, presentation.ErrNotFound)
		wantErr(t, "the answer", s.TakeAnswer(context.Background(), requests[0], presentation.Outcome{State: presentation.Answered}, late), presentation.ErrTaken)
	})
}

// Of sixteen tabs that renew an expired question one does, and the old requests are gone; a question that has time left, has an
// answer or is another browser's is not renewed.
func TestOneRenewalWins(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx, late := context.Background(), noon.Add(presentation.RequestLifetime)
		add(t, s, "tx")
		renew := func(i int, at time.Time, browser string) error {
			next := presentation.Transaction{ID: "tx", Browser: browser, Renewed: 1, Expires: at.Add(presentation.RequestLifetime)}
			return s.Renew(ctx, next, []presentation.Request{{ID: string(rune('a' + i)), TransactionID: "tx", Via: presentation.ViaAPI, Key: []byte{1}}}, at)
		}
		wantErr(t, "a question with time left", renew(0, late.Add(-time.Millisecond), "browser"), presentation.ErrTaken)
		wantErr(t, "another browser's", renew(0, late, "other"), presentation.ErrTaken)
		if won := race(t, presentation.ErrTaken, func(i int) error { return renew(i, late, "browser") }); won != 1 {
			t.Errorf("%d of 16 renewed, want 1", won)
		}
		if _, _, err := s.Request(ctx, "tx-qr", late); !errors.Is(err, presentation.ErrNotFound) {
			t.Errorf("the old request: %v", err)
		}
		var left int64
		if err := s.db.R.Model(&requestRow{}).Count(&left).Error; err != nil || left != 1 {
			t.Errorf("%d requests, %v", left, err)
		}
		wantErr(t, "the same renewal again, much later", renew(0, late.Add(presentation.RequestLifetime), "browser"), presentation.ErrTaken)
		answered := add(t, s, "answered")
		if err := s.TakeAnswer(ctx, answered[0], presentation.Outcome{State: presentation.Refused}, noon); err != nil {
			t.Fatal(err)
		}
		err := s.Renew(ctx, presentation.Transaction{ID: "answered", Browser: "browser", Renewed: 1}, nil, late)
		wantErr(t, "one with an answer", err, presentation.ErrTaken)
	})
}

func TestTransactionByItsCode(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		requests := add(t, s, "tx")
		add(t, s, "open")
		if err := s.TakeAnswer(ctx, requests[1], presentation.Outcome{State: presentation.Answered, Code: "code"}, noon); err != nil {
			t.Fatal(err)
		}
		if got, err := s.ByResponseCode(ctx, "code"); err != nil || got.ID != "tx" || !got.SameDevice || got.CodeRedeemed {
			t.Errorf("got %+v %v", got, err)
		}
		for _, code := range []string{"", "other"} {
			_, err := s.ByResponseCode(ctx, code)
			wantErr(t, "the code "+code, err, presentation.ErrNotFound)
		}
	})
}

func TestTransactionIsTheBrowsersOwn(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		add(t, s, "tx")
		got, err := s.Transaction(context.Background(), "tx", "browser")
		if err != nil || string(got.Ask) != "ask" || !got.Created.Equal(noon) {
			t.Errorf("got %+v %v", got, err)
		}
		_, err = s.Transaction(context.Background(), "tx", "other")
		wantErr(t, "another browser", err, presentation.ErrNotFound)
	})
}

func TestFetchedDoesNotUndoAnAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		requests := add(t, s, "tx")
		ctx := context.Background()
		for _, want := range []presentation.State{presentation.Fetched, presentation.Refused} {
			if want == presentation.Refused {
				if err := s.TakeAnswer(ctx, requests[0], presentation.Outcome{State: want, Error: "access_denied"}, noon); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.MarkFetched(ctx, "tx"); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Transaction(ctx, "tx", "browser"); err != nil || got.State != want {
				t.Errorf("got %+v %v, want state %s", got, err, want)
			}
		}
	})
}

func TestSweepDeletesWithRequests(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		add(t, s, "tx")
		ctx := context.Background()
		late := noon.Add(presentation.RequestLifetime)
		if err := s.Sweep(ctx, late); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Transaction(ctx, "tx", "browser"); err != nil {
			t.Errorf("swept too early: %v", err)
		}
		if err := s.Sweep(ctx, late.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		_, err := s.Transaction(ctx, "tx", "browser")
		wantErr(t, "the transaction", err, presentation.ErrNotFound)
		var left int64
		if err := s.db.R.Model(&requestRow{}).Count(&left).Error; err != nil || left != 0 {
			t.Errorf("%d requests left, %v", left, err)
		}
	})
}

// Identifiers come from addresses: what no database takes as text is unknown like anything else.
func TestUnknownIdentifiers(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		for _, id := range []string{"x", "", "a\x00b", "\xff", "\xed\xa0\x80"} {
			_, err := s.Transaction(context.Background(), id, "browser")
			wantErr(t, "transaction", err, presentation.ErrNotFound)
			wantErr(t, "response_code", s.TakeResponseCode(context.Background(), id, "browser", "code"), presentation.ErrNotFound)
		}
	})
}
