package store

import (
	"context"
	"embed"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/database"
)

//go:embed migrations
var migrations embed.FS

// Store keeps the issuer's tables.
type Store struct {
	db *database.DB
	// ListSize is the number of entries of a new status list. A list is given up when half of it is taken, so that
	// a random index is found at the second try on average, and no index can be guessed from others.
	ListSize int

	open        opened
	reached     reached
	verifying   sync.Mutex  // the audit log, from its first entry on
	auditFailed atomic.Bool // whether the last entry could not be added
}

// DefaultListSize is the number of entries of a status list: 16 KiB with one bit an entry.
const DefaultListSize = 1 << 17

// New brings the tables up to date and gives the store.
func New(ctx context.Context, db *database.DB) (*Store, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "issuer", files); err != nil {
		return nil, err
	}
	return &Store{db: db, ListSize: DefaultListSize}, nil
}

// keepAfterExpiry is how long a person can see what they had. It also keeps a status index from being given out
// again while a clock somewhere is late.
const keepAfterExpiry = 30 * 24 * time.Hour

// Sweep deletes what has expired at the time at: nonces, and issuances with their entries a month after they ended.
func (s *Store) Sweep(ctx context.Context, at time.Time) error {
	if err := s.sweepLogins(ctx, at); err != nil {
		return err
	}
	gone := at.Add(-keepAfterExpiry).Unix()
	return s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec("DELETE FROM issuer_used_nonces WHERE expires_at < ?", at.Unix()).Error; err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM issuer_deferred WHERE expires_at < ?", at.Unix()).Error; err != nil {
			return err
		}
		const ended = "SELECT id FROM issuer_issuances WHERE expires_at < ?"
		if err := tx.Exec(`DELETE FROM issuer_watched WHERE issuance_id IN
			(SELECT id FROM issuer_issuances WHERE expires_at < ? OR revoked_at <> 0)`, at.Unix()).Error; err != nil {
			return err
		}
		err := tx.Exec(`DELETE FROM issuer_status_changes WHERE EXISTS (SELECT 1 FROM issuer_status_entries e
			JOIN issuer_issuances i ON i.id = e.issuance_id
			WHERE e.list_id = issuer_status_changes.list_id AND e.idx = issuer_status_changes.idx AND i.expires_at < ?)`, gone).Error
		if err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM issuer_status_entries WHERE issuance_id IN ("+ended+")", gone).Error; err != nil {
			return err
		}
		return tx.Exec("DELETE FROM issuer_issuances WHERE expires_at < ?", gone).Error
	})
}

func unix(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
