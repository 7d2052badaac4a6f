package store

import (
	"context"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/verifier/api"
	"lommebok.example/verifier/presentation"
)

// Settle implements api.Store. A verdict on a wallet on the same device counts when its response_code has been brought.
func (s *Store) Settle(ctx context.Context, at, expired time.Time) error {
	db := s.db.W.WithContext(ctx)
	err := db.Exec(`UPDATE api_presentations
		SET state = (SELECT t.state FROM transactions t WHERE t.id = api_presentations.id), settled = ?, due = CASE WHEN webhook THEN CAST(? AS BIGINT) ELSE 0 END
		WHERE state = '' AND EXISTS (SELECT 1 FROM transactions t
			WHERE t.id = api_presentations.id AND t.state NOT IN ? AND (NOT t.same_device OR t.code_redeemed))`,
		at.UnixMilli(), at.UnixMilli(), open).Error
	if err != nil {
		return err
	}
	return db.Exec(`UPDATE api_presentations SET state = ?, settled = ?, due = CASE WHEN webhook THEN CAST(? AS BIGINT) ELSE 0 END
		WHERE state = '' AND expires <= ? AND (gone <= ? OR NOT EXISTS (SELECT 1 FROM transactions t
			WHERE t.id = api_presentations.id AND t.state NOT IN ?))`,
		string(presentation.Expired), at.UnixMilli(), at.UnixMilli(), expired.UnixMilli(), at.UnixMilli(), open).Error
}

// Due implements api.Store.
func (s *Store) Due(ctx context.Context, at time.Time) (parties []string, err error) {
	err = s.db.R.WithContext(ctx).Model(&apiRow{}).Where("due > 0 AND due <= ? AND leased_until <= ?", at.UnixMilli(), at.UnixMilli()).
		Distinct().Pluck("party", &parties).Error
	return parties, err
}

// Lease implements api.Store. The outer WHERE is asked again of a row that another has just leased.
func (s *Store) Lease(ctx context.Context, party, lease string, at, until time.Time, limit int) ([]api.Event, error) {
	var rows []apiRow
	err := s.db.W.WithContext(ctx).Raw(`UPDATE api_presentations SET lease = ?, leased_until = ?
		WHERE id IN (SELECT id FROM api_presentations WHERE party = ? AND due > 0 AND due <= ? AND leased_until <= ? ORDER BY due LIMIT ?)
			AND due > 0 AND due <= ? AND leased_until <= ?
		RETURNING id, party, reference, state, settled, attempts`,
		lease, until.UnixMilli(), party, at.UnixMilli(), at.UnixMilli(), limit, at.UnixMilli(), at.UnixMilli()).Scan(&rows).Error
	events := make([]api.Event, len(rows))
	for i, row := range rows {
		events[i] = api.Event{
			ID: row.ID, Party: row.Party, Reference: row.Reference, State: presentation.State(row.State),
			Settled: instant(row.Settled), Attempts: row.Attempts,
		}
	}
	return events, err
}

// Taken implements api.Store.
func (s *Store) Taken(ctx context.Context, id, lease string) error {
	return s.release(ctx, id, lease, 0)
}

// Postpone implements api.Store.
func (s *Store) Postpone(ctx context.Context, id, lease string, due time.Time) error {
	if due.IsZero() {
		return s.release(ctx, id, lease, 0)
	}
	return s.release(ctx, id, lease, due.UnixMilli())
}

// release ends a lease. One that ended by itself, or by Replay, changes nothing.
func (s *Store) release(ctx context.Context, id, lease string, due int64) error {
	return s.db.W.WithContext(ctx).Exec(`UPDATE api_presentations SET due = ?, attempts = attempts + 1, lease = '', leased_until = 0
		WHERE id = ? AND lease = ? AND lease <> ''`, due, id, lease).Error
}

// Replay implements api.Store. A call that is under way does not end what is made due here.
func (s *Store) Replay(ctx context.Context, party, id string, since, at time.Time) (int64, error) {
	db := s.db.W.WithContext(ctx).Model(&apiRow{}).Where("party = ? AND webhook AND state NOT IN ?", party, []string{"", string(api.Cancelled)})
	if id != "" {
		db = db.Where("id = ?", database.Storable(id))
	} else {
		db = db.Where("settled >= ?", since.UnixMilli())
	}
	done := db.Updates(map[string]any{"due": at.UnixMilli(), "attempts": 0, "lease": "", "leased_until": 0})
	return done.RowsAffected, done.Error
}
