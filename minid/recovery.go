package minid

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Recovery codes are for who has lost the phone. A code on paper is possession, single use and dynamic (CIR (EU)
// 2015/1502 annex 2.3.1), so with the password it is worth substantial, as TOTP is, and never high: nothing protects it
// against being copied. At low it would help nobody, since a new factor is added at substantial.

// RecoveryStore keeps recovery codes, as keyed hashes.
type RecoveryStore interface {
	// PutRecoveryCodes replaces the person's codes, forgets the failures, and records KindFactorAdded.
	PutRecoveryCodes(ctx context.Context, personID string, codes []string, at time.Time) error
	// RecoveryLeft is how many can be used: none after most failures in a row.
	RecoveryLeft(ctx context.Context, personID string, most int) (int, error)
	// RaiseRecoveryFailure counts one more failure; false when there is no code or they are disabled.
	RaiseRecoveryFailure(ctx context.Context, personID string, most int) (bool, error)
	// PassRecovery takes a code, forgets the failures, and passes the factor in a live sign-in: all or nothing.
	// ErrWrongCode, ErrStep.
	PassRecovery(ctx context.Context, signInID, personID, code string, at time.Time) error
}

// A person has ten recovery codes at most. A code has 60 random bits, so that the ten tries of Limits.RecoveryFailures
// find one of ten with odds of 1 to 10^16.
const (
	recoveryCodes  = 10
	recoveryLength = 12 // letters and digits of base32
)

// MakeRecoveryCodes makes ten codes in place of all earlier ones. They are given once and kept only as hashes. The old
// channels are told. ErrNoSession, ErrSessionTooLow, ErrSessionTooOld.
func (c *Core) MakeRecoveryCodes(ctx context.Context, session string) ([]string, error) {
	now := c.now()
	_, p, err := c.fresh(ctx, session, now)
	if err != nil {
		return nil, err
	}
	codes, hashes := make([]string, recoveryCodes), make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = pairingAlphabet.EncodeToString(randomBytes(8))[:recoveryLength]
		hashes[i] = c.hashRecovery(p.ID, codes[i])
	}
	if err := c.Store.PutRecoveryCodes(ctx, p.ID, hashes, now); err != nil {
		return nil, err
	}
	c.event(ctx, "recovery codes made", p.ID)
	c.tell(ctx, p, MessageRecoveryMade, "")
	return codes, nil
}

func (c *Core) hashRecovery(personID, code string) string {
	return c.Seal.Recognise("recovery code of "+personID, code)
}

// recoveryLeft is how many recovery codes a person can still use.
func (c *Core) recoveryLeft(ctx context.Context, personID string) (int, error) {
	return c.Store.RecoveryLeft(ctx, personID, c.limits().RecoveryFailures)
}

// Recovery takes a recovery code as second factor, once. It may be written in small letters, with spaces and hyphens. The
// failure is counted before the code is compared, and the person is told of its use. ErrWrongCode, ErrAddress, ErrStep,
// ErrExpired; the view comes with the error when there is a sign-in to show.
func (c *Core) Recovery(ctx context.Context, signIn, code string) (*View, error) {
	now := c.now()
	s, d, v, err := c.at(ctx, signIn, now, StepRecovery)
	if err != nil {
		return v, err
	}
	err = c.counted(ctx, now, func() error {
		inUse, err := c.Store.RaiseRecoveryFailure(ctx, s.PersonID, c.limits().RecoveryFailures)
		if err == nil && !inUse {
			err = ErrWrongCode
		}
		if err != nil {
			return err
		}
		return c.Store.PassRecovery(ctx, s.ID, s.PersonID, c.hashRecovery(s.PersonID, readPairingCode(strings.TrimSpace(code))), now)
	})
	switch {
	case err == nil:
		c.event(ctx, "recovery code accepted", s.PersonID)
		c.tell(ctx, d.person, MessageRecoveryUsed, "")
	case errors.Is(err, ErrWrongCode):
		c.event(ctx, "recovery code refused", s.PersonID)
	}
	return c.advance(ctx, signIn, now, err)
}

// withRecovery adds the recovery code to a decision between second factors: as the last way, since each code is used up.
// Where a code would not be enough for what is asked it is no way: the person would be left without phone one page later.
// It is the first way only for somebody who has no other that works.
func (t LevelTable) withRecovery(s standing, d decision) decision {
	if !s.recovery || slices.Contains(s.passed, FactorRecovery) {
		return d
	}
	if !slices.Contains(s.passed, FactorReset) && t.OfSession(s.basis, append(slices.Clone(s.passed), FactorRecovery)) < s.need {
		return d
	}
	switch {
	case d.step == StepUnreachable:
		d.step, d.factor, d.unreachable = StepRecovery, FactorRecovery, ""
	case stepOf[d.factor] == "": // no second factor is asked for
	case s.chosen == FactorRecovery:
		d.others = append([]Factor{d.factor}, d.others...)
		d.step, d.factor = StepRecovery, FactorRecovery
	default:
		d.others = append(d.others, FactorRecovery)
	}
	return d
}
