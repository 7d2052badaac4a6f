package store

import (
	"context"
	"fmt"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/wallets"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/statuslist"
)

var _ wallets.Store = (*Store)(nil)

// watch notes which statuses an issuance stands and falls with, in the transaction that writes its intent: nothing is issued
// that nobody looks after.
func watch(tx *database.Tx, in issuance.Intent) error {
	for _, s := range in.Watched {
		_, err := tx.Exec(`INSERT INTO issuer_watched (issuance_id, uri, idx, due_at) VALUES (?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, in.ID, s.URI, s.Index, in.IssuedAt.Unix())
		if err != nil {
			return fmt.Errorf("store: watching a wallet unit: %w", err)
		}
	}
	return nil
}

// ClaimWatched implements wallets.Store. The time stands in the outer WHERE again, because PostgreSQL looks a second time at a
// row it had to wait for.
func (s *Store) ClaimWatched(ctx context.Context, at, next time.Time, limit int) ([]wallets.Watched, error) {
	var rows []struct {
		IssuanceID, URI string
		Idx             int64
	}
	err := s.db.W.WithContext(ctx).Raw(`UPDATE issuer_watched SET due_at = ?
		WHERE due_at <= ? AND (issuance_id, uri, idx) IN
		(SELECT issuance_id, uri, idx FROM issuer_watched WHERE due_at <= ? ORDER BY due_at LIMIT ?)
		RETURNING issuance_id, uri, idx`, next.Unix(), at.Unix(), at.Unix(), limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("store: claiming what is watched: %w", err)
	}
	due := make([]wallets.Watched, 0, len(rows))
	for _, r := range rows {
		due = append(due, wallets.Watched{IssuanceID: r.IssuanceID, Status: attestation.Status{URI: r.URI, Index: uint64(r.Idx)}})
	}
	return due, nil
}

// SeenGood implements wallets.Store.
func (s *Store) SeenGood(ctx context.Context, w wallets.Watched, next time.Time) error {
	err := s.db.W.WithContext(ctx).Exec("UPDATE issuer_watched SET due_at = ? WHERE issuance_id = ? AND uri = ? AND idx = ?",
		next.Unix(), w.IssuanceID, w.Status.URI, int64(w.Status.Index)).Error
	if err != nil {
		return fmt.Errorf("store: noting a good status: %w", err)
	}
	return nil
}

// RevokeWatched implements wallets.Store. What cannot be revoked any more is watched no longer either.
func (s *Store) RevokeWatched(ctx context.Context, issuanceID string, at time.Time) (bool, error) {
	revoked := false
	err := s.db.Write(ctx, func(tx *database.Tx) error {
		n, err := s.change(tx, issuance.Change{Issuances: []string{issuanceID}, To: statuslist.Invalid, Actor: audit.Service("wallet provider"), At: at})
		if err != nil {
			return err
		}
		revoked = n == 1
		// An issuance that is being signed this moment is looked at again when it is finished.
		_, err = tx.Exec(`DELETE FROM issuer_watched WHERE issuance_id = ?
			AND NOT EXISTS (SELECT 1 FROM issuer_issuances WHERE id = ? AND state = ?)`,
			issuanceID, issuanceID, string(issuance.StateIntent))
		if err != nil {
			return fmt.Errorf("store: ending a watch: %w", err)
		}
		return nil
	})
	return revoked && err == nil, err
}
