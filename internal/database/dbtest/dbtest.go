// Package dbtest runs a test of a store on each database that is there: SQLite always, PostgreSQL when TEST_POSTGRES
// holds the address of a server on which schemas may be made.
package dbtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/leftout"
)

// Variable is the environment variable with the address of a PostgreSQL server for tests.
const Variable = "TEST_POSTGRES"

// Each runs f as a subtest for each database, each time on an empty one that is gone afterwards. Where PostgreSQL is
// not configured its subtest is skipped with a message, and fails when CI is set: there it must never be left out.
func Each(t *testing.T, f func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, Open(t, SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { f(t, Open(t, Postgres(t))) })
}

// SQLite gives the address of a new SQLite file.
func SQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

// Postgres gives the address of a new schema on the configured server, or skips the test.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Variable)
	if server == "" {
		leftout.For(t, Variable+" is not set (e.g. postgres://postgres@localhost/postgres)")
	}
	b := make([]byte, 8)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	schema := "test_" + hex.EncodeToString(b)
	admin, err := database.Open(context.Background(), server)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, admin, "CREATE SCHEMA "+schema)
	t.Cleanup(func() {
		exec(t, admin, "DROP SCHEMA "+schema+" CASCADE")
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	if hurries(t) {
		q.Set("synchronous_commit", "off")
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func exec(t testing.TB, db *database.DB, statement string) {
	t.Helper()
	if err := db.W.Exec(statement).Error; err != nil {
		t.Fatal(err)
	}
}

// Open opens a database until the end of the test. No test pulls the plug, so nothing waits until it is on the disk: that is most of the
// time that a small transaction takes. A benchmark measures what a service does, and does wait.
func Open(t testing.TB, address string) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if db.Dialect == database.SQLite && hurries(t) {
		exec(t, db, "PRAGMA synchronous = OFF") // of the one connection that writes
	}
	return db
}

func hurries(t testing.TB) bool {
	_, measures := t.(*testing.B)
	return !measures
}
