package store

import (
	"context"
	"fmt"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/issuer/issuance"
)

// Defer implements issuance.Store.
func (s *Store) Defer(ctx context.Context, d issuance.Deferred) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		if err := takeNonces(tx, d.Nonces); err != nil {
			return err
		}
		if err := insertDeferred(tx, d); err != nil {
			return err
		}
		return s.record(tx, d.Event(issuance.OutcomeDeferred, d.OrderedAt))
	})
}

// PutBack implements issuance.Store.
func (s *Store) PutBack(ctx context.Context, d issuance.Deferred) error {
	return s.db.Write(ctx, func(tx *database.Tx) error { return insertDeferred(tx, d) })
}

func insertDeferred(tx *database.Tx, d issuance.Deferred) error {
	_, err := tx.Exec(`INSERT INTO issuer_deferred
		(id, grant_id, person_id, client_id, wallet_name, configuration_id, copies, sealed, ordered_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.ID, d.GrantID, d.PersonID, d.ClientID, d.WalletName, d.ConfigurationID, d.Copies, d.Sealed, d.OrderedAt.UnixMilli(), d.ExpiresAt.Unix())
	if err != nil {
		return fmt.Errorf("store: keeping a transaction: %w", err)
	}
	return nil
}

// deferredRow is a row of issuer_deferred.
type deferredRow struct {
	ID, GrantID, PersonID, ClientID, WalletName, ConfigurationID string
	Copies                                                       int
	Sealed                                                       []byte
	OrderedAt, ExpiresAt                                         int64
}

func (r deferredRow) deferred() issuance.Deferred {
	return issuance.Deferred{
		ID: r.ID, GrantID: r.GrantID, PersonID: r.PersonID, ClientID: r.ClientID, WalletName: r.WalletName, ConfigurationID: r.ConfigurationID, Copies: r.Copies,
		Sealed: r.Sealed, OrderedAt: time.UnixMilli(r.OrderedAt).UTC(), ExpiresAt: unix(r.ExpiresAt),
	}
}

const deferredColumns = "SELECT id, grant_id, person_id, client_id, wallet_name, configuration_id, copies, sealed, ordered_at, expires_at FROM issuer_deferred "

// Deferred implements issuance.Store.
func (s *Store) Deferred(ctx context.Context, grantID, id string, at time.Time) (issuance.Deferred, error) {
	var rows []deferredRow
	err := s.db.R.WithContext(ctx).Raw(deferredColumns+"WHERE id = ? AND grant_id = ? AND expires_at > ?",
		database.Storable(id), grantID, at.Unix()).Scan(&rows).Error
	if err != nil {
		return issuance.Deferred{}, fmt.Errorf("store: reading a transaction: %w", err)
	}
	if len(rows) != 1 {
		return issuance.Deferred{}, issuance.ErrNotDeferred
	}
	return rows[0].deferred(), nil
}

// Waiting gives the transactions of a person that have not ended at the time at, the newest first.
func (s *Store) Waiting(ctx context.Context, personID string, at time.Time) ([]issuance.Deferred, error) {
	var rows []deferredRow
	err := s.db.R.WithContext(ctx).Raw(deferredColumns+"WHERE person_id = ? AND expires_at > ? ORDER BY ordered_at DESC, id LIMIT 50",
		personID, at.Unix()).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("store: reading transactions: %w", err)
	}
	out := make([]issuance.Deferred, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.deferred())
	}
	return out, nil
}

// TakeDeferred implements issuance.Store.
func (s *Store) TakeDeferred(ctx context.Context, grantID, id string) error {
	return s.db.Write(ctx, func(tx *database.Tx) error { return takeDeferred(tx, grantID, id) })
}

// DenyDeferred implements issuance.Store.
func (s *Store) DenyDeferred(ctx context.Context, d issuance.Deferred, at time.Time) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		if err := takeDeferred(tx, d.GrantID, d.ID); err != nil {
			return err
		}
		return s.record(tx, d.Event(issuance.OutcomeDenied, at))
	})
}

func takeDeferred(tx *database.Tx, grantID, id string) error {
	n, err := tx.Exec("DELETE FROM issuer_deferred WHERE id = ? AND grant_id = ?", database.Storable(id), grantID)
	if err != nil {
		return fmt.Errorf("store: taking a transaction: %w", err)
	}
	if n != 1 {
		return issuance.ErrNotDeferred
	}
	return nil
}
