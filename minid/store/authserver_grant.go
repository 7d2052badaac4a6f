package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
)

// authserverGrant is a row of authserver_grant as it is made. Times are Unix milliseconds.
type authserverGrant struct {
	ID            string
	CodeHash      []byte
	ClientID      string
	RedirectURI   string
	CodeChallenge string
	DPoPJKT       string `gorm:"column:dpop_jkt"`
	PersonID      string
	PID           string `gorm:"column:pid"`
	Level         string
	Basis         string
	AuthTime      int64
	Scopes        string // with blanks between
	Authorized    string // JSON, "" for none
	Login         string // JSON, "" for none
	SessionID     string // "" without a login
	InstanceJKT   string `gorm:"column:instance_jkt"` // "" when no wallet attested itself
	CodeExpiresAt int64
	ExpiresAt     int64 // of the code, later of the token
}

func (authserverGrant) TableName() string { return "authserver_grant" }

// ApproveRequest ends the request and keeps the grant with its code, both or neither.
func (s *Store) ApproveRequest(ctx context.Context, o authserver.Open, g authserver.Grant, c authserver.Code) error {
	authorized, err := writeAuthorized(g.Authorized)
	if err != nil {
		return err
	}
	login, err := writeOptional(g.Login)
	if err != nil {
		return fmt.Errorf("store: grant: %w", err)
	}
	row := authserverGrant{
		ID: g.ID, CodeHash: c.Hash[:], ClientID: g.ClientID, RedirectURI: c.RedirectURI, CodeChallenge: c.CodeChallenge,
		DPoPJKT: c.JKT, PersonID: g.PersonID, PID: g.PID, Level: g.Level.String(), Basis: string(g.Basis),
		AuthTime: g.AuthTime.UnixMilli(), Scopes: strings.Join(g.Scopes, " "), Authorized: authorized,
		Login: login, InstanceJKT: g.Instance, CodeExpiresAt: c.Expires.UnixMilli(), ExpiresAt: c.Expires.UnixMilli(),
	}
	if g.Login != nil {
		row.SessionID = g.Login.SessionID
	}
	return s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if _, err := answerRequest(tx, o); err != nil {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return fmt.Errorf("store: approve request: %w", err)
		}
		return noteLogin(tx, g)
	})
}

// RedeemCode ends the code and keeps the token, both or neither. A code that has been used kills its grant instead, and
// with it the tokens that were made from it or are being made.
func (s *Store) RedeemCode(ctx context.Context, r authserver.Redemption, issue authserver.Issuing) (*authserver.Grant, error) {
	var grant *authserver.Grant
	err := s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var err error
		if grant, err = takeCode(tx, r); err != nil {
			return err
		}
		return keepToken(tx, grant, issue)
	})
	if errors.Is(err, authserver.ErrNoCode) {
		return nil, s.revokeReused(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return grant, nil
}

// keepToken keeps what issue makes of a grant, which lives for as long as the last of it.
func keepToken(tx *gorm.DB, g *authserver.Grant, issue authserver.Issuing) error {
	t, err := issue(g)
	if err != nil {
		return err
	}
	scopes, authorized, err := less(g, t)
	if err != nil {
		return err
	}
	err = tx.Exec(`INSERT INTO authserver_token (token_hash, grant_id, dpop_jkt, expires_at, scopes, authorized, refreshed) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		blob(t.Hash[:]), g.ID, t.JKT, t.Expires.UnixMilli(), scopes, authorized, number(t.Refreshed)).Error
	until := t.Expires
	if err == nil && t.Refresh != nil {
		until = t.Refresh.Expires
		err = tx.Exec(`INSERT INTO authserver_refresh (token_hash, grant_id, dpop_jkt, expires_at) VALUES (?, ?, ?, ?)`,
			blob(t.Refresh.Hash[:]), g.ID, t.JKT, until.UnixMilli()).Error
	}
	if err == nil {
		err = tx.Exec(`UPDATE authserver_grant SET expires_at = ? WHERE id = ? AND expires_at < ?`,
			until.UnixMilli(), g.ID, until.UnixMilli()).Error
	}
	if err != nil {
		return fmt.Errorf("store: keep token: %w", err)
	}
	return nil
}

// less is what a token opens of its grant, nil when it is all.
func less(g *authserver.Grant, t *authserver.Token) (scopes, authorized *string, err error) {
	if all := reflect.DeepEqual(t.Scopes, g.Scopes) && reflect.DeepEqual(t.Authorized, g.Authorized); all {
		return nil, nil, nil
	}
	list, err := writeAuthorized(t.Authorized)
	joined := strings.Join(t.Scopes, " ")
	return &joined, &list, err
}

func takeCode(tx *gorm.DB, r authserver.Redemption) (*authserver.Grant, error) {
	at := r.At.UnixMilli()
	unit, err := writeOptional(r.Unit)
	if err != nil {
		return nil, fmt.Errorf("store: wallet unit: %w", err)
	}
	statement := tx.Raw(`UPDATE authserver_grant SET code_used_at = ?, unit = ?
		WHERE code_hash = ? AND client_id = ? AND redirect_uri = ? AND code_challenge = ? AND (dpop_jkt = '' OR dpop_jkt = ?)
		AND instance_jkt = ?
		AND code_expires_at > ? AND code_used_at IS NULL AND revoked_at IS NULL
		RETURNING id, scopes, authorized, person_id, pid, level, auth_time, login`,
		at, unit, r.Code[:], r.ClientID, r.RedirectURI, r.CodeChallenge, r.JKT, r.Instance(), at)
	g := authserver.Grant{ClientID: r.ClientID, Instance: r.Instance()}
	var scopes, list, level, login string
	var authTime int64
	err = scanOne(statement, &g.ID, &scopes, &list, &g.PersonID, &g.PID, &level, &authTime, &login)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, authserver.ErrNoCode
	case err != nil:
		return nil, fmt.Errorf("store: take code: %w", err)
	}
	g.Scopes, g.AuthTime = strings.Fields(scopes), time.UnixMilli(authTime)
	if g.Level, err = minid.ParseLevel(level); err != nil {
		return nil, err
	}
	if g.Login, err = readOptional[authserver.LoggedIn](login); err != nil {
		return nil, fmt.Errorf("store: grant: %w", err)
	}
	g.Authorized, err = readAuthorized(list)
	return &g, err
}

// revokeReused tells a code that has been used from one that never was, or was bound otherwise.
func (s *Store) revokeReused(ctx context.Context, r authserver.Redemption) error {
	result := s.db.W.WithContext(ctx).Exec(`UPDATE authserver_grant SET revoked_at = ?
		WHERE code_hash = ? AND code_used_at IS NOT NULL`, r.At.UnixMilli(), r.Code[:])
	switch {
	case result.Error != nil:
		return fmt.Errorf("store: revoke grant: %w", result.Error)
	case result.RowsAffected == 0:
		return authserver.ErrNoCode
	}
	return authserver.ErrCodeReused
}

// TokenAccess reads a token that is alive with its grant: one row, by primary keys.
func (s *Store) TokenAccess(ctx context.Context, token authserver.Hash, at time.Time) (*authserver.Access, error) {
	var a authserver.Access
	var level, basis, scopes, list, login, unit string
	var authTime, expires, refreshed int64
	err := s.db.Row(ctx, `SELECT g.id, g.person_id, g.pid, g.client_id, g.level, g.basis, g.auth_time,
		COALESCE(t.scopes, g.scopes), COALESCE(t.authorized, g.authorized), g.login, g.unit, t.dpop_jkt, t.expires_at, t.refreshed
		FROM authserver_token t JOIN authserver_grant g ON g.id = t.grant_id
		WHERE t.token_hash = ? AND t.expires_at > ? AND g.revoked_at IS NULL`, []any{token[:], at.UnixMilli()},
		&a.GrantID, &a.PersonID, &a.PID, &a.ClientID, &level, &basis, &authTime, &scopes, &list, &login, &unit, &a.JKT, &expires, &refreshed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, authserver.ErrNoToken
	case err != nil:
		return nil, fmt.Errorf("store: access: %w", err)
	}
	if a.Level, err = minid.ParseLevel(level); err != nil {
		return nil, err
	}
	if a.Authorized, err = readAuthorized(list); err != nil {
		return nil, err
	}
	if a.Login, err = readOptional[authserver.LoggedIn](login); err != nil {
		return nil, fmt.Errorf("store: access: %w", err)
	}
	a.Basis = minid.Basis(basis)
	if a.Unit, err = readOptional[authserver.WalletUnit](unit); err != nil {
		return nil, fmt.Errorf("store: access: %w", err)
	}
	a.Refreshed = refreshed == 1
	a.Scopes, a.AuthTime, a.Expires = strings.Fields(scopes), time.UnixMilli(authTime), time.UnixMilli(expires)
	return &a, nil
}

// Most grants have no Credential Identifiers, so that reading one costs no JSON.
func writeAuthorized(list []authserver.Authorized) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	b, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("store: grant: %w", err)
	}
	return string(b), nil
}

func readAuthorized(s string) ([]authserver.Authorized, error) {
	if s == "" {
		return nil, nil
	}
	var list []authserver.Authorized
	if err := json.Unmarshal([]byte(s), &list); err != nil {
		return nil, fmt.Errorf("store: grant: %w", err)
	}
	return list, nil
}

// authserverExpiring are the tables that hold rows with an end, with their primary keys.
var authserverExpiring = []struct{ table, key string }{
	{"authserver_proof", "jti_hash"}, {"authserver_token", "token_hash"}, {"authserver_grant", "id"}, {"authserver_request", "id"},
	{"authserver_login", "sid"}, {"authserver_preauthorized", "id"}, {"authserver_refresh", "token_hash"},
}

// SweepAuthserver deletes at most limit expired rows of each table and gives the largest number it deleted of one.
func (s *Store) SweepAuthserver(ctx context.Context, at time.Time, limit int) (int, error) {
	most := 0
	for _, e := range authserverExpiring {
		result := s.db.W.WithContext(ctx).Exec(`DELETE FROM `+e.table+` WHERE `+e.key+` IN
			(SELECT `+e.key+` FROM `+e.table+` WHERE expires_at <= ? LIMIT ?)`, at.UnixMilli(), limit)
		if result.Error != nil {
			return most, fmt.Errorf("store: sweep: %w", result.Error)
		}
		most = max(most, int(result.RowsAffected))
	}
	return most, nil
}
