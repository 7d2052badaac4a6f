package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/issuer/issuance"
	"lommebok.example/specs/openid4vci"
)

// before is what may have been told before an event for the event to be news. A wallet goes from failure to stored to deleted
// and never back, so that what comes late changes nothing and one issuance has at most three entries in the audit log.
var before = map[string][]string{
	openid4vci.CredentialFailure:  {""},
	openid4vci.CredentialAccepted: {"", openid4vci.CredentialFailure},
	openid4vci.CredentialDeleted:  {"", openid4vci.CredentialFailure, openid4vci.CredentialAccepted},
}

// Notify implements issuance.Store.
func (s *Store) Notify(ctx context.Context, grantID, id, event string, at time.Time) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		id := database.Storable(id)
		args := []any{event, at.Unix(), id, grantID, string(issuance.StateIssued)}
		for _, earlier := range before[event] {
			args = append(args, earlier)
		}
		var personID, clientID string
		err := tx.Row(`UPDATE issuer_issuances SET notified = ?, notified_at = ? WHERE id = ? AND grant_id = ? AND grant_id <> ''
			AND state = ? AND notified IN (`+placeholders(len(before[event]), "?")+`) RETURNING person_id, client_id`, args, &personID, &clientID)
		if err == nil {
			return s.record(tx, audit.Event{
				At: at, Kind: issuance.KindNotify, Actor: audit.Service("wallet"), Subject: audit.Person(personID), Object: id, Outcome: event,
				Details: map[string]string{"client_id": clientID},
			})
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("store: noting what a wallet told: %w", err)
		}
		return isIssued(tx, grantID, id)
	})
}

// isIssued fails unless there is such an issuance of the grant.
func isIssued(tx *database.Tx, grantID, id string) error {
	var one int64
	err := tx.Row("SELECT 1 FROM issuer_issuances WHERE id = ? AND grant_id = ? AND grant_id <> '' AND state = ?",
		[]any{id, grantID, string(issuance.StateIssued)}, &one)
	if errors.Is(err, sql.ErrNoRows) {
		return issuance.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("store: reading an issuance: %w", err)
	}
	return nil
}
