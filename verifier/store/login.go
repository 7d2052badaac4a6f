package store

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"lommebok.example/internal/database"
	"lommebok.example/verifier/login"
)

var _ login.Store = (*Store)(nil)

type loginRow struct {
	ReturnTo      string
	TransactionID string
	Expires       int64
}

// TableName is the table of a loginRow.
func (loginRow) TableName() string { return "login_transactions" }

// BeginLogin implements login.Store: of any number that begin the same login at once, the first one's transaction is kept.
func (s *Store) BeginLogin(ctx context.Context, w login.Waiting) error {
	row := loginRow{ReturnTo: w.ReturnTo, TransactionID: w.Transaction, Expires: w.Expires.UnixMilli()}
	return s.db.W.WithContext(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "return_to"}}, DoNothing: true}).Create(&row).Error
}

// Login implements login.Store.
func (s *Store) Login(ctx context.Context, returnTo string) (*login.Waiting, error) {
	return s.findLogin(ctx, "return_to = ?", returnTo)
}

// LoginOf implements login.Store.
func (s *Store) LoginOf(ctx context.Context, transaction string) (*login.Waiting, error) {
	return s.findLogin(ctx, "transaction_id = ?", transaction)
}

func (s *Store) findLogin(ctx context.Context, where, value string) (*login.Waiting, error) {
	var row loginRow
	if err := s.db.R.WithContext(ctx).Where(where, database.Storable(value)).Take(&row).Error; err != nil {
		if database.IsNotFound(err) {
			return nil, login.ErrNotFound
		}
		return nil, err
	}
	return &login.Waiting{ReturnTo: row.ReturnTo, Transaction: row.TransactionID, Expires: time.UnixMilli(row.Expires).UTC()}, nil
}

// ForgetLogin implements login.Store.
func (s *Store) ForgetLogin(ctx context.Context, transaction string) error {
	return s.db.W.WithContext(ctx).Where("transaction_id = ?", transaction).Delete(&loginRow{}).Error
}

// SweepLogins implements login.Store.
func (s *Store) SweepLogins(ctx context.Context, at time.Time) error {
	return s.db.W.WithContext(ctx).Where("expires <= ?", at.UnixMilli()).Delete(&loginRow{}).Error
}
