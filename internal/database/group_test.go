package database_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
)

func migrated(t *testing.T, db *database.DB) {
	t.Helper()
	if err := db.Migrate(context.Background(), "things", migrations()); err != nil {
		t.Fatal(err)
	}
}

func add(name string) func(tx *database.Tx) error {
	return func(tx *database.Tx) error {
		n, err := tx.Exec("INSERT INTO things (name) VALUES (?) ON CONFLICT DO NOTHING", name)
		if err == nil && n != 1 {
			return errTaken
		}
		return err
	}
}

var errTaken = errors.New("taken")

func names(t *testing.T, db *database.DB) string {
	t.Helper()
	var all []string
	if err := db.R.Raw("SELECT name FROM things ORDER BY name").Scan(&all).Error; err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func TestWriteIsWholeOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		migrated(t, db)
		ctx := context.Background()
		if err := db.Write(ctx, add("a")); err != nil {
			t.Fatal(err)
		}
		err := db.Write(ctx, func(tx *database.Tx) error { return errors.Join(add("b")(tx), add("a")(tx)) })
		if !errors.Is(err, errTaken) {
			t.Errorf("got %v", err)
		}
		err = db.Write(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec("INSERT INTO nothing (name) VALUES (?)", "c")
			return errors.Join(err, nil)
		})
		if err == nil {
			t.Error("a statement that does not hold was let through")
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if err := db.Write(gone, add("d")); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that has gone away: %v", err)
		}
		if got := names(t, db); got != "a" {
			t.Errorf("kept %q", got)
		}
		var name string
		if err := db.Row(ctx, "SELECT name FROM things WHERE name = ?", []any{"a"}, &name); err != nil || name != "a" {
			t.Errorf("%q %v", name, err)
		}
		if err := db.Row(ctx, "SELECT name FROM things WHERE name = ?", []any{"x"}, &name); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("no row: %v", err)
		}
	})
}

// The writers wait while the first one holds the transaction, so on SQLite they share the next.
func TestFailureOfOneUndoesNothingOfTheOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		migrated(t, db)
		ctx := context.Background()
		begun, release := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			err := db.Write(ctx, func(tx *database.Tx) error {
				close(begun)
				<-release
				return add("first")(tx)
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-begun
		errs := make([]error, 32)
		var queued sync.WaitGroup
		for i := range errs {
			queued.Add(1)
			wg.Go(func() {
				queued.Done()
				errs[i] = db.Write(ctx, func(tx *database.Tx) error {
					err := add(fmt.Sprint("n", i))(tx)
					switch i % 4 {
					case 1:
						return errors.Join(err, errTaken)
					case 2:
						_, failed := tx.Exec("INSERT INTO things (name) VALUES (NULL), (?)", "null") // SQLite lets NULL in, and then "null" once
						return errors.Join(err, failed, errTaken)
					case 3:
						panic("broken")
					}
					return err
				})
			})
		}
		queued.Wait()
		close(release)
		wg.Wait()
		for i, err := range errs {
			if (err == nil) != (i%4 == 0) {
				t.Errorf("%d: %v", i, err)
			}
		}
		var n int64
		if err := db.R.Raw("SELECT count(*) FROM things").Scan(&n).Error; err != nil || n != 9 {
			t.Errorf("%d rows, %v; want the first and eight of the others: %s", n, err, names(t, db))
		}
	})
}

// A caller that waits behind another and goes away is told so at once, and leaves nothing behind.
func TestWhoGoesAwayWhileWaitingWritesNothing(t *testing.T) {
	db, err := database.Open(context.Background(), dbtest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	migrated(t, db)
	begun, release := make(chan struct{}), make(chan struct{})
	var first error
	var wg sync.WaitGroup
	wg.Go(func() {
		first = db.Write(context.Background(), func(tx *database.Tx) error {
			close(begun)
			<-release
			return add("first")(tx)
		})
	})
	<-begun
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := db.Write(gone, add("second")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	wg.Wait()
	if err := db.Write(context.Background(), add("third")); err != nil || first != nil || names(t, db) != "first third" {
		t.Errorf("%v %v, kept %q", first, err, names(t, db))
	}
}

// What has begun when the database is closed ends before Close does.
func TestCloseWaitsForWhatHasBegun(t *testing.T) {
	db, err := database.Open(context.Background(), dbtest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	migrated(t, db)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	var ended atomic.Bool
	closed := make(chan error)
	err = db.Write(context.Background(), func(tx *database.Tx) error {
		go func() {
			err := db.Close()
			if !ended.Load() {
				err = errors.Join(err, errors.New("closed before the transaction had ended"))
			}
			closed <- err
		}()
		for !errors.Is(db.Write(gone, add("b")), database.ErrClosed) {
			runtime.Gosched() // not closed yet
		}
		for range 1000 {
			runtime.Gosched() // a Close that does not wait ends here
		}
		defer ended.Store(true)
		return add("a")(tx)
	})
	if err := errors.Join(err, <-closed); err != nil {
		t.Error(err)
	}
}

func TestOneOfSixteenWritesAName(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		migrated(t, db)
		for round := range 20 {
			var wg sync.WaitGroup
			errs := make([]error, 16)
			for i := range errs {
				wg.Go(func() { errs[i] = db.Write(context.Background(), add(fmt.Sprint(round))) })
			}
			wg.Wait()
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
				} else if !errors.Is(err, errTaken) {
					t.Fatal(err)
				}
			}
			if won != 1 {
				t.Fatalf("%d won", won)
			}
		}
	})
}

func TestTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		migrated(t, db)
		run := func(second error) error {
			return db.Together(context.Background(), func(ctx context.Context) error {
				if err := db.Write(ctx, add("a")); err != nil {
					return err
				}
				if err := db.Write(ctx, add("b")); err != nil {
					return err
				}
				return second
			})
		}
		if err := run(errTaken); !errors.Is(err, errTaken) || names(t, db) != "" {
			t.Errorf("%v, kept %q", err, names(t, db))
		}
		if err := run(nil); err != nil || names(t, db) != "a b" {
			t.Errorf("%v, kept %q", err, names(t, db))
		}
	})
}

func TestWithinATransactionOfGorm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		migrated(t, db)
		g := db.W.Begin()
		if err := add("a")(db.Within(g)); err != nil {
			t.Fatal(err)
		}
		var name string
		if err := db.Within(g).Row("SELECT name FROM things WHERE name = ?", []any{"a"}, &name); err != nil || name != "a" {
			t.Errorf("%q %v", name, err)
		}
		if err := g.Rollback().Error; err != nil || names(t, db) != "" {
			t.Errorf("%v, kept %q", err, names(t, db))
		}
	})
}

// A statement that is being read from can be run once more.
func TestStatementInsideItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		if db.Dialect != database.SQLite {
			t.Skip("rows of PostgreSQL are read to their end first")
		}
		migrated(t, db)
		ctx := context.Background()
		for _, name := range []string{"a", "b"} {
			if err := db.Write(ctx, add(name)); err != nil {
				t.Fatal(err)
			}
		}
		const all = "SELECT name FROM things ORDER BY name"
		for range 2 {
			var pairs []string
			err := db.Write(ctx, func(tx *database.Tx) error {
				var outer, inner string
				return tx.Each(all, nil, []any{&outer}, func() error {
					return tx.Each(all, nil, []any{&inner}, func() error {
						pairs = append(pairs, outer+inner)
						return nil
					})
				})
			})
			if err != nil || strings.Join(pairs, " ") != "aa ab ba bb" {
				t.Errorf("%v %v", pairs, err)
			}
		}
	})
}

func TestNoTransactionAfterClose(t *testing.T) {
	db, err := database.Open(context.Background(), dbtest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(context.Background(), add("a")); !errors.Is(err, database.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
