package wallets

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"lommebok.example/specs/attestation"
)

// Every is how often a status is looked up (EUDI TS3 section 2.4.3: at least once every 24 hours), with room for a list that
// cannot be had at the first try.
const Every = 20 * time.Hour

const (
	// retry is when a status is looked up again that could not be known, or whose replica ended while it looked.
	retry = 15 * time.Minute
	// step is how many are looked at at a time.
	step = 100
)

// Watched is an issuance that stands and falls with a status: of the wallet unit that it went to, or of its key storage.
type Watched struct {
	IssuanceID string
	Status     attestation.Status
}

// Store keeps what is watched.
type Store interface {
	// ClaimWatched gives at most limit of what is due at the time at, to one caller, and makes it due again at next.
	ClaimWatched(ctx context.Context, at, next time.Time, limit int) ([]Watched, error)
	// SeenGood makes it due again at next.
	SeenGood(ctx context.Context, w Watched, next time.Time) error
	// RevokeWatched revokes the issuance for good and ends the watch; false when it had been revoked or had expired.
	RevokeWatched(ctx context.Context, issuanceID string, at time.Time) (bool, error)
}

// Checker looks a status up; Statuses is one.
type Checker interface {
	Check(ctx context.Context, s *attestation.Status, at time.Time) error
}

// Watch is the daily check. Any number of replicas may run it: each status that is due is claimed by one of them.
type Watch struct {
	Every    time.Duration // 0: Every
	Store    Store
	Statuses Checker
	Now      func() time.Time
	Log      *slog.Logger
}

// Run looks at everything that is due, and ends when nothing is left. A list that cannot be had revokes nothing: it is tried
// again, and told in the log.
func (w *Watch) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		now := w.Now()
		due, err := w.Store.ClaimWatched(ctx, now, now.Add(min(retry, cmp.Or(w.Every, Every))), step)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, one := range due {
			if err := w.look(ctx, one, now); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (w *Watch) look(ctx context.Context, one Watched, now time.Time) error {
	err := w.Statuses.Check(ctx, &one.Status, now)
	switch {
	case err == nil, errors.Is(err, attestation.ErrSuspended): // a suspension may end: it is no revocation
		return w.Store.SeenGood(ctx, one, now.Add(cmp.Or(w.Every, Every)))
	case !errors.Is(err, attestation.ErrRevoked):
		w.Log.Error("the status of a wallet unit cannot be known", "issuance", one.IssuanceID, "cause", err)
		return nil
	}
	revoked, err := w.Store.RevokeWatched(ctx, one.IssuanceID, now)
	if err == nil && revoked {
		w.Log.Info("revoked, because the wallet provider has revoked the wallet unit", "issuance", one.IssuanceID)
	}
	return err
}
