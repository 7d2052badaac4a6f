package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/issuance"
	"lommebok.example/specs/attestation"
)

// watched is an intent that hangs on a unit and on its key storage.
func watched(unit uint64) order {
	in := intent("anna", 2)
	in.Watched = []attestation.Status{{Index: unit, URI: "https://provider.example/units"}, {Index: 0, URI: "https://provider.example/keys"}}
	return in
}

func TestEachWatchedStatusIsClaimedByOneOfSixteen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		for unit := range uint64(20) {
			issue(t, s, watched(unit))
		}
		var mu sync.Mutex
		seen := map[string]int{}
		for _, err := range race(func(int) error {
			due, err := s.ClaimWatched(ctx, noon, noon.Add(time.Hour), 7)
			mu.Lock()
			defer mu.Unlock()
			for _, w := range due {
				seen[fmt.Sprint(w)]++
			}
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		for w, n := range seen {
			if n != 1 {
				t.Errorf("%s was claimed %d times", w, n)
			}
		}
		for { // who waited for another may have got fewer than were left
			due, err := s.ClaimWatched(ctx, noon, noon.Add(time.Hour), 7)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range due {
				seen[fmt.Sprint(w)]++
			}
			if len(due) == 0 {
				break
			}
		}
		if len(seen) != 40 {
			t.Errorf("%d were claimed of 40", len(seen))
		}
		if due, err := s.ClaimWatched(ctx, noon.Add(time.Hour), noon.Add(2*time.Hour), 100); err != nil || len(due) != 40 {
			t.Errorf("%d are due again, %v", len(due), err)
		}
	})
}

func TestSeenGoodIsDueLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		issue(t, s, watched(7))
		due, err := s.ClaimWatched(ctx, noon, noon.Add(time.Minute), 100)
		if err != nil || len(due) != 2 {
			t.Fatalf("%v, %v", due, err)
		}
		if err := s.SeenGood(ctx, due[0], noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if again, err := s.ClaimWatched(ctx, noon.Add(time.Minute), noon.Add(time.Hour), 100); err != nil || len(again) != 1 || again[0] != due[1] {
			t.Errorf("%v are due, %v", again, err)
		}
	})
}

func TestRevokeWatched(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		gone, kept, pending := watched(1), watched(2), watched(3)
		indices := issue(t, s, gone)
		issue(t, s, kept)
		begin(t, s, pending)
		var mu sync.Mutex
		won := 0
		for _, err := range race(func(int) error {
			revoked, err := s.RevokeWatched(ctx, gone.ID, noon)
			mu.Lock()
			defer mu.Unlock()
			if revoked {
				won++
			}
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d winners, want 1", won)
		}
		if invalid, err := s.Entries(ctx, indices[0].List); err != nil || len(invalid) != 2 {
			t.Errorf("invalid %v, %v", invalid, err)
		}
		if revoked, err := s.RevokeWatched(ctx, kept.ID, kept.ExpiresAt); revoked || err != nil {
			t.Errorf("an expired one: %t, %v", revoked, err)
		}
		// What is being signed cannot be revoked yet, and is looked at again.
		if revoked, err := s.RevokeWatched(ctx, pending.ID, noon); revoked || err != nil {
			t.Errorf("one that is being signed: %t, %v", revoked, err)
		}
		if n := count(t, s, "issuer_watched"); n != 2 {
			t.Errorf("%d are watched, want the two of what is being signed", n)
		}
		if err := s.Finish(ctx, pending.Intent, issuance.StateIssued, noon); err != nil {
			t.Fatal(err)
		}
		if revoked, err := s.RevokeWatched(ctx, pending.ID, noon); !revoked || err != nil {
			t.Errorf("when it is signed: %t, %v", revoked, err)
		}
	})
}

func TestSweepEndsTheWatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		live, revoked := watched(1), watched(2)
		issue(t, s, live)
		issue(t, s, revoked)
		if err := s.Revoke(ctx, "anna", revoked.ID, noon); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			at   time.Time
			want int64
		}{{noon, 2}, {live.ExpiresAt, 2}, {live.ExpiresAt.Add(time.Second), 0}} {
			if err := s.Sweep(ctx, step.at); err != nil {
				t.Fatal(err)
			}
			if n := count(t, s, "issuer_watched"); n != step.want {
				t.Errorf("at %s: %d are watched, want %d", step.at, n, step.want)
			}
		}
	})
}
