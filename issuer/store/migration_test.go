package store

import (
	"path"
	"slices"
	"strings"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/cases"
	"lommebok.example/specs/statuslist"
)

// Whether a table of bulks had a cursor that must be filled or none, it has none afterwards, and keeps its bulks.
func TestBulksHaveNoCursorWhateverTheyHad(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		issue(t, s, intent("anna", 1))
		dialect := "sqlite"
		if db.W.Name() == "postgres" {
			dialect = "postgres"
		}
		text, err := migrations.ReadFile(path.Join("migrations", dialect, "0090_bulks.sql"))
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range []string{"ALTER TABLE issuer_bulks ADD COLUMN cursor TEXT NOT NULL DEFAULT ''", "SELECT 1"} {
			run(t, db, before)
			if err := s.Propose(ctx, bulk("B"+before, statuslist.Invalid)); err != nil {
				t.Fatal(err)
			}
			for statement := range strings.SplitSeq(string(text), ";\n") {
				run(t, db, statement)
			}
			if err := db.R.Exec("SELECT cursor FROM issuer_bulks").Error; err == nil {
				t.Errorf("after %q there is a cursor", before)
			}
			kept, err := s.Bulks(ctx)
			if err != nil || !slices.ContainsFunc(kept, func(b cases.Bulk) bool { return b.ID == "B"+before && b.State == cases.Proposed }) {
				t.Errorf("after %q: %+v, %v", before, kept, err)
			}
		}
	})
}

func run(t *testing.T, db *database.DB, statement string) {
	t.Helper()
	if strings.TrimSpace(statement) == "" {
		return
	}
	if err := db.W.Exec(statement).Error; err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
