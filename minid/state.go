package minid

import (
	"context"
	"errors"
	"time"

	"lommebok.example/internal/audit"
)

// State is what a person's account is in. The names are those of the reference, see the table in doc.go.
type State string

// The states of an account. Quarantine after wrong passwords is no state: it is counted by number, for people who
// exist and people who do not; StateQuarantined is set by an operator.
const (
	StateNormal            State = "normal"
	StateQuarantined       State = "quarantined"
	StateLocked            State = "locked"
	StateClosed            State = "closed"
	StateTemporaryPassword State = "temporary_password"
)

// takesPassword tells whether a password may be right.
func (s State) takesPassword() bool { return s == StateNormal || s == StateTemporaryPassword }

// goesOn tells whether a sign-in under way goes on, and whether a new password may be asked for. Who types wrong passwords
// for somebody else ends nothing of theirs, and leaves them the way back.
func (s State) goesOn() bool { return s.takesPassword() || s == StateLocked }

// keepsSessions tells whether sessions live on.
func (s State) keepsSessions() bool { return s == StateNormal || s == StateLocked }

// barred tells whether nobody may log in as the person by other means either: an operator or the person has closed the account.
func (s State) barred() bool { return s == StateQuarantined || s == StateClosed }

// Barred tells whether somebody has an account in which nothing may be done, so that they are not to be logged in with another
// eID either. Who has no account is not barred.
func (c *Core) Barred(ctx context.Context, pid string) (bool, error) {
	p, err := c.Store.PersonByPID(ctx, storable(pid))
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	return p.State.barred(), nil
}

// StateStore keeps what an account is in.
type StateStore interface {
	// SetState moves the person from one of the states; false when they are in another. Sessions and sign-ins end when it is
	// to StateQuarantined. It records KindState, done by somebody or something.
	SetState(ctx context.Context, personID string, from []State, to State, by audit.Party, at time.Time) (bool, error)
	// ClosePerson closes an account that is in StateNormal, ends its sessions and sign-ins, and forgets everything that it
	// need not keep: ErrNoSession when it is in another state. It records KindState.
	ClosePerson(ctx context.Context, personID string, at time.Time) error
}

// lockAfter locks the account at the last failure that the quarantine allows. A password is not compared any more then, and
// the ways back are a new password and a letter.
func (c *Core) lockAfter(ctx context.Context, p *Person, failures int) error {
	if failures < c.limits().Quarantine.Cap || p.ID == "" {
		return nil
	}
	locked, err := c.Store.SetState(ctx, p.ID, []State{StateNormal, StateTemporaryPassword}, StateLocked, audit.Service("minid"), c.now())
	if err != nil || !locked {
		return err
	}
	c.event(ctx, "account locked", p.ID)
	background := context.WithoutCancel(ctx)
	c.later(func() { c.tell(background, p, MessageLocked, "") })
	return nil
}

// Quarantine closes an account until Release, for an operator who has a reason to doubt whose hands it is in: sessions and
// sign-ins end, and neither a new password nor a letter opens it. ErrNotFound when there is nothing to quarantine.
// operatorID is the person who acts.
func (c *Core) Quarantine(ctx context.Context, pid, operatorID string) error {
	return c.setState(ctx, pid, operatorID, []State{StateNormal, StateLocked, StateTemporaryPassword}, StateQuarantined, "account quarantined")
}

// Release ends Quarantine. ErrNotFound when the account is not in it.
func (c *Core) Release(ctx context.Context, pid, operatorID string) error {
	return c.setState(ctx, pid, operatorID, []State{StateQuarantined}, StateNormal, "account released")
}

func (c *Core) setState(ctx context.Context, pid, operatorID string, from []State, to State, event string) error {
	p, err := c.Store.PersonByPID(ctx, storable(pid))
	if err != nil {
		return err
	}
	moved, err := c.Store.SetState(ctx, p.ID, from, to, audit.Person(operatorID), c.now())
	if err != nil {
		return err
	}
	if !moved {
		return ErrNotFound
	}
	c.event(ctx, event+" by "+operatorID, p.ID)
	return nil
}

// CloseAccount closes the account of a session's person. What is kept is the number, so that the next account is the same
// person's, and how it was proofed. It is opened again by a letter. ErrNoSession, ErrSessionTooLow, ErrSessionTooOld.
func (c *Core) CloseAccount(ctx context.Context, session string) error {
	_, p, err := c.fresh(ctx, session, c.now())
	if err != nil {
		return err
	}
	if err := c.Store.ClosePerson(ctx, p.ID, c.now()); err != nil {
		return err
	}
	c.event(ctx, "account closed by its person", p.ID)
	c.tell(ctx, p, MessageClosed, "")
	return nil
}
