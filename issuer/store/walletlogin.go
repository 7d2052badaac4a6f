package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"lommebok.example/internal/database"
	"lommebok.example/issuer/walletlogin"
	"lommebok.example/minid"
)

var _ walletlogin.Store = (*Store)(nil)

type pendingLoginRow struct {
	State, Browser, ReturnTo, Nonce, Verifier string
	ACR                                       string `gorm:"column:acr"`
	Begun, Expires                            int64
}

// TableName is the table of a pendingLoginRow.
func (pendingLoginRow) TableName() string { return "issuer_wallet_login_pending" }

type walletLoginRow struct {
	ReturnTo          string `gorm:"primaryKey"`
	ID, Browser       string
	PID               string `gorm:"column:pid"`
	Level             string
	AMR               string `gorm:"column:amr"` // with blanks between
	AuthTime, Expires int64
}

// TableName is the table of a walletLoginRow.
func (walletLoginRow) TableName() string { return "issuer_wallet_login" }

// AddPendingLogin implements walletlogin.Store.
func (s *Store) AddPendingLogin(ctx context.Context, p walletlogin.Pending) error {
	return s.db.W.WithContext(ctx).Create(&pendingLoginRow{
		State: p.State, Browser: p.Browser, ReturnTo: p.ReturnTo, Nonce: p.Nonce, Verifier: p.Verifier, ACR: p.ACR,
		Begun: p.Begun.UnixMilli(), Expires: p.Expires.UnixMilli(),
	}).Error
}

// TakePendingLogin implements walletlogin.Store.
func (s *Store) TakePendingLogin(ctx context.Context, state, browser string, at time.Time) (*walletlogin.Pending, error) {
	var rows []pendingLoginRow
	err := s.db.W.WithContext(ctx).Raw(`DELETE FROM issuer_wallet_login_pending WHERE state = ? AND browser = ? AND expires > ?
		RETURNING state, browser, return_to, nonce, verifier, acr, begun, expires`, state, browser, at.UnixMilli()).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, walletlogin.ErrNotFound
	}
	r := rows[0]
	return &walletlogin.Pending{
		State: r.State, Browser: r.Browser, ReturnTo: r.ReturnTo, Nonce: r.Nonce, Verifier: r.Verifier, ACR: r.ACR,
		Begun: time.UnixMilli(r.Begun).UTC(), Expires: time.UnixMilli(r.Expires).UTC(),
	}, nil
}

// AddLogin implements walletlogin.Store. Of two logins for the same request the later one counts.
func (s *Store) AddLogin(ctx context.Context, l walletlogin.Login) error {
	row := walletLoginRow{
		ID: l.ID, Browser: l.Browser, ReturnTo: l.ReturnTo, PID: l.PID, Level: l.Level.String(), AMR: strings.Join(l.AMR, " "),
		AuthTime: l.AuthTime.UnixMilli(), Expires: l.Expires.UnixMilli(),
	}
	return s.db.W.WithContext(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "return_to"}}, UpdateAll: true}).Create(&row).Error
}

// TakeLogin implements walletlogin.Store.
func (s *Store) TakeLogin(ctx context.Context, browser, returnTo string, at time.Time) (*walletlogin.Login, error) {
	var rows []walletLoginRow
	err := s.db.W.WithContext(ctx).Raw(`DELETE FROM issuer_wallet_login WHERE return_to = ? AND browser = ? AND expires > ?
		RETURNING id, browser, return_to, pid, level, amr, auth_time, expires`, database.Storable(returnTo), browser, at.UnixMilli()).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, walletlogin.ErrNotFound
	}
	r := rows[0]
	level, err := minid.ParseLevel(r.Level)
	return &walletlogin.Login{
		ID: r.ID, Browser: r.Browser, ReturnTo: r.ReturnTo, PID: r.PID, Level: level, AMR: strings.Fields(r.AMR),
		AuthTime: time.UnixMilli(r.AuthTime).UTC(), Expires: time.UnixMilli(r.Expires).UTC(),
	}, err
}

// sweepLogins deletes those that nobody took.
func (s *Store) sweepLogins(ctx context.Context, at time.Time) error {
	if err := s.db.W.WithContext(ctx).Where("expires <= ?", at.UnixMilli()).Delete(&pendingLoginRow{}).Error; err != nil {
		return err
	}
	return s.db.W.WithContext(ctx).Where("expires <= ?", at.UnixMilli()).Delete(&walletLoginRow{}).Error
}
