package minid

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"
)

// ContactStore keeps how a person is reached.
type ContactStore interface {
	// ChangeEmail spends the code and makes the address the person's. ErrWrongCode.
	ChangeEmail(ctx context.Context, bound, personID, code, email string, at time.Time) error
	// TakeContactCheck puts off the next question about phone and mail; false when it is not due.
	TakeContactCheck(ctx context.Context, personID string, at, next time.Time) (bool, error)
	// ConfirmContact puts it off whether or not it is due.
	ConfirmContact(ctx context.Context, personID string, next time.Time) error
}

const (
	useEmail = "email" // binding of the sealed address
	maxEmail = 254     // RFC 5321 section 4.5.3.1.3, less the brackets
)

// readEmail takes an address as people write it: a name, an at sign, a domain with a dot, in ASCII.
func readEmail(text string) (string, bool) {
	text = strings.TrimSpace(text)
	address, err := mail.ParseAddress(text)
	if err != nil || len(text) > maxEmail || address.Address != text || strings.ContainsAny(text, "\"()<>,;:\\[] ") {
		return "", false
	}
	_, domain, _ := strings.Cut(text, "@")
	for _, r := range text {
		if r <= ' ' || r >= 0x7f {
			return "", false
		}
	}
	return text, strings.Contains(strings.Trim(domain, "."), ".") && !strings.Contains(domain, "..") && !strings.HasSuffix(domain, ".")
}

// StartEmail sends a code to a new address for mail. ErrEmail, ErrTooManyAttempts, ErrNotSent, and the errors of StartTOTP.
func (c *Core) StartEmail(ctx context.Context, session, address string) error {
	now := c.now()
	r, p, err := c.fresh(ctx, session, now)
	if err != nil {
		return err
	}
	address, ok := readEmail(address)
	if !ok {
		return ErrEmail
	}
	return c.sendCode(ctx, codeToSend{
		purpose: PurposeEmail, kind: MessageEmail, channel: ChannelEmail, to: address, who: "person " + p.ID, person: p.ID,
		bound: r.ID, payload: c.Seal.Seal([]byte(address), useEmail, p.ID),
	}, now)
}

// sendCode makes a code and sends it. ErrTooManyAttempts, ErrNotSent.
func (c *Core) sendCode(ctx context.Context, s codeToSend, now time.Time) error {
	if c.Sender == nil {
		return ErrNotSent
	}
	m, id, again, err := c.startCode(ctx, s, now)
	if err != nil {
		return err
	}
	if !again.IsZero() {
		return ErrTooManyAttempts{RetryAfter: again.Sub(now)}
	}
	if c.send(ctx, m, s.person) != nil {
		return errors.Join(ErrNotSent, c.Store.FailCode(ctx, id))
	}
	return nil
}

func (c *Core) confirmEmail(ctx context.Context, session, personID, code string, now time.Time) error {
	live, err := c.Store.RaiseCodeTries(ctx, session, []Purpose{PurposeEmail}, c.limits().CodeTries, now)
	if err != nil {
		return err
	}
	if live != 1 {
		return ErrWrongCode
	}
	pending, err := c.Store.LastCode(ctx, session, PurposeEmail)
	if err != nil {
		return err
	}
	address, err := c.Seal.Open(pending.Payload, useEmail, personID)
	if err != nil {
		return err
	}
	return c.Store.ChangeEmail(ctx, session, personID, c.hashCode(PurposeEmail, session, code), string(address), now)
}

// ConfirmEmail takes the code that was sent to the new address, which becomes the person's. The phone and the old address
// are told. ErrWrongCode, ErrAddress, and the errors of StartTOTP.
func (c *Core) ConfirmEmail(ctx context.Context, session, code string) error {
	now := c.now()
	r, p, err := c.fresh(ctx, session, now)
	if err != nil {
		return err
	}
	if err := c.counted(ctx, now, func() error { return c.confirmEmail(ctx, r.ID, p.ID, code, now) }); err != nil {
		return err
	}
	c.event(ctx, "address for mail changed", p.ID)
	c.tell(ctx, p, MessageEmailChanged, "")
	return nil
}

// AskContact says whether the person of a session is to be asked whether phone and address for mail still hold: once a
// year, and sooner when they did not answer. Of any number of callers one is told to ask. ErrNoSession.
func (c *Core) AskContact(ctx context.Context, session string) (bool, error) {
	now := c.now()
	r, _, err := c.session(ctx, session, now)
	if err != nil || r.Level < LevelSubstantial {
		return false, err
	}
	return c.Store.TakeContactCheck(ctx, r.PersonID, now, now.Add(c.limits().ContactAgain))
}

// ConfirmContact notes that phone and address for mail hold. ErrNoSession, ErrSessionTooLow.
func (c *Core) ConfirmContact(ctx context.Context, session string) error {
	now := c.now()
	_, p, err := c.own(ctx, session, now)
	if err != nil {
		return err
	}
	return c.Store.ConfirmContact(ctx, p.ID, now.Add(c.limits().Contact))
}
