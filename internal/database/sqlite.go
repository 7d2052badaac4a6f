package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"
	modernc "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

func openSQLite(path string) (*DB, error) {
	if err := private(path); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	// As durable as fsync, without writing the time of the change (SQLite sizes the file before it relies on that).
	_, _ = modernc.Fdatasync(true) // not everywhere there is one
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "foreign_keys(1)",
		"temp_store(MEMORY)",       // savepoints need no file
		"wal_autocheckpoint(4000)", // pages, 16 MB: those that every request writes go to the file a quarter as often
	}}
	w, err := pool(&dialector{connector{"file:" + path + "?" + q.Encode()}}, 1)
	if err != nil {
		return nil, err
	}
	q["_pragma"] = append(q["_pragma"], "query_only(1)")
	q.Set("_txlock", "deferred")
	r, err := pool(&dialector{connector{"file:" + path + "?" + q.Encode()}}, 4)
	if err != nil {
		return nil, errors.Join(err, closePool(w))
	}
	writer, err := w.DB()
	if err != nil {
		return nil, errors.Join(err, closePool(r), closePool(w))
	}
	return &DB{W: w, R: r, Dialect: SQLite, group: newGroup(writer)}, nil
}

// connector opens connections that keep their compiled statements.
type connector struct{ dsn string }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := c.Driver().Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return newKeeper(opened)
}

func (c connector) Driver() driver.Driver { return new(modernc.Driver) }

// dialector tells gorm how SQLite is spoken to. Tables are made by migrations, so it need not know about columns.
type dialector struct{ connector }

func (d *dialector) Name() string { return SQLite }

func (d *dialector) Initialize(db *gorm.DB) error {
	db.ConnPool = sql.OpenDB(d.connector)
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses: []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses: []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses: []string{"DELETE", "FROM", "WHERE", "RETURNING"},
	})
	return nil
}

func (d *dialector) Migrator(db *gorm.DB) gorm.Migrator {
	return migrator.Migrator{Config: migrator.Config{DB: db, Dialector: d}}
}

func (d *dialector) DataTypeOf(*schema.Field) string { return "" }

func (d *dialector) DefaultValueOf(*schema.Field) clause.Expression {
	return clause.Expr{SQL: "NULL"}
}

func (d *dialector) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }

func (d *dialector) QuoteTo(w clause.Writer, name string) {
	for n, part := range strings.Split(name, ".") {
		if n > 0 {
			_ = w.WriteByte('.')
		}
		_, _ = w.WriteString("`" + strings.ReplaceAll(part, "`", "``") + "`")
	}
}

func (d *dialector) Explain(text string, vars ...any) string {
	return logger.ExplainSQL(text, nil, `"`, vars...)
}

// SavePoint and RollbackTo let transactions of gorm nest.
func (d *dialector) SavePoint(tx *gorm.DB, name string) error {
	return tx.Exec("SAVEPOINT " + name).Error
}

// RollbackTo is documented at SavePoint.
func (d *dialector) RollbackTo(tx *gorm.DB, name string) error {
	return tx.Exec("ROLLBACK TO SAVEPOINT " + name).Error
}

// Translate makes gorm's word of the refusal of a unique constraint.
func (d *dialector) Translate(err error) error {
	var refused *modernc.Error
	if errors.As(err, &refused) {
		switch refused.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return gorm.ErrDuplicatedKey
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return gorm.ErrForeignKeyViolated
		}
	}
	return err
}
