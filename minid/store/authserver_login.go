package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid/authserver"
)

// noteLogin notes that a session has been used at a service, once however often it is. A login without a session leaves nothing to end.
func noteLogin(tx *gorm.DB, g authserver.Grant) error {
	if g.Login == nil || g.Login.SID == "" {
		return nil
	}
	err := tx.Exec(`INSERT INTO authserver_login (sid, session_id, client_id, subject, expires_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (sid) DO UPDATE SET expires_at = excluded.expires_at`,
		g.Login.SID, g.Login.SessionID, g.ClientID, g.Login.Subject, g.Login.SessionEnds.UnixMilli()).Error
	if err != nil {
		return fmt.Errorf("store: note login: %w", err)
	}
	return nil
}

// RevokeToken ends the grant of a client's token.
func (s *Store) RevokeToken(ctx context.Context, token authserver.Hash, clientID string, at time.Time) error {
	err := s.db.W.WithContext(ctx).Exec(`UPDATE authserver_grant SET revoked_at = ?
		WHERE id = (SELECT grant_id FROM authserver_token WHERE token_hash = ?) AND client_id = ? AND revoked_at IS NULL`,
		at.UnixMilli(), token[:], clientID).Error
	if err != nil {
		return fmt.Errorf("store: revoke token: %w", err)
	}
	return nil
}

// EndLogins ends the grants and the pre-authorizations of a session; also a code of it that has not been redeemed gives nothing any more. Rows that are
// deleted are given to whoever deleted them.
func (s *Store) EndLogins(ctx context.Context, sessionID string, at time.Time) ([]authserver.SeenAt, error) {
	if sessionID == "" {
		return nil, nil
	}
	var seen []authserver.SeenAt
	err := s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) (err error) {
		err = tx.Exec(`UPDATE authserver_grant SET revoked_at = ? WHERE session_id = ? AND revoked_at IS NULL`,
			at.UnixMilli(), sessionID).Error
		if err != nil {
			return err
		}
		if err := tx.Exec(`DELETE FROM authserver_preauthorized WHERE session_id = ?`, sessionID).Error; err != nil {
			return err
		}
		rows, err := tx.Raw(`DELETE FROM authserver_login WHERE session_id = ? RETURNING client_id, sid, subject`, sessionID).Rows()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var one authserver.SeenAt
			if err := rows.Scan(&one.ClientID, &one.SID, &one.Subject); err != nil {
				return err
			}
			seen = append(seen, one)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("store: end logins: %w", err)
	}
	return seen, nil
}
