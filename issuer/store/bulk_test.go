package store

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/cases"
	"lommebok.example/issuer/issuance"
	"lommebok.example/specs/statuslist"
)

func bulk(id string, to statuslist.Status) cases.Bulk {
	return cases.Bulk{
		ID: id, To: to, Reason: "misuse", ConfigurationID: "proof_of_age", From: noon.Add(-12 * time.Hour), Until: noon.Add(12 * time.Hour),
		State: cases.Proposed, ProposedBy: "first", ProposedAt: noon, Ends: noon.Add(24 * time.Hour),
	}
}

// Two people: nobody approves what they proposed, of sixteen others one decides, and nothing is done that nobody approved.
func TestABulkTakesTwo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		in := intent("anna", 1)
		issue(t, s, in)
		if err := s.Propose(ctx, bulk("B", statuslist.Invalid)); err != nil {
			t.Fatal(err)
		}
		for name, try := range map[string]func() error{
			"the one who proposed":      func() error { return s.Decide(ctx, "B", "first", true, noon) },
			"refused by who proposed":   func() error { return s.Decide(ctx, "B", "first", false, noon) },
			"after its time":            func() error { return s.Decide(ctx, "B", "second", true, noon.Add(24*time.Hour)) },
			"unknown":                   func() error { return s.Decide(ctx, "X", "second", true, noon) },
			"with a NUL in its address": func() error { return s.Decide(ctx, "\x00", "second", true, noon) },
		} {
			if err := try(); !errors.Is(err, cases.ErrDecided) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if more, err := s.Step(ctx, noon); more || err != nil {
			t.Errorf("something was done: %t %v", more, err)
		}
		won := 0
		for _, err := range race(func(i int) error { return s.Decide(ctx, "B", string(rune('a'+i)), i%2 == 0, noon) }) {
			if err == nil {
				won++
			} else if !errors.Is(err, cases.ErrDecided) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d decided", won)
		}
	})
}

// A bulk changes what it names and nothing else, each once, however many processes carry it out, and goes on where it was cut off.
func TestABulkIsCarriedOutOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		var all []order
		for range 2*bulkStep + 7 {
			in := intent("anna", 1)
			issue(t, s, in)
			all = append(all, in)
		}
		other, later, client := intent("bo", 1), intent("bo", 1), intent("bo", 1)
		other.ConfigurationID, later.IssuedAt, client.ClientID = "another", noon.Add(13*time.Hour), "another"
		later.ExpiresAt = later.ExpiresAt.Add(24 * time.Hour)
		for _, in := range []order{other, later, client} {
			issue(t, s, in)
		}
		if err := s.Revoke(ctx, "anna", all[0].ID, noon); err != nil {
			t.Fatal(err)
		}
		b := bulk("B", statuslist.Invalid)
		b.ClientID = "wallet"
		n, err := s.Count(ctx, b, noon, math.MaxInt)
		if err != nil || n != len(all)-1 {
			t.Fatalf("%d match: %v", n, err)
		}
		if err := errors.Join(s.Propose(ctx, b), s.Decide(ctx, "B", "second", true, noon)); err != nil {
			t.Fatal(err)
		}
		if more, err := s.Step(ctx, noon); !more || err != nil { // and then the process ends
			t.Fatal(more, err)
		}
		var wg sync.WaitGroup
		for range racers {
			wg.Go(func() {
				for more := true; more; {
					var err error
					if more, err = s.Step(ctx, noon); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		bulks, err := s.Bulks(ctx)
		if err != nil || len(bulks) != 1 || bulks[0].Changed != n || bulks[0].State != cases.Done || bulks[0].DecidedBy != "second" {
			t.Errorf("%+v %v", bulks, err)
		}
		var entries, revoked, ends int64
		for query, into := range map[string]*int64{
			"SELECT count(*) FROM issuer_audit_entries WHERE kind = 'case.bulk.done'":  &ends,
			"SELECT count(*) FROM issuer_audit_entries WHERE kind = 'issuance.revoke'": &entries,
			"SELECT count(*) FROM issuer_issuances WHERE revoked_at <> 0":              &revoked,
		} {
			if err := s.db.R.Raw(query).Scan(into).Error; err != nil {
				t.Fatal(err)
			}
		}
		if int(entries) != len(all) || int(revoked) != len(all) || ends != 1 {
			t.Errorf("%d entries, %d revoked, want %d; ended %d times", entries, revoked, len(all), ends)
		}
		if found := check(t, s, noon); len(found) != 0 {
			t.Errorf("amiss: %v", found)
		}
	})
}

// What is issued after a bulk was proposed is left, and what was under way then is changed, wherever its ID comes in their order.
func TestABulkLeavesWhatCameLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		for range bulkStep + 7 {
			issue(t, s, intent("anna", 1))
		}
		underWay := []order{intent("bo", 1), intent("bo", 1)}
		later := []order{intent("carl", 1), intent("carl", 1)}
		for i, id := range []string{"22222222222222222222222222", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ"} {
			underWay[i].ID, later[i].ID = id, id[1:]+"3"
			later[i].IssuedAt = noon.Add(time.Minute)
			begin(t, s, underWay[i])
		}
		b := bulk("B", statuslist.Invalid)
		b.Until = noon.Add(time.Second)
		if err := errors.Join(s.Propose(ctx, b), s.Decide(ctx, "B", "second", true, noon)); err != nil {
			t.Fatal(err)
		}
		if more, err := s.Step(ctx, noon); !more || err != nil {
			t.Fatal(more, err)
		}
		for i := range later {
			if err := s.Finish(ctx, underWay[i].Intent, issuance.StateIssued, noon); err != nil {
				t.Fatal(err)
			}
			issue(t, s, later[i])
		}
		for more := true; more; {
			var err error
			if more, err = s.Step(ctx, noon); err != nil {
				t.Fatal(err)
			}
		}
		for name, list := range map[string][]order{"under way": underWay, "later": later} {
			for _, in := range list {
				one, err := s.One(ctx, in.PersonID, in.ID)
				if err != nil || one.RevokedAt.IsZero() != (name == "later") {
					t.Errorf("%s: revoked at %s (%v)", name, one.RevokedAt, err)
				}
			}
		}
	})
}

// A bulk beside people who revoke what is theirs, one by one and all at once: nobody gets an error but that it was done already.
func TestABulkBesidePeopleWhoRevoke(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		s.ListSize = 256 // several lists
		var ids []string
		for range 4 * bulkStep {
			in := intent("anna", 1)
			issue(t, s, in)
			ids = append(ids, in.ID)
		}
		if err := errors.Join(s.Propose(ctx, bulk("B", statuslist.Invalid)), s.Decide(ctx, "B", "second", true, noon)); err != nil {
			t.Fatal(err)
		}
		revoke := func(ids ...string) {
			_, err := s.Change(ctx, issuance.Change{
				Issuances: ids, To: statuslist.Invalid, Person: "anna", By: issuance.RolePerson, Actor: audit.Person("anna"), At: noon,
			})
			if err != nil && !errors.Is(err, issuance.ErrNotFound) {
				t.Error(err)
			}
		}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for more := true; more; {
					var err error
					if more, err = s.Step(ctx, noon); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for w := range 4 {
			wg.Go(func() {
				for i := w; i < len(ids); i += 4 {
					revoke(ids[len(ids)-1-i])
				}
			})
			wg.Go(func() {
				part := slices.Clone(ids[w*bulkStep : (w+1)*bulkStep])
				slices.Reverse(part)
				revoke(part...)
			})
		}
		wg.Wait()
		if bulks, err := s.Bulks(ctx); err != nil || bulks[0].State != cases.Done {
			t.Errorf("%+v %v", bulks, err)
		}
		if found := check(t, s, noon); len(found) != 0 {
			t.Errorf("amiss: %v", found)
		}
	})
}

// What cannot be suspended is left as it is, and the person's own suspension becomes the case worker's.
func TestABulkThatSuspends(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		one, own, narrow := wide("anna", 1), wide("bo", 1), intent("carl", 1)
		for _, in := range []order{one, own, narrow} {
			issue(t, s, in)
		}
		if err := s.to(statuslist.Suspended, own, issuance.RolePerson, noon); err != nil {
			t.Fatal(err)
		}
		b := bulk("B", statuslist.Suspended)
		if err := errors.Join(s.Propose(ctx, b), s.Decide(ctx, "B", "second", true, noon)); err != nil {
			t.Fatal(err)
		}
		for more := true; more; {
			var err error
			if more, err = s.Step(ctx, noon); err != nil {
				t.Fatal(err)
			}
		}
		bulks, err := s.Bulks(ctx)
		if err != nil || bulks[0].Changed != 2 {
			t.Errorf("%+v %v", bulks, err)
		}
		if err := s.to(statuslist.Valid, own, issuance.RolePerson, noon); !errors.Is(err, issuance.ErrNotFound) {
			t.Errorf("the person opened it: %v", err)
		}
	})
}

// What a bulk does not name it leaves, by each thing that it can be chosen by.
func TestABulkIsChosenBy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		for n, by := range []issuance.Intent{
			{WalletProvider: "P", Signer: "k/1"}, {WalletProvider: "P", Signer: "k/2"}, {WalletProvider: "Q", Signer: "k/2"}, {Signer: "k/2"},
		} {
			in := intent("anna", 1)
			in.WalletProvider, in.Signer, in.WalletName = by.WalletProvider, by.Signer, strings.Repeat("W", n)
			issue(t, s, in)
		}
		for name, tt := range map[string]struct {
			b    cases.Bulk
			want int
		}{
			"all of the type": {cases.Bulk{ConfigurationID: "proof_of_age"}, 4}, "provider": {cases.Bulk{WalletProvider: "P"}, 2}, "key": {cases.Bulk{Signer: "k/2"}, 3},
			"both": {cases.Bulk{WalletProvider: "P", Signer: "k/2"}, 1}, "another type": {cases.Bulk{WalletProvider: "P", ConfigurationID: "x"}, 0},
			"another client": {cases.Bulk{Signer: "k/2", ClientID: "x"}, 0},
		} {
			b := bulk(name, statuslist.Invalid)
			b.ConfigurationID, b.ClientID, b.WalletProvider, b.Signer = tt.b.ConfigurationID, tt.b.ClientID, tt.b.WalletProvider, tt.b.Signer
			if n, err := s.Count(ctx, b, noon, math.MaxInt); n != tt.want || err != nil {
				t.Errorf("%s: %d match, want %d: %v", name, n, tt.want, err)
			}
			if err := s.Propose(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Providers(ctx); err != nil || !slices.Equal(got, []string{"P", "Q"}) {
			t.Errorf("providers %q, %v", got, err)
		}
		bulks, err := s.Bulks(ctx)
		for _, b := range bulks {
			if b.ID == "both" && (b.WalletProvider != "P" || b.Signer != "k/2" || b.ConfigurationID != "") {
				t.Errorf("kept as %+v", b)
			}
		}
		if err != nil || len(bulks) != 6 {
			t.Errorf("%d bulks, %v", len(bulks), err)
		}
	})
}

// Each step begins where the one before it ended, and before a bulk is done it is looked at from the beginning once more: what has come to
// match meanwhile, wherever it stands, is changed too.
func TestABulkGoesOnWhereItWas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		var ids []string
		for range 3 * bulkStep {
			in := intent("anna", 1)
			issue(t, s, in)
			ids = append(ids, in.ID)
		}
		slices.Sort(ids)
		late := ids[3] // is as if it had been signed only after its turn
		if err := db.W.Exec("UPDATE issuer_issuances SET state = 'intent' WHERE id = ?", late).Error; err != nil {
			t.Fatal(err)
		}
		step := func() {
			t.Helper()
			if more, err := s.Step(ctx, noon); !more || err != nil {
				t.Fatal(more, err)
			}
		}
		revoked := func(id string) bool {
			t.Helper()
			var at int64
			if err := s.db.Row(ctx, "SELECT revoked_at FROM issuer_issuances WHERE id = ?", []any{id}, &at); err != nil {
				t.Fatal(err)
			}
			return at != 0
		}
		if err := errors.Join(s.Propose(ctx, bulk("B", statuslist.Invalid)), s.Decide(ctx, "B", "second", true, noon)); err != nil {
			t.Fatal(err)
		}
		step()
		if err := db.W.Exec("UPDATE issuer_issuances SET state = 'issued' WHERE id = ?", late).Error; err != nil {
			t.Fatal(err)
		}
		step()
		if revoked(late) || !revoked(ids[2*bulkStep]) {
			t.Error("the second step began at the beginning")
		}
		for range 3 { // the third part, what was late, and the end
			step()
		}
		if bulks, err := s.Bulks(ctx); err != nil || !revoked(late) || bulks[0].State != cases.Done || bulks[0].Changed != len(ids) {
			t.Errorf("late: %t, %+v, %v", revoked(late), bulks, err)
		}
	})
}

// Counting stops where it is told to; and what was issued before key and provider were kept is counted by itself.
func TestCountingABulk(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		for n := range 6 {
			in := intent("anna", 1)
			if n < 4 {
				in.Signer, in.WalletProvider = "k/1", strings.Repeat("P", n%2)
			}
			issue(t, s, in)
		}
		for name, tt := range map[string]struct {
			change         func(b *cases.Bulk)
			most           int
			count, unknown int
		}{
			"the whole type":        {func(*cases.Bulk) {}, math.MaxInt, 6, 2},
			"no more than two":      {func(*cases.Bulk) {}, 2, 2, 2},
			"of a key":              {func(b *cases.Bulk) { b.Signer = "k/1" }, math.MaxInt, 4, 2},
			"of a provider":         {func(b *cases.Bulk) { b.WalletProvider = "P" }, math.MaxInt, 2, 2},
			"of days before":        {func(b *cases.Bulk) { b.Signer, b.From, b.Until = "k/1", b.From.AddDate(0, 0, -1), b.From }, math.MaxInt, 0, 0},
			"of another type":       {func(b *cases.Bulk) { b.ConfigurationID, b.Signer = "x", "k/1" }, math.MaxInt, 0, 0},
			"a NUL in the client":   {func(b *cases.Bulk) { b.ClientID = "wallet\x00" }, math.MaxInt, 0, 0},
			"a key that is no text": {func(b *cases.Bulk) { b.Signer = "\xff" }, math.MaxInt, 0, 2},
		} {
			b := bulk("B", statuslist.Invalid)
			tt.change(&b)
			n, err := s.Count(ctx, b, noon, tt.most)
			unknown, err2 := s.Unknown(ctx, b, noon, tt.most)
			if n != tt.count || unknown != tt.unknown || err != nil || err2 != nil {
				t.Errorf("%s: %d and %d unknown, want %d and %d: %v", name, n, unknown, tt.count, tt.unknown, errors.Join(err, err2))
			}
		}
	})
}
