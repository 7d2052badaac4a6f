package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/status"
	"lommebok.example/minid"
)

// Together implements issuance.Store.
func (s *Store) Together(ctx context.Context, f func(ctx context.Context) error) error {
	return s.db.Together(ctx, f)
}

// Begin implements issuance.Store.
func (s *Store) Begin(ctx context.Context, in issuance.Intent) error {
	err := s.db.Write(ctx, func(tx *database.Tx) error {
		if err := takeNonces(tx, in.Nonces); err != nil {
			return err
		}
		if err := insertIntent(tx, in); err != nil {
			return err
		}
		if err := watch(tx, in); err != nil {
			return err
		}
		if err := takeIndices(tx, in.ID, in.Indices); err != nil {
			return err
		}
		return s.record(tx, in.Event())
	})
	switch {
	case err == nil:
		s.tookIndices(in.Indices)
	case errors.Is(err, issuance.ErrIndexTaken):
		s.forgetLists(in.Indices)
	}
	return err
}

// takeNonces is the single use of a c_nonce: nothing is inserted when the row is there.
func takeNonces(tx *database.Tx, nonces []issuance.UsedNonce) error {
	for _, n := range nonces {
		taken, err := tx.Exec("INSERT INTO issuer_used_nonces (nonce_hash, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
			base64.RawURLEncoding.EncodeToString(n.Hash[:]), n.Expires)
		if err != nil {
			return fmt.Errorf("store: taking a c_nonce: %w", err)
		}
		if taken != 1 {
			return issuance.ErrNonceUsed
		}
	}
	return nil
}

func insertIntent(tx *database.Tx, in issuance.Intent) error {
	_, err := tx.Exec(`INSERT INTO issuer_issuances
		(id, person_id, client_id, wallet_name, wallet_provider, signer, grant_id, configuration_id, level, copies, state, issued_at, expires_at, revoked_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
		in.ID, in.PersonID, in.ClientID, in.WalletName, in.WalletProvider, in.Signer, in.GrantID, in.ConfigurationID, in.Level.String(), len(in.Indices), string(issuance.StateIntent),
		in.IssuedAt.Unix(), in.ExpiresAt.Unix())
	if err != nil {
		return fmt.Errorf("store: writing the intent: %w", err)
	}
	return nil
}

// takeIndices counts the indices of a list as taken, if there is room for them, and takes each: the primary key lets in one
// row an index.
func takeIndices(tx *database.Tx, issuanceID string, indices []status.Index) error {
	n := len(indices)
	if n == 0 {
		return issuance.ErrIndexTaken
	}
	room, err := tx.Exec("UPDATE issuer_status_lists SET allocated = allocated + ? WHERE id = ? AND (allocated + ?) * 2 <= size",
		n, indices[0].List, n)
	if err != nil {
		return fmt.Errorf("store: counting status indices: %w", err)
	}
	args := make([]any, 0, 3*n)
	for _, i := range indices {
		if i.List != indices[0].List {
			return issuance.ErrIndexTaken
		}
		args = append(args, i.List, i.Index, issuanceID)
	}
	if room != 1 {
		return issuance.ErrIndexTaken
	}
	taken, err := tx.Exec("INSERT INTO issuer_status_entries (list_id, idx, issuance_id, status) VALUES "+
		placeholders(n, "(?, ?, ?, 0)")+" ON CONFLICT DO NOTHING", args...)
	if err != nil {
		return fmt.Errorf("store: taking status indices: %w", err)
	}
	if taken != int64(n) {
		return issuance.ErrIndexTaken
	}
	return nil
}

// Finish implements issuance.Store.
func (s *Store) Finish(ctx context.Context, in issuance.Intent, state issuance.State, at time.Time) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec("UPDATE issuer_issuances SET state = ? WHERE id = ? AND state = ?",
			string(state), in.ID, string(issuance.StateIntent))
		if err := once(n, err); err != nil {
			return err
		}
		return s.record(tx, in.Finished(state, at))
	})
}

// once is for a statement that may touch one row only.
func once(n int64, err error) error {
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if n != 1 {
		return issuance.ErrNotFound
	}
	return nil
}

// issuanceRow is a row of issuer_issuances as far as the person sees it.
type issuanceRow struct {
	ID, ClientID, WalletName, ConfigurationID, Level, Notified string
	Copies                                                     int
	SuspendedBy                                                string
	IssuedAt, ExpiresAt, RevokedAt, SuspendedAt                int64
}

func (r issuanceRow) issued() (issuance.Issued, error) {
	level, err := minid.ParseLevel(r.Level)
	if err != nil {
		return issuance.Issued{}, err
	}
	return issuance.Issued{
		ID: r.ID, ClientID: r.ClientID, WalletName: r.WalletName, ConfigurationID: r.ConfigurationID, Level: level, Copies: r.Copies,
		IssuedAt: unix(r.IssuedAt), ExpiresAt: unix(r.ExpiresAt), RevokedAt: unix(r.RevokedAt), Notified: r.Notified,
		SuspendedAt: unix(r.SuspendedAt), SuspendedBy: issuance.Role(r.SuspendedBy),
	}, nil
}

const issuedColumns = "SELECT id, client_id, wallet_name, configuration_id, level, copies, issued_at, expires_at, revoked_at, suspended_at, suspended_by, notified FROM issuer_issuances "

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

// Holding gives all that a person has that is neither revoked nor expired at the time at, however much it is, the newest first.
func (s *Store) Holding(ctx context.Context, personID string, at time.Time) ([]issuance.Held, error) {
	var all []issuance.Held
	err := s.db.R.WithContext(ctx).Raw(`SELECT id, client_id, wallet_name, configuration_id FROM issuer_issuances
		WHERE person_id = ? AND state = ? AND revoked_at = 0 AND expires_at > ? ORDER BY issued_at DESC, id`,
		personID, string(issuance.StateIssued), at.Unix()).Scan(&all).Error
	if err != nil {
		return nil, fmt.Errorf("store: reading what a person holds: %w", err)
	}
	return all, nil
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

// placeholders gives n groups such as "(?, ?), (?, ?)".
func placeholders(n int, group string) string {
	return strings.TrimSuffix(strings.Repeat(group+", ", n), ", ")
}
