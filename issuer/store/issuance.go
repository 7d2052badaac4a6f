package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/database"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/status"
	"lommebok.example/minid"
)

// Begin implements issuance.Store.
func (s *Store) Begin(ctx context.Context, in issuance.Intent) ([]status.Index, error) {
	var indices []status.Index
	err := s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := takeNonces(tx, in.Nonces, in.NonceExpires); err != nil {
			return err
		}
		if err := insertIntent(tx, in); err != nil {
			return err
		}
		if err := watch(tx, in); err != nil {
			return err
		}
		list, err := s.openList(tx, in.Copies, in.IssuedAt)
		if err != nil {
			return err
		}
		indices, err = allocate(tx, list, in.ID, in.Copies)
		return err
	})
	return indices, err
}

// takeNonces is the single use of a c_nonce: the insert fails when the row is there.
func takeNonces(tx *gorm.DB, nonces []string, expires time.Time) error {
	for _, n := range nonces {
		hash := sha256.Sum256([]byte(n))
		err := tx.Exec("INSERT INTO issuer_used_nonces (nonce_hash, expires_at) VALUES (?, ?)",
			base64.RawURLEncoding.EncodeToString(hash[:]), expires.Unix()).Error
		if database.IsDuplicate(err) {
			return issuance.ErrNonceUsed
		}
		if err != nil {
			return fmt.Errorf("store: taking a c_nonce: %w", err)
		}
	}
	return nil
}

func insertIntent(tx *gorm.DB, in issuance.Intent) error {
	err := tx.Exec(`INSERT INTO issuer_issuances
		(id, person_id, client_id, configuration_id, level, copies, state, issued_at, expires_at, revoked_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
		in.ID, in.PersonID, in.ClientID, in.ConfigurationID, in.Level.String(), in.Copies, string(issuance.StateIntent),
		in.IssuedAt.Unix(), in.ExpiresAt.Unix()).Error
	if err != nil {
		return fmt.Errorf("store: writing the intent: %w", err)
	}
	return nil
}

// Finish implements issuance.Store.
func (s *Store) Finish(ctx context.Context, id string, state issuance.State) error {
	done := s.db.W.WithContext(ctx).Exec("UPDATE issuer_issuances SET state = ? WHERE id = ? AND state = ?",
		string(state), id, string(issuance.StateIntent))
	return exactlyOne(done)
}

// issuanceRow is a row of issuer_issuances as far as the person sees it.
type issuanceRow struct {
	ID, ClientID, ConfigurationID, Level string
	Copies                               int
	IssuedAt, ExpiresAt, RevokedAt       int64
}

func (r issuanceRow) issued() (issuance.Issued, error) {
	level, err := minid.ParseLevel(r.Level)
	if err != nil {
		return issuance.Issued{}, err
	}
	return issuance.Issued{
		ID: r.ID, ClientID: r.ClientID, ConfigurationID: r.ConfigurationID, Level: level, Copies: r.Copies,
		IssuedAt: unix(r.IssuedAt), ExpiresAt: unix(r.ExpiresAt), RevokedAt: unix(r.RevokedAt),
	}, nil
}

const issuedColumns = "SELECT id, client_id, configuration_id, level, copies, issued_at, expires_at, revoked_at FROM issuer_issuances "

// Mine gives what was issued to a person, at most 200: what is not revoked first, and of that the newest. So who revokes
// what is shown comes to the rest, however much a wallet has asked for.
func (s *Store) Mine(ctx context.Context, personID string) ([]issuance.Issued, error) {
	var rows []issuanceRow
	err := s.db.R.WithContext(ctx).Raw(issuedColumns+`WHERE person_id = ? AND state = ?
		ORDER BY CASE WHEN revoked_at = 0 THEN 0 ELSE 1 END, issued_at DESC, id LIMIT 200`,
		personID, string(issuance.StateIssued)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("store: reading issuances: %w", err)
	}
	return toIssued(rows)
}

// One gives one issuance of a person, or issuance.ErrNotFound, also when it is somebody else's.
func (s *Store) One(ctx context.Context, personID, id string) (issuance.Issued, error) {
	var rows []issuanceRow
	err := s.db.R.WithContext(ctx).Raw(issuedColumns+"WHERE person_id = ? AND id = ? AND state = ?",
		personID, database.Storable(id), string(issuance.StateIssued)).Scan(&rows).Error
	if err != nil {
		return issuance.Issued{}, fmt.Errorf("store: reading an issuance: %w", err)
	}
	if len(rows) != 1 {
		return issuance.Issued{}, issuance.ErrNotFound
	}
	return rows[0].issued()
}

func toIssued(rows []issuanceRow) ([]issuance.Issued, error) {
	out := make([]issuance.Issued, 0, len(rows))
	for _, r := range rows {
		i, err := r.issued()
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

func exactlyOne(done *gorm.DB) error {
	if done.Error != nil {
		return fmt.Errorf("store: %w", done.Error)
	}
	if done.RowsAffected != 1 {
		return issuance.ErrNotFound
	}
	return nil
}

// placeholders gives n groups such as "(?, ?), (?, ?)".
func placeholders(n int, group string) string {
	return strings.TrimSuffix(strings.Repeat(group+", ", n), ", ")
}
