package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
)

// Record adds an event to the audit log, in the transaction of ctx when it is one of database.Together. What it belongs to
// must be in the same transaction: either both are kept or neither.
func (s *Store) Record(ctx context.Context, e audit.Event) error {
	return s.db.Write(ctx, func(tx *database.Tx) error { return s.record(tx, e) })
}

// record is the last statement of its transaction on PostgreSQL, since from then on everybody else who has something to record
// waits for its end.
func (s *Store) record(tx *database.Tx, e audit.Event) error {
	err := addEntry(tx, e)
	s.auditFailed.Store(err != nil)
	if err != nil {
		return fmt.Errorf("store: audit: %w", err)
	}
	return nil
}

func addEntry(tx *database.Tx, e audit.Event) error {
	details, err := json.Marshal(e.Details)
	if err != nil {
		return err
	}
	head, key, err := takeHead(tx, e.Subject)
	if err != nil {
		return err
	}
	subject := e.Subject.As(key)
	if _, person := e.Subject.PersonID(); person && key == nil {
		if subject, err = words(tx, e.Subject); err != nil {
			return err
		}
	}
	actor := subject
	if e.Actor != e.Subject {
		if actor, err = words(tx, e.Actor); err != nil {
			return err
		}
	}
	entry := head.Next(e, actor, subject)
	_, err = tx.Exec(`INSERT INTO issuer_audit_entries (seq, at, kind, actor, subject, object, outcome, details, prev, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, entry.Seq, entry.At, entry.Kind, entry.Actor, entry.Subject, entry.Object,
		entry.Outcome, string(details), entry.Prev[:], entry.Hash[:])
	return err
}

// takeHead gives the end of the chain to one transaction at a time, and with it the key of a person, nil when there is none yet. On
// SQLite a transaction that writes is alone anyway. PostgreSQL reads the end only when it has waited for the row; and if two ever had
// the same end, the primary key lets one in. Keys are made by whoever has the end, so that nobody waits for a key who is waited for.
func takeHead(tx *database.Tx, of audit.Party) (h audit.Head, key []byte, err error) {
	if tx.Dialect == database.Postgres {
		var locked int64
		if err := tx.Row("SELECT one FROM issuer_audit_head FOR UPDATE", nil, &locked); err != nil {
			return h, nil, err
		}
	}
	var hash []byte
	person, _ := of.PersonID() // "" is no person, and has no key
	err = tx.Row(`SELECT e.seq, e.hash, p.key FROM (SELECT seq, hash FROM issuer_audit_entries ORDER BY seq DESC LIMIT 1) e
		LEFT JOIN issuer_audit_persons p ON p.person_id = ?`, []any{person}, &h.Seq, &hash, &key)
	if errors.Is(err, sql.ErrNoRows) {
		return audit.Head{}, nil, nil
	}
	if err == nil && len(hash) != len(h.Hash) {
		err = fmt.Errorf("the hash of entry %d has %d bytes", h.Seq, len(hash))
	}
	copy(h.Hash[:], hash)
	return h, key, err
}

// words gives the log's words for a party. The key of a person is made when the person is first spoken of.
func words(tx *database.Tx, p audit.Party) (string, error) {
	id, person := p.PersonID()
	if !person {
		return p.As(nil), nil
	}
	const read = "SELECT key FROM issuer_audit_persons WHERE person_id = ?"
	var key []byte
	err := tx.Row(read, []any{id}, &key)
	if errors.Is(err, sql.ErrNoRows) {
		fresh := make([]byte, 32)
		_, _ = rand.Read(fresh) // never fails (Go 1.24 and later)
		if _, err = tx.Exec("INSERT INTO issuer_audit_persons (person_id, key) VALUES (?, ?) ON CONFLICT DO NOTHING", id, fresh); err == nil {
			err = tx.Row(read, []any{id}, &key)
		}
	}
	return p.As(key), err
}

// ForgetInAudit makes the entries about a person speak of nobody. Entries that come later have another pseudonym.
func (s *Store) ForgetInAudit(ctx context.Context, personID string) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec("DELETE FROM issuer_audit_persons WHERE person_id = ?", personID)
		return err
	})
}

// errProbe ends the transaction of a probe, so that nothing of it is kept.
var errProbe = errors.New("store: the audit log can be written")

// AuditWritable fails when no entry can be added to the audit log. It adds one and takes it back; but after a failure it keeps
// it, since a full disk is seen only by what is kept.
func (s *Store) AuditWritable(ctx context.Context, at time.Time) error {
	failed := s.auditFailed.Load()
	err := s.db.Write(ctx, func(tx *database.Tx) error {
		err := s.record(tx, audit.Event{At: at, Kind: "audit.probe", Actor: audit.Service("issuer"), Outcome: "ok"})
		if err == nil && !failed {
			err = errProbe
		}
		return err
	})
	if errors.Is(err, errProbe) {
		return nil
	}
	s.auditFailed.Store(err != nil)
	return err
}
