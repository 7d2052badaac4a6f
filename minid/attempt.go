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

// The states: created goes to one of the others and stays there. Nobody writes expired: time does.
const (
	AttemptCreated   AttemptState = "created"
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

func (a *Attempt) stateAt(now time.Time) AttemptState {
	if a.State == AttemptCreated && !now.Before(a.Expires) {
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
}

// PendingAttempts are what the device's person is asked to approve.
func (c *Core) PendingAttempts(ctx context.Context, d *Device) ([]Attempt, error) {
	return c.Store.PendingAttempts(ctx, d.PersonID, c.now())
}

// AnswerAttempt takes the device's answer, once. A wrong number or another service kills the attempt:
// ErrWrongNumber. ErrAttempt when there is nothing left to answer, ErrAddress.
func (c *Core) AnswerAttempt(ctx context.Context, d *Device, a Answer) (state AttemptState, err error) {
	a.AttemptID, a.Service, a.Number = storable(a.AttemptID), storable(a.Service), storable(a.Number)
	if !a.Approve {
		a.Number = ""
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
	oldest, err := c.ask(ctx, s, now, again)
	if err != nil {
		return nil, err
	}
	if !oldest.IsZero() && s.Chosen != FactorApp && len(d.others) > 0 {
		s.Chosen = d.others[0]
		if err := c.Store.ChooseFactor(ctx, s.ID, s.Chosen, now); err != nil {
			return nil, err
		}
		return c.arrive(ctx, s, now, false)
	}
	v, err := c.show(ctx, s, d, now)
	if err == nil && !oldest.IsZero() {
		v.RetryAfter = oldest.Add(c.limits().AttemptsSpan).Sub(now)
	}
	return v, err
}

// ask makes a login attempt when there is none to answer. oldest is set when it was refused as too many.
func (c *Core) ask(ctx context.Context, s *SignIn, now time.Time, again bool) (oldest time.Time, err error) {
	last, err := c.Store.LastAttempt(ctx, s.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return time.Time{}, err
	}
	if err == nil {
		state := last.stateAt(now)
		if state == AttemptCreated || (state != AttemptCancelled && !again) {
			return time.Time{}, nil
		}
	}
	l := c.limits()
	expires := now.Add(l.Attempt)
	if s.Expires.Before(expires) {
		expires = s.Expires
	}
	return c.Store.StartAttempt(ctx, Attempt{
		ID: newID(), SignInID: s.ID, PersonID: s.PersonID, Service: s.shownService(), Number: twoDigits(),
		State: AttemptCreated, Created: now, Expires: expires,
	}, now.Add(-l.AttemptsSpan), l.Attempts)
}

// twoDigits is a random number from 10 to 99.
func twoDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(90))
	if err != nil {
		panic("minid: no randomness: " + err.Error()) // crypto/rand's reader never fails
	}
	return strconv.FormatInt(10+n.Int64(), 10)
}
