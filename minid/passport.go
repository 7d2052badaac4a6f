package minid

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// PassportCheck sends people elsewhere to have the chip of their passport read and their face compared with it.
type PassportCheck interface {
	// Start gives the address, below Home, where the person goes on. state comes back with them.
	Start(ctx context.Context, state string) (address string, err error)
	// Result is what was found: ErrPassport when chip and face were not found to be somebody's.
	Result(ctx context.Context, state string) (*PassportResult, error)
	Home() string
}

// PassportResult says whose passport and face were checked. Reference leads whoever checked to the evidence.
type PassportResult struct{ PID, Reference string }

// PassportStore keeps the checks under way, by the hash of their state.
type PassportStore interface {
	// PutPassportCheck replaces the person's earlier checks.
	PutPassportCheck(ctx context.Context, id, personID string, expires time.Time) error
	// TakePassportCheck spends a live check of the person, and proofs them, who must be proofed as they were read: ErrPassport.
	// With endApp their app ends; the last second factor that works stays: ErrLastFactor, see RemoveFactor. All or nothing.
	TakePassportCheck(ctx context.Context, id string, was *Person, p Proofing, endApp bool, most int, sms bool) error
}

// ErrPassport: the check did not show that the session's person holds the passport, is over, or was used.
var ErrPassport = errors.New("minid: the passport check is not good for this person")

// PassportHelps tells whether a check of the passport would bring somebody to a level whom their proofing keeps below.
func (c *Core) PassportHelps(b Basis, need Level) bool {
	passport := c.levels().OfBasis(BasisPassport)
	return c.Passport != nil && passport > c.levels().OfBasis(b) && passport >= need
}

// StartPassport begins a check and gives the address where the person goes on. It takes a session at any level whose login
// is fresh: what is proved is shown by passport and face. ErrPassport when it would raise nothing, ErrNoSession,
// ErrSessionTooOld.
func (c *Core) StartPassport(ctx context.Context, session string) (address string, err error) {
	now, l := c.now(), c.limits()
	r, p, err := c.session(ctx, session, now)
	switch {
	case err != nil:
		return "", err
	case !c.PassportHelps(p.Proofing.Basis, LevelNone):
		return "", ErrPassport
	case now.Sub(r.AuthTime) > l.ChangeLogin:
		return "", ErrSessionTooOld
	}
	state := newSecret()
	if err := c.Store.PutPassportCheck(ctx, hashSecret(state), p.ID, now.Add(l.PassportCheck)); err != nil {
		return "", err
	}
	c.event(ctx, "passport check started", p.ID)
	return c.Passport.Start(ctx, state)
}

// FinishPassport takes what came of a check that the session's person began. The person is proofed by passport from then
// on, and signs in anew. ErrPassport, ErrLastFactor, ErrNoSession.
func (c *Core) FinishPassport(ctx context.Context, session, state string) error {
	now, l := c.now(), c.limits()
	_, p, err := c.session(ctx, session, now)
	if err != nil {
		return err
	}
	if !c.PassportHelps(p.Proofing.Basis, LevelNone) {
		return ErrPassport
	}
	result, err := c.Passport.Result(ctx, state)
	if err != nil {
		if c.Log != nil {
			c.Log.WarnContext(ctx, "passport check refused", "person", p.ID, "cause", err)
		}
		return err
	}
	if result.PID != p.PID {
		c.event(ctx, "passport check of another person", p.ID)
		return fmt.Errorf("%w: it is another person's", ErrPassport)
	}
	proofing := Proofing{Basis: BasisPassport, At: now, Evidence: "passport check " + result.Reference}
	endApp := c.levelWithApp(BasisPassport) > c.levelWithApp(p.Proofing.Basis)
	if err := c.Store.TakePassportCheck(ctx, hashSecret(state), p, proofing, endApp, l.TOTPFailures, c.Sender != nil); err != nil {
		return err
	}
	c.event(ctx, "proofed by passport", p.ID)
	c.tell(ctx, p, MessageProofed, "")
	return nil
}
