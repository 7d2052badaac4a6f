package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/issuer/cases"
	"lommebok.example/issuer/issuance"
	"lommebok.example/specs/statuslist"
)

var _ cases.Store = (*Store)(nil)

// inBulk gives which issuances a bulk changes still: what has been changed is among them no longer, so a bulk is carried out by
// taking of them until there are none.
func inBulk(b cases.Bulk, at time.Time) (where string, args []any) {
	where = "issued_at >= ? AND issued_at < ? AND state = ? AND revoked_at = 0 AND expires_at > ?"
	args = []any{b.From.Unix(), b.Until.Unix(), string(issuance.StateIssued), at.Unix()}
	for _, by := range []struct{ column, value string }{
		{"configuration_id", b.ConfigurationID}, {"client_id", b.ClientID}, {"wallet_provider", b.WalletProvider}, {"signer", b.Signer},
	} {
		switch {
		case by.value != database.Storable(by.value):
			where += " AND 1 = 0" // nothing has such a name, and "" would be all
		case by.value != "":
			where, args = where+" AND "+by.column+" = ?", append(args, by.value)
		}
	}
	if b.To == statuslist.Suspended {
		where += " AND (suspended_at = 0 OR suspended_by = 'person')" + onWiderList
	}
	return where, args
}

// Count implements cases.Store.
func (s *Store) Count(ctx context.Context, b cases.Bulk, at time.Time, most int) (int, error) {
	where, args := inBulk(b, at)
	return s.count(ctx, where, args, most)
}

// Unknown implements cases.Store. What was issued before key and provider were kept has no signer; everything since has.
func (s *Store) Unknown(ctx context.Context, b cases.Bulk, at time.Time, most int) (int, error) {
	b.WalletProvider, b.Signer = "", ""
	where, args := inBulk(b, at)
	return s.count(ctx, where+" AND signer = ''", args, most)
}

func (s *Store) count(ctx context.Context, where string, args []any, most int) (int, error) {
	var n int64
	err := s.db.Row(ctx, "SELECT count(*) FROM (SELECT 1 FROM issuer_issuances WHERE "+where+" LIMIT ?) AS counted", append(args, most), &n)
	if err != nil {
		return 0, fmt.Errorf("store: counting issuances: %w", err)
	}
	return int(n), nil
}

// maxProviders bounds how many wallet providers can be chosen.
const maxProviders = 100

// Providers implements cases.Store. It goes from each name to the next in their index, however many issuances each has.
func (s *Store) Providers(ctx context.Context) ([]string, error) {
	var all []string
	for last := ""; len(all) < maxProviders; all = append(all, last) {
		err := s.db.Row(ctx, `SELECT wallet_provider FROM issuer_issuances WHERE wallet_provider <> '' AND wallet_provider > ?
			ORDER BY wallet_provider LIMIT 1`, []any{last}, &last)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("store: reading wallet providers: %w", err)
		}
	}
	return all, nil
}

// Propose implements cases.Store.
func (s *Store) Propose(ctx context.Context, b cases.Bulk) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO issuer_bulks (id, to_status, reason, configuration_id, client_id, wallet_provider, signer, issued_from, issued_until,
			matching, changed, state, proposed_by, proposed_at, decided_by, decided_at, ends_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, '', 0, ?)`,
			b.ID, int64(b.To), b.Reason, b.ConfigurationID, b.ClientID, b.WalletProvider, b.Signer, b.From.Unix(), b.Until.Unix(), b.Matching, string(b.State), b.ProposedBy,
			b.ProposedAt.Unix(), b.Ends.Unix())
		if err != nil {
			return fmt.Errorf("store: writing a proposal: %w", err)
		}
		return s.record(tx, audit.Event{
			At: b.ProposedAt, Kind: cases.KindPropose, Actor: audit.Person(b.ProposedBy), Subject: audit.Person(b.ProposedBy), Object: b.ID, Outcome: string(b.State),
			Details: map[string]string{
				"configuration": b.ConfigurationID, "client_id": b.ClientID, "wallet_provider": b.WalletProvider, "signer": b.Signer, "reason": b.Reason, "to": strconv.Itoa(int(b.To)), "matching": strconv.Itoa(b.Matching),
				"from": b.From.UTC().Format(time.DateOnly), "until": b.Until.UTC().Format(time.RFC3339),
			},
		})
	})
}

// bulkRow is a row of issuer_bulks.
type bulkRow struct {
	ID, Reason, State, ProposedBy, DecidedBy                                            string
	ConfigurationID, ClientID, WalletProvider, Signer                                   string
	ToStatus, IssuedFrom, IssuedUntil, Matching, Changed, ProposedAt, DecidedAt, EndsAt int64
}

func (r bulkRow) bulk() cases.Bulk {
	return cases.Bulk{
		ID: r.ID, To: statuslist.Status(r.ToStatus), Reason: r.Reason, ConfigurationID: r.ConfigurationID, ClientID: r.ClientID, WalletProvider: r.WalletProvider, Signer: r.Signer,
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

// Step implements cases.Store. The row of the bulk is taken first, so that of several processes one carries out a step at a time.
func (s *Store) Step(ctx context.Context, at time.Time) (more bool, err error) {
	var rows []bulkRow
	err = s.db.R.WithContext(ctx).Raw("SELECT * FROM issuer_bulks WHERE state = ? ORDER BY decided_at, id LIMIT 1", string(cases.Approved)).Scan(&rows).Error
	if err != nil {
		return false, fmt.Errorf("store: reading what was approved: %w", err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	b, last := rows[0].bulk(), ""
	err = s.db.Write(ctx, func(tx *database.Tx) (err error) {
		last, err = s.step(tx, b, at)
		return err
	})
	if err == nil {
		s.reached.set(b.ID, last)
	}
	return err == nil, err
}

// reached is how far this process has come in the bulk that is being carried out, so that no step goes over what the steps before it have
// changed. It says only where to begin: when nothing is found from there on, a step looks once more from the beginning.
type reached struct {
	sync.Mutex
	bulk, last string
}

func (r *reached) of(bulk string) string {
	r.Lock()
	defer r.Unlock()
	if r.bulk != bulk {
		return ""
	}
	return r.last
}

func (r *reached) set(bulk, last string) {
	r.Lock()
	defer r.Unlock()
	r.bulk, r.last = bulk, last
}

// step gives the last issuance of what it has changed, in the order of their IDs; "" when there was none.
func (s *Store) step(tx *database.Tx, b cases.Bulk, at time.Time) (last string, err error) {
	err = tx.Row("UPDATE issuer_bulks SET changed = changed WHERE id = ? AND state = ? RETURNING changed", []any{b.ID, string(cases.Approved)}, &b.Changed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil // another process has done the last step
	}
	if err != nil {
		return "", fmt.Errorf("store: carrying out: %w", err)
	}
	after := s.reached.of(b.ID)
	ids, err := matching(tx, b, after, at)
	if err == nil && len(ids) == 0 && after != "" {
		ids, err = matching(tx, b, "", at)
	}
	if err != nil {
		return "", err
	}
	if len(ids) == 0 {
		return "", s.bulkDone(tx, b, at)
	}
	n, err := s.change(tx, issuance.Change{
		Issuances: ids, To: b.To, By: issuance.RoleCaseWorker, Actor: audit.Person(b.DecidedBy), Reason: b.Reason, At: at,
	})
	if err != nil {
		return "", err
	}
	if _, err := tx.Exec("UPDATE issuer_bulks SET changed = changed + ? WHERE id = ?", n, b.ID); err != nil {
		return "", fmt.Errorf("store: carrying out: %w", err)
	}
	return ids[len(ids)-1], nil
}

func (s *Store) bulkDone(tx *database.Tx, b cases.Bulk, at time.Time) error {
	if _, err := tx.Exec("UPDATE issuer_bulks SET state = ? WHERE id = ?", string(cases.Done), b.ID); err != nil {
		return fmt.Errorf("store: carrying out: %w", err)
	}
	return s.record(tx, audit.Event{
		At: at, Kind: cases.KindDone, Actor: audit.Person(b.DecidedBy), Subject: audit.Person(b.DecidedBy), Object: b.ID, Outcome: string(cases.Done),
		Details: map[string]string{"changed": strconv.Itoa(b.Changed)},
	})
}

// matching are some of the issuances behind one that a bulk changes still. What somebody else changes at this moment may be among them; change
// leaves that as it is.
func matching(tx *database.Tx, b cases.Bulk, after string, at time.Time) ([]string, error) {
	var ids []string
	var id string
	where, args := inBulk(b, at)
	err := tx.Each("SELECT id FROM issuer_issuances WHERE "+where+" AND id > ? ORDER BY id LIMIT ?", append(args, after, bulkStep), []any{&id}, func() error {
		ids = append(ids, id)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: finding what to change: %w", err)
	}
	return ids, nil
}
