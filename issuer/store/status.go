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
	"lommebok.example/issuer/status"
	"lommebok.example/specs/statuslist"
)

// List implements status.Store.
func (s *Store) List(ctx context.Context, id string) (status.List, error) {
	var rows []struct {
		ID            string
		Size, Version int64
	}
	err := s.db.R.WithContext(ctx).Raw("SELECT id, size, version FROM issuer_status_lists WHERE id = ?", database.Storable(id)).Scan(&rows).Error
	if err != nil {
		return status.List{}, fmt.Errorf("store: reading a status list: %w", err)
	}
	if len(rows) != 1 {
		return status.List{}, status.ErrUnknownList
	}
	return status.List{ID: rows[0].ID, Size: int(rows[0].Size), Version: rows[0].Version}, nil
}

// Invalid implements status.Store.
func (s *Store) Invalid(ctx context.Context, id string) ([]uint64, error) {
	var indices []uint64
	err := s.db.R.WithContext(ctx).Raw("SELECT idx FROM issuer_status_entries WHERE list_id = ? AND status <> 0", id).Scan(&indices).Error
	if err != nil {
		return nil, fmt.Errorf("store: reading status entries: %w", err)
	}
	return indices, nil
}

// Revoke sets the status of every copy of an issuance to invalid, for good, and records it. issuance.ErrNotFound when the
// person has no such issuance, when it is revoked already and when it has expired.
func (s *Store) Revoke(ctx context.Context, personID, id string, at time.Time) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		return s.revoke(tx, at, audit.Person(personID), "id = ? AND person_id = ?", database.Storable(id), personID)
	})
}

// revoke revokes the issuance that which names, its id first, and records who did it.
func (s *Store) revoke(tx *database.Tx, at time.Time, actor audit.Party, which string, id string, more ...any) error {
	var person string
	args := append([]any{at.Unix(), id}, more...)
	err := tx.Row("UPDATE issuer_issuances SET revoked_at = ? WHERE "+which+" AND state = ? AND revoked_at = 0 AND expires_at > ? RETURNING person_id",
		append(args, string(issuance.StateIssued), at.Unix()), &person)
	if errors.Is(err, sql.ErrNoRows) {
		return issuance.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("store: revoking: %w", err)
	}
	if _, err = tx.Exec("UPDATE issuer_status_entries SET status = ? WHERE issuance_id = ?", int(statuslist.Invalid), id); err != nil {
		return fmt.Errorf("store: setting the status: %w", err)
	}
	_, err = tx.Exec(`UPDATE issuer_status_lists SET version = version + 1
		WHERE id IN (SELECT list_id FROM issuer_status_entries WHERE issuance_id = ?)`, id)
	if err != nil {
		return fmt.Errorf("store: marking the status list as changed: %w", err)
	}
	return s.record(tx, audit.Event{At: at, Kind: issuance.KindRevoke, Actor: actor, Subject: audit.Person(person), Object: id, Outcome: "revoked"})
}
