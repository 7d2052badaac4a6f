package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/transaction"
)

// TransactionAt implements transaction.Store.
func (s *Store) TransactionAt(ctx context.Context, page string, at time.Time) (k transaction.Kept, until time.Time, shared bool, err error) {
	var id, kind string
	var end int64
	err = s.row(ctx, "SELECT transaction_id, kind, expires_at FROM #transaction_links WHERE hash = ? AND kind IN ('page', 'share') AND expires_at > ?",
		[]any{page, at.UnixMilli()}, &id, &kind, &end)
	if errors.Is(err, sql.ErrNoRows) {
		return k, until, false, transaction.ErrNotFound
	}
	if err != nil {
		return k, until, false, fmt.Errorf("store: reading a transaction: %w", err)
	}
	k, err = s.Transaction(ctx, id, at)
	until = k.Begun.Add(transaction.Life)
	if linked := milli(end); linked.Before(until) {
		until = linked
	}
	return k, until, kind == linkShare, err
}

func milli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// Transaction implements transaction.Store.
func (s *Store) Transaction(ctx context.Context, id string, at time.Time) (k transaction.Kept, err error) {
	var begun, last, leftOut, dropped int64
	err = s.row(ctx, "SELECT begun_at, last_at, left_out FROM #transactions WHERE id = ? AND begun_at > ?",
		[]any{database.Storable(id), at.Add(-transaction.Life).UnixMilli()}, &begun, &last, &leftOut)
	if errors.Is(err, sql.ErrNoRows) {
		return k, transaction.ErrNotFound
	}
	if err != nil {
		return k, fmt.Errorf("store: reading a transaction: %w", err)
	}
	k = transaction.Kept{ID: id, Begun: milli(begun), Last: milli(last), LeftOut: int(leftOut)}
	err = s.scan(ctx, &k.Rows, "SELECT id, sealed FROM #transaction_entries WHERE transaction_id = ? ORDER BY at, id", id)
	if err != nil {
		return k, fmt.Errorf("store: reading a transaction: %w", err)
	}
	// A gap is noted with the batch after it: it may have been of this transaction from its begin to a minute after its last entry.
	err = s.row(ctx, "SELECT CAST(COALESCE(SUM(dropped), 0) AS BIGINT) FROM #transaction_gaps WHERE at >= ? AND at <= ?",
		[]any{begun, last + time.Minute.Milliseconds()}, &dropped)
	if err != nil {
		return k, fmt.Errorf("store: reading gaps: %w", err)
	}
	k.Dropped = int(dropped)
	return k, nil
}

// listed is how many transactions a list shows.
const listed = 100

// RecentTransactions implements transaction.Store.
func (s *Store) RecentTransactions(ctx context.Context, code string, at time.Time) (list []transaction.Summary, codes []string, err error) {
	type row struct {
		ID, Client, Code, Step   string
		BegunAt, LastAt, Entries int64
	}
	var rows []row
	since := at.Add(-transaction.Life).UnixMilli()
	query, args := "SELECT id, client, code, step, begun_at, last_at, entries FROM #transactions WHERE begun_at > ?", []any{since}
	if code != "" {
		query += " AND id IN (SELECT transaction_id FROM #transaction_entries WHERE code = ? AND code <> '')"
		args = append(args, database.Storable(code))
	}
	if err = s.scan(ctx, &rows, query+" ORDER BY last_at DESC, id LIMIT ?", append(args, listed)...); err != nil {
		return nil, nil, fmt.Errorf("store: listing transactions: %w", err)
	}
	for _, r := range rows {
		list = append(list, transaction.Summary{
			ID: r.ID, Begun: milli(r.BegunAt), Last: milli(r.LastAt), Entries: int(r.Entries), Client: r.Client, Code: r.Code, Step: r.Step,
		})
	}
	err = s.scan(ctx, &codes, "SELECT DISTINCT code FROM #transaction_entries WHERE code <> '' AND at > ? ORDER BY code LIMIT 100", since)
	if err != nil {
		return nil, nil, fmt.Errorf("store: listing codes: %w", err)
	}
	return list, codes, nil
}

// ShareTransaction implements transaction.Store.
func (s *Store) ShareTransaction(ctx context.Context, id, page string, at, until time.Time) error {
	return s.write(ctx, func(tx *tx) error {
		n, err := tx.Exec(`INSERT INTO #transaction_links (hash, transaction_id, kind, expires_at)
			SELECT ?, id, 'share', ? FROM #transactions WHERE id = ? AND begun_at > ? AND
			(SELECT count(*) FROM #transaction_links WHERE transaction_id = ? AND kind = 'share' AND expires_at > ?) < ?`,
			page, until.UnixMilli(), database.Storable(id), at.Add(-transaction.Life).UnixMilli(), database.Storable(id), at.UnixMilli(), transaction.MaxShares)
		if err != nil {
			return fmt.Errorf("store: sharing a transaction: %w", err)
		}
		if n != 1 {
			return transaction.ErrNotFound
		}
		return nil
	})
}
