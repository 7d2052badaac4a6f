package minid

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

const maxNumber = 64 // bytes of an identity number as typed

// Password takes the identity number and the password. The answer and the work behind it are the same for a person
// who does not exist, a malformed number and a person who may not sign in: ErrWrong, and ErrQuarantined after too
// many of them in a row, for the right password too. ErrAddress, ErrBusy, ErrStep, ErrExpired.
// The view comes with the error when there is a sign-in to show.
func (c *Core) Password(ctx context.Context, signIn, pid, password string) (*View, error) {
	now := c.now()
	s, _, v, err := c.at(ctx, signIn, now, StepPassword)
	if err != nil {
		return v, err
	}
	personID, err := c.checkPassword(ctx, pid, password, now)
	if err == nil {
		err = c.Store.PassPassword(ctx, s.ID, personID, now)
	}
	return c.advance(ctx, signIn, now, err)
}

// checkPassword does the same for every number: it takes a slot, counts a failure of the address and of the number, and
// hashes. Only then does it tell apart what it found. An address that is refused costs the number nothing.
func (c *Core) checkPassword(ctx context.Context, pid, password string, now time.Time) (personID string, err error) {
	if len(password) > maxPassword || len(pid) > maxNumber {
		return "", ErrWrong
	}
	pid = strings.ReplaceAll(pid, " ", "")
	if err := c.checkAddress(ctx, now); err != nil {
		return "", err
	}
	release, err := c.Passwords.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	err = c.counted(ctx, now, func() error {
		personID, err = c.comparePassword(ctx, pid, password, now)
		return err
	})
	return personID, err
}

// comparePassword counts a failure of the number, and hashes. The caller holds a slot.
func (c *Core) comparePassword(ctx context.Context, pid, password string, now time.Time) (personID string, err error) {
	number := c.Seal.Recognise("identity number", pid)
	person, record, err := c.account(ctx, pid)
	if err != nil {
		return "", err
	}
	try, err := c.Store.RaisePasswordFailure(ctx, number, now, c.limits().Quarantine)
	if err != nil {
		return "", err
	}
	compared := record
	if !try.Allowed {
		compared = "" // the same work, and no comparison
	}
	right := c.Passwords.verify(compared, password)
	switch {
	case !try.Allowed:
		c.event(ctx, "password refused in quarantine", person.ID)
		return "", ErrQuarantined{RetryAfter: try.Until.Sub(now)}
	case !right || !person.State.takesPassword():
		c.event(ctx, "password refused", person.ID)
		if err := c.lockAfter(ctx, person, try.Failures); err != nil {
			return "", err
		}
		return "", ErrWrong
	}
	c.event(ctx, "password accepted", person.ID)
	return person.ID, c.settlePassword(ctx, person.ID, number, record, password)
}

// settlePassword forgets the failures, and hashes anew when the parameters have changed. The caller holds a slot.
func (c *Core) settlePassword(ctx context.Context, personID, number, record, password string) error {
	if c.Passwords.outdated(record) {
		if err := c.Store.ReplacePasswordRecord(ctx, personID, record, c.Passwords.record(password)); err != nil {
			return err
		}
	}
	return c.Store.ClearPasswordFailures(ctx, number)
}

// account finds the person and the password record; for nobody it looks for a record all the same.
func (c *Core) account(ctx context.Context, pid string) (*Person, string, error) {
	person, err := c.Store.PersonByPID(ctx, storable(pid))
	if errors.Is(err, ErrNotFound) {
		person, err = &Person{}, nil
	}
	if err != nil {
		return nil, "", err
	}
	record, err := c.Store.PasswordRecord(ctx, person.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, "", err
	}
	return person, record, nil
}

// TOTP takes a code. ErrWrongCode, ErrAddress, ErrStep, ErrExpired; the view comes with the error when there is a sign-in to
// show.
func (c *Core) TOTP(ctx context.Context, signIn, code string) (*View, error) {
	now := c.now()
	s, _, v, err := c.at(ctx, signIn, now, StepTOTP)
	if err != nil {
		return v, err
	}
	err = c.counted(ctx, now, func() error { return c.checkTOTP(ctx, s.PersonID, code, now) })
	if err == nil {
		err = c.Store.PassFactor(ctx, s.ID, s.PersonID, FactorTOTP, now)
	}
	return c.advance(ctx, signIn, now, err)
}

// ChooseFactor goes to one of View.Factors, or asks the app anew when its attempt is over, or sends another code by SMS.
// ErrStep when the factor is no way now, ErrTooManyAttempts when the app was asked or a code sent too often, ErrExpired.
func (c *Core) ChooseFactor(ctx context.Context, signIn string, f Factor) (*View, error) {
	now := c.now()
	s, d, v, err := c.at(ctx, signIn, now, StepTOTP, StepApp, StepSMS, StepRecovery)
	if err != nil {
		return v, err
	}
	if f != d.factor && !slices.Contains(d.others, f) {
		return c.advance(ctx, signIn, now, ErrStep)
	}
	if f != s.Chosen {
		if err := c.Store.ChooseFactor(ctx, s.ID, f, now); err != nil {
			return c.advance(ctx, signIn, now, err)
		}
		s.Chosen = f
	}
	v, err = c.arrive(ctx, s, now, true)
	if err == nil && v.RetryAfter > 0 {
		return v, ErrTooManyAttempts{RetryAfter: v.RetryAfter}
	}
	return v, err
}

// advance shows the sign-in after an answer, together with the answer's error. An error that is not the person's is
// passed on alone.
func (c *Core) advance(ctx context.Context, signIn string, now time.Time, answer error) (*View, error) {
	if answer != nil && !isAnswer(answer) {
		return nil, answer
	}
	s, err := c.load(ctx, signIn)
	if err != nil {
		return nil, err
	}
	if s.over(now) {
		return s.endedView(), ErrExpired
	}
	v, err := c.arrive(ctx, s, now, false)
	if err != nil {
		return nil, err
	}
	return v, answer
}

func isAnswer(err error) bool {
	var quarantined ErrQuarantined
	var busy ErrBusy
	var tooMany ErrTooManyAttempts
	return isRule(err) || errors.Is(err, ErrWrong) || errors.Is(err, ErrWrongCode) || errors.Is(err, ErrStep) ||
		errors.As(err, &quarantined) || errors.As(err, &busy) || errors.As(err, &tooMany)
}
