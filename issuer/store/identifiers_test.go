package store

import (
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/status"
)

// An index is drawn with the name that its list knows it by, also by a store that has just been opened; a list of before there were
// seeds is given up for one that has.
func TestIndicesAreNamed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		if err := db.W.Exec("INSERT INTO issuer_status_lists (id, bits, size, allocated, version, created_at) VALUES ('old', 1, 131072, 9, 1, 0)").Error; err != nil {
			t.Fatal(err)
		}
		indices := begin(t, s, intent("anna", 3))
		indices = append(indices, begin(t, newStore(t, db), intent("bo", 3))...)
		for _, i := range indices {
			list, err := s.List(ctx, i.List)
			if err != nil || i.List == "old" || i.Identifier == (status.Identifier{}) || i.Identifier != list.Identifier(i.Index) {
				t.Errorf("%+v of list %s, %v", i, list.ID, err)
			}
		}
	})
}
