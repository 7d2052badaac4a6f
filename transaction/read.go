package transaction

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Transaction is a transaction as it can be read.
type Transaction struct {
	ID      string    `json:"-"`
	Begun   time.Time `json:"begun"`
	Last    time.Time `json:"last"`
	Until   time.Time `json:"until"` // when its address ends
	Shared  bool      `json:"-"`     // read by an address that was made to share
	LeftOut int       `json:"left_out"`
	Dropped int       `json:"dropped"` // records, of whatever transaction, that were dropped meanwhile
	Entries []Entry   `json:"entries"` // by the time at which they began
}

// Read gives the transaction whose page has this address. ErrNotFound.
func (r *Recorder) Read(ctx context.Context, page string) (*Transaction, error) {
	k, until, shared, err := r.Store.TransactionAt(ctx, r.pageHash(page), r.Now())
	if errors.Is(err, ErrNotFound) { // it may wait to be written still
		r.Flush(ctx)
		k, until, shared, err = r.Store.TransactionAt(ctx, r.pageHash(page), r.Now())
	}
	if err != nil {
		return nil, err
	}
	return r.open(k, until, shared)
}

// ReadByID gives a transaction to who may see all. ErrNotFound.
func (r *Recorder) ReadByID(ctx context.Context, id string) (*Transaction, error) {
	k, err := r.Store.Transaction(ctx, id, r.Now())
	if err != nil {
		return nil, err
	}
	return r.open(k, k.Begun.Add(Life), false)
}

func (r *Recorder) open(k Kept, until time.Time, shared bool) (*Transaction, error) {
	t := &Transaction{ID: k.ID, Begun: k.Begun, Last: k.Last, Until: until, Shared: shared, LeftOut: k.LeftOut, Dropped: k.Dropped, Entries: make([]Entry, len(k.Rows))}
	for i, row := range k.Rows {
		raw, err := r.Seal.Open(row.Sealed, useEntry, row.ID)
		if err != nil {
			return nil, fmt.Errorf("transaction: %w", err)
		}
		if err := json.Unmarshal(raw, &t.Entries[i]); err != nil {
			return nil, fmt.Errorf("transaction: %w", err)
		}
	}
	return t, nil
}

// Share makes an address for a transaction that ends sooner than its own: after life, or with the transaction. ErrNotFound when there are
// MaxShares already.
func (r *Recorder) Share(ctx context.Context, t *Transaction, life time.Duration) (address string, until time.Time, err error) {
	page, now := rand.Text(), r.Now()
	if until = now.Add(life); until.After(t.Until) {
		until = t.Until
	}
	return r.Base + r.Path + page, until, r.Store.ShareTransaction(ctx, t.ID, r.pageHash(page), now, until)
}
