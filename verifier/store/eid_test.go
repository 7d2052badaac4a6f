package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
	"lommebok.example/verifier/eidclient"
	"lommebok.example/verifier/store"
)

func TestLoginsUnderWayAreTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := store.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		at := time.UnixMilli(1_795_000_000_123)
		if err := s.AddPending(t.Context(), eidclient.Pending{State: "s", Browser: "b", Service: "x", Nonce: "n", Verifier: "v", Expires: at.Add(time.Minute)}); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range [][3]string{{"t", "b", "x"}, {"s", "c", "x"}, {"s", "b", "y"}, {"s", "", "x"}} {
			if _, err := s.TakePending(t.Context(), wrong[0], wrong[1], wrong[2], at); !errors.Is(err, eidclient.ErrNotFound) {
				t.Errorf("%v: %v", wrong, err)
			}
		}
		if _, err := s.TakePending(t.Context(), "s", "b", "x", at.Add(time.Minute)); !errors.Is(err, eidclient.ErrNotFound) {
			t.Errorf("too late: %v", err)
		}
		errs := make([]error, 16)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = s.TakePending(t.Context(), "s", "b", "x", at) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, eidclient.ErrNotFound):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d took it", won)
		}
	})
}

func TestSessionsEndBySID(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := store.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		at := time.UnixMilli(1_795_000_000_123)
		for id, sid := range map[string]string{"one": "sid", "two": "other", "three": ""} {
			if err := s.PutSession(t.Context(), eidclient.Session{ID: id, Service: "x", SID: sid, Claims: oidc.IDToken{Subject: id, Audience: jose.Audience{"x"}}, Expires: at.Add(time.Minute)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, sid := range []string{"sid", ""} {
			if err := s.EndSessions(t.Context(), "x", sid); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.EndSessions(t.Context(), "y", "other"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Session(t.Context(), "one", "x", at); !errors.Is(err, eidclient.ErrNotFound) {
			t.Errorf("ended: %v", err)
		}
		for _, id := range []string{"two", "three"} {
			if got, err := s.Session(t.Context(), id, "x", at); err != nil || got.Claims.Subject != id {
				t.Errorf("%s: %+v, %v", id, got, err)
			}
		}
		if err := s.SweepEID(t.Context(), at.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Session(t.Context(), "two", "x", at); !errors.Is(err, eidclient.ErrNotFound) {
			t.Errorf("swept: %v", err)
		}
	})
}
