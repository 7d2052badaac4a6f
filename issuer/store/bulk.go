package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/issuer/cases"
	"lommebok.example/issuer/issuance"
	"lommebok.example/specs/statuslist"
)

var _ cases.Store = (*Store)(nil)

// inBulk is which issuances a bulk changes; what it does not say is said by change.
const inBulk = `configuration_id = ? AND (CAST(? AS TEXT) = '' OR client_id = ?) AND issued_at >= ? AND issued_at < ?
	AND state = ? AND revoked_at = 0 AND expires_at > ? AND (suspended_at = 0 OR suspended_by = 'person' OR CAST(? AS BIGINT) = 1)`

func bulkArgs(b cases.Bulk, at time.Time) []any {
	return []any{b.ConfigurationID, b.ClientID, b.ClientID, b.From.Unix(), b.Until.Unix(), string(issuance.StateIssued), at.Unix(), int64(b.To)}
}

// Count implements cases.Store.
func (s *Store) Count(ctx context.Context, b cases.Bulk, at time.Time) (int, error) {
	var n int64
	if err := s.db.Row(ctx, "SELECT count(*) FROM issuer_issuances WHERE "+inBulk, bulkArgs(b, at), &n); err != nil {
		return 0, fmt.Errorf("store: counting issuances: %w", err)
	}
	return int(n), nil
}

// Propose implements cases.Store.
func (s *Store) Propose(ctx context.Context, b cases.Bulk) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO issuer_bulks (id, to_status, reason, configuration_id, client_id, issued_from, issued_until, matching, changed,
			state, proposed_by, proposed_at, decided_by, decided_at, ends_at, cursor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, '', 0, ?, '')`,
			b.ID, int64(b.To), b.Reason, b.ConfigurationID, b.ClientID, b.From.Unix(), b.Until.Unix(), b.Matching, string(b.State), b.ProposedBy,
			b.ProposedAt.Unix(), b.Ends.Unix())
		if err != nil {
			return fmt.Errorf("store: writing a proposal: %w", err)
		}
		return s.record(tx, audit.Event{
			At: b.ProposedAt, Kind: cases.KindPropose, Actor: audit.Person(b.ProposedBy), Subject: audit.Person(b.ProposedBy), Object: b.ID, Outcome: string(b.State),
			Details: map[string]string{
				"configuration": b.ConfigurationID, "client_id": b.ClientID, "reason": b.Reason, "to": strconv.Itoa(int(b.To)), "matching": strconv.Itoa(b.Matching),
				"from": b.From.UTC().Format(time.DateOnly), "until": b.Until.UTC().Format(time.DateOnly),
			},
		})
	})
}

// bulkRow is a row of issuer_bulks.
type bulkRow struct {
	ID, Reason, ConfigurationID, ClientID, State, ProposedBy, DecidedBy, Cursor         string
	ToStatus, IssuedFrom, IssuedUntil, Matching, Changed, ProposedAt, DecidedAt, EndsAt int64
}

func (r bulkRow) bulk() cases.Bulk {
	return cases.Bulk{
		ID: r.ID, To: statuslist.Status(r.ToStatus), Reason: r.Reason, ConfigurationID: r.ConfigurationID, ClientID: r.ClientID,
		From: unix(r.IssuedFrom), Until: unix(r.IssuedUntil), Matching: int(r.Matching), Changed: int(r.Changed), State: cases.State(r.State),
		ProposedBy: r.ProposedBy, ProposedAt: unix(r.ProposedAt), DecidedBy: r.DecidedBy, DecidedAt: unix(r.DecidedAt), Ends: unix(r.EndsAt),
	}
}

// Bulks implements cases.Store.
func (s *Store) Bulks(ctx context.Context) ([]cases.Bulk, error) {
	var rows []bulkRow
	if err := s.db.R.WithContext(ctx).Raw("SELECT * FROM issuer_bulks ORDER BY proposed_at DESC, id LIMIT 100").Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("store: reading proposals: %w", err)
	}
	out := make([]cases.Bulk, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.bulk())
	}
	return out, nil
}

// Decide implements cases.Store.
func (s *Store) Decide(ctx context.Context, id, worker string, approve bool, at time.Time) error {
	to := cases.Refused
	if approve {
		to = cases.Approved
	}
	return s.db.Write(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(`UPDATE issuer_bulks SET state = ?, decided_by = ?, decided_at = ?
			WHERE id = ? AND state = ? AND proposed_by <> ? AND ends_at > ?`,
			string(to), worker, at.Unix(), database.Storable(id), string(cases.Proposed), worker, at.Unix())
		if err != nil {
			return fmt.Errorf("store: deciding a proposal: %w", err)
		}
		if n != 1 {
			return cases.ErrDecided
		}
		return s.record(tx, audit.Event{
			At: at, Kind: cases.KindDecide, Actor: audit.Person(worker), Subject: audit.Person(worker), Object: database.Storable(id), Outcome: string(to),
		})
	})
}

// bulkStep is how many issuances are changed in one transaction.
const bulkStep = 50

// errElsewhere: another process has carried out this step.
var errElsewhere = errors.New("store: another process is at it")

// Step implements cases.Store. The place that is reached moves with the changes, so each step is done once.
func (s *Store) Step(ctx context.Context, at time.Time) (bool, error) {
	var rows []bulkRow
	err := s.db.R.WithContext(ctx).Raw("SELECT * FROM issuer_bulks WHERE state = ? ORDER BY decided_at, id LIMIT 1", string(cases.Approved)).Scan(&rows).Error
	if err != nil {
		return false, fmt.Errorf("store: reading what was approved: %w", err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	err = s.db.Write(ctx, func(tx *database.Tx) error { return s.step(tx, rows[0], at) })
	if errors.Is(err, errElsewhere) {
		return true, nil
	}
	return err == nil, err
}

func (s *Store) step(tx *database.Tx, r bulkRow, at time.Time) error {
	b := r.bulk()
	ids, err := matching(tx, b, r.Cursor, at)
	if err != nil {
		return err
	}
	cursor, state := r.Cursor, cases.Approved
	if len(ids) > 0 {
		cursor = ids[len(ids)-1]
	}
	if len(ids) < bulkStep {
		state = cases.Done
	}
	n, err := tx.Exec("UPDATE issuer_bulks SET cursor = ?, state = ? WHERE id = ? AND cursor = ? AND state = ?",
		cursor, string(state), r.ID, r.Cursor, string(cases.Approved))
	if err != nil {
		return fmt.Errorf("store: carrying out: %w", err)
	}
	if n != 1 {
		return errElsewhere
	}
	changed := 0
	for _, id := range ids {
		err := s.change(tx, issuance.Change{
			Issuance: id, To: b.To, By: issuance.RoleCaseWorker, Actor: audit.Person(b.DecidedBy), Reason: b.Reason, At: at,
		})
		switch {
		case err == nil:
			changed++
		case !errors.Is(err, issuance.ErrNotFound) && !errors.Is(err, issuance.ErrNotSuspendable):
			return err
		}
	}
	if _, err := tx.Exec("UPDATE issuer_bulks SET changed = changed + ? WHERE id = ?", changed, r.ID); err != nil {
		return fmt.Errorf("store: carrying out: %w", err)
	}
	if state != cases.Done {
		return nil
	}
	return s.record(tx, audit.Event{
		At: at, Kind: cases.KindDone, Actor: audit.Person(b.DecidedBy), Subject: audit.Person(b.DecidedBy), Object: b.ID, Outcome: string(cases.Done),
		Details: map[string]string{"changed": strconv.Itoa(b.Changed + changed)},
	})
}

// matching are the next issuances of a bulk after the place that is reached.
func matching(tx *database.Tx, b cases.Bulk, after string, at time.Time) ([]string, error) {
	var ids []string
	var id string
	err := tx.Each("SELECT id FROM issuer_issuances WHERE "+inBulk+" AND id > ? ORDER BY id LIMIT ?",
		append(bulkArgs(b, at), after, bulkStep), []any{&id}, func() error {
			ids = append(ids, id)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("store: finding what to change: %w", err)
	}
	return ids, nil
}
