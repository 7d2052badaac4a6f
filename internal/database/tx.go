package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gorm.io/gorm"
)

// Tx is a transaction for the statements of hot paths: without gorm, and on SQLite without database/sql. Values are
// string, []byte, int, int64 and uint64; marks are "?" on every database, and stand nowhere else in a text.
type Tx struct {
	// Dialect tells how to lock, where the databases differ.
	Dialect string
	ctx     context.Context
	via     statements
}

// statements runs what a Tx is asked to run.
type statements interface {
	exec(ctx context.Context, text string, args []any) (int64, error)
	// each calls f after every row has been read into the pointers.
	each(ctx context.Context, text string, args, into []any, f func() error) error
}

// Exec runs a statement and gives the number of rows that it wrote.
func (tx *Tx) Exec(text string, args ...any) (int64, error) { return tx.via.exec(tx.ctx, text, args) }

// Row reads the one row of a query into pointers; sql.ErrNoRows when there is none.
func (tx *Tx) Row(text string, args []any, into ...any) error {
	return one(tx.ctx, tx.via, text, args, into)
}

// Each reads each row of a query into pointers and then calls f.
func (tx *Tx) Each(text string, args, into []any, f func() error) error {
	return tx.via.each(tx.ctx, text, args, into, f)
}

func one(ctx context.Context, via statements, text string, args, into []any) error {
	found := false
	err := via.each(ctx, text, args, into, func() error {
		found = true
		return nil
	})
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// Within is the transaction of gorm as a Tx.
func (db *DB) Within(g *gorm.DB) *Tx {
	return &Tx{Dialect: db.Dialect, ctx: g.Statement.Context, via: pooled{g.Statement.ConnPool, db.Dialect == Postgres}}
}

// Row is Tx.Row outside of a transaction, of what has been committed.
func (db *DB) Row(ctx context.Context, text string, args []any, into ...any) (err error) {
	pool, err := db.R.DB()
	if err != nil {
		return err
	}
	if db.Dialect == Postgres {
		return one(ctx, pooled{pool, true}, text, args, into)
	}
	return directly(ctx, pool, func(via direct) error { return one(context.WithoutCancel(ctx), via, text, args, into) })
}

// pooled runs statements by database/sql.
type pooled struct {
	pool    gorm.ConnPool
	dollars bool
}

func (p pooled) text(text string) string {
	if p.dollars {
		return dollars(text)
	}
	return text
}

func (p pooled) exec(ctx context.Context, text string, args []any) (int64, error) {
	done, err := p.pool.ExecContext(ctx, p.text(text), args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

func (p pooled) each(ctx context.Context, text string, args, into []any, f func() error) (err error) {
	rows, err := p.pool.QueryContext(ctx, p.text(text), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
	return rows.Err()
}

var numbered sync.Map // text → the same with $1, $2, …

// dollars gives a text with the marks of PostgreSQL. Texts are constants of the program, so keeping each is bounded.
func dollars(text string) string {
	if known, ok := numbered.Load(text); ok {
		return known.(string)
	}
	var b strings.Builder
	for n, part := range strings.Split(text, "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
	}
	numbered.Store(text, b.String())
	return b.String()
}

// direct runs statements on a connection of ours to SQLite. The statements are short and bounded by the busy timeout; that
// a caller may go away is not watched, since watching costs a goroutine for each: its contexts have no end.
type direct struct{ conn *keeper }

// directly calls f with a pool's connection.
func directly(ctx context.Context, pool *sql.DB, f func(via direct) error) (err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Raw(func(c any) error {
		k, ok := c.(*keeper)
		if !ok {
			return fmt.Errorf("database: a connection of type %T", c)
		}
		return f(direct{k})
	})
}

func (d direct) exec(ctx context.Context, text string, args []any) (int64, error) {
	named, err := d.conn.values(args)
	if err != nil {
		return 0, err
	}
	done, err := d.conn.ExecContext(ctx, text, named)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

func (d direct) each(ctx context.Context, text string, args, into []any, f func() error) (err error) {
	named, err := d.conn.values(args)
	if err != nil {
		return err
	}
	rows, err := d.conn.QueryContext(ctx, text, named)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(into))
	for {
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := scan(row, into); err != nil {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
}

// values are the arguments as the driver takes them. It copies them when it begins a statement, so the next may use the same memory.
func (k *keeper) values(args []any) ([]driver.NamedValue, error) {
	k.args = slices.Grow(k.args[:0], len(args))[:len(args)]
	out := k.args
	for i, arg := range args {
		out[i].Ordinal = i + 1
		switch v := arg.(type) {
		case string, []byte, int64:
			out[i].Value = v
		case int:
			out[i].Value = int64(v)
		case uint64:
			out[i].Value = int64(v)
		default:
			return nil, fmt.Errorf("database: a value of type %T", arg)
		}
	}
	return out, nil
}

// scan copies a row; the driver's bytes are good until the next one only.
func scan(row []driver.Value, into []any) error {
	for i, to := range into {
		ok := false
		switch to := to.(type) {
		case *string:
			*to, ok = row[i].(string)
		case *int64:
			*to, ok = row[i].(int64)
		case *int:
			var v int64
			v, ok = row[i].(int64)
			*to = int(v)
		case *[]byte: // nil for NULL
			var v []byte
			v, ok = row[i].([]byte)
			ok = ok || row[i] == nil
			*to = append([]byte(nil), v...)
		}
		if !ok {
			return fmt.Errorf("database: column %d is a %T, wanted a %T", i+1, row[i], to)
		}
	}
	return nil
}
