package minid

import (
	"context"
	"slices"
	"time"
)

// inviteEvery is how long an invitation to a safer factor is not repeated.
const inviteEvery = 30 * 24 * time.Hour

// Remember notes that the person wants to log in with this second factor from now on. It holds when the sign-in is
// finished with it. ErrStep when the factor is none of theirs, ErrExpired.
func (c *Core) Remember(ctx context.Context, signIn string, f Factor) error {
	now := c.now()
	s, d, _, err := c.at(ctx, signIn, now, StepTOTP, StepApp, StepSMS, StepRecovery)
	if err != nil {
		return err
	}
	if f == FactorRecovery || f != d.factor && !slices.Contains(d.others, f) {
		return ErrStep
	}
	return c.Store.RememberFactor(ctx, s.ID, f, now)
}

// Invitation is to a second factor that is safer than what the person has.
type Invitation struct {
	PINDropped bool // they had PIN codes, which are not in use any more
	Recovery   bool // they signed in with a recovery code: another factor is due
}

// Invite says whether the person of a session is to be invited to TOTP or the app. Who used a recovery code always is;
// others are not (nil) when they have one of them, were
// invited lately, or did not use SMS. Of any number of callers one is told to invite. ErrNoSession.
func (c *Core) Invite(ctx context.Context, session string) (*Invitation, error) {
	now := c.now()
	r, person, err := c.session(ctx, session, now)
	if err != nil {
		return nil, err
	}
	if slices.Contains(r.Factors, FactorRecovery) {
		return &Invitation{Recovery: true}, nil
	}
	if !person.PINDropped && !slices.Contains(r.Factors, FactorSMS) {
		return nil, nil
	}
	have, err := c.SecondFactors(ctx, r.PersonID)
	if err != nil || slices.Contains(have, FactorTOTP) || slices.Contains(have, FactorApp) {
		return nil, err
	}
	due, err := c.Store.TakeInvitation(ctx, r.PersonID, now, now.Add(inviteEvery))
	if err != nil || !due {
		return nil, err
	}
	return &Invitation{PINDropped: person.PINDropped}, nil
}
