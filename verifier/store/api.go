package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/database"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/jose"
	"lommebok.example/verifier/api"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/relyingparty"
)

var _ api.Store = (*Store)(nil)

type apiProofRow struct {
	JTI     string `gorm:"column:jti"`
	Expires int64
}

// TableName is the table of an apiProofRow.
func (apiProofRow) TableName() string { return "api_proofs" }

type apiTokenRow struct {
	Hash, Party string
	Expires     int64
}

// TableName is the table of an apiTokenRow.
func (apiTokenRow) TableName() string { return "api_tokens" }

type apiRow struct {
	ID, Party, Handle, Purpose, Redirect, Reference string
	RequestKey, RequestBody                         string
	Created, Expires, Gone                          int64
	Webhook                                         bool
	State                                           string
	Settled                                         int64
	Attempts                                        int
}

// TableName is the table of an apiRow.
func (apiRow) TableName() string { return "api_presentations" }

// TakeProof implements api.Store.
func (s *Store) TakeProof(ctx context.Context, jti authserver.Hash, expires time.Time) error {
	err := s.db.W.WithContext(ctx).Create(&apiProofRow{JTI: jose.EncodeBase64URL(jti[:]), Expires: expires.UnixMilli()}).Error
	if database.IsDuplicate(err) {
		return authserver.ErrProofUsed
	}
	return err
}

// AddToken implements api.Store.
func (s *Store) AddToken(ctx context.Context, hash, party string, expires time.Time) error {
	return s.db.W.WithContext(ctx).Create(&apiTokenRow{Hash: hash, Party: party, Expires: expires.UnixMilli()}).Error
}

// Token implements api.Store.
func (s *Store) Token(ctx context.Context, hash string, at time.Time) (string, error) {
	var row apiTokenRow
	err := s.db.R.WithContext(ctx).Where("hash = ? AND expires > ?", hash, at.UnixMilli()).Take(&row).Error
	return row.Party, unknown(err)
}

// unknown tells of a row that is not there in the words of the API.
func unknown(err error) error {
	if database.IsNotFound(err) {
		return api.ErrNotFound
	}
	return err
}

// AddPresentation implements api.Store.
func (s *Store) AddPresentation(ctx context.Context, p api.Presentation) error {
	err := s.db.W.WithContext(ctx).Create(&apiRow{
		ID: p.ID, Party: p.Party, Handle: p.Handle, Purpose: p.Purpose, Redirect: p.Redirect, Reference: p.Reference,
		RequestKey: p.Key, RequestBody: p.Body, Created: p.Created.UnixMilli(), Expires: p.Expires.UnixMilli(),
		Gone: p.Gone.UnixMilli(), Webhook: p.Webhook,
	}).Error
	if database.IsDuplicate(err) {
		return api.ErrKeyTaken
	}
	return err
}

// Presentation implements api.Store.
func (s *Store) Presentation(ctx context.Context, id, party, handle string, at time.Time) (*api.Presentation, error) {
	return s.presentation(ctx, "id = ? AND party = ? AND handle = ? AND gone > ?", database.Storable(id), party, handle, at.UnixMilli())
}

// PresentationByKey implements api.Store.
func (s *Store) PresentationByKey(ctx context.Context, party, key string) (*api.Presentation, error) {
	return s.presentation(ctx, "party = ? AND request_key = ? AND request_key <> ''", party, key)
}

func (s *Store) presentation(ctx context.Context, where string, args ...any) (*api.Presentation, error) {
	var row apiRow
	if err := s.db.R.WithContext(ctx).Where(where, args...).Take(&row).Error; err != nil {
		return nil, unknown(err)
	}
	return &api.Presentation{
		ID: row.ID, Party: row.Party, Handle: row.Handle, Purpose: row.Purpose, Redirect: row.Redirect, Reference: row.Reference,
		Key: row.RequestKey, Body: row.RequestBody, Created: instant(row.Created), Expires: instant(row.Expires), Gone: instant(row.Gone),
		Webhook: row.Webhook, State: presentation.State(row.State), Settled: instant(row.Settled),
	}, nil
}

func instant(millis int64) time.Time { return time.UnixMilli(millis).UTC() }

// standing is how the rows of a presentation stand.
type standing struct {
	State    string // of the API's row
	Answer   string // state of the transaction; "" when it is gone
	Redeemed bool
}

func standingOf(db *gorm.DB, id string) (s standing, err error) {
	err = db.Table("api_presentations AS a").Joins("LEFT JOIN transactions t ON t.id = a.id").Where("a.id = ?", id).
		Select("a.state, COALESCE(t.state, '') AS answer, COALESCE(t.code_redeemed, ?) AS redeemed", false).Take(&s).Error
	return s, unknown(err)
}

// Mark implements api.Store.
func (s *Store) Mark(ctx context.Context, id string) (string, error) {
	now, err := standingOf(s.db.R.WithContext(ctx), id)
	return fmt.Sprint(now), err
}

// Cancel implements api.Store. The delete alone decides: an answer that is taken meanwhile finds no transaction, or was
// before. Keys go with it.
func (s *Store) Cancel(ctx context.Context, id string, at, expired time.Time) error {
	return s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		gone := tx.Where("id = ?", id).Where(`same_device AND NOT code_redeemed OR state IN ? AND EXISTS
			(SELECT 1 FROM api_presentations a WHERE a.id = transactions.id AND a.state = '' AND a.expires > ?)`, open, expired.UnixMilli()).
			Delete(&transactionRow{})
		if gone.Error != nil {
			return gone.Error
		}
		if gone.RowsAffected == 0 {
			return notCancelled(tx, id)
		}
		noted := tx.Model(&apiRow{}).Where("id = ? AND state = ''", id).
			Updates(map[string]any{"state": string(api.Cancelled), "settled": at.UnixMilli(), "due": 0})
		if noted.Error == nil && noted.RowsAffected == 0 { // it was noted meanwhile that its time is over
			return api.ErrExpired
		}
		return noted.Error
	})
}

// notCancelled is why there was nothing to delete; nil when it has been cancelled before.
func notCancelled(tx *gorm.DB, id string) error {
	now, err := standingOf(tx, id)
	switch {
	case err != nil || now.State == string(api.Cancelled):
		return err
	case now.Answer == string(presentation.Answered) || now.Answer == string(presentation.Refused):
		return api.ErrAnswered
	}
	return api.ErrExpired
}

// SweepAPI implements api.Store.
func (s *Store) SweepAPI(ctx context.Context, at, before time.Time) error {
	db := s.db.W.WithContext(ctx)
	for _, row := range []any{&apiProofRow{}, &apiTokenRow{}} {
		if err := db.Where("expires <= ?", at.UnixMilli()).Delete(row).Error; err != nil {
			return err
		}
	}
	// The verdict goes when its party may keep it no longer, before that of a browser does.
	err := db.Exec(`DELETE FROM transactions WHERE id IN (SELECT id FROM api_presentations WHERE gone <= ? AND created >= ?)`,
		at.UnixMilli(), at.Add(-2*relyingparty.MostKept).UnixMilli()).Error
	if err != nil {
		return err
	}
	return db.Where("created < ?", before.UnixMilli()).Delete(&apiRow{}).Error
}
