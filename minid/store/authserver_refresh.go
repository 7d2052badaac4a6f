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

const refreshColumns = "id, client_id, scopes, authorized, person_id, pid, level, auth_time, instance_jkt"

// RefreshGrant is documented at authserver.RefreshStore, as are the other verbs of this file.
func (s *Store) RefreshGrant(ctx context.Context, token authserver.Hash, at time.Time) (*authserver.Grant, error) {
	return scanGrant(s.db.R.WithContext(ctx).Raw(`SELECT `+refreshColumns+` FROM authserver_grant
		WHERE id = (SELECT grant_id FROM authserver_refresh WHERE token_hash = ? AND expires_at > ?) AND revoked_at IS NULL`,
		token[:], at.UnixMilli()))
}

// Refresh takes its turn with a revocation by the row of the grant: whoever comes second sees what the first did.
func (s *Store) Refresh(ctx context.Context, r authserver.Refreshing, issue authserver.Issuing) (*authserver.Grant, error) {
	unit, err := writeOptional(r.Unit)
	if err != nil {
		return nil, fmt.Errorf("store: wallet unit: %w", err)
	}
	instance := ""
	if r.Unit != nil {
		instance = r.Unit.JKT
	}
	var grant *authserver.Grant
	err = s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		grant, err = scanGrant(tx.Raw(`UPDATE authserver_grant SET unit = ?
			WHERE id = (SELECT grant_id FROM authserver_refresh WHERE token_hash = ? AND dpop_jkt = ? AND expires_at > ?)
			AND client_id = ? AND instance_jkt = ? AND revoked_at IS NULL
			RETURNING `+refreshColumns, unit, r.Token[:], r.JKT, r.At.UnixMilli(), r.ClientID, instance))
		if err != nil {
			return err
		}
		return keepToken(tx, grant, issue)
	})
	if err != nil {
		return nil, err
	}
	return grant, nil
}

// WithdrawGrants leaves the logins at services alone: they have a page of their own.
func (s *Store) WithdrawGrants(ctx context.Context, personID, clientID string, at time.Time) error {
	err := s.db.W.WithContext(ctx).Exec(`UPDATE authserver_grant SET revoked_at = ?
		WHERE person_id = ? AND client_id = ? AND login = '' AND revoked_at IS NULL`, at.UnixMilli(), personID, clientID).Error
	if err != nil {
		return fmt.Errorf("store: withdraw grants: %w", err)
	}
	return nil
}

// GrantedClients leaves the logins at services alone, as WithdrawGrants does.
func (s *Store) GrantedClients(ctx context.Context, personID string, at time.Time) ([]string, error) {
	var ids []string
	err := s.db.R.WithContext(ctx).Raw(`SELECT DISTINCT client_id FROM authserver_grant
		WHERE person_id = ? AND login = '' AND revoked_at IS NULL AND expires_at > ? ORDER BY client_id`, personID, at.UnixMilli()).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("store: reading grants: %w", err)
	}
	return ids, nil
}

func scanGrant(statement *gorm.DB) (*authserver.Grant, error) {
	var g authserver.Grant
	var scopes, list, level string
	var authTime int64
	err := scanOne(statement, &g.ID, &g.ClientID, &scopes, &list, &g.PersonID, &g.PID, &level, &authTime, &g.Instance)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, authserver.ErrNoCode
	case err != nil:
		return nil, fmt.Errorf("store: grant: %w", err)
	}
	if g.Level, err = minid.ParseLevel(level); err != nil {
		return nil, err
	}
	g.Scopes, g.AuthTime = strings.Fields(scopes), time.UnixMilli(authTime)
	g.Authorized, err = readAuthorized(list)
	return &g, err
}

// number is a yes or no as both databases keep it.
func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
