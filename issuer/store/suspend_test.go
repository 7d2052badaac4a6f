package store

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/status"
	"lommebok.example/specs/statuslist"
)

func wide(person string, copies int) order {
	in := intent(person, copies)
	in.wide = true
	return in
}

func (s *Store) to(is statuslist.Status, in order, by issuance.Role, at time.Time) error {
	person := ""
	if by == issuance.RolePerson {
		person = in.PersonID
	}
	_, err := s.Change(ctx, issuance.Change{Issuances: []string{in.ID}, To: is, Person: person, By: by, Actor: audit.Service(string(by)), Reason: "lost", At: at})
	return err
}

// What may follow what: suspended and restored as often as one likes, never restored by the person what a case worker suspended, and
// nothing after a revocation.
func TestWhatMayFollowWhat(t *testing.T) {
	const person, worker = issuance.RolePerson, issuance.RoleCaseWorker
	type step struct {
		to   statuslist.Status
		by   issuance.Role
		want error
		is   statuslist.Status
	}
	missing := issuance.ErrNotFound
	for name, steps := range map[string][]step{
		"the person": {
			{statuslist.Valid, person, missing, 0}, {statuslist.Suspended, person, nil, 2}, {statuslist.Suspended, person, missing, 2},
			{statuslist.Valid, person, nil, 0}, {statuslist.Suspended, person, nil, 2}, {statuslist.Valid, worker, nil, 0},
		},
		"a case worker": {
			{statuslist.Suspended, worker, nil, 2}, {statuslist.Valid, person, missing, 2}, {statuslist.Suspended, person, missing, 2},
			{statuslist.Valid, worker, nil, 0},
		},
		"a case worker after the person": {
			{statuslist.Suspended, person, nil, 2}, {statuslist.Suspended, worker, nil, 2}, {statuslist.Valid, person, missing, 2},
			{statuslist.Valid, worker, nil, 0},
		},
		"revoked for good": {
			{statuslist.Suspended, worker, nil, 2}, {statuslist.Invalid, person, nil, 1}, {statuslist.Valid, worker, missing, 1},
			{statuslist.Suspended, worker, missing, 1}, {statuslist.Invalid, worker, missing, 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				s := newStore(t, db)
				in := wide("anna", 2)
				indices := issue(t, s, in)
				for n, step := range steps {
					if err := s.to(step.to, in, step.by, noon); !errors.Is(err, step.want) {
						t.Fatalf("step %d: %v", n+1, err)
					}
					entries, err := s.Entries(ctx, indices[0].List)
					if err != nil {
						t.Fatal(err)
					}
					for _, i := range indices {
						at := slices.IndexFunc(entries, func(e status.Entry) bool { return e.Index == i.Index })
						is := statuslist.Valid
						if at >= 0 {
							is = entries[at].Status
						}
						if is != step.is {
							t.Errorf("step %d: index %d is %d, want %d", n+1, i.Index, is, step.is)
						}
					}
				}
				if found := check(t, s, noon); len(found) != 0 {
					t.Errorf("amiss: %v", found)
				}
			})
		})
	}
}

func TestOneBitKnowsNoSuspension(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		in := intent("anna", 1)
		issue(t, s, in)
		if err := s.to(statuslist.Suspended, in, issuance.RolePerson, noon); !errors.Is(err, issuance.ErrNotSuspendable) {
			t.Error(err)
		}
		other := in
		other.PersonID = "bo" // who learns nothing of it
		if err := s.to(statuslist.Suspended, other, issuance.RolePerson, noon); !errors.Is(err, issuance.ErrNotFound) {
			t.Error(err)
		}
	})
}

// Of sixteen that suspend one does; a revocation among restorations is never undone.
func TestChangesAreRaced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		in := wide("anna", 1)
		index := issue(t, s, in)[0]
		won := 0
		for _, err := range race(func(int) error { return s.to(statuslist.Suspended, in, issuance.RoleCaseWorker, noon) }) {
			if err == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d suspended it", won)
		}
		revoked := 0
		for i, err := range race(func(i int) error {
			switch i % 3 {
			case 0:
				return s.to(statuslist.Valid, in, issuance.RoleCaseWorker, noon)
			case 1:
				return s.to(statuslist.Suspended, in, issuance.RoleCaseWorker, noon)
			}
			return s.to(statuslist.Invalid, in, issuance.RoleCaseWorker, noon)
		}) {
			if i%3 == 2 && err == nil {
				revoked++
			}
		}
		entries, err := s.Entries(ctx, index.List)
		if err != nil || revoked != 1 || !slices.Contains(entries, status.Entry{Index: index.Index, Status: statuslist.Invalid}) {
			t.Errorf("%d revoked it, %v %v", revoked, entries, err)
		}
		if found := check(t, s, noon); len(found) != 0 {
			t.Errorf("amiss: %v", found)
		}
	})
}

// Token Status List section 8.4: the list as it was, with from when until when it was so.
func TestTheListAsItWas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		in, other := wide("anna", 1), wide("bo", 1)
		index := issue(t, s, in)[0]
		issue(t, s, other)
		hour := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
		for _, c := range []struct {
			to statuslist.Status
			at int
		}{{statuslist.Suspended, 2}, {statuslist.Valid, 4}, {statuslist.Invalid, 6}} {
			if err := s.to(c.to, in, issuance.RoleCaseWorker, hour(c.at)); err != nil {
				t.Fatal(err)
			}
		}
		now := hour(8)
		for at, want := range map[int]struct {
			is          statuslist.Status
			from, until time.Time
		}{
			1: {statuslist.Valid, noon, hour(2)}, 2: {statuslist.Suspended, hour(2), hour(4)}, 3: {statuslist.Suspended, hour(2), hour(4)},
			5: {statuslist.Valid, hour(4), hour(6)}, 6: {statuslist.Invalid, hour(6), time.Time{}}, 8: {statuslist.Invalid, hour(6), time.Time{}},
		} {
			past, err := s.At(ctx, index.List, hour(at), now)
			if err != nil {
				t.Fatal(err)
			}
			is := statuslist.Valid
			for _, e := range past.Entries {
				if e.Index == index.Index {
					is = e.Status
				}
			}
			if is != want.is || !past.From.Equal(want.from) || !past.Until.Equal(want.until) {
				t.Errorf("hour %d: %d from %s until %s, want %+v", at, is, past.From, past.Until, want)
			}
		}
		for name, at := range map[string]time.Time{
			"before it was made": noon.Add(-time.Second), "to come": now.Add(time.Second), "too long ago": now.Add(-keepAfterExpiry - time.Second),
		} {
			if _, err := s.At(ctx, index.List, at, now); !errors.Is(err, status.ErrNoHistory) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.At(ctx, "none", now, now); !errors.Is(err, status.ErrUnknownList) {
			t.Error(err)
		}
		if err := s.Sweep(ctx, in.ExpiresAt.Add(keepAfterExpiry+time.Second)); err != nil || count(t, s, "issuer_status_changes") != 0 {
			t.Errorf("%v, %d changes left", err, count(t, s, "issuer_status_changes"))
		}
	})
}

// C17: 10 000 credentials: every index once, none of them a decoy, and in no order: the number of runs above and below the median is
// that of chance (Wald and Wolfowitz), within five standard deviations.
func TestIndicesOfTenThousandHaveNoOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		const n = 10_000
		seen, decoys := map[uint64]bool{}, map[uint64]bool{}
		var order []uint64
		for len(order) < n {
			in := intent("anna", 10)
			for _, i := range issue(t, s, in) {
				if len(decoys) == 0 {
					list, err := s.List(ctx, i.List)
					if err != nil {
						t.Fatal(err)
					}
					for _, d := range list.Decoys() {
						decoys[d] = true
					}
				}
				if seen[i.Index] || decoys[i.Index] {
					t.Fatalf("index %d twice, or a decoy", i.Index)
				}
				seen[i.Index] = true
				order = append(order, i.Index)
			}
		}
		if len(decoys) != DefaultListSize/64 {
			t.Errorf("%d decoys", len(decoys))
		}
		sorted := slices.Clone(order)
		slices.Sort(sorted)
		median := sorted[n/2]
		runs, above := 1, 0.0
		for i, x := range order {
			if x >= median {
				above++
			}
			if i > 0 && (x >= median) != (order[i-1] >= median) {
				runs++
			}
		}
		below := n - above
		mean := 2*above*below/n + 1
		deviation := math.Sqrt((mean - 1) * (mean - 2) / (n - 1))
		if off := math.Abs(float64(runs)-mean) / deviation; off > 5 {
			t.Errorf("%d runs, expected %.0f: %.1f standard deviations away", runs, mean, off)
		}
	})
}
