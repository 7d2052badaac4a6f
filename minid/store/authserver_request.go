package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/database"
	"lommebok.example/minid/authserver"
)

var _ authserver.Store = (*Store)(nil)

// authserverRequest is a row of authserver_request. Times are Unix milliseconds.
type authserverRequest struct {
	ID             string
	ReferenceHash  []byte
	ClientID       string
	RedirectURI    string
	State          string
	Scopes         string // with blanks between
	Configurations string // JSON
	CodeChallenge  string
	DPoPJKT        string `gorm:"column:dpop_jkt"`
	ExpiresAt      int64
	Login          string // JSON, "" for none
	Unit           string // JSON, "" when no wallet attested itself
}

func (authserverRequest) TableName() string { return "authserver_request" }

// PushRequest keeps a new request.
func (s *Store) PushRequest(ctx context.Context, reference authserver.Hash, r authserver.Request) error {
	configurations, err := json.Marshal(r.Configurations)
	if err != nil {
		return fmt.Errorf("store: push request: %w", err)
	}
	login, err := writeOptional(r.Login)
	if err != nil {
		return fmt.Errorf("store: push request: %w", err)
	}
	unit, err := writeOptional(r.Unit)
	if err != nil {
		return fmt.Errorf("store: push request: %w", err)
	}
	row := authserverRequest{
		ID: r.ID, ReferenceHash: reference[:], ClientID: r.ClientID, RedirectURI: r.RedirectURI, State: r.State,
		Scopes: strings.Join(r.Scopes, " "), Configurations: string(configurations), CodeChallenge: r.CodeChallenge,
		DPoPJKT: r.JKT, ExpiresAt: r.Expires.UnixMilli(), Login: login, Unit: unit,
	}
	if err := s.db.W.WithContext(ctx).Create(&row).Error; err != nil {
		return fmt.Errorf("store: push request: %w", err)
	}
	return nil
}

const requestColumns = "id, client_id, redirect_uri, state, scopes, configurations, code_challenge, dpop_jkt, expires_at, login, unit"

// ClaimRequest gives the request to the first browser that comes, and to it again. The first visit, and only it, moves the
// request's end.
func (s *Store) ClaimRequest(ctx context.Context, c authserver.Claim) (*authserver.Request, error) {
	return scanRequest(s.db.W.WithContext(ctx).Raw(`UPDATE authserver_request
		SET browser_hash = ?, expires_at = CASE WHEN browser_hash IS NULL THEN ? ELSE expires_at END
		WHERE reference_hash = ? AND client_id = ? AND answered_at IS NULL AND expires_at > ?
		AND (browser_hash IS NULL OR browser_hash = ?)
		RETURNING `+requestColumns,
		c.Browser[:], c.Until.UnixMilli(), c.Reference[:], c.ClientID, c.At.UnixMilli(), c.Browser[:]))
}

// ClaimedRequest reads a request in the hand of its browser.
func (s *Store) ClaimedRequest(ctx context.Context, o authserver.Open) (*authserver.Request, error) {
	return scanRequest(s.db.R.WithContext(ctx).Raw(`SELECT `+requestColumns+` FROM authserver_request
		WHERE id = ? AND browser_hash = ? AND answered_at IS NULL AND expires_at > ?`,
		o.ID, o.Browser[:], o.At.UnixMilli()))
}

// RefuseRequest ends a request.
func (s *Store) RefuseRequest(ctx context.Context, o authserver.Open) (*authserver.Request, error) {
	return answerRequest(s.db.W.WithContext(ctx), o)
}

func answerRequest(db *gorm.DB, o authserver.Open) (*authserver.Request, error) {
	return scanRequest(db.Raw(`UPDATE authserver_request SET answered_at = ?
		WHERE id = ? AND browser_hash = ? AND answered_at IS NULL AND expires_at > ?
		RETURNING `+requestColumns,
		o.At.UnixMilli(), o.ID, o.Browser[:], o.At.UnixMilli()))
}

func scanRequest(statement *gorm.DB) (*authserver.Request, error) {
	var r authserver.Request
	var scopes, configurations, login, unit string
	var expires int64
	err := scanOne(statement, &r.ID, &r.ClientID, &r.RedirectURI, &r.State, &scopes, &configurations, &r.CodeChallenge, &r.JKT, &expires, &login, &unit)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, authserver.ErrNoRequest
	case err != nil:
		return nil, fmt.Errorf("store: request: %w", err)
	}
	if err := json.Unmarshal([]byte(configurations), &r.Configurations); err != nil {
		return nil, fmt.Errorf("store: request: %w", err)
	}
	if r.Login, err = readOptional[authserver.Login](login); err != nil {
		return nil, fmt.Errorf("store: request: %w", err)
	}
	if r.Unit, err = readOptional[authserver.WalletUnit](unit); err != nil {
		return nil, fmt.Errorf("store: request: %w", err)
	}
	r.Scopes, r.Expires = strings.Fields(scopes), time.UnixMilli(expires)
	return &r, nil
}

// writeOptional gives the JSON of what may be nil, "" then.
func writeOptional[T any](v *T) (string, error) {
	if v == nil {
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

func readOptional[T any](s string) (*T, error) {
	if s == "" {
		return nil, nil
	}
	v := new(T)
	return v, json.Unmarshal([]byte(s), v)
}

// TakeProof keeps the hash of a proof's key and jti; the primary key lets the first one in. In a transaction of
// database.Together it is part of that.
func (s *Store) TakeProof(ctx context.Context, jti authserver.Hash, expires time.Time) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		taken, err := tx.Exec(`INSERT INTO authserver_proof (jti_hash, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING`,
			jti[:], expires.UnixMilli())
		switch {
		case err != nil:
			return fmt.Errorf("store: take proof: %w", err)
		case taken != 1:
			return authserver.ErrProofUsed
		}
		return nil
	})
}

// blob is bytes in a list of values: gorm would spread a plain slice that follows a parenthesis over many places.
type blob []byte

// Value gives the bytes as they are.
func (b blob) Value() (driver.Value, error) { return []byte(b), nil }

// scanOne runs a statement that gives at most one row and reads it; sql.ErrNoRows when there is none. gorm's Row would
// hide that a statement could not be prepared, and panic.
func scanOne(statement *gorm.DB, into ...any) error {
	rows, err := statement.Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return cmp.Or(rows.Err(), sql.ErrNoRows)
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	return rows.Close()
}
