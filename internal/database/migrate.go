package database

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	gooselock "github.com/pressly/goose/v3/lock"
)

// Migrate applies the migrations of one set that have not been applied yet, in the order of their numbers. files
// holds a folder a dialect, "sqlite" and "postgres", with goose SQL files; set names the table that keeps the
// versions, so that several stores share a database. Replicas that start together wait for each other.
func (db *DB) Migrate(ctx context.Context, set string, files fs.FS) error {
	sub, err := fs.Sub(files, db.Dialect)
	if err != nil {
		return fmt.Errorf("database: migrations of %s: %w", set, err)
	}
	sqlDB, err := db.W.DB()
	if err != nil {
		return err
	}
	p, err := db.provider(sqlDB, set, sub)
	if err != nil {
		return fmt.Errorf("database: migrations of %s: %w", set, err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("database: migrations of %s: %w", set, err)
	}
	return nil
}

func (db *DB) provider(sqlDB *sql.DB, set string, files fs.FS) (*goose.Provider, error) {
	options := []goose.ProviderOption{
		goose.WithTableName("schema_" + set), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()),
	}
	if db.Dialect == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, sqlDB, files, options...)
	}
	lock, err := gooselock.NewPostgresSessionLocker(gooselock.WithLockTimeout(1, 120))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, sqlDB, files, append(options, goose.WithSessionLocker(lock))...)
}
