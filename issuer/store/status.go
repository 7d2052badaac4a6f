package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/status"
	"lommebok.example/specs/statuslist"
)

// List implements status.Store.
func (s *Store) List(ctx context.Context, id string) (status.List, error) {
	list, _, err := s.list(ctx, id)
	return list, err
}

func (s *Store) list(ctx context.Context, id string) (status.List, time.Time, error) {
	var rows []struct {
		ID                             string
		Bits, Size, Version, CreatedAt int64
		DecoySeed                      []byte
	}
	err := s.db.R.WithContext(ctx).Raw("SELECT id, bits, size, version, created_at, decoy_seed FROM issuer_status_lists WHERE id = ?",
		database.Storable(id)).Scan(&rows).Error
	if err != nil {
		return status.List{}, time.Time{}, fmt.Errorf("store: reading a status list: %w", err)
	}
	if len(rows) != 1 {
		return status.List{}, time.Time{}, status.ErrUnknownList
	}
	r := rows[0]
	return status.List{ID: r.ID, Bits: statuslist.Bits(r.Bits), Size: int(r.Size), Version: r.Version, Seed: r.DecoySeed}, unix(r.CreatedAt), nil
}

// Lists implements status.Store.
func (s *Store) Lists(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.db.R.WithContext(ctx).Raw(`SELECT id FROM issuer_status_lists l
		WHERE EXISTS (SELECT 1 FROM issuer_status_entries e WHERE e.list_id = l.id) ORDER BY created_at, id`).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("store: reading the status lists: %w", err)
	}
	return ids, nil
}

// Entries implements status.Store.
func (s *Store) Entries(ctx context.Context, id string) ([]status.Entry, error) {
	var rows []struct{ Idx, Status int64 }
	err := s.db.R.WithContext(ctx).Raw("SELECT idx, status FROM issuer_status_entries WHERE list_id = ? AND status <> 0", id).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("store: reading status entries: %w", err)
	}
	entries := make([]status.Entry, len(rows))
	for n, r := range rows {
		entries[n] = status.Entry{Index: uint64(r.Idx), Status: statuslist.Status(r.Status)}
	}
	return entries, nil
}

// At implements status.Store. What has ended is forgotten after keepAfterExpiry, so the list is known for so long.
func (s *Store) At(ctx context.Context, id string, at, now time.Time) (status.Past, error) {
	list, created, err := s.list(ctx, id)
	if err != nil {
		return status.Past{}, err
	}
	if at.After(now) || at.Before(created) || at.Before(now.Add(-keepAfterExpiry)) {
		return status.Past{}, status.ErrNoHistory
	}
	past := status.Past{List: list, From: created}
	past.Version = 1
	var rows []struct{ Version, Idx, Status, ChangedAt int64 }
	err = s.db.R.WithContext(ctx).Raw(`SELECT version, idx, status, changed_at FROM issuer_status_changes
		WHERE list_id = ? ORDER BY version, changed_at`, id).Scan(&rows).Error
	if err != nil {
		return status.Past{}, fmt.Errorf("store: reading the changes of a status list: %w", err)
	}
	last := map[uint64]statuslist.Status{}
	for _, r := range rows {
		if r.ChangedAt > at.Unix() {
			past.Until = unix(r.ChangedAt)
			break
		}
		last[uint64(r.Idx)], past.Version, past.From = statuslist.Status(r.Status), r.Version, unix(r.ChangedAt)
	}
	for i, is := range last {
		past.Entries = append(past.Entries, status.Entry{Index: i, Status: is})
	}
	return past, nil
}

// Revoke revokes an issuance of a person, for good. issuance.ErrNotFound when the person has no such issuance, when it is revoked
// already and when it has expired.
func (s *Store) Revoke(ctx context.Context, personID, id string, at time.Time) error {
	_, err := s.Change(ctx, issuance.Change{
		Issuances: []string{id}, To: statuslist.Invalid, Person: personID, By: issuance.RolePerson, Actor: audit.Person(personID), At: at,
	})
	return err
}

// Change sets the status of every copy of issuances, records it, and tells of how many. One that is revoked, has expired, or is
// not as the change wants it is left as it is: what is restored must be suspended, and by the person when the person restores it.
// When none is changed, issuance.ErrNotFound, or issuance.ErrNotSuspendable when the list of the first does not know that.
func (s *Store) Change(ctx context.Context, c issuance.Change) (changed int, err error) {
	err = s.db.Write(ctx, func(tx *database.Tx) error {
		if changed, err = s.change(tx, c); err == nil && changed == 0 {
			err = whyNot(tx, c)
		}
		return err
	})
	return changed, err
}

// steps are what a change does to the record, and what the record must be for it, beside what holds for each.
var steps = map[statuslist.Status]struct {
	set, must     string
	kind, outcome string
}{
	statuslist.Invalid: {"revoked_at = ?, suspended_at = 0, suspended_by = ''", "", issuance.KindRevoke, "revoked"},
	// A case worker takes over what the person has suspended.
	statuslist.Suspended: {"suspended_at = ?, suspended_by = ?",
		" AND (suspended_at = 0 OR suspended_by = 'person' AND CAST(? AS TEXT) <> 'person')" + onWiderList, issuance.KindSuspend, "suspended"},
	statuslist.Valid: {"suspended_at = 0, suspended_by = ''",
		" AND suspended_at <> 0 AND (suspended_by = 'person' OR CAST(? AS TEXT) <> 'person')", issuance.KindRestore, "restored"},
}

const onWiderList = ` AND EXISTS (SELECT 1 FROM issuer_status_entries e JOIN issuer_status_lists l ON l.id = e.list_id
	WHERE e.issuance_id = issuer_issuances.id AND l.bits > 1)`

// change goes through all issuances first, then through their lists, each in the order of their IDs, and writes the audit entries last:
// whoever else changes a status takes the same rows in the same order, and waits where another would be waited for (PostgreSQL).
func (s *Store) change(tx *database.Tx, c issuance.Change) (int, error) {
	var events []audit.Event
	var ids []string
	for _, id := range slices.Sorted(slices.Values(c.Issuances)) {
		id = database.Storable(id)
		person, err := setRecord(tx, id, c)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("store: changing a status: %w", err)
		}
		events, ids = append(events, eventOf(c, id, person)), append(ids, id)
	}
	if err := setEntries(tx, ids, c); err != nil {
		return 0, err
	}
	for _, e := range events {
		if err := s.record(tx, e); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// setRecord changes the record of one issuance if it may be changed, and gives whose it is; sql.ErrNoRows if not.
func setRecord(tx *database.Tx, id string, c issuance.Change) (person string, err error) {
	step := steps[c.To]
	var set, must []any
	switch c.To {
	case statuslist.Invalid:
		set = []any{c.At.Unix()}
	case statuslist.Suspended:
		set, must = []any{c.At.Unix(), string(c.By)}, []any{string(c.By)}
	default:
		must = []any{string(c.By)}
	}
	query := "UPDATE issuer_issuances SET " + step.set + " WHERE id = ? AND state = ? AND revoked_at = 0 AND expires_at > ?"
	args := append(set, id, string(issuance.StateIssued), c.At.Unix())
	if c.Person != "" {
		query, args = query+" AND person_id = ?", append(args, c.Person)
	}
	err = tx.Row(query+step.must+" RETURNING person_id", append(args, must...), &person)
	return person, err
}

func eventOf(c issuance.Change, id, person string) audit.Event {
	step := steps[c.To]
	e := audit.Event{At: c.At, Kind: step.kind, Actor: c.Actor, Subject: audit.Person(person), Object: id, Outcome: step.outcome}
	if c.Reason != "" {
		e.Details = map[string]string{"reason": c.Reason}
	}
	return e
}

// idPart is how many IDs a statement names: of somebody who has many, all are changed, and the statements are of few lengths.
const idPart = 50

// setEntries sets the status of every copy of issuances, and notes the change of their lists.
func setEntries(tx *database.Tx, ids []string, c issuance.Change) error {
	var lists []string
	for part := range slices.Chunk(ids, idPart) {
		of, err := setPart(tx, part, c.To)
		if err != nil {
			return err
		}
		lists = append(lists, of...)
	}
	slices.Sort(lists)
	for _, list := range slices.Compact(lists) {
		if _, err := tx.Exec("UPDATE issuer_status_lists SET version = version + 1 WHERE id = ?", list); err != nil {
			return fmt.Errorf("store: marking the status list as changed: %w", err)
		}
	}
	for part := range slices.Chunk(ids, idPart) {
		_, err := tx.Exec(`INSERT INTO issuer_status_changes (list_id, version, idx, status, changed_at)
			SELECT e.list_id, l.version, e.idx, e.status, CAST(? AS BIGINT) FROM issuer_status_entries e
			JOIN issuer_status_lists l ON l.id = e.list_id WHERE e.issuance_id IN (`+placeholders(len(part), "?")+")",
			append([]any{c.At.Unix()}, anyOf(part)...)...)
		if err != nil {
			return fmt.Errorf("store: noting the change of a status list: %w", err)
		}
	}
	return nil
}

// setPart sets the status of every copy of some issuances, and gives the lists that they are on.
func setPart(tx *database.Tx, ids []string, to statuslist.Status) (lists []string, err error) {
	these, args := "("+placeholders(len(ids), "?")+")", anyOf(ids)
	if _, err := tx.Exec("UPDATE issuer_status_entries SET status = ? WHERE issuance_id IN "+these, append([]any{int(to)}, args...)...); err != nil {
		return nil, fmt.Errorf("store: setting the status: %w", err)
	}
	var list string
	err = tx.Each("SELECT DISTINCT list_id FROM issuer_status_entries WHERE issuance_id IN "+these, args, []any{&list}, func() error {
		lists = append(lists, list)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: reading status lists: %w", err)
	}
	return lists, nil
}

func anyOf(ids []string) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return args
}

// whyNot tells apart what can never be suspended.
func whyNot(tx *database.Tx, c issuance.Change) error {
	if c.To != statuslist.Suspended || len(c.Issuances) == 0 {
		return issuance.ErrNotFound
	}
	var bits int64
	err := tx.Row(`SELECT max(l.bits) FROM issuer_status_entries e JOIN issuer_status_lists l ON l.id = e.list_id
		JOIN issuer_issuances i ON i.id = e.issuance_id WHERE i.id = ? AND (CAST(? AS TEXT) = '' OR i.person_id = ?) GROUP BY i.id`,
		[]any{database.Storable(c.Issuances[0]), c.Person, c.Person}, &bits)
	if err == nil && bits == 1 {
		return issuance.ErrNotSuspendable
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("store: reading a status list: %w", err)
	}
	return issuance.ErrNotFound
}
