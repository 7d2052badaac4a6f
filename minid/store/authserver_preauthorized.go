package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
)

// KeepPreAuthorization is documented at authserver.PreAuthorizationStore, as are the other verbs of this file.
func (s *Store) KeepPreAuthorization(ctx context.Context, p authserver.PreAuthorization, k authserver.PreAuthorizationKeys) error {
	authorized, err := writeAuthorized(p.Authorized)
	if err != nil {
		return err
	}
	err = s.db.W.WithContext(ctx).Exec(`INSERT INTO authserver_preauthorized
		(id, session_id, reference_hash, code_hash, tx_hash, tx_code, tries, person_id, pid, level, basis, auth_time, scopes, authorized, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.SessionID, blob(k.Reference[:]), blob(k.Code[:]), blob(k.Tx[:]), number(p.TxCode), p.PersonID, p.PID, p.Level.String(), string(p.Basis),
		p.AuthTime.UnixMilli(), strings.Join(p.Scopes, " "), authorized, p.Expires.UnixMilli()).Error
	if err != nil {
		return fmt.Errorf("store: keep pre-authorization: %w", err)
	}
	return nil
}

const preAuthorizedColumns = "id, session_id, tx_code, person_id, pid, level, basis, auth_time, scopes, authorized, expires_at"

// PreAuthorizationByCode finds one that can be redeemed.
func (s *Store) PreAuthorizationByCode(ctx context.Context, code authserver.Hash, at time.Time) (*authserver.PreAuthorization, error) {
	return scanPreAuthorization(s.db.R.WithContext(ctx).Raw(`SELECT `+preAuthorizedColumns+` FROM authserver_preauthorized
		WHERE code_hash = ? AND used_at IS NULL AND expires_at > ?`, code[:], at.UnixMilli()))
}

// PreAuthorizationByReference finds one whose offer may still be fetched.
func (s *Store) PreAuthorizationByReference(ctx context.Context, reference authserver.Hash, at time.Time, spare time.Duration) (*authserver.PreAuthorization, error) {
	return scanPreAuthorization(s.db.R.WithContext(ctx).Raw(`SELECT `+preAuthorizedColumns+` FROM authserver_preauthorized
		WHERE reference_hash = ? AND used_at IS NULL AND expires_at > ?`, reference[:], at.Add(spare).UnixMilli()))
}

// PreAuthorizationOf finds one in the session that it was made in.
func (s *Store) PreAuthorizationOf(ctx context.Context, id, sessionID string, at time.Time) (*authserver.PreAuthorization, error) {
	return scanPreAuthorization(s.db.R.WithContext(ctx).Raw(`SELECT `+preAuthorizedColumns+` FROM authserver_preauthorized
		WHERE id = ? AND session_id = ? AND used_at IS NULL AND expires_at > ?`, id, sessionID, at.UnixMilli()))
}

// RaiseTxTries counts before anything is compared.
func (s *Store) RaiseTxTries(ctx context.Context, code authserver.Hash, most int, at time.Time) error {
	result := s.db.W.WithContext(ctx).Exec(`UPDATE authserver_preauthorized SET tries = tries + 1
		WHERE code_hash = ? AND tries < ? AND used_at IS NULL AND expires_at > ?`, code[:], most, at.UnixMilli())
	switch {
	case result.Error != nil:
		return fmt.Errorf("store: raise tries: %w", result.Error)
	case result.RowsAffected != 1:
		return authserver.ErrNoCode
	}
	return nil
}

// RedeemPreAuthorized makes of the row a grant, whose own code nobody has.
func (s *Store) RedeemPreAuthorized(ctx context.Context, r authserver.PreAuthorizedRedemption, issue authserver.Issuing) (*authserver.Grant, error) {
	unit, err := writeOptional(r.Unit)
	if err != nil {
		return nil, fmt.Errorf("store: wallet unit: %w", err)
	}
	var grant *authserver.Grant
	err = s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		p, err := scanPreAuthorization(tx.Raw(`UPDATE authserver_preauthorized SET used_at = ?
			WHERE code_hash = ? AND tx_hash = ? AND used_at IS NULL AND expires_at > ?
			RETURNING `+preAuthorizedColumns, r.At.UnixMilli(), r.Code[:], r.Tx[:], r.At.UnixMilli()))
		if err != nil {
			return err
		}
		grant = &p.Grant
		if r.Unit != nil {
			grant.Instance = r.Unit.JKT
		}
		grant.ClientID = r.ClientID
		if err := keepGrant(tx, grant, unit, r.At); err != nil {
			return err
		}
		return keepToken(tx, grant, issue)
	})
	if err != nil {
		return nil, err
	}
	return grant, nil
}

// keepGrant keeps a grant that was redeemed at once.
func keepGrant(tx *gorm.DB, g *authserver.Grant, unit string, at time.Time) error {
	authorized, err := writeAuthorized(g.Authorized)
	if err != nil {
		return err
	}
	nobodys := authserver.HashOf("pre-authorized " + g.ID)
	err = tx.Exec(`INSERT INTO authserver_grant (id, code_hash, client_id, redirect_uri, code_challenge, dpop_jkt, person_id, pid, level, basis,
		auth_time, scopes, authorized, instance_jkt, unit, code_expires_at, code_used_at, expires_at)
		VALUES (?, ?, ?, '', '', '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		g.ID, blob(nobodys[:]), g.ClientID, g.PersonID, g.PID, g.Level.String(), string(g.Basis), g.AuthTime.UnixMilli(),
		strings.Join(g.Scopes, " "), authorized, g.Instance, unit, at.UnixMilli(), at.UnixMilli(), at.UnixMilli()).Error
	if err != nil {
		return fmt.Errorf("store: keep grant: %w", err)
	}
	return nil
}

func scanPreAuthorization(statement *gorm.DB) (*authserver.PreAuthorization, error) {
	var p authserver.PreAuthorization
	var level, scopes, list string
	var txCode, authTime, expires int64
	err := scanOne(statement, &p.ID, &p.SessionID, &txCode, &p.PersonID, &p.PID, &level, &p.Basis, &authTime, &scopes, &list, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, authserver.ErrNoCode
	case err != nil:
		return nil, fmt.Errorf("store: pre-authorization: %w", err)
	}
	if p.Level, err = minid.ParseLevel(level); err != nil {
		return nil, err
	}
	if p.Authorized, err = readAuthorized(list); err != nil {
		return nil, err
	}
	p.TxCode, p.Scopes, p.AuthTime, p.Expires = txCode == 1, strings.Fields(scopes), time.UnixMilli(authTime), time.UnixMilli(expires)
	return &p, nil
}
