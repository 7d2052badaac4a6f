package minid

import (
	"context"
	"errors"
	"time"
)

// ChooseActivationPassword takes the password, and sends a code to the phone of the order. ErrPasswordRule, ErrBusy,
// ErrTooManyAttempts and ErrNotSent for the code, ErrStep, ErrExpired.
func (c *Core) ChooseActivationPassword(ctx context.Context, activation, chosen string) error {
	now := c.now()
	a, content, err := c.activationAt(ctx, activation, now, ActivationPassword)
	if err != nil {
		return err
	}
	p, err := c.letterPerson(ctx, content)
	if err != nil {
		return err
	}
	if err := CheckPassword(chosen, p); err != nil {
		return err
	}
	record, err := c.Passwords.Hash(ctx, chosen)
	if err != nil {
		return err
	}
	if err := c.Store.ChooseActivationPassword(ctx, a.ID, record, now); err != nil {
		return err
	}
	return c.sendActivationSMS(ctx, a, content, now)
}

// ActivationStrength is advice on a password that is being thought of, and the rule it would break, if any. ErrStep, ErrExpired.
func (c *Core) ActivationStrength(ctx context.Context, activation, password string) (int, error) {
	_, content, err := c.activationAt(ctx, activation, c.now(), ActivationPassword)
	if err != nil {
		return 0, err
	}
	p, err := c.letterPerson(ctx, content)
	if err != nil {
		return 0, err
	}
	return Strength(password, contextWords(p)), CheckPassword(password, p)
}

func (c *Core) sendActivationSMS(ctx context.Context, a *Activation, content *orderContent, now time.Time) error {
	return c.sendCode(ctx, codeToSend{
		purpose: PurposeActivatePhone, kind: MessageActivate, channel: ChannelSMS, to: content.Phone, who: "activation " + a.Number,
		bound: a.ID, latest: a.Expires,
	}, now)
}

// ResendActivationSMS sends another code to the phone of the order. ErrTooManyAttempts, ErrNotSent, ErrStep, ErrExpired.
func (c *Core) ResendActivationSMS(ctx context.Context, activation string) error {
	now := c.now()
	a, content, err := c.activationAt(ctx, activation, now, ActivationPhone)
	if err != nil {
		return err
	}
	return c.sendActivationSMS(ctx, a, content, now)
}

// PassActivationPhone takes the code that came to the phone. ErrWrongCode, ErrAddress, ErrStep, ErrExpired.
func (c *Core) PassActivationPhone(ctx context.Context, activation, code string) error {
	now := c.now()
	a, _, err := c.activationAt(ctx, activation, now, ActivationPhone)
	if err != nil {
		return err
	}
	return c.counted(ctx, now, func() error {
		if err := c.tryActivationCode(ctx, a, PurposeActivatePhone, now); err != nil {
			return err
		}
		return c.Store.PassActivationPhone(ctx, a.ID, c.hashCode(PurposeActivatePhone, a.ID, code), now)
	})
}

func (c *Core) tryActivationCode(ctx context.Context, a *Activation, p Purpose, now time.Time) error {
	live, err := c.Store.RaiseCodeTries(ctx, a.ID, []Purpose{p}, c.limits().CodeTries, now)
	if err == nil && live != 1 {
		err = ErrWrongCode
	}
	return err
}

// StartActivationEmail sends a code to an address for mail, or to another one. ErrEmail, ErrTooManyAttempts, ErrNotSent, ErrStep,
// ErrExpired.
func (c *Core) StartActivationEmail(ctx context.Context, activation, address string) error {
	now := c.now()
	a, _, err := c.activationAt(ctx, activation, now, ActivationEmail, ActivationEmailCode)
	if err != nil {
		return err
	}
	address, ok := readEmail(address)
	if !ok {
		return ErrEmail
	}
	return c.sendCode(ctx, codeToSend{
		purpose: PurposeActivateEmail, kind: MessageActivate, channel: ChannelEmail, to: address, who: "activation mail " + a.Number,
		bound: a.ID, latest: a.Expires, payload: c.Seal.Seal([]byte(address), useEmail, a.ID),
	}, now)
}

// PassActivationEmail takes the code that came to the address, and makes the account. ErrWrongCode, ErrAddress,
// ErrStep, ErrExpired.
func (c *Core) PassActivationEmail(ctx context.Context, activation, code string) error {
	now := c.now()
	a, _, err := c.activationAt(ctx, activation, now, ActivationEmailCode)
	if err != nil {
		return err
	}
	err = c.counted(ctx, now, func() error {
		if err := c.tryActivationCode(ctx, a, PurposeActivateEmail, now); err != nil {
			return err
		}
		last, err := c.Store.LastCode(ctx, a.ID, PurposeActivateEmail)
		if err != nil {
			return err
		}
		return c.Store.PassActivationEmail(ctx, a.ID, c.hashCode(PurposeActivateEmail, a.ID, code), last.Payload, now)
	})
	if err != nil {
		return err
	}
	return c.FinishActivation(ctx, activation)
}

// FinishActivation makes the account of a registration at ActivationReady, or opens the one that the person has: by the
// letter, with the new password, and with nothing of the old that signs in. The old phone and the old address are told.
// ErrStep, ErrExpired.
func (c *Core) FinishActivation(ctx context.Context, activation string) error {
	now := c.now()
	a, content, err := c.activationAt(ctx, activation, now, ActivationReady)
	if err != nil {
		return err
	}
	email, err := c.Seal.Open(a.Email, useEmail, a.ID)
	if err != nil {
		return err
	}
	p, err := c.letterPerson(ctx, content)
	if err != nil {
		return err
	}
	old, err := c.Store.PersonByPID(ctx, p.PID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	p.ID, p.Email, p.State, p.Created = newID(), string(email), StateNormal, now
	p.Proofing = Proofing{Basis: BasisLetter, At: now, Evidence: "letter " + a.LetterID}
	err = c.Store.FinishActivation(ctx, *a, NewPerson{
		Person: *p, PasswordRecord: a.Password, SMS: true, ContactAfter: now.Add(c.limits().Contact),
	}, c.Seal.Recognise("identity number", p.PID), now)
	if errors.Is(err, ErrPersonExists) {
		return ErrExpired
	}
	if err != nil {
		return err
	}
	return c.activated(ctx, p, old)
}

// activated tells the channels that the account had before, and the new ones.
func (c *Core) activated(ctx context.Context, p, old *Person) error {
	made, err := c.Store.PersonByPID(ctx, p.PID)
	if err != nil {
		return err
	}
	c.event(ctx, "registered by letter", made.ID)
	c.tell(ctx, made, MessageActivated, "")
	if old != nil {
		told := *old
		if told.Phone == made.Phone {
			told.Phone = ""
		}
		if told.Email == made.Email {
			told.Email = ""
		}
		c.tell(ctx, &told, MessageActivated, "")
	}
	return nil
}

// RefuseLetter ends the letter of a registration, for whoever has it and did not order it: another can be ordered at once.
// ErrStep, ErrExpired.
func (c *Core) RefuseLetter(ctx context.Context, activation string) error {
	now := c.now()
	a, _, err := c.activationAt(ctx, activation, now, ActivationPassword, ActivationPhone, ActivationEmail, ActivationEmailCode)
	if err != nil {
		return err
	}
	c.event(ctx, "letter refused", "")
	return c.Store.CancelLetter(ctx, a.ID, now)
}
