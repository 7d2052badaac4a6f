package database_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"gorm.io/gorm"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
)

const table = `-- +goose Up
CREATE TABLE things (name TEXT PRIMARY KEY);
`

func migrations() fstest.MapFS {
	file := &fstest.MapFile{Data: []byte(table)}
	return fstest.MapFS{"sqlite/0001_things.sql": file, "postgres/0001_things.sql": file}
}

type thing struct{ Name string }

func TestDuplicatesAreToldApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		if err := db.Migrate(context.Background(), "things", migrations()); err != nil {
			t.Fatal(err)
		}
		if err := db.W.Create(&thing{"a"}).Error; err != nil {
			t.Fatal(err)
		}
		if err := db.W.Create(&thing{"a"}).Error; !database.IsDuplicate(err) {
			t.Errorf("a second insert: %v, want a duplicate", err)
		}
		if err := db.R.Where("name = ?", "b").First(&thing{}).Error; !database.IsNotFound(err) {
			t.Errorf("a missing row: %v, want not found", err)
		}
	})
}

func TestMigrateTwiceAndTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := db.Migrate(context.Background(), "things", migrations()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestSixteenWritersOnSQLiteAreNeverTurnedAway(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		if err := db.Migrate(context.Background(), "things", migrations()); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for w := range 16 {
			wg.Go(func() {
				for i := range 10 {
					if err := db.W.Create(&thing{fmt.Sprint(w, "-", i)}).Error; err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int64
		if err := db.R.Model(&thing{}).Count(&n).Error; err != nil || n != 160 {
			t.Errorf("%d rows, %v; want 160", n, err)
		}
	})
}

// gorm's cache of prepared statements would stop here for ever.
func TestTransactionsBesidePlainStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		if err := db.Migrate(context.Background(), "things", migrations()); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for w := range 32 {
			row := thing{fmt.Sprint(w)}
			wg.Go(func() {
				create := func(tx *gorm.DB) error { return tx.Create(&row).Error }
				var err error
				if w%2 == 0 {
					err = db.W.Transaction(create)
				} else {
					err = create(db.W)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestReadersCannotWriteOnSQLite(t *testing.T) {
	db, err := database.Open(context.Background(), dbtest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(context.Background(), "things", migrations()); err != nil {
		t.Fatal(err)
	}
	if err := db.R.Create(&thing{"a"}).Error; err == nil {
		t.Error("the reading pool wrote")
	}
}

func TestFilesAreTheUsersOwn(t *testing.T) {
	dsn := dbtest.SQLite(t)
	db, err := database.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(context.Background(), "things", migrations()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(strings.TrimPrefix(dsn, "sqlite:") + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("expected the database and its log, got %v %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v, want mode 0600", f, info.Mode().Perm(), err)
		}
	}
}

func TestPostgresBoundsItsStatements(t *testing.T) {
	db, err := database.Open(context.Background(), dbtest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, name := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		var got string
		if err := db.R.Raw("SHOW " + name).Scan(&got).Error; err != nil || got == "0" {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}

func TestForeignAddress(t *testing.T) {
	if _, err := database.Open(context.Background(), "mysql://x"); !errors.Is(err, database.ErrDSN) {
		t.Errorf("got %v, want ErrDSN", err)
	}
}
