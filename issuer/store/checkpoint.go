package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
)

// Checkpoint signs where the audit log ends, after it has looked at each entry since the last checkpoint: what was tampered
// with must not get our signature. It gives the zero Checkpoint when nothing has been added.
func (s *Store) Checkpoint(ctx context.Context, log string, at time.Time, sealer audit.Sealer) (audit.Checkpoint, error) {
	last, err := s.lastCheckpoint(ctx)
	if err != nil {
		return audit.Checkpoint{}, err
	}
	head, err := s.headOf(ctx, last)
	if err != nil {
		return audit.Checkpoint{}, err
	}
	err = s.entries(ctx, head.Seq, func(e audit.Entry) (err error) {
		head, err = head.Follow(e)
		return err
	})
	if err != nil || head.Seq == last {
		return audit.Checkpoint{}, err
	}
	c := audit.Checkpoint{Log: log, Seq: head.Seq, Hash: head.Hash, At: at.UnixMilli()}
	jws, err := c.Seal(sealer)
	if err != nil {
		return audit.Checkpoint{}, err
	}
	err = s.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec("INSERT INTO issuer_audit_checkpoints (seq, jws) VALUES (?, ?) ON CONFLICT DO NOTHING", c.Seq, jws)
		return err
	})
	return c, err
}

func (s *Store) lastCheckpoint(ctx context.Context) (int64, error) {
	var seq int64
	err := s.db.Row(ctx, "SELECT seq FROM issuer_audit_checkpoints ORDER BY seq DESC LIMIT 1", nil, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// headOf gives the head at an entry that is there.
func (s *Store) headOf(ctx context.Context, seq int64) (audit.Head, error) {
	head := audit.Head{Seq: seq}
	if seq == 0 {
		return head, nil
	}
	var hash []byte
	err := s.db.Row(ctx, "SELECT hash FROM issuer_audit_entries WHERE seq = ?", []any{seq}, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("%w: %d, which has a checkpoint", audit.ErrMissing, seq)
	}
	copy(head.Hash[:], hash)
	return head, err
}

// entriesAtOnce bounds what is read in one go.
const entriesAtOnce = 1000

// entries reads the entries after one, in order, a part at a time, so that a long log neither fills the memory nor holds up
// those who write.
func (s *Store) entries(ctx context.Context, after int64, f func(audit.Entry) error) error {
	for {
		var rows []entryRow
		err := s.db.R.WithContext(ctx).Raw(`SELECT seq, at, kind, actor, subject, object, outcome, details, prev, hash
			FROM issuer_audit_entries WHERE seq > ? ORDER BY seq LIMIT ?`, after, entriesAtOnce).Scan(&rows).Error
		if err != nil {
			return fmt.Errorf("store: reading the audit log: %w", err)
		}
		for _, row := range rows {
			if err := f(row.entry()); err != nil {
				return err
			}
			after = row.Seq
		}
		if len(rows) < entriesAtOnce {
			return nil
		}
	}
}

type entryRow struct {
	Seq, At                                        int64
	Kind, Actor, Subject, Object, Outcome, Details string
	Prev, Hash                                     []byte
}

// entry gives the row as it is. Details that cannot be read are there as text: then the hash does not fit, and whoever follows
// the chain finds it.
func (r entryRow) entry() audit.Entry {
	e := audit.Entry{
		Seq: r.Seq, At: r.At, Kind: r.Kind, Actor: r.Actor, Subject: r.Subject, Object: r.Object, Outcome: r.Outcome,
	}
	copy(e.Prev[:], r.Prev)
	copy(e.Hash[:], r.Hash)
	if json.Unmarshal([]byte(r.Details), &e.Details) != nil {
		e.Details = map[string]string{"unreadable": r.Details}
	}
	return e
}

// ExportAudit writes the audit log with its checkpoints, as it is kept, and ends with a checkpoint that is signed now. That
// the log is whole is for the reader to see; what is not is exported all the same.
func (s *Store) ExportAudit(ctx context.Context, to *audit.Writer, log string, at time.Time, sealer audit.Sealer) error {
	sealed, err := s.checkpoints(ctx)
	if err != nil {
		return err
	}
	last := audit.Checkpoint{Log: log, At: at.UnixMilli()}
	err = s.entries(ctx, 0, func(e audit.Entry) error {
		last.Seq, last.Hash = e.Seq, e.Hash
		if err := to.Entry(e); err != nil || sealed[e.Seq] == "" {
			return err
		}
		return to.Checkpoint(sealed[e.Seq])
	})
	if err != nil {
		return err
	}
	jws, err := last.Seal(sealer)
	if err != nil {
		return err
	}
	return to.Checkpoint(jws)
}

func (s *Store) checkpoints(ctx context.Context) (map[int64]string, error) {
	var rows []struct {
		Seq int64
		JWS string `gorm:"column:jws"`
	}
	if err := s.db.R.WithContext(ctx).Raw("SELECT seq, jws FROM issuer_audit_checkpoints").Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("store: reading the checkpoints: %w", err)
	}
	all := make(map[int64]string, len(rows))
	for _, row := range rows {
		all[row.Seq] = row.JWS
	}
	return all, nil
}
