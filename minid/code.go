package minid

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Purpose is what a one-time code is good for.
type Purpose string

// The purposes of codes.
const (
	PurposeLogin Purpose = "login"
	PurposePhone Purpose = "phone" // a new number
	// A new password takes both.
	PurposeResetSMS   Purpose = "reset_sms"
	PurposeResetEmail Purpose = "reset_email"
	PurposeEmail      Purpose = "email"  // a new address for mail
	PurposeLetter     Purpose = "letter" // the phone of who orders a letter
	// The phone and the address for mail of who registers with a letter.
	PurposeActivatePhone Purpose = "activate_phone"
	PurposeActivateEmail Purpose = "activate_email"
)

// CodeState is what became of a code. Nobody writes expired: time does.
type CodeState string

// The states of a code: live goes to one of the others.
const (
	CodeLive    CodeState = "live"
	CodeUsed    CodeState = "used"
	CodeDead    CodeState = "dead"    // replaced by a newer one
	CodeSpent   CodeState = "spent"   // too many wrong tries; time and tries say so, nobody writes it
	CodeFailed  CodeState = "failed"  // could not be sent
	CodeExpired CodeState = "expired" // too old
)

// Code is a one-time code as stored: Code is its keyed hash. Who is whose sends are counted together, To the keyed hash
// of the receiver, whose sends are counted as well.
type Code struct {
	ID, Who, To      string
	Purpose          Purpose
	PersonID, Bound  string // Bound: the one sign-in or session in which it can be used
	Code             string
	Payload          []byte // sealed; what the code confirms
	Tries            int
	State            CodeState
	Created, Expires time.Time
}

func (c *Code) stateAt(now time.Time, tries int) CodeState {
	switch {
	case c.State != CodeLive:
		return c.State
	case !now.Before(c.Expires):
		return CodeExpired
	case c.Tries >= tries:
		return CodeSpent
	}
	return CodeLive
}

// Window allows so many sends in any span of time.
type Window struct {
	Span time.Duration
	Most int
}

// sixDigits is a random code.
func sixDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic("minid: no randomness: " + err.Error()) // crypto/rand's reader never fails
	}
	return fmt.Sprintf("%06d", n.Int64())
}

// hashCode binds the code to its one use. Six digits are searched in no time, so the hash is keyed.
func (c *Core) hashCode(purpose Purpose, bound, code string) string {
	return c.Seal.Recognise("code "+string(purpose)+" "+bound, code)
}

// codeToSend is what startCode makes a code of.
type codeToSend struct {
	purpose       Purpose
	kind          MessageKind
	channel       Channel
	to            string // nobody when empty: all is done but the sending
	who           string
	person, bound string
	service       string
	payload       []byte
	latest        time.Time // the code lives no longer than this
	digits        string    // made elsewhere; random when empty
}

// startCode makes a code that replaces the earlier ones of the same purpose, and gives what to send. again is set when
// too many were sent, and is when the next may be. ErrAddress.
func (c *Core) startCode(ctx context.Context, s codeToSend, now time.Time) (m Message, id string, again time.Time, err error) {
	l, digits := c.limits(), s.digits
	if digits == "" {
		digits = sixDigits()
	}
	code := Code{
		ID: newID(), Who: s.who, Purpose: s.purpose, PersonID: s.person, Bound: s.bound, Payload: s.payload,
		Code: c.hashCode(s.purpose, s.bound, digits), State: CodeLive, Created: now, Expires: now.Add(l.Code),
		To: c.Seal.Recognise("receiver "+string(s.kind), s.to), // so that resets, which anybody can ask for, block no login
	}
	if s.to == "" {
		code.To = c.Seal.Recognise("receiver of", s.who)
	}
	if !s.latest.IsZero() && s.latest.Before(code.Expires) {
		code.Expires = s.latest
	}
	if err = c.countSend(ctx, now); err != nil {
		return Message{}, "", time.Time{}, err
	}
	again, err = c.Store.StartCode(ctx, code, []Window{{l.CodeSpan, l.CodeSends}, {l.CodeDay, l.CodeSendsADay}})
	if err != nil || !again.IsZero() {
		return Message{}, "", again, err
	}
	return Message{
		Channel: s.channel, To: s.to, Kind: s.kind, Code: digits, Service: s.service, Life: code.Expires.Sub(now),
	}, code.ID, time.Time{}, nil
}

// SMSView is how the code by SMS stands.
type SMSView struct {
	Ends    string // last two digits of the number
	State   CodeState
	Expires time.Time
}

// arriveSMS sends a code when the sign-in has none yet, or when another is asked for. When too many were sent, the
// person is taken another way, unless there is none or SMS was their own choice.
func (c *Core) arriveSMS(ctx context.Context, s *SignIn, d decision, now time.Time, again bool) (*View, error) {
	last, err := c.Store.LastCode(ctx, s.ID, PurposeLogin)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	var until time.Time
	if last == nil || again {
		if until, err = c.sendLoginCode(ctx, s, d, now); err != nil {
			return nil, err
		}
	}
	if other, ok := d.another(); ok && !until.IsZero() && s.Chosen != FactorSMS {
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

func (c *Core) sendLoginCode(ctx context.Context, s *SignIn, d decision, now time.Time) (again time.Time, err error) {
	m, id, again, err := c.startCode(ctx, codeToSend{
		purpose: PurposeLogin, kind: MessageLogin, channel: ChannelSMS, to: d.person.Phone, who: "person " + s.PersonID,
		person: s.PersonID, bound: s.ID, service: s.Need.Service, latest: s.Expires,
	}, now)
	var address ErrAddress
	if errors.As(err, &address) {
		return now.Add(address.RetryAfter), nil // the person has given the password, and may have another way
	}
	if err != nil || !again.IsZero() {
		return again, err
	}
	c.event(ctx, "code by SMS", s.PersonID)
	if c.send(ctx, m, s.PersonID) != nil {
		return time.Time{}, c.Store.FailCode(ctx, id)
	}
	return time.Time{}, nil
}

// SMS takes a code that came by SMS. ErrWrongCode, ErrAddress, ErrStep, ErrExpired; the view comes with the error when there is a
// sign-in to show.
func (c *Core) SMS(ctx context.Context, signIn, code string) (*View, error) {
	now := c.now()
	s, _, v, err := c.at(ctx, signIn, now, StepSMS)
	if err != nil {
		return v, err
	}
	return c.advance(ctx, signIn, now, c.counted(ctx, now, func() error { return c.checkSMS(ctx, s, code, now) }))
}

// checkSMS counts the try for the code and the failure for the factor before anything is compared. A code that takes no
// more tries is not compared, and counts for nothing.
func (c *Core) checkSMS(ctx context.Context, s *SignIn, code string, now time.Time) error {
	l := c.limits()
	live, err := c.Store.RaiseCodeTries(ctx, s.ID, []Purpose{PurposeLogin}, l.CodeTries, now)
	if err != nil {
		return err
	}
	inUse := false
	if live == 1 {
		if inUse, err = c.Store.RaiseSMSFailure(ctx, s.PersonID, l.TOTPFailures); err != nil {
			return err
		}
	}
	if !inUse {
		c.event(ctx, "code refused", s.PersonID)
		return ErrWrongCode
	}
	err = c.Store.PassCode(ctx, s.ID, s.PersonID, c.hashCode(PurposeLogin, s.ID, code), now)
	if errors.Is(err, ErrWrongCode) {
		c.event(ctx, "code refused", s.PersonID)
		return err
	}
	if err == nil {
		c.event(ctx, "code accepted", s.PersonID)
	}
	return err
}
