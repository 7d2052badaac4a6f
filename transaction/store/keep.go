package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/transaction"
)

// The kinds of links.
const (
	linkFirm  = "firm"
	linkLoose = "loose"
	linkKey   = "key"
	linkPage  = "page"
	linkShare = "share"
)

// KeepTransactions implements transaction.Store. Replicas write one after the other, so that what belongs together is found whichever
// comes first.
func (s *Store) KeepTransactions(ctx context.Context, records []transaction.Record, dropped int, at time.Time) error {
	err := s.write(ctx, func(tx *tx) error {
		if tx.Dialect == database.Postgres {
			var locked string
			if err := tx.Row("SELECT CAST(pg_advisory_xact_lock(5005501) AS TEXT)", nil, &locked); err != nil {
				return err
			}
		}
		if dropped > 0 {
			if _, err := tx.Exec("INSERT INTO #transaction_gaps (at, dropped) VALUES (?, ?)", at.UnixMilli(), dropped); err != nil {
				return err
			}
		}
		for i := range records {
			if err := (&keeping{tx, &records[i], at.UnixMilli(), s.limits}).keep(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: keeping transactions: %w", err)
	}
	return s.bound(ctx, records)
}

// keeping puts one record into the transaction that it belongs to.
type keeping struct {
	tx     *tx
	r      *transaction.Record
	now    int64
	limits limits
}

func (k *keeping) keep() error {
	id, others, err := k.belongs()
	if err != nil {
		return err
	}
	if id == "" {
		id = rand.Text()
		_, err = k.tx.Exec(`INSERT INTO #transactions (id, begun_at, last_at, entries, bytes, left_out, client, code, step)
			VALUES (?, ?, ?, 0, 0, 0, '', '', '')`, id, k.r.At.UnixMilli(), k.r.At.UnixMilli())
		if err != nil {
			return err
		}
	}
	for _, other := range others {
		if err := k.merge(id, other); err != nil {
			return err
		}
	}
	if err := k.insert(id); err != nil {
		return err
	}
	return k.tie(id)
}

// belongs gives the transaction that the record belongs to, "" for a new one, and others that turn out to be the same.
func (k *keeping) belongs() (id string, others []string, err error) {
	for _, hash := range slices.Concat(k.r.Secrets, k.r.Tries) {
		found, kind, err := k.known(hash)
		if err != nil {
			return "", nil, err
		}
		switch {
		case found == "" || kind == linkLoose && !k.r.Firm:
		case id == "":
			id = found
		case found != id:
			others = append(others, found)
		}
	}
	for _, hash := range k.r.Joins {
		if id == "" {
			if id, _, err = k.known(hash); err != nil {
				return "", nil, err
			}
		}
	}
	return id, others, nil
}

func (k *keeping) known(hash string) (id, kind string, err error) {
	err = k.tx.Row("SELECT transaction_id, kind FROM #transaction_links WHERE hash = ? AND kind <> 'share' AND expires_at > ?",
		[]any{hash, k.r.At.UnixMilli()}, &id, &kind)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, kind, err
}

// merge makes one of two transactions. The other may be gone already, when two links led to it.
func (k *keeping) merge(id, other string) error {
	_, err := k.tx.Exec(`UPDATE #transactions SET (begun_at, entries, bytes, left_out, client) =
			(SELECT CASE WHEN o.begun_at < #transactions.begun_at THEN o.begun_at ELSE #transactions.begun_at END,
				o.entries + #transactions.entries, o.bytes + #transactions.bytes, o.left_out + #transactions.left_out,
				CASE WHEN #transactions.client = '' THEN o.client ELSE #transactions.client END
			FROM #transactions o WHERE o.id = ?)
			WHERE id = ? AND EXISTS (SELECT 1 FROM #transactions WHERE id = ?)`, other, id, other)
	if err != nil {
		return err
	}
	for _, table := range []string{"#transaction_entries", "#transaction_links"} {
		if _, err := k.tx.Exec("UPDATE "+table+" SET transaction_id = ? WHERE transaction_id = ?", id, other); err != nil {
			return err
		}
	}
	_, err = k.tx.Exec("DELETE FROM #transactions WHERE id = ?", other)
	return err
}

// insert keeps the entry while there is room; what a full transaction leaves out is counted.
func (k *keeping) insert(id string) error {
	r := k.r
	n, err := k.tx.Exec(`UPDATE #transactions SET entries = entries + 1, bytes = bytes + ?, step = ?,
		last_at = CASE WHEN last_at < ? THEN ? ELSE last_at END, client = CASE WHEN client = '' THEN ? ELSE client END,
		code = CASE WHEN ? = '' THEN code ELSE ? END
		WHERE id = ? AND entries < ? AND bytes + ? <= ?`,
		len(r.Sealed), r.Step, r.At.UnixMilli(), r.At.UnixMilli(), database.Storable(r.Client), r.Code, r.Code, id, k.limits.entries, len(r.Sealed), k.limits.bytes)
	if err != nil {
		return err
	}
	if n == 0 {
		_, err = k.tx.Exec("UPDATE #transactions SET left_out = left_out + 1 WHERE id = ?", id)
		return err
	}
	_, err = k.tx.Exec("INSERT INTO #transaction_entries (id, transaction_id, at, code, sealed) VALUES (?, ?, ?, ?, ?)",
		r.ID, id, r.At.UnixMilli(), r.Code, r.Sealed)
	return err
}

// tie notes by what later records belong here, and where the page is.
func (k *keeping) tie(id string) error {
	kind, end := linkLoose, k.r.At.Add(transaction.Life).UnixMilli()
	if k.r.Firm {
		kind = linkFirm
	}
	for _, page := range k.r.Pages {
		if err := k.put(page, id, linkPage, end); err != nil {
			return err
		}
	}
	for _, hash := range k.r.Secrets {
		// A secret that a refused request came with changes nothing that is known.
		text := `INSERT INTO #transaction_links (hash, transaction_id, kind, expires_at) VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO `
		if k.r.Firm {
			text += "UPDATE SET transaction_id = excluded.transaction_id, kind = excluded.kind, expires_at = excluded.expires_at"
		} else {
			text += "NOTHING"
		}
		if _, err := k.tx.Exec(text, hash, id, kind, end); err != nil {
			return err
		}
	}
	for _, l := range k.r.Leaves {
		if err := k.put(l.Hash, id, linkKey, l.Until.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// put makes a link, but leaves one that was closed after the record began.
func (k *keeping) put(hash, id, kind string, end int64) error {
	_, err := k.tx.Exec(`INSERT INTO #transaction_links (hash, transaction_id, kind, expires_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (hash) DO UPDATE SET transaction_id = excluded.transaction_id, kind = excluded.kind, expires_at = excluded.expires_at
		WHERE #transaction_links.expires_at > ? OR #transaction_links.expires_at <= ?`,
		hash, id, kind, end, k.now, k.r.At.UnixMilli())
	return err
}

// boundEvery is how many bytes are written before it is asked whether all transactions together are too large.
const boundEvery = 1 << 20

// bound deletes the oldest when all are too large.
func (s *Store) bound(ctx context.Context, records []transaction.Record) error {
	var written int64
	for _, r := range records {
		written += int64(len(r.Sealed))
	}
	if s.written.Add(written) < min(boundEvery, s.limits.total) {
		return nil
	}
	s.written.Store(0)
	err := s.write(ctx, func(tx *tx) error {
		var total, bytes, oldest int64
		if err := tx.Row("SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM #transactions", nil, &total); err != nil {
			return err
		}
		err := tx.Each("SELECT bytes, begun_at FROM #transactions ORDER BY begun_at", nil, []any{&bytes, &oldest}, func() error {
			if total <= s.limits.total {
				return errEnough
			}
			total -= bytes
			return nil
		})
		if err == nil || !errors.Is(err, errEnough) {
			return err
		}
		return forget(tx, oldest)
	})
	if err != nil {
		return fmt.Errorf("store: bounding transactions: %w", err)
	}
	return nil
}

var errEnough = errors.New("enough")

// forget deletes those that began before a time, in milliseconds, with all that is theirs.
func forget(tx *tx, before int64) error {
	for _, table := range []string{"#transaction_entries", "#transaction_links"} {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE transaction_id IN (SELECT id FROM #transactions WHERE begun_at < ?)", before); err != nil {
			return err
		}
	}
	_, err := tx.Exec("DELETE FROM #transactions WHERE begun_at < ?", before)
	return err
}

// Sweep deletes what is over at the time at.
func (s *Store) Sweep(ctx context.Context, at time.Time) error {
	return s.write(ctx, func(tx *tx) error {
		over := at.Add(-transaction.Life).UnixMilli()
		if err := forget(tx, over); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM #transaction_links WHERE expires_at <= ?", at.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM #transaction_gaps WHERE at < ?", over)
		return err
	})
}
