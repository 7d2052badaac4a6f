package minid

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"strconv"
	"time"
)

// AttemptState is what became of a login attempt in the app.
type AttemptState string

// The states: created, or sent, goes to one of the others and stays there. Nobody writes expired: time does.
const (
	AttemptCreated   AttemptState = "created"
	AttemptSent      AttemptState = "sent" // the device has it, or a push service took the notice for it
	AttemptApproved  AttemptState = "approved"
	AttemptRejected  AttemptState = "rejected" // by the person, or by a wrong number
	AttemptExpired   AttemptState = "expired"
	AttemptCancelled AttemptState = "cancelled" // another factor was chosen, or the sign-in ended
)

// Attempt asks the person's device to approve one sign-in.
type Attempt struct {
	ID, SignInID, PersonID string
	Service                string
	Number                 string // two digits: shown in the browser, typed in the app, never sent to it
	State                  AttemptState
	Created, Expires       time.Time
}

// Open says whether an answer may still come.
func (s AttemptState) Open() bool { return s == AttemptCreated || s == AttemptSent }

func (a *Attempt) stateAt(now time.Time) AttemptState {
	if a.State.Open() && !now.Before(a.Expires) {
		return AttemptExpired
	}
	return a.State
}

// Answer is the device's answer, with all that it was signed over.
type Answer struct {
	AttemptID string
	Service   string // as shown in the app
	Number    string // as typed in the app
	Approve   bool
	NotMe     bool // rejected, since somebody else logs in
}

// AnswerAttempt takes the device's answer, once. A wrong number or another service kills the attempt:
// ErrWrongNumber. ErrAttempt when there is nothing left to answer, ErrAddress. After "it was not me" all that waits is
// rejected, the app is left in peace for Limits.AppBlock, and the person is told by SMS and mail.
func (c *Core) AnswerAttempt(ctx context.Context, d *Device, a Answer) (state AttemptState, err error) {
	a.AttemptID, a.Service, a.Number = storable(a.AttemptID), storable(a.Service), storable(a.Number)
	if !a.Approve {
		a.Number = ""
		if a.NotMe {
			return c.notMe(ctx, d, a)
		}
	}
	now := c.now()
	err = c.counted(ctx, now, func() error {
		state, err = c.Store.AnswerAttempt(ctx, d.ID, a, now)
		if err == nil && a.Approve && state != AttemptApproved {
			return ErrWrongNumber
		}
		return err
	})
	if state != "" {
		c.event(ctx, "login attempt "+string(state), d.PersonID)
	}
	return state, err
}

// arrive shows the sign-in at its step, and asks the app when that is the step. The app is asked once; again asks
// anew when the earlier attempt is over. When it was asked too often, the person is taken another way, unless there
// is none or the app was their own choice.
func (c *Core) arrive(ctx context.Context, s *SignIn, now time.Time, again bool) (*View, error) {
	d, err := c.decide(ctx, s)
	if err != nil {
		return nil, err
	}
	if d.step == StepSMS {
		return c.arriveSMS(ctx, s, d, now, again)
	}
	if d.step != StepApp {
		return c.show(ctx, s, d, now)
	}
	until, err := c.ask(ctx, s, now, again)
	if err != nil {
		return nil, err
	}
	if other, ok := d.another(); ok && !until.IsZero() && s.Chosen != FactorApp {
		s.Chosen = other
		if err := c.Store.ChooseFactor(ctx, s.ID, s.Chosen, now); err != nil {
			return nil, err
		}
		return c.arrive(ctx, s, now, false)
	}
	v, err := c.show(ctx, s, d, now)
	if err == nil && !until.IsZero() {
		v.RetryAfter = until.Sub(now)
	}
	return v, err
}

// ask makes a login attempt when there is none to answer. until is set when it was refused, and is when the app may
// be asked again.
func (c *Core) ask(ctx context.Context, s *SignIn, now time.Time, again bool) (until time.Time, err error) {
	last, err := c.Store.LastAttempt(ctx, s.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return time.Time{}, err
	}
	if err == nil {
		state := last.stateAt(now)
		if state.Open() || (state != AttemptCancelled && !again) {
			return time.Time{}, nil
		}
	}
	return c.startAttempt(ctx, s, now)
}

func (c *Core) startAttempt(ctx context.Context, s *SignIn, now time.Time) (until time.Time, err error) {
	l := c.limits()
	expires := now.Add(l.Attempt)
	if s.Expires.Before(expires) {
		expires = s.Expires
	}
	a := Attempt{
		ID: newID(), SignInID: s.ID, PersonID: s.PersonID, Service: s.shownService(), Number: twoDigits(),
		State: AttemptCreated, Created: now, Expires: expires,
	}
	until, err = c.Store.StartAttempt(ctx, a, Window{l.AttemptsSpan, l.Attempts}, Window{l.AttemptsDay, l.AttemptsADay})
	if err == nil && until.IsZero() {
		c.push(ctx, a)
	}
	return until, err
}

// AskAgain makes another login attempt while the earlier one still waits: its notice did not arrive. The earlier one is
// cancelled. ErrTooManyAttempts, and then the earlier one waits on; ErrStep, ErrExpired.
func (c *Core) AskAgain(ctx context.Context, signIn string) (*View, error) {
	now := c.now()
	s, _, v, err := c.at(ctx, signIn, now, StepApp)
	if err != nil {
		return v, err
	}
	until, err := c.startAttempt(ctx, s, now)
	if err != nil {
		return nil, err
	}
	if !until.IsZero() {
		return c.advance(ctx, signIn, now, ErrTooManyAttempts{RetryAfter: until.Sub(now)})
	}
	return c.advance(ctx, signIn, now, nil)
}

// twoDigits is a random number from 10 to 99.
func twoDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(90))
	if err != nil {
		panic("minid: no randomness: " + err.Error()) // crypto/rand's reader never fails
	}
	return strconv.FormatInt(10+n.Int64(), 10)
}
