package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/issuer/issuance"
)

// Amiss is something that a check of the records has found.
type Amiss struct {
	What   string // which rule
	Where  string // an issuance, a status list with an index, or an audit entry
	Detail string
}

// unfinishedAfter is how long an issuance may take.
const unfinishedAfter = 5 * time.Minute

// rule finds rows that are amiss: each gives where, and a detail.
type rule struct {
	what, query string
	args        func(now time.Time) []any
}

var rules = []rule{
	{"intent never finished", `SELECT id AS at, 'of ' || issued_at AS detail FROM issuer_issuances WHERE state = 'intent' AND issued_at < ?`,
		func(now time.Time) []any { return []any{now.Add(-unfinishedAfter).Unix()} }},
	{"state unknown", `SELECT id AS at, state AS detail FROM issuer_issuances WHERE state NOT IN ('intent', 'issued', 'failed')`, nil},
	{"level unknown", `SELECT id AS at, level AS detail FROM issuer_issuances WHERE level NOT IN ('low', 'substantial', 'high')`, nil},
	{"revoked wrongly", `SELECT id AS at, 'at ' || revoked_at AS detail FROM issuer_issuances
		WHERE revoked_at <> 0 AND (revoked_at < issued_at OR revoked_at >= expires_at OR state <> 'issued')`, nil},
	{"index given twice", `SELECT list_id || '/' || idx AS at, count(*) || ' times' AS detail FROM issuer_status_entries
		GROUP BY list_id, idx HAVING count(*) > 1`, nil},
	{"index outside its list", `SELECT e.list_id || '/' || e.idx AS at, e.issuance_id AS detail FROM issuer_status_entries e
		LEFT JOIN issuer_status_lists l ON l.id = e.list_id WHERE l.id IS NULL OR e.idx < 0 OR e.idx >= l.size`, nil},
	{"index of nothing", `SELECT e.list_id || '/' || e.idx AS at, e.issuance_id AS detail FROM issuer_status_entries e
		LEFT JOIN issuer_issuances i ON i.id = e.issuance_id WHERE i.id IS NULL`, nil},
	{"status unknown", `SELECT list_id || '/' || idx AS at, 'status ' || status AS detail FROM issuer_status_entries WHERE status NOT IN (0, 1, 2)`, nil},
	{"list counted wrongly", `SELECT l.id AS at, l.allocated || ' counted' AS detail FROM issuer_status_lists l
		WHERE l.allocated < (SELECT count(*) FROM issuer_status_entries e WHERE e.list_id = l.id) OR l.allocated > l.size`, nil},
	{"copies without index", `SELECT i.id AS at, i.copies || ' copies, ' || coalesce(e.n, 0) || ' indices' AS detail FROM issuer_issuances i
		LEFT JOIN (SELECT issuance_id, count(*) AS n FROM issuer_status_entries GROUP BY issuance_id) e ON e.issuance_id = i.id
		WHERE i.copies < 1 OR coalesce(e.n, 0) <> i.copies`, nil},
	{"status not the record's", `SELECT i.id AS at, 'revoked at ' || i.revoked_at || ', status ' || e.status AS detail FROM issuer_issuances i
		JOIN issuer_status_entries e ON e.issuance_id = i.id
		WHERE e.status <> CASE WHEN i.revoked_at <> 0 THEN 1 WHEN i.suspended_at <> 0 THEN 2 ELSE 0 END`, nil},
	{"suspended wrongly", `SELECT id AS at, 'by ' || suspended_by AS detail FROM issuer_issuances
		WHERE (suspended_at <> 0) <> (suspended_by IN ('person', 'case_worker')) OR suspended_at <> 0 AND (revoked_at <> 0 OR state <> 'issued')`, nil},
	{"status without its change", `SELECT e.list_id || '/' || e.idx AS at, 'status ' || e.status AS detail FROM issuer_status_entries e
		WHERE e.status <> coalesce((SELECT c.status FROM issuer_status_changes c WHERE c.list_id = e.list_id AND c.idx = e.idx
		ORDER BY c.version DESC LIMIT 1), 0)`, nil},
	{"intent without audit entry", without(issuance.KindIntent, "'intent'", "1 = 1"), nil},
	{"result without audit entry", without(issuance.KindResult, "i.state", "i.state IN ('issued', 'failed')"), nil},
	{"suspension without audit entry", without(issuance.KindSuspend, "'suspended'", "i.suspended_at <> 0"), nil},
	{"revocation without audit entry", without(issuance.KindRevoke, "'revoked'", "i.revoked_at <> 0"), nil},
	{"notification without audit entry", without(issuance.KindNotify, "i.notified", "i.notified <> ''"), nil},
}

// without finds the issuances of a kind that the audit log does not tell of with this outcome.
func without(kind, outcome, which string) string {
	return `SELECT i.id AS at, 'state ' || i.state AS detail FROM issuer_issuances i
		LEFT JOIN (SELECT object, outcome FROM issuer_audit_entries WHERE kind = '` + kind + `') a ON a.object = i.id AND a.outcome = ` + outcome + `
		WHERE ` + which + ` AND a.object IS NULL`
}

// Check reads every record of an issuance, of the status lists and of the audit log, and gives what is amiss. validity tells how
// long a credential of a configuration holds, zero when there is no such configuration any more.
func (s *Store) Check(ctx context.Context, now time.Time, validity func(configuration string) time.Duration) ([]Amiss, error) {
	var found []Amiss
	for _, r := range rules {
		var rows []struct{ At, Detail string }
		var args []any
		if r.args != nil {
			args = r.args(now)
		}
		if err := s.db.R.WithContext(ctx).Raw(r.query, args...).Scan(&rows).Error; err != nil {
			return nil, fmt.Errorf("store: check, %s: %w", r.what, err)
		}
		for _, row := range rows {
			found = append(found, Amiss{r.what, row.At, row.Detail})
		}
	}
	for _, check := range []func(ctx context.Context, now time.Time, validity func(string) time.Duration) ([]Amiss, error){
		s.checkLives, s.checkAuditRows, s.checkChain,
	} {
		more, err := check(ctx, now, validity)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// checkLives compares when a credential ends with what its type says: so long after the day it was issued on began.
func (s *Store) checkLives(ctx context.Context, _ time.Time, validity func(string) time.Duration) ([]Amiss, error) {
	var found []Amiss
	after := ""
	for {
		var rows []struct {
			ID, ConfigurationID string
			IssuedAt, ExpiresAt int64
		}
		err := s.db.R.WithContext(ctx).Raw(`SELECT id, configuration_id, issued_at, expires_at FROM issuer_issuances
			WHERE id > ? ORDER BY id LIMIT 1000`, after).Scan(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("store: check: %w", err)
		}
		if len(rows) == 0 {
			return found, nil
		}
		for _, row := range rows {
			day := row.IssuedAt - row.IssuedAt%86400
			if life := validity(row.ConfigurationID); row.ExpiresAt <= row.IssuedAt || life != 0 && row.ExpiresAt-day != int64(life/time.Second) {
				found = append(found, Amiss{"expired wrongly", row.ID, "issued " + strconv.FormatInt(row.IssuedAt, 10) + ", ends " + strconv.FormatInt(row.ExpiresAt, 10)})
			}
			after = row.ID
		}
	}
}

// checkAuditRows finds entries of issuances whose record is gone before its time.
func (s *Store) checkAuditRows(ctx context.Context, now time.Time, _ func(string) time.Duration) ([]Amiss, error) {
	var rows []struct{ Object, Details string }
	err := s.db.R.WithContext(ctx).Raw(`SELECT a.object, a.details FROM issuer_audit_entries a
		LEFT JOIN issuer_issuances i ON i.id = a.object WHERE a.kind = ? AND i.id IS NULL`, issuance.KindIntent).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("store: check: %w", err)
	}
	var found []Amiss
	for _, row := range rows {
		var details struct{ Expires time.Time }
		if err := json.Unmarshal([]byte(row.Details), &details); err != nil || now.Before(details.Expires.Add(keepAfterExpiry)) {
			found = append(found, Amiss{"audit entry without record", row.Object, "ends " + details.Expires.Format(time.RFC3339)})
		}
	}
	return found, nil
}

// checkChain reads the whole audit log.
func (s *Store) checkChain(ctx context.Context, _ time.Time, _ func(string) time.Duration) ([]Amiss, error) {
	var head audit.Head
	tampered := ""
	err := s.entries(ctx, 0, func(e audit.Entry) error {
		next, err := head.Follow(e)
		switch {
		case err != nil && tampered == "":
			tampered = err.Error()
		case tampered == "":
			head = next
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	last, err := s.lastCheckpoint(ctx)
	if err != nil {
		return nil, err
	}
	if tampered == "" && last > head.Seq {
		tampered = "there is a checkpoint of " + strconv.FormatInt(last, 10)
	}
	if tampered == "" {
		return nil, nil
	}
	return []Amiss{{"audit log tampered with", "after entry " + strconv.FormatInt(head.Seq, 10), tampered}}, nil
}
