package store

import (
	"context"
	"encoding/json"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/verifier/eidclient"
)

var _ eidclient.Store = (*Store)(nil)

type eidPendingRow struct {
	State, Browser, Service, Nonce, Verifier string
	Expires                                  int64
}

// TableName is the table of an eidPendingRow.
func (eidPendingRow) TableName() string { return "eid_pending" }

type eidSessionRow struct {
	ID      string
	Service string
	SID     string `gorm:"column:sid"`
	IDToken string `gorm:"column:id_token"`
	Claims  string
	Expires int64
}

// TableName is the table of an eidSessionRow.
func (eidSessionRow) TableName() string { return "eid_sessions" }

// AddPending implements eidclient.Store.
func (s *Store) AddPending(ctx context.Context, p eidclient.Pending) error {
	return s.db.W.WithContext(ctx).Create(&eidPendingRow{
		State: p.State, Browser: p.Browser, Service: p.Service, Nonce: p.Nonce, Verifier: p.Verifier, Expires: p.Expires.UnixMilli(),
	}).Error
}

// TakePending implements eidclient.Store.
func (s *Store) TakePending(ctx context.Context, state, browser, service string, at time.Time) (*eidclient.Pending, error) {
	var rows []eidPendingRow
	err := s.db.W.WithContext(ctx).Raw(`DELETE FROM eid_pending WHERE state = ? AND browser = ? AND service = ? AND expires > ?
		RETURNING state, browser, service, nonce, verifier, expires`, state, browser, service, at.UnixMilli()).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, eidclient.ErrNotFound
	}
	return &eidclient.Pending{
		State: rows[0].State, Browser: rows[0].Browser, Service: rows[0].Service, Nonce: rows[0].Nonce, Verifier: rows[0].Verifier,
		Expires: time.UnixMilli(rows[0].Expires).UTC(),
	}, nil
}

// PutSession implements eidclient.Store.
func (s *Store) PutSession(ctx context.Context, e eidclient.Session) error {
	claims, err := json.Marshal(e.Claims)
	if err != nil {
		return err
	}
	return s.db.W.WithContext(ctx).Create(&eidSessionRow{
		ID: e.ID, Service: e.Service, SID: e.SID, IDToken: e.IDToken, Claims: string(claims), Expires: e.Expires.UnixMilli(),
	}).Error
}

// Session implements eidclient.Store.
func (s *Store) Session(ctx context.Context, id, service string, at time.Time) (*eidclient.Session, error) {
	var row eidSessionRow
	err := s.db.R.WithContext(ctx).Where("id = ? AND service = ? AND expires > ?", id, service, at.UnixMilli()).Take(&row).Error
	if err != nil {
		if database.IsNotFound(err) {
			return nil, eidclient.ErrNotFound
		}
		return nil, err
	}
	e := &eidclient.Session{ID: row.ID, Service: row.Service, SID: row.SID, IDToken: row.IDToken, Expires: time.UnixMilli(row.Expires).UTC()}
	return e, json.Unmarshal([]byte(row.Claims), &e.Claims)
}

// EndSession implements eidclient.Store.
func (s *Store) EndSession(ctx context.Context, id, service string) error {
	return s.db.W.WithContext(ctx).Where("id = ? AND service = ?", id, service).Delete(&eidSessionRow{}).Error
}

// EndSessions implements eidclient.Store.
func (s *Store) EndSessions(ctx context.Context, service, sid string) error {
	return s.db.W.WithContext(ctx).Where("service = ? AND sid = ? AND sid <> ''", service, sid).Delete(&eidSessionRow{}).Error
}

// SweepEID implements eidclient.Store.
func (s *Store) SweepEID(ctx context.Context, at time.Time) error {
	if err := s.db.W.WithContext(ctx).Where("expires <= ?", at.UnixMilli()).Delete(&eidPendingRow{}).Error; err != nil {
		return err
	}
	return s.db.W.WithContext(ctx).Where("expires <= ?", at.UnixMilli()).Delete(&eidSessionRow{}).Error
}
