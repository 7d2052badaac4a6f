// Package store keeps transactions in the database of a service. The tables are the service's own, with its name before them; its
// migrations make them: NAME_transactions, NAME_transaction_entries, NAME_transaction_links, NAME_transaction_gaps.
package store

import (
	"context"
	"strings"
	"sync/atomic"

	"lommebok.example/internal/database"
	"lommebok.example/transaction"
)

// Store implements transaction.Store.
type Store struct {
	db      *database.DB
	name    name
	limits  limits
	written atomic.Int64 // bytes since their total was last asked
}

var _ transaction.Store = (*Store)(nil)

// New gives the store of the service with this name, such as issuer.
func New(db *database.DB, service string) *Store {
	return &Store{db: db, name: name(service), limits: limits{transaction.MaxEntries, transaction.MaxBytes, transaction.MaxTotal}}
}

// limits are the bounds of what is kept.
type limits struct {
	entries int64 // of a transaction
	bytes   int64 // of a transaction
	total   int64
}

// name is that of the service.
type name string

// text is a statement in which # stands for what the names of the tables begin with.
func (n name) text(statement string) string { return strings.ReplaceAll(statement, "#", string(n)+"_") }

// tx is a database.Tx on the tables of the service.
type tx struct {
	*database.Tx
	name name
}

// Exec is that of database.Tx.
func (t *tx) Exec(statement string, args ...any) (int64, error) {
	return t.Tx.Exec(t.name.text(statement), args...)
}

// Row is that of database.Tx.
func (t *tx) Row(statement string, args []any, into ...any) error {
	return t.Tx.Row(t.name.text(statement), args, into...)
}

// Each is that of database.Tx.
func (t *tx) Each(statement string, args, into []any, f func() error) error {
	return t.Tx.Each(t.name.text(statement), args, into, f)
}

func (s *Store) write(ctx context.Context, f func(*tx) error) error {
	return s.db.Write(ctx, func(t *database.Tx) error { return f(&tx{t, s.name}) })
}

func (s *Store) row(ctx context.Context, statement string, args []any, into ...any) error {
	return s.db.Row(ctx, s.name.text(statement), args, into...)
}

// scan reads all rows into a slice.
func (s *Store) scan(ctx context.Context, into any, statement string, args ...any) error {
	return s.db.R.WithContext(ctx).Raw(s.name.text(statement), args...).Scan(into).Error
}
