package store

import (
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
)

// asIntent is how long the credentials of intent hold, from midnight.
func asIntent(string) time.Duration { return 30*24*time.Hour + 12*time.Hour }

// Each kind of damage is found, and named by its rule. ID stands for the issuance.
var damages = map[string][]string{
	"intent never finished":            {"UPDATE issuer_issuances SET state = 'intent' WHERE id = 'ID'"},
	"state unknown":                    {"UPDATE issuer_issuances SET state = 'maybe' WHERE id = 'ID'"},
	"level unknown":                    {"UPDATE issuer_issuances SET level = '4' WHERE id = 'ID'"},
	"revoked wrongly":                  {"UPDATE issuer_issuances SET revoked_at = 5 WHERE id = 'ID'"},
	"expired wrongly":                  {"UPDATE issuer_issuances SET expires_at = expires_at + 86400 WHERE id = 'ID'"},
	"index outside its list":           {"UPDATE issuer_status_entries SET idx = 131072 WHERE issuance_id = 'ID' AND idx = (SELECT min(idx) FROM issuer_status_entries WHERE issuance_id = 'ID')"},
	"index of nothing":                 {"NOKEYS", "DELETE FROM issuer_issuances WHERE id = 'ID'"},
	"index given twice":                {"NOKEYS", "INSERT INTO issuer_status_entries SELECT * FROM issuer_status_entries WHERE issuance_id = 'ID'"},
	"status unknown":                   {"UPDATE issuer_status_entries SET status = 7 WHERE issuance_id = 'ID'"},
	"list counted wrongly":             {"UPDATE issuer_status_lists SET allocated = 1"},
	"copies without index":             {"UPDATE issuer_issuances SET copies = 3 WHERE id = 'ID'"},
	"status not the record's":          {"UPDATE issuer_status_entries SET status = 1 WHERE issuance_id = 'ID'"},
	"suspended wrongly":                {"UPDATE issuer_issuances SET suspended_by = 'person' WHERE id = 'ID'"},
	"status without its change":        {"UPDATE issuer_status_entries SET status = 2 WHERE issuance_id = 'ID'"},
	"suspension without audit entry":   {"UPDATE issuer_issuances SET suspended_at = issued_at, suspended_by = 'person' WHERE id = 'ID'"},
	"intent without audit entry":       {"DELETE FROM issuer_audit_entries WHERE object = 'ID' AND kind = 'issuance.intent'"},
	"result without audit entry":       {"DELETE FROM issuer_audit_entries WHERE object = 'ID' AND kind = 'issuance.result'"},
	"revocation without audit entry":   {"DELETE FROM issuer_audit_entries WHERE kind = 'issuance.revoke'"},
	"notification without audit entry": {"UPDATE issuer_issuances SET notified = 'credential_accepted' WHERE id = 'ID'"},
	"audit entry without record":       {"NOKEYS", "DELETE FROM issuer_issuances WHERE id = 'ID'"},
	"audit log tampered with":          {"UPDATE issuer_audit_entries SET at = at + 1 WHERE object = 'ID'"},
}

func TestCheckFindsEachKindOfDamage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		in, kept, revoked := intent("anna", 2), intent("anna", 1), intent("bo", 1)
		for _, o := range []order{in, kept, revoked} {
			issue(t, s, o)
		}
		if err := s.Revoke(ctx, "bo", revoked.ID, noon); err != nil {
			t.Fatal(err)
		}
		if found := check(t, s, noon); len(found) != 0 {
			t.Fatalf("good records: %v", found)
		}
		for what, statements := range damages {
			t.Run(what, func(t *testing.T) {
				undo := damage(t, db, in.ID, statements)
				defer undo()
				found := check(t, s, noon.Add(time.Hour))
				for _, a := range found {
					if a.What == what && a.Where != "" {
						return
					}
				}
				t.Errorf("found %v", found)
			})
		}
		if found := check(t, s, noon); len(found) != 0 {
			t.Fatalf("after all was undone: %v", found)
		}
	})
}

// What has been swept after its time is not missed.
func TestCheckMissesNothingThatWasSwept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		in := intent("anna", 2)
		issue(t, s, in)
		late := in.ExpiresAt.Add(keepAfterExpiry + time.Second)
		if err := s.Sweep(ctx, late); err != nil {
			t.Fatal(err)
		}
		if found := check(t, s, late); len(found) != 0 {
			t.Errorf("%v", found)
		}
		if found := check(t, s, noon); len(found) != 1 || found[0].What != "audit entry without record" {
			t.Errorf("before its time: %v", found)
		}
	})
}

func check(t *testing.T, s *Store, at time.Time) []Amiss {
	t.Helper()
	found, err := s.Check(ctx, at, asIntent)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// tables are those that damage copies, so that it can be undone.
var tables = []string{"issuer_status_entries", "issuer_issuances", "issuer_status_lists", "issuer_audit_entries"}

// damage runs statements on tables whose keys and references a good database would not let be broken: where a statement
// begins with NOKEYS they are taken away.
func damage(t *testing.T, db *database.DB, id string, statements []string) (undo func()) {
	t.Helper()
	run := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if err := db.W.Exec(strings.ReplaceAll(statement, "ID", id)).Error; err != nil {
				t.Fatal(statement, err)
			}
		}
	}
	bare := statements[0] == "NOKEYS"
	if !bare {
		for _, table := range tables {
			run("CREATE TABLE kept_" + table + " AS SELECT * FROM " + table)
		}
		run(statements...)
		return func() {
			for _, table := range tables {
				run("DELETE FROM " + table)
			}
			for n := len(tables) - 1; n >= 0; n-- {
				run("INSERT INTO "+tables[n]+" SELECT * FROM kept_"+tables[n], "DROP TABLE kept_"+tables[n])
			}
		}
	}
	// The tables step aside for copies without keys and references.
	for _, table := range tables {
		run("ALTER TABLE "+table+" RENAME TO kept_"+table, "CREATE TABLE "+table+" AS SELECT * FROM kept_"+table)
	}
	run(statements[1:]...)
	return func() {
		for _, table := range tables {
			run("DROP TABLE "+table, "ALTER TABLE kept_"+table+" RENAME TO "+table)
		}
	}
}
