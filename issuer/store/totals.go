package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/issuer/issuance"
)

// Total is how much of one credential configuration there is.
type Total struct {
	ConfigurationID                             string
	Issued, Failed, Revoked, Suspended, Waiting int64
}

// Totals counts what is kept, by configuration.
func (s *Store) Totals(ctx context.Context, at time.Time) ([]Total, error) {
	var totals []Total
	err := s.db.R.WithContext(ctx).Raw(`SELECT configuration_id,
		sum(CASE WHEN state = ? THEN 1 ELSE 0 END) AS issued, sum(CASE WHEN state = ? THEN 1 ELSE 0 END) AS failed,
		sum(CASE WHEN revoked_at <> 0 THEN 1 ELSE 0 END) AS revoked, sum(CASE WHEN suspended_at <> 0 THEN 1 ELSE 0 END) AS suspended, 0 AS waiting
		FROM issuer_issuances GROUP BY configuration_id ORDER BY configuration_id`,
		string(issuance.StateIssued), string(issuance.StateFailed)).Scan(&totals).Error
	if err != nil {
		return nil, fmt.Errorf("store: counting: %w", err)
	}
	var waiting []Total
	err = s.db.R.WithContext(ctx).Raw(`SELECT configuration_id, count(*) AS waiting FROM issuer_deferred WHERE expires_at > ?
		GROUP BY configuration_id ORDER BY configuration_id`, at.Unix()).Scan(&waiting).Error
	if err != nil {
		return nil, fmt.Errorf("store: counting: %w", err)
	}
	for _, w := range waiting {
		found := false
		for i := range totals {
			if totals[i].ConfigurationID == w.ConfigurationID {
				totals[i].Waiting, found = w.Waiting, true
			}
		}
		if !found {
			totals = append(totals, w)
		}
	}
	return totals, nil
}

// ErrCutOff: the log ends before an entry that a checkpoint was signed for.
var ErrCutOff = fmt.Errorf("%w at the end", audit.ErrMissing)

// ErrNotVerified: why the audit log was not verified says nothing about the log.
var ErrNotVerified = errors.New("store: the audit log was not verified")

// VerifyAudit reads the audit log from its first entry on, with every checkpoint, as a copy of it would be verified: ErrCutOff, and the
// errors of audit.Verify. ErrNotVerified when it could not be read to its end, or is being verified already.
func (s *Store) VerifyAudit(ctx context.Context, log string, at time.Time, sealer audit.Sealer, open audit.Opener) (audit.Verified, error) {
	if !s.verifying.TryLock() {
		return audit.Verified{}, fmt.Errorf("%w: it is being verified already", ErrNotVerified)
	}
	defer s.verifying.Unlock()
	covered, err := s.lastCheckpoint(ctx) // first: others add to both meanwhile
	if err != nil {
		return audit.Verified{}, fmt.Errorf("%w: %w", ErrNotVerified, err)
	}
	from, to := io.Pipe()
	defer func() { _ = from.Close() }() // so that who writes ends with who reads
	go func() {
		copied, err := audit.NewWriter(to, sealer.Key())
		if err == nil {
			err = s.ExportAudit(ctx, copied, log, at, sealer)
		}
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrNotVerified, err) // is what the reader gets
		}
		_ = to.CloseWithError(err) // always nil
	}()
	v, err := audit.Verify(from, open)
	if err == nil && covered > v.Last.Seq {
		err = ErrCutOff
	}
	return v, err
}

// AuditEnds gives the number of the last entry of the audit log, and of the last that a signed checkpoint covers; 0 for none.
func (s *Store) AuditEnds(ctx context.Context) (last, covered int64, err error) {
	if covered, err = s.lastCheckpoint(ctx); err != nil {
		return 0, 0, fmt.Errorf("store: audit: %w", err)
	}
	if err = s.db.Row(ctx, "SELECT coalesce(max(seq), 0) FROM issuer_audit_entries", nil, &last); err != nil {
		return 0, 0, fmt.Errorf("store: audit: %w", err)
	}
	return last, covered, nil
}
