package database

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// sqliteConn is what the driver's connection can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// keeper is a connection that keeps the statements it has compiled, since SQLite compiles a text anew each time it is
// run, which costs as much as running it. One goroutine at a time uses a connection, so nothing is locked. A statement
// stands in the keeper and not in a pool above it, where gorm keeps them: there a plain statement takes its place before
// it waits for the connection, and a transaction that holds the connection then waits for that place, for ever.
type keeper struct {
	sqliteConn
	kept map[string]*kept
	args []driver.NamedValue // of the statement that begins
}

// kept is a compiled statement. It can run once at a time.
type kept struct {
	keptStmt
	busy bool
}

type keptStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// maxKept bounds the statements of a connection: some lists of values have a text for each length.
const maxKept = 256

func newKeeper(opened driver.Conn) (*keeper, error) {
	conn, ok := opened.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("database: the driver's connection is a %T, which cannot do all that is needed", opened)
	}
	return &keeper{sqliteConn: conn, kept: map[string]*kept{}}, nil
}

// take gives a statement that is not running, or nil when the text is not one to keep.
func (k *keeper) take(ctx context.Context, text string) (*kept, error) {
	if s := k.kept[text]; s != nil {
		if s.busy {
			return nil, nil
		}
		s.busy = true
		return s, nil
	}
	if len(k.kept) >= maxKept || !keepable(text) {
		return nil, nil
	}
	prepared, err := k.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	stmt, ok := prepared.(keptStmt)
	if !ok {
		return nil, prepared.Close()
	}
	s := &kept{keptStmt: stmt, busy: true}
	k.kept[text] = s
	return s, nil
}

// keepable tells whether a text reads or writes rows, or begins or ends a transaction: what is run again and again.
func keepable(text string) bool {
	word, _, _ := strings.Cut(strings.TrimLeft(text, " \t\n"), " ")
	switch strings.ToUpper(strings.TrimRight(word, "\n\t")) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE":
		return true
	}
	return false
}

// ExecContext runs a kept statement.
func (k *keeper) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := k.take(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return k.sqliteConn.ExecContext(ctx, text, args)
	}
	defer func() { s.busy = false }()
	return s.ExecContext(ctx, args)
}

// QueryContext runs a kept statement, which is busy until its rows are closed.
func (k *keeper) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := k.take(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return k.sqliteConn.QueryContext(ctx, text, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		s.busy = false
		return nil, err
	}
	return &keptRows{rows, s}, nil
}

type keptRows struct {
	driver.Rows
	of *kept
}

// Close lets the statement run again.
func (r *keptRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}

// Close closes the statements before the connection.
func (k *keeper) Close() error {
	for text, s := range k.kept {
		_ = s.Close() // what it would tell, it told when it ran
		delete(k.kept, text)
	}
	return k.sqliteConn.Close()
}
