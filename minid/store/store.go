package store

import (
	"context"
	"embed"
	"io/fs"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/minid"
)

//go:embed all:migrations
var migrations embed.FS

// Store keeps the tables of minid, of its authorization server and of MinID in schools.
type Store struct {
	// Audit records what happens to accounts, in the transactions of this store; nil where there is no audit log. It stands on the same
	// database, and is set before the first use.
	Audit minid.Auditor

	db *database.DB
}

// byOwner is what a person did with their own account.
func byOwner(kind, personID, outcome string, at time.Time) audit.Event {
	return audit.Event{At: at, Kind: kind, Actor: audit.Person(personID), Subject: audit.Person(personID), Outcome: outcome}
}

// record is the last statement of its transaction: whoever else has something to record waits for the end of it (PostgreSQL).
func (s *Store) record(tx *gorm.DB, e audit.Event) error {
	if s.Audit == nil {
		return nil
	}
	return s.Audit.Record(s.db.Joined(tx), e)
}

// New brings the tables up to date and gives the store.
func New(ctx context.Context, db *database.DB) (*Store, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "minid", files); err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}
