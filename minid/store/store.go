package store

import (
	"context"
	"embed"
	"io/fs"

	"lommebok.example/internal/database"
)

//go:embed all:migrations
var migrations embed.FS

// Store keeps the tables of minid, of its authorization server and of MinID in schools.
type Store struct{ db *database.DB }

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
