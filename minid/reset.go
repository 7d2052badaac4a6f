package minid

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// resetService is what the app shows when it is asked on the way to a new password.
const resetService = "MinID: nytt passord"

// StartReset sends one code by SMS and one by mail, for a new password. It does the same, and answers the same, for a
// number that nobody has, for a person who may not sign in or lacks phone or mail, and when too many codes were sent.
// ErrAddress, which depends on nothing but where the call comes from; ErrStep, ErrExpired.
func (c *Core) StartReset(ctx context.Context, signIn, pid string) (*View, error) {
	now := c.now()
	s, _, v, err := c.at(ctx, signIn, now, StepPassword, StepReset)
	if err != nil {
		return v, err
	}
	pid = strings.ReplaceAll(pid, " ", "")
	if len(pid) > maxNumber {
		pid = ""
	}
	person, _, err := c.account(ctx, pid)
	if err != nil {
		return nil, err
	}
	to := *person
	if !person.State.goesOn() || person.Phone == "" || person.Email == "" || c.Sender == nil {
		to = Person{}
	}
	if err := c.sendResetCodes(ctx, s, &to, c.Seal.Recognise("identity number", pid), now); err != nil {
		return nil, err
	}
	return c.advance(ctx, signIn, now, c.Store.StartReset(ctx, s.ID, now))
}

// sendResetCodes makes both codes for everybody, and sends them after the answer is given: how long a gateway takes
// tells nothing.
func (c *Core) sendResetCodes(ctx context.Context, s *SignIn, p *Person, number string, now time.Time) error {
	var messages []Message
	for _, way := range []codeToSend{
		{purpose: PurposeResetSMS, channel: ChannelSMS, to: p.Phone},
		{purpose: PurposeResetEmail, channel: ChannelEmail, to: p.Email},
	} {
		way.kind, way.who, way.person, way.bound, way.latest = MessageReset, string(way.purpose)+" "+number, p.ID, s.ID, s.Expires
		m, _, again, err := c.startCode(ctx, way, now)
		if err != nil {
			return err
		}
		if again.IsZero() && m.To != "" {
			messages = append(messages, m)
		}
	}
	if len(messages) == 0 {
		return nil
	}
	background := context.WithoutCancel(ctx)
	c.later(func() {
		for _, m := range messages {
			_ = c.send(background, m, p.ID) // is in the log; the person asks again
		}
	})
	return nil
}

func (c *Core) later(work func()) {
	if c.Later != nil {
		c.Later(work)
		return
	}
	go work()
}

// ResetCodes takes both codes; each try counts for both before they are compared. Then the person's second factor is
// asked for, if they have one beside the SMS that was just shown to be theirs. ErrWrongCode, ErrAddress,
// ErrStep, ErrExpired.
func (c *Core) ResetCodes(ctx context.Context, signIn, sms, email string) (*View, error) {
	now := c.now()
	s, _, v, err := c.at(ctx, signIn, now, StepReset)
	if err != nil {
		return v, err
	}
	err = c.counted(ctx, now, func() error { return c.checkResetCodes(ctx, s, sms, email, now) })
	return c.advance(ctx, signIn, now, err)
}

func (c *Core) checkResetCodes(ctx context.Context, s *SignIn, sms, email string, now time.Time) error {
	live, err := c.Store.RaiseCodeTries(ctx, s.ID, []Purpose{PurposeResetSMS, PurposeResetEmail}, c.limits().CodeTries, now)
	if err != nil {
		return err
	}
	if live != 2 {
		return ErrWrongCode
	}
	return c.Store.PassReset(ctx, s.ID, c.hashCode(PurposeResetSMS, s.ID, sms), c.hashCode(PurposeResetEmail, s.ID, email), now)
}

// NewPassword sets the password that was chosen, ends all the person's sessions, and takes the sign-in back to its
// beginning: nobody is signed in by a new password alone. ErrPasswordRule, ErrBusy, ErrStep, ErrExpired.
func (c *Core) NewPassword(ctx context.Context, signIn, chosen string) (*View, error) {
	now := c.now()
	s, d, v, err := c.at(ctx, signIn, now, StepNewPassword)
	if err != nil {
		return v, err
	}
	if err := CheckPassword(chosen, d.person); err != nil {
		return c.advance(ctx, signIn, now, err)
	}
	record, err := c.Passwords.Hash(ctx, chosen)
	if err == nil {
		err = c.Store.ResetPassword(ctx, *s, record, c.Seal.Recognise("identity number", d.person.PID), now)
	}
	if err == nil {
		c.event(ctx, "password reset", s.PersonID)
		c.tell(ctx, d.person, MessagePasswordChanged, "")
	}
	return c.advance(ctx, signIn, now, err)
}

// nextOfReset asks for one second factor beside SMS, when there is one, and then for the new password. No level is
// reached on this way.
func nextOfReset(s standing) decision {
	ways := slices.DeleteFunc(slices.Clone(s.second), func(f Factor) bool { return f == FactorSMS })
	passed := slices.ContainsFunc(s.passed, func(f Factor) bool { return f == FactorTOTP || f == FactorApp || f == FactorRecovery })
	if passed || len(ways) == 0 {
		return decision{step: StepNewPassword}
	}
	return s.ask(ways)
}

// nextOfTemporary asks for a second factor, whatever the service needs, and then for the new password. Who has none does
// not get further: whoever knows the temporary password would take the account.
func nextOfTemporary(s standing) decision {
	if slices.ContainsFunc(s.passed, func(f Factor) bool { return f != FactorPassword }) {
		return decision{step: StepNewPassword}
	}
	if len(s.second) == 0 {
		return decision{step: StepUnreachable, unreachable: UnreachableFactor, reached: LevelNone}
	}
	return s.ask(s.second)
}

// ask is the step of one of the ways: the person's choice, what they like, or the first.
func (s standing) ask(ways []Factor) decision {
	d := decision{factor: ways[0]}
	for _, wish := range []Factor{s.liked, s.chosen} {
		if slices.Contains(ways, wish) {
			d.factor = wish
		}
	}
	d.step = stepOf[d.factor]
	d.others = slices.DeleteFunc(slices.Clone(ways), func(f Factor) bool { return f == d.factor })
	return d
}

// shownService is what the app shows of the sign-in.
func (s *SignIn) shownService() string {
	if slices.Contains(s.Passed, FactorReset) {
		return resetService
	}
	return s.Need.Service
}

// isRule tells whether an error is a rule that a chosen password broke.
func isRule(err error) bool {
	var rule ErrPasswordRule
	return errors.As(err, &rule)
}
