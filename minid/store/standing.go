package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lommebok.example/minid"
)

// Standing reads the state of a person's account and the identity number it is of, and nothing else of the person: who issues
// credentials asks before each. minid.ErrNotFound when there is none.
func (s *Store) Standing(ctx context.Context, personID string) (state minid.State, pid string, err error) {
	var text string
	err = s.db.Row(ctx, "SELECT state, pid FROM minid_people WHERE id = ?", []any{personID}, &text, &pid)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", minid.ErrNotFound
	}
	if err != nil {
		return "", "", fmt.Errorf("store: standing: %w", err)
	}
	return minid.State(text), pid, nil
}
