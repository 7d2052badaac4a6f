package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// The dialects a DB can have.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// ErrDSN is returned for a data source name of neither form of the package comment.
var ErrDSN = errors.New("database: the address must begin with sqlite: or postgres://")

// DB is an open database: W for statements that write, R for those that only read. On SQLite W is a single
// connection, so that writers queue here and not on the file's lock; on PostgreSQL both are the same pool.
type DB struct {
	W, R    *gorm.DB
	Dialect string
	group   *group // nil on PostgreSQL
}

// Open opens the database at dsn and checks that it answers. The folder of an SQLite file is made when it is missing.
func Open(ctx context.Context, dsn string) (*DB, error) {
	var db *DB
	var err error
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		db, err = openSQLite(strings.TrimPrefix(dsn, "sqlite:"))
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		db, err = openPostgres(dsn)
	default:
		return nil, ErrDSN
	}
	if err != nil {
		return nil, err
	}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database: no answer: %w", err), db.Close())
	}
	return db, nil
}

// The rows of one statement are one transaction already, so gorm's own is switched off; gorm's logger prints the
// values of a statement, so it is silent. Compiled statements are kept by the connection, on SQLite by ours (keep.go) and on
// PostgreSQL by pgx, so gorm keeps none.
func config() *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		Logger:                 logger.Discard,
		NowFunc:                func() time.Time { return time.Time{} }, // stores take the time from their caller
	}
}

// private makes the file before SQLite does, so that nobody else can read it, nor the files that SQLite puts beside it.
func private(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// openPostgres bounds what a stalled server or a lost transaction can hold up, unless the address says otherwise.
func openPostgres(dsn string) (*DB, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, ErrDSN // the cause would repeat the password
	}
	q := u.Query()
	for name, milliseconds := range map[string]string{"statement_timeout": "10000", "idle_in_transaction_session_timeout": "20000"} {
		if !q.Has(name) {
			q.Set(name, milliseconds)
		}
	}
	u.RawQuery = q.Encode()
	p, err := pool(postgres.Open(u.String()), 16)
	if err != nil {
		return nil, err
	}
	return &DB{W: p, R: p, Dialect: Postgres}, nil
}

func pool(d gorm.Dialector, connections int) (*gorm.DB, error) {
	g, err := gorm.Open(d, config())
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	sqlDB, err := g.DB()
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	sqlDB.SetMaxOpenConns(connections)
	sqlDB.SetMaxIdleConns(connections)
	return g, nil
}

// Ping asks both pools for an answer.
func (db *DB) Ping(ctx context.Context) error {
	return errors.Join(ping(ctx, db.W), ping(ctx, db.R))
}

// Answers asks the pool for reading alone, which waits for no writer.
func (db *DB) Answers(ctx context.Context) error { return ping(ctx, db.R) }

func ping(ctx context.Context, g *gorm.DB) error {
	sqlDB, err := g.DB()
	if err != nil {
		return err
	}
	return sqlDB.PingContext(ctx)
}

// Close closes both pools, when the transactions that wait have run.
func (db *DB) Close() error {
	if db.group != nil {
		db.group.close()
	}
	if db.W == db.R {
		return closePool(db.W)
	}
	return errors.Join(closePool(db.R), closePool(db.W))
}

func closePool(g *gorm.DB) error {
	sqlDB, err := g.DB()
	if err != nil {
		return err
	}
	return sqlDB.Close()
}

// Storable gives text that a caller brought as every database takes it: PostgreSQL takes no NUL and nothing that is not
// UTF-8, and answers with a fault where there is nothing to find. Such text becomes empty, which no key is.
func Storable(s string) string {
	if strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		return ""
	}
	return s
}

// IsDuplicate tells whether err is the refusal of a unique constraint.
func IsDuplicate(err error) bool { return errors.Is(err, gorm.ErrDuplicatedKey) }

// IsNotFound tells whether err says that no row answered a query.
func IsNotFound(err error) bool {
	return errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, sql.ErrNoRows)
}
