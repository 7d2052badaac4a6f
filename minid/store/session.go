package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
)

type sessionRow struct {
	ID, PublicID, PersonID string
	Level                  int64
	Basis                  string
	Factors                int64
	AuthTime               int64
	StartedAt, SeenAt      int64
}

func (sessionRow) TableName() string { return "minid_sessions" }

func newSessionRow(r minid.SessionRecord) sessionRow {
	return sessionRow{
		ID: r.ID, PublicID: r.Public, PersonID: r.PersonID, Level: int64(r.Level), Basis: string(r.Basis),
		Factors: toBits(r.Factors...), AuthTime: millis(r.AuthTime), StartedAt: millis(r.Started),
		SeenAt: millis(r.Seen),
	}
}

// Session is documented at minid.Store, as are the other verbs.
func (s *Store) Session(ctx context.Context, id string) (*minid.SessionRecord, error) {
	var row sessionRow
	if err := s.read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return nil, found(err)
	}
	r := row.record()
	return &r, nil
}

func (row sessionRow) record() minid.SessionRecord {
	return minid.SessionRecord{
		ID: row.ID, Public: row.PublicID, PersonID: row.PersonID, Level: minid.Level(row.Level),
		Basis: minid.Basis(row.Basis), Factors: fromBits(row.Factors), AuthTime: instant(row.AuthTime),
		Started: instant(row.StartedAt), Seen: instant(row.SeenAt),
	}
}

// TouchSession lets the last use only move forward.
func (s *Store) TouchSession(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx).Model(&sessionRow{}).Where("id = ? AND seen_at < ?", id, millis(at)).
		Update("seen_at", millis(at)).Error
}

// EndSession deletes it.
func (s *Store) EndSession(ctx context.Context, id string) error {
	return deleteSession(s.write(ctx), id).Error
}

func deleteSession(tx *gorm.DB, id string) *gorm.DB {
	return tx.Exec("DELETE FROM minid_sessions WHERE id = ?", id)
}
