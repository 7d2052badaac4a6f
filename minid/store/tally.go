package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
)

// RaiseTallies is documented at minid.TallyStore, as are the other verbs. Each is raised and held against its limit in one
// statement; all callers take them in one order, from the narrow to the wide, so that none waits for another in a ring.
func (s *Store) RaiseTallies(ctx context.Context, tallies []minid.Tally, at time.Time) (raised []minid.Raised, full time.Time, err error) {
	err = s.write(ctx).Transaction(func(tx *gorm.DB) error {
		for _, t := range tallies {
			var row struct{ Count, EndsAt int64 }
			done := tx.Raw(`INSERT INTO minid_tallies (name, count, ends_at) VALUES (?, 1, ?)
				ON CONFLICT (name) DO UPDATE SET
					count = CASE WHEN minid_tallies.ends_at <= ? THEN 1 ELSE minid_tallies.count + 1 END,
					ends_at = CASE WHEN minid_tallies.ends_at <= ? THEN excluded.ends_at ELSE minid_tallies.ends_at END
				WHERE minid_tallies.ends_at <= ? OR minid_tallies.count < ?
				RETURNING count, ends_at`, t.Name, millis(at.Add(t.Span)), millis(at), millis(at), millis(at), t.Most).Scan(&row)
			if done.Error != nil {
				return done.Error
			}
			if done.RowsAffected == 0 {
				full, err = fullUntil(tx, []minid.Tally{t}, at)
				if err == nil && full.IsZero() {
					full = at.Add(time.Second) // it was lowered in the meantime
				}
				return err
			}
			raised = append(raised, minid.Raised{Name: t.Name, Count: int(row.Count), Ends: instant(row.EndsAt)})
		}
		return nil
	})
	return raised, full, err
}

// LowerTallies leaves a window alone that has begun since.
func (s *Store) LowerTallies(ctx context.Context, raised []minid.Raised) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		for _, r := range raised {
			if err := tx.Exec("UPDATE minid_tallies SET count = count - 1 WHERE name = ? AND ends_at = ? AND count > 0",
				r.Name, millis(r.Ends)).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// FullUntil only reads.
func (s *Store) FullUntil(ctx context.Context, tallies []minid.Tally, at time.Time) (time.Time, error) {
	return fullUntil(s.read(ctx), tallies, at)
}

func fullUntil(tx *gorm.DB, tallies []minid.Tally, at time.Time) (until time.Time, err error) {
	for _, t := range tallies {
		var ends []int64
		err := tx.Raw("SELECT ends_at FROM minid_tallies WHERE name = ? AND count >= ? AND ends_at > ?", t.Name, t.Most, millis(at)).Scan(&ends).Error
		if err != nil {
			return time.Time{}, err
		}
		for _, end := range ends {
			if instant(end).After(until) {
				until = instant(end)
			}
		}
	}
	return until, nil
}
