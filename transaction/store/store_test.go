package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	issuerstore "lommebok.example/issuer/store"
	"lommebok.example/transaction"
	verifierstore "lommebok.example/verifier/store"
)

var day = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)

// ledger is a store in the hand of a test.
type ledger struct {
	*Store
	t *testing.T
	n int
}

// services make the tables of each service.
var services = map[string]func(context.Context, *database.DB) error{
	"issuer":   func(ctx context.Context, db *database.DB) error { _, err := issuerstore.New(ctx, db); return err },
	"verifier": func(ctx context.Context, db *database.DB) error { _, err := verifierstore.New(ctx, db); return err },
}

// each runs f on the tables of each service, on each database; on PostgreSQL the verifier's alone, since the two are the same but for
// their names and the issuer's own tests fill its.
func each(t *testing.T, f func(t *testing.T, l *ledger)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for service, migrate := range services {
			if service == "issuer" && db.Dialect == database.Postgres {
				continue
			}
			t.Run(service, func(t *testing.T) {
				if err := migrate(t.Context(), db); err != nil {
					t.Fatal(err)
				}
				f(t, &ledger{Store: New(db, service), t: t})
			})
		}
	})
}

func (l *ledger) count(what, where string) (n int64) {
	l.t.Helper()
	if err := l.scan(context.Background(), &n, "SELECT CAST(COALESCE("+what+", 0) AS BIGINT) FROM #"+where); err != nil {
		l.t.Fatal(err)
	}
	return n
}

// record makes a record whose page is its name.
func (l *ledger) record(name string, change func(*transaction.Record)) transaction.Record {
	l.n++
	r := transaction.Record{
		ID: fmt.Sprintf("%s-%d", name, l.n), At: day.Add(time.Duration(l.n) * time.Second), Step: "token", Status: 200, Sealed: []byte(name), Pages: []string{name}, Firm: true,
	}
	change(&r)
	return r
}

func (l *ledger) keep(name string, change func(*transaction.Record)) {
	l.t.Helper()
	if err := l.KeepTransactions(context.Background(), []transaction.Record{l.record(name, change)}, 0, day); err != nil {
		l.t.Fatal(err)
	}
}

// with tells what lies in the transaction whose page is the record's, in its order.
func (l *ledger) with(name string, want ...string) transaction.Kept {
	l.t.Helper()
	k, _, _, err := l.TransactionAt(context.Background(), name, day)
	if err != nil {
		l.t.Fatalf("%s: %v", name, err)
	}
	var got []string
	for _, r := range k.Rows {
		got = append(got, string(r.Sealed))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		l.t.Errorf("with %s: got %v, want %v", name, got, want)
	}
	return k
}

func secrets(s ...string) func(*transaction.Record) {
	return func(r *transaction.Record) { r.Secrets = s }
}

func refusedWith(s ...string) func(*transaction.Record) {
	return func(r *transaction.Record) { r.Secrets, r.Firm, r.Code = s, false, "invalid_grant" }
}

func TestRequestsAreTiedByTheirSecrets(t *testing.T) {
	each(t, func(t *testing.T, l *ledger) {
		l.keep("par", secrets("request"))
		l.keep("token", secrets("code", "access")) // a replica that is ahead
		l.keep("nonce", secrets("c_nonce"))
		l.with("par", "par")
		l.keep("consent", secrets("request", "code")) // what was two is one
		l.with("token", "par", "token", "consent")
		l.keep("credential", secrets("access", "c_nonce"))
		k := l.with("par", "par", "token", "nonce", "consent", "credential")
		if !k.Begun.Equal(day.Add(time.Second)) || !k.Last.Equal(day.Add(5*time.Second)) {
			t.Errorf("from %s to %s", k.Begun, k.Last)
		}
		l.with("nonce", "par", "token", "nonce", "consent", "credential")
		l.keep("other", secrets("another request"))
		l.with("other", "other")
	})
}

// Who hands out an invented secret does not read what a wallet is refused with it.
func TestAnInventedSecretTiesNothing(t *testing.T) {
	each(t, func(t *testing.T, l *ledger) {
		l.keep("attacker", refusedWith("invented"))
		l.keep("victim", refusedWith("invented"))
		l.with("attacker", "attacker")
		l.with("victim", "victim")
		// A secret that turns out to be real brings along the one that was refused with it before.
		l.keep("late", refusedWith("real"))
		l.keep("issued", secrets("real"))
		l.with("issued", "late", "issued")
		l.keep("refused", refusedWith("real"))
		l.with("issued", "late", "issued", "refused")
	})
}

func TestKeysTieWhatNothingElseDoes(t *testing.T) {
	each(t, func(t *testing.T, l *ledger) {
		leaves := func(r *transaction.Record, firm bool) {
			first := r.At
			if r.Tries, r.Firm = []string{"first"}, firm; !firm {
				first = r.At.Add(10 * time.Minute)
			}
			r.Leaves = []transaction.Leave{{Hash: "key", Until: r.At.Add(10 * time.Minute)}, {Hash: "first", Until: first}}
		}
		slow := l.record("slow", func(r *transaction.Record) { leaves(r, false) }) // of a replica that writes late
		l.keep("par", func(r *transaction.Record) { leaves(r, false) })
		l.keep("authorize", secrets("request")) // before the answer that it follows
		l.keep("again", func(r *transaction.Record) {
			leaves(r, true)
			r.At, r.Secrets = r.At.Add(-time.Second), []string{"request"}
		})
		l.with("par", "par", "again", "authorize")
		if err := l.KeepTransactions(context.Background(), []transaction.Record{slow}, 0, day.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		l.with("par", "slow", "par", "again", "authorize")
		l.keep("token", func(r *transaction.Record) { r.Joins, r.Firm = []string{"key"}, false })
		l.with("par", "slow", "par", "again", "authorize", "token")
		l.keep("new", func(r *transaction.Record) { leaves(r, false) })
		l.with("new", "new")
		l.keep("header", func(r *transaction.Record) { r.Joins = []string{"unknown", "par"} })
		l.with("par", "slow", "par", "again", "authorize", "token", "header")
		l.keep("late", func(r *transaction.Record) { r.At, r.Joins = day.Add(11*time.Minute), []string{"key"} })
		l.with("late", "late")
	})
}

// Sixteen writers of what belongs together make one transaction of it.
func TestReplicasWriteOneTransaction(t *testing.T) {
	each(t, func(t *testing.T, l *ledger) {
		var writers sync.WaitGroup
		for n := range 16 {
			r := l.record(fmt.Sprintf("r%02d", n), secrets(fmt.Sprint("s", n), fmt.Sprint("s", n+1)))
			writers.Go(func() {
				if err := l.KeepTransactions(context.Background(), []transaction.Record{r}, 0, day); err != nil {
					t.Error(err)
				}
			})
		}
		writers.Wait()
		if k, _, _, err := l.TransactionAt(context.Background(), "r00", day); err != nil || len(k.Rows) != 16 {
			t.Errorf("%d entries, %v", len(k.Rows), err)
		}
		if n := l.count("count(*)", "transactions"); n != 1 {
			t.Errorf("%d transactions", n)
		}
	})
}

func TestTransactionsAreBounded(t *testing.T) {
	each(t, func(t *testing.T, l *ledger) {
		l.limits = limits{entries: 3, bytes: 100, total: 250}
		for range 5 {
			l.keep("many", secrets("a"))
		}
		if k := l.with("many", "many", "many", "many"); k.LeftOut != 2 {
			t.Errorf("%d left out", k.LeftOut)
		}
		large := func(r *transaction.Record) { r.Secrets, r.Sealed = []string{"b"}, make([]byte, 60) }
		l.keep("large", large)
		l.keep("large", large)
		if k, _, _, err := l.TransactionAt(context.Background(), "large", day); err != nil || len(k.Rows) != 1 || k.LeftOut != 1 {
			t.Errorf("%d rows, %d left out, %v", len(k.Rows), k.LeftOut, err)
		}
		for n := range 6 {
			l.keep(fmt.Sprint("x", n), func(r *transaction.Record) { r.Sealed = make([]byte, 90) })
		}
		if _, _, _, err := l.TransactionAt(context.Background(), "many", day); !errors.Is(err, transaction.ErrNotFound) {
			t.Errorf("the oldest is still there: %v", err)
		}
		if _, _, _, err := l.TransactionAt(context.Background(), "x5", day); err != nil {
			t.Errorf("the newest is gone: %v", err)
		}
		if rows, total := l.count("count(*)", "transaction_entries"), l.count("SUM(bytes)", "transactions"); total == 0 || total > 250+90*3 || rows > 7 {
			t.Errorf("%d bytes in %d rows", total, rows)
		}
	})
}

func TestTransactionsEnd(t *testing.T) {
	each(t, func(t *testing.T, l *ledger) {
		ctx := context.Background()
		l.keep("a", refusedWith("s"))
		k, until, shared, err := l.TransactionAt(ctx, "a", day)
		if err != nil || shared || !until.Equal(day.Add(time.Second+24*time.Hour)) {
			t.Fatalf("%s %v %v", until, shared, err)
		}
		if err := l.ShareTransaction(ctx, k.ID, "shared", day, day.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, until, shared, err = l.TransactionAt(ctx, "shared", day.Add(59*time.Minute)); err != nil || !shared || !until.Equal(day.Add(time.Hour)) {
			t.Errorf("%s %v %v", until, shared, err)
		}
		if _, _, _, err = l.TransactionAt(ctx, "shared", day.Add(time.Hour)); !errors.Is(err, transaction.ErrNotFound) {
			t.Errorf("a shared address lives on: %v", err)
		}
		l.keep("joins", func(r *transaction.Record) { r.Joins = []string{"shared"} })
		l.with("joins", "joins")
		for n := 1; n < transaction.MaxShares; n++ {
			if err := l.ShareTransaction(ctx, k.ID, fmt.Sprint(n), day, day.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.ShareTransaction(ctx, k.ID, "one more", day, day.Add(time.Hour)); !errors.Is(err, transaction.ErrNotFound) {
			t.Errorf("more than %d: %v", transaction.MaxShares, err)
		}
		if err := l.Sweep(ctx, day.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if n := l.count("count(*)", "transaction_links WHERE kind = 'share'"); n != 0 {
			t.Errorf("%d addresses that have ended are left", n)
		}
		over := day.Add(24*time.Hour + 2*time.Second)
		if _, err := l.Transaction(ctx, k.ID, over); !errors.Is(err, transaction.ErrNotFound) {
			t.Errorf("after a day: %v", err)
		}
		if err := l.KeepTransactions(ctx, nil, 3, day); err != nil {
			t.Fatal(err)
		}
		if k := l.with("a", "a"); k.Dropped != 0 { // the gap was before it
			t.Errorf("%d dropped", k.Dropped)
		}
		if err := l.KeepTransactions(ctx, nil, 3, day.Add(30*time.Second)); err != nil {
			t.Fatal(err)
		}
		if k := l.with("a", "a"); k.Dropped != 3 {
			t.Errorf("%d dropped", k.Dropped)
		}
		if err := l.Sweep(ctx, over.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"transactions", "transaction_entries", "transaction_links", "transaction_gaps"} {
			if n := l.count("count(*)", table); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}

func TestRecentTransactionsByCode(t *testing.T) {
	each(t, func(t *testing.T, l *ledger) {
		ctx := context.Background()
		l.keep("good", secrets("a"))
		l.keep("bad", func(r *transaction.Record) { refusedWith("b")(r); r.Client = "a-wallet" })
		list, codes, err := l.RecentTransactions(ctx, "", day)
		if err != nil || len(list) != 2 || list[0].Code != "invalid_grant" || list[0].Client != "a-wallet" || list[0].Step != "token" || fmt.Sprint(codes) != "[invalid_grant]" {
			t.Errorf("%+v %v %v", list, codes, err)
		}
		if list, _, err = l.RecentTransactions(ctx, "invalid_grant", day); err != nil || len(list) != 1 {
			t.Errorf("%+v %v", list, err)
		}
		if list, _, err = l.RecentTransactions(ctx, "\x00", day); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
	})
}
