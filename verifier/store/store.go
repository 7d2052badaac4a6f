package store

import (
	"context"
	"embed"
	"io/fs"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/database"
	"lommebok.example/verifier/presentation"
)

//go:embed migrations
var migrations embed.FS

// Store implements presentation.Store.
type Store struct{ db *database.DB }

// New brings the tables up to date and gives the store.
func New(ctx context.Context, db *database.DB) (*Store, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "verifier", files); err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}

type transactionRow struct {
	ID           string
	Browser      string
	Ask          []byte
	State        string
	Created      int64
	Expires      int64
	Renewed      int
	Error        string
	Verdict      []byte
	SameDevice   bool
	Code         string
	CodeRedeemed bool
}

// TableName is the table of a transactionRow.
func (transactionRow) TableName() string { return "transactions" }

type requestRow struct {
	ID            string
	TransactionID string
	Via           string
	Nonce         string
	State         string
	KeyID         string
	ResponseKey   []byte
}

// TableName is the table of a requestRow.
func (requestRow) TableName() string { return "requests" }

var open = []string{string(presentation.Waiting), string(presentation.Fetched)}

// AddTransaction implements presentation.Store.
func (s *Store) AddTransaction(ctx context.Context, t presentation.Transaction, requests []presentation.Request) error {
	rows := rowsOf(requests)
	return s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		row := transactionRow{
			ID: t.ID, Browser: t.Browser, Ask: t.Ask, State: string(t.State),
			Created: t.Created.UnixMilli(), Expires: t.Expires.UnixMilli(),
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return tx.Create(&rows).Error
	})
}

func rowsOf(requests []presentation.Request) []requestRow {
	rows := make([]requestRow, len(requests))
	for i, r := range requests {
		rows[i] = requestRow{
			ID: r.ID, TransactionID: r.TransactionID, Via: string(r.Via),
			Nonce: r.Nonce, State: r.State, KeyID: r.KeyID, ResponseKey: r.Key,
		}
	}
	return rows
}

// Renew implements presentation.Store. The update alone decides; only who won goes on to replace the requests.
func (s *Store) Renew(ctx context.Context, t presentation.Transaction, requests []presentation.Request, at time.Time) error {
	rows := rowsOf(requests)
	return s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		res := tx.Model(&transactionRow{}).
			Where("id = ? AND browser = ? AND state IN ? AND expires <= ? AND renewed = ?", t.ID, t.Browser, open, at.UnixMilli(), t.Renewed-1).
			Updates(map[string]any{"state": string(presentation.Waiting), "expires": t.Expires.UnixMilli(), "renewed": t.Renewed})
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected != 1 {
			return presentation.ErrTaken
		}
		if err := tx.Where("transaction_id = ?", t.ID).Delete(&requestRow{}).Error; err != nil {
			return err
		}
		return tx.Create(&rows).Error
	})
}

// ByResponseCode implements presentation.Store.
func (s *Store) ByResponseCode(ctx context.Context, code string) (*presentation.Transaction, error) {
	var row transactionRow
	if err := s.db.R.WithContext(ctx).Where("code = ? AND code <> ''", code).Take(&row).Error; err != nil {
		return nil, missing(err)
	}
	return row.transaction(), nil
}

// Transaction implements presentation.Store.
func (s *Store) Transaction(ctx context.Context, id, browser string) (*presentation.Transaction, error) {
	var row transactionRow
	err := s.db.R.WithContext(ctx).Where("id = ? AND browser = ?", database.Storable(id), browser).Take(&row).Error
	if err != nil {
		return nil, missing(err)
	}
	return row.transaction(), nil
}

func (row *transactionRow) transaction() *presentation.Transaction {
	return &presentation.Transaction{
		ID: row.ID, Browser: row.Browser, Ask: row.Ask, State: presentation.State(row.State),
		Created: time.UnixMilli(row.Created).UTC(), Expires: time.UnixMilli(row.Expires).UTC(), Renewed: row.Renewed,
		Error: row.Error, Verdict: row.Verdict, SameDevice: row.SameDevice, CodeRedeemed: row.CodeRedeemed,
	}
}

// Request implements presentation.Store.
func (s *Store) Request(ctx context.Context, id string, at time.Time) (*presentation.Request, *presentation.Transaction, error) {
	var r requestRow
	var t transactionRow
	err := s.db.Row(ctx, `SELECT r.transaction_id, r.via, r.nonce, r.state, r.key_id, r.response_key, t.browser, t.ask, t.state, t.created,
			t.expires, t.renewed FROM requests r JOIN transactions t ON t.id = r.transaction_id WHERE r.id = ? AND t.state IN (?, ?) AND t.expires > ?`,
		[]any{id, open[0], open[1], at.UnixMilli()},
		&r.TransactionID, &r.Via, &r.Nonce, &r.State, &r.KeyID, &r.ResponseKey, &t.Browser, &t.Ask, &t.State, &t.Created, &t.Expires, &t.Renewed)
	if err != nil {
		return nil, nil, missing(err)
	}
	t.ID = r.TransactionID
	return &presentation.Request{
		ID: id, TransactionID: r.TransactionID, Via: presentation.Via(r.Via),
		Nonce: r.Nonce, State: r.State, KeyID: r.KeyID, Key: r.ResponseKey,
	}, t.transaction(), nil
}

// MarkFetched implements presentation.Store.
func (s *Store) MarkFetched(ctx context.Context, transactionID string) error {
	return s.db.W.WithContext(ctx).Model(&transactionRow{}).
		Where("id = ? AND state = ?", transactionID, string(presentation.Waiting)).
		Update("state", string(presentation.Fetched)).Error
}

// TakeAnswer implements presentation.Store. The update alone decides; only who won goes on to delete the keys. Wallets that
// answer at the same time share a commit.
func (s *Store) TakeAnswer(ctx context.Context, r presentation.Request, o presentation.Outcome, at time.Time) error {
	same := 0 // no statement of a Tx takes a boolean
	if o.Code != "" {
		same = 1
	}
	return s.db.Write(ctx, func(tx *database.Tx) error {
		taken, err := tx.Exec(`UPDATE transactions SET state = ?, error = ?, verdict = ?, same_device = (? = 1), code = ?
			WHERE id = ? AND state IN (?, ?) AND expires > ?`,
			string(o.State), o.Error, o.Verdict, same, o.Code, r.TransactionID, open[0], open[1], at.UnixMilli())
		if err != nil {
			return err
		}
		if taken != 1 {
			return presentation.ErrTaken
		}
		_, err = tx.Exec("DELETE FROM requests WHERE transaction_id = ?", r.TransactionID)
		return err
	})
}

// TakeResponseCode implements presentation.Store.
func (s *Store) TakeResponseCode(ctx context.Context, id, browser, code string) error {
	res := s.db.W.WithContext(ctx).Model(&transactionRow{}).
		Where("id = ? AND browser = ? AND code = ? AND code <> '' AND code_redeemed = ?", database.Storable(id), browser, code, false).
		Update("code_redeemed", true)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected != 1 {
		return presentation.ErrNotFound
	}
	return nil
}

// Sweep implements presentation.Store.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	return s.db.W.WithContext(ctx).Where("expires < ?", before.UnixMilli()).Delete(&transactionRow{}).Error
}

func missing(err error) error {
	if database.IsNotFound(err) {
		return presentation.ErrNotFound
	}
	return err
}
