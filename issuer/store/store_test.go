package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/status"
	"lommebok.example/minid"
	"lommebok.example/specs/statuslist"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
)

func newStore(t *testing.T, db *database.DB) *Store {
	t.Helper()
	s, err := New(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// order is an intent and the number of copies that indices are drawn for.
type order struct {
	issuance.Intent
	copies int
	wide   bool // on a list of two bits
}

func (o order) bits() statuslist.Bits {
	if o.wide {
		return 2
	}
	return 1
}

func intent(person string, copies int, nonces ...string) order {
	return order{copies: copies, Intent: issuance.Intent{
		ID: rand.Text(), PersonID: person, ClientID: "wallet", GrantID: "grant of " + person, ConfigurationID: "proof_of_age", Level: minid.LevelSubstantial,
		Nonces: used(nonces...), IssuedAt: noon, ExpiresAt: noon.Add(30 * 24 * time.Hour),
	}}
}

func used(nonces ...string) []issuance.UsedNonce {
	out := make([]issuance.UsedNonce, len(nonces))
	for i, n := range nonces {
		out[i] = issuance.UsedNonce{Expires: noon.Add(time.Hour).Unix(), Hash: sha256.Sum256([]byte(n))}
	}
	return out
}

// tryBegin draws indices as often as they are taken by somebody else in between, as the issuer does.
func tryBegin(s *Store, in order) ([]status.Index, error) {
	for {
		indices, err := s.Candidates(ctx, in.bits(), in.copies, noon)
		if err != nil {
			return nil, err
		}
		in.Indices = indices
		if err := s.Begin(ctx, in.Intent); !errors.Is(err, issuance.ErrIndexTaken) {
			return indices, err
		}
	}
}

func begin(t *testing.T, s *Store, in order) []status.Index {
	t.Helper()
	indices, err := tryBegin(s, in)
	if err != nil {
		t.Fatal(err)
	}
	return indices
}

func issue(t *testing.T, s *Store, in order) []status.Index {
	t.Helper()
	indices := begin(t, s, in)
	if err := s.Finish(ctx, in.Intent, issuance.StateIssued, noon); err != nil {
		t.Fatal(err)
	}
	return indices
}

func count(t *testing.T, s *Store, table string) int64 {
	t.Helper()
	var n int64
	if err := s.db.R.Raw("SELECT count(*) FROM " + table).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

const racers = 16

// race runs f at the same time and gives what each answered.
func race(f func(i int) error) []error {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, racers)
	for i := range racers {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			ready.Done()
			<-start
			errs[i] = f(i)
		}()
	}
	ready.Wait()
	close(start)
	done.Wait()
	return errs
}

func TestOneOfSixteenTakesANonce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		for range 20 {
			nonce, other := rand.Text(), rand.Text()
			won := 0
			for _, err := range race(func(int) error { _, err := tryBegin(s, intent("p", 1, nonce, other)); return err }) {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, issuance.ErrNonceUsed):
					t.Fatal(err)
				}
			}
			if won != 1 {
				t.Fatalf("%d of %d took the nonce", won, racers)
			}
		}
		if n := count(t, s, "issuer_status_entries"); n != 20 {
			t.Errorf("%d status entries for 20 issuances", n)
		}
	})
}

func TestIndicesAreUniqueAmongRacers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		s.ListSize = 256 // half full after 128: several lists, and many draws of what is taken
		var mu sync.Mutex
		seen, perList := map[status.Index]bool{}, map[string]int{}
		for range 3 {
			for _, err := range race(func(i int) error {
				indices, err := tryBegin(s, intent("p", 1+i%10))
				mu.Lock()
				defer mu.Unlock()
				for _, index := range indices {
					if seen[index] || index.Index >= 256 {
						t.Errorf("index %v given twice, or beyond the list", index)
					}
					seen[index] = true
					perList[index.List]++
				}
				return err
			}) {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		want := 3 * (55 + 1 + 2 + 3 + 4 + 5 + 6)
		if len(seen) != want {
			t.Errorf("%d indices, want %d", len(seen), want)
		}
		if len(perList) < 2 {
			t.Errorf("%d list for %d entries of at most 128 a list", len(perList), want)
		}
		for id, n := range perList {
			if n > 128 {
				t.Errorf("list %s has %d entries: more than half", id, n)
			}
		}
	})
}

// Wald and Wolfowitz: in a sequence without order, the number of runs above and below the middle is about half.
func TestIndicesHaveNoOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		var above []bool
		n := 0
		for range 300 {
			for _, index := range begin(t, s, intent("p", 10)) {
				is := index.Index >= DefaultListSize/2
				above = append(above, is)
				if is {
					n++
				}
			}
		}
		runs := 1
		for i := 1; i < len(above); i++ {
			if above[i] != above[i-1] {
				runs++
			}
		}
		a, b, all := float64(n), float64(len(above)-n), float64(len(above))
		mean := 1 + 2*a*b/all
		deviation := math.Sqrt((mean - 1) * (mean - 2) / (all - 1))
		if z := math.Abs(float64(runs)-mean) / deviation; z > 5 {
			t.Errorf("%d runs, expected about %.0f: %.1f standard deviations", runs, mean, z)
		}
	})
}

func TestBeginIsAllOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		begin(t, s, intent("p", 2, "used"))
		if _, err := tryBegin(s, intent("p", 2, "fresh", "used")); !errors.Is(err, issuance.ErrNonceUsed) {
			t.Fatalf("got %v", err)
		}
		for table, want := range map[string]int64{"issuer_used_nonces": 1, "issuer_issuances": 1, "issuer_status_entries": 2} {
			if n := count(t, s, table); n != want {
				t.Errorf("%s has %d rows, want %d", table, n, want)
			}
		}
		var allocated int64
		if err := s.db.R.Raw("SELECT sum(allocated) FROM issuer_status_lists").Scan(&allocated).Error; err != nil || allocated != 2 {
			t.Errorf("allocated %d, %v", allocated, err)
		}
		begin(t, s, intent("p", 1, "fresh"))
	})
}

func TestRevoke(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		kept, gone := intent("anna", 3), intent("anna", 3)
		issue(t, s, kept)
		indices := issue(t, s, gone)
		pending := intent("anna", 1)
		begin(t, s, pending)
		refused := map[string]struct {
			person, id string
			at         time.Time
		}{
			"somebody else's": {"bo", gone.ID, noon},
			"unknown":         {"anna", "nothing", noon},
			"empty":           {"", "", noon},
			"not yet signed":  {"anna", pending.ID, noon},
			"expired":         {"anna", gone.ID, gone.ExpiresAt},
		}
		for name, r := range refused {
			if err := s.Revoke(ctx, r.person, r.id, r.at); !errors.Is(err, issuance.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		before, err := s.List(ctx, indices[0].List)
		if err != nil {
			t.Fatal(err)
		}
		won := 0
		for _, err := range race(func(int) error { return s.Revoke(ctx, "anna", gone.ID, noon) }) {
			if err == nil {
				won++
			} else if !errors.Is(err, issuance.ErrNotFound) {
				t.Error(err)
			}
		}
		after, err := s.List(ctx, indices[0].List)
		if err != nil || won != 1 || after.Version != before.Version+1 {
			t.Errorf("%d revoked it, version %d then %d, %v", won, before.Version, after.Version, err)
		}
		entries, err := s.Entries(ctx, indices[0].List)
		if err != nil || len(entries) != 3 {
			t.Fatalf("entries %v, %v", entries, err)
		}
		for _, index := range indices {
			if !slices.Contains(entries, status.Entry{Index: index.Index, Status: statuslist.Invalid}) {
				t.Errorf("index %d is not invalid", index.Index)
			}
		}
	})
}

func TestMineShowsWhatWasIssuedToMe(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		mine, failed, pending := intent("anna", 2), intent("anna", 1), intent("anna", 1)
		issue(t, s, mine)
		issue(t, s, intent("bo", 1))
		begin(t, s, failed)
		begin(t, s, pending)
		if err := s.Finish(ctx, failed.Intent, issuance.StateFailed, noon); err != nil {
			t.Fatal(err)
		}
		if err := s.Finish(ctx, failed.Intent, issuance.StateIssued, noon); !errors.Is(err, issuance.ErrNotFound) {
			t.Errorf("a failed issuance became an issued one: %v", err)
		}
		all, err := s.Mine(ctx, "anna")
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %v", all, err)
		}
		got := all[0]
		if got.ID != mine.ID || got.Copies != 2 || !got.IssuedAt.Equal(noon) || got.Level != minid.LevelSubstantial || !got.RevokedAt.IsZero() {
			t.Errorf("%+v", got)
		}
		if _, err := s.One(ctx, "bo", mine.ID); !errors.Is(err, issuance.ErrNotFound) {
			t.Errorf("somebody else sees it: %v", err)
		}
	})
}

// However much a wallet asks for, nothing of it can hide what was issued before from the person who wants to revoke it.
func TestMineBringsUpWhatCanBeRevoked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		first := intent("anna", 1)
		issue(t, s, first)
		for range 200 {
			later := intent("anna", 1)
			later.IssuedAt = noon.Add(time.Minute)
			issue(t, s, later)
		}
		all, err := s.Mine(ctx, "anna")
		if err != nil || len(all) != 200 {
			t.Fatalf("%d, %v", len(all), err)
		}
		if err := s.Revoke(ctx, "anna", all[0].ID, noon); err != nil {
			t.Fatal(err)
		}
		all, err = s.Mine(ctx, "anna")
		if err != nil || len(all) != 200 || all[199].ID != first.ID {
			t.Errorf("the first is not among %d, %v", len(all), err)
		}
	})
}

// What is lost is all of it, however much it is: nothing beyond a page's length stays valid.
func TestHoldingIsAllThereIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		const many = 2*idPart + 107
		var indices []status.Index
		for range many {
			indices = append(indices, issue(t, s, intent("anna", 1))...)
		}
		gone, failed := intent("anna", 1), intent("anna", 1)
		issue(t, s, gone)
		issue(t, s, intent("bo", 1))
		begin(t, s, failed)
		if err := errors.Join(s.Revoke(ctx, "anna", gone.ID, noon), s.Finish(ctx, failed.Intent, issuance.StateFailed, noon)); err != nil {
			t.Fatal(err)
		}
		held, err := s.Holding(ctx, "anna", noon)
		if err != nil || len(held) != many || held[0].ClientID != "wallet" || held[0].ConfigurationID != gone.ConfigurationID {
			t.Fatalf("%d, %v", len(held), err)
		}
		ids := make([]string, 0, many)
		for _, h := range held {
			ids = append(ids, h.ID)
		}
		versions := "SELECT sum(version) FROM issuer_status_lists"
		var before, after, changes int64
		if err := s.db.Row(ctx, versions, nil, &before); err != nil {
			t.Fatal(err)
		}
		n, err := s.Change(ctx, issuance.Change{
			Issuances: ids, To: statuslist.Invalid, Person: "anna", By: issuance.RolePerson, Actor: audit.Person("anna"), At: noon,
		})
		if err != nil || n != many {
			t.Fatalf("%d changed, %v", n, err)
		}
		if err := errors.Join(s.db.Row(ctx, versions, nil, &after), s.db.Row(ctx, "SELECT count(*) FROM issuer_status_changes", nil, &changes)); err != nil {
			t.Fatal(err)
		}
		if held, err = s.Holding(ctx, "anna", noon); err != nil || len(held) != 0 {
			t.Errorf("%d are held still, %v", len(held), err)
		}
		lists := map[string]bool{}
		for _, i := range indices {
			lists[i.List] = true
		}
		if after-before != int64(len(lists)) || changes != many+1 {
			t.Errorf("%d lists changed %d times, %d changes are noted", len(lists), after-before, changes)
		}
		if found := check(t, s, noon); len(found) != 0 {
			t.Errorf("amiss: %v", found)
		}
		if held, err = s.Holding(ctx, "bo", noon.Add(1000*24*time.Hour)); err != nil || len(held) != 0 {
			t.Errorf("%d are held that have expired, %v", len(held), err)
		}
	})
}

func TestSweepDeletesWhatHasEnded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		in := intent("anna", 2, "n")
		issue(t, s, in)
		steps := []struct {
			at                         time.Time
			nonces, issuances, entries int64
		}{
			{noon, 1, 1, 2},
			{noon.Add(time.Hour), 1, 1, 2},
			{noon.Add(time.Hour + time.Second), 0, 1, 2},
			{in.ExpiresAt.Add(keepAfterExpiry), 0, 1, 2},
			{in.ExpiresAt.Add(keepAfterExpiry + time.Second), 0, 0, 0},
		}
		for _, step := range steps {
			if err := s.Sweep(ctx, step.at); err != nil {
				t.Fatal(err)
			}
			n, i, e := count(t, s, "issuer_used_nonces"), count(t, s, "issuer_issuances"), count(t, s, "issuer_status_entries")
			if n != step.nonces || i != step.issuances || e != step.entries {
				t.Errorf("at %s: %d nonces, %d issuances, %d entries", step.at, n, i, e)
			}
		}
	})
}

// Identifiers come from addresses: what no database takes as text is unknown like anything else.
func TestUnknownIdentifiers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		for _, id := range []string{"x", "", "a\x00b", "\xff", "\xed\xa0\x80"} {
			if _, err := s.List(ctx, id); !errors.Is(err, status.ErrUnknownList) {
				t.Errorf("list %q: %v", id, err)
			}
			if _, err := s.One(ctx, "anna", id); !errors.Is(err, issuance.ErrNotFound) {
				t.Errorf("issuance %q: %v", id, err)
			}
			if err := s.Revoke(ctx, "anna", id, noon); !errors.Is(err, issuance.ErrNotFound) {
				t.Errorf("revocation %q: %v", id, err)
			}
		}
	})
}
