package minid

import (
	"context"
	"crypto/rand"
	"errors"
)

// What stands here is for those who make accounts by a proofing of their own, such as minid/school: they decide who is let
// in, and the core decides what an account is.

// Prepare makes what a Store's AddPerson takes, for a package that adds the person together with rows of its own. Errors as
// Register, except ErrPersonExists.
func (c *Core) Prepare(ctx context.Context, r Registration) (NewPerson, error) {
	if err := c.checkRegistration(r); err != nil {
		return NewPerson{}, err
	}
	p := NewPerson{
		Person: Person{
			ID: newID(), PID: r.PID, Name: r.Name, BirthDate: r.BirthDate, Phone: r.Phone, Email: r.Email,
			State: StateNormal, Proofing: r.Proofing, Created: c.now(), PINDropped: r.HadPINCodes,
		},
	}
	if r.TemporaryPassword {
		p.State = StateTemporaryPassword
	}
	p.ContactAfter = p.Created.Add(c.limits().Contact)
	record, err := c.firstRecord(ctx, r, &p.Person)
	if err != nil {
		return NewPerson{}, err
	}
	p.PasswordRecord, p.SMS = record, r.Phone != ""
	if len(r.TOTPSecret) > 0 {
		p.TOTPSecret = c.Seal.Seal(r.TOTPSecret, useTOTP, p.ID)
	}
	return p, nil
}

// NewTOTPSecret is the secret of an authenticator app.
func NewTOTPSecret() []byte {
	secret := make([]byte, 20)
	_, _ = rand.Read(secret) // never fails: crypto/rand ends the program instead
	return secret
}

// SendNumberCode sends a code to a phone number, written as people do, that is nobody's yet; it can be used only by who
// names the same bound. The number comes back as E.164. ErrPhone, ErrTooManyAttempts, ErrNotSent.
func (c *Core) SendNumberCode(ctx context.Context, bound, number string) (string, error) {
	now := c.now()
	number, ok := readPhone(number)
	if !ok {
		return "", ErrPhone
	}
	if c.Sender == nil {
		return "", ErrNotSent
	}
	m, id, again, err := c.startCode(ctx, codeToSend{
		purpose: PurposePhone, kind: MessagePhone, channel: ChannelSMS, to: number, who: "newcomer " + bound, bound: bound,
	}, now)
	if err != nil {
		return "", err
	}
	if !again.IsZero() {
		return "", ErrTooManyAttempts{RetryAfter: again.Sub(now)}
	}
	if c.send(ctx, m, "") != nil {
		return "", errors.Join(ErrNotSent, c.Store.FailCode(ctx, id))
	}
	return number, nil
}

// TryNumberCode counts a try of the code that SendNumberCode sent, and gives what a store compares and spends together with
// making the account: PurposePhone, bound, no person. ErrWrongCode when there is no code that takes a try.
func (c *Core) TryNumberCode(ctx context.Context, bound, code string) (hash string, err error) {
	live, err := c.Store.RaiseCodeTries(ctx, bound, []Purpose{PurposePhone}, c.limits().CodeTries, c.now())
	if err != nil {
		return "", err
	}
	if live != 1 {
		return "", ErrWrongCode
	}
	return c.hashCode(PurposePhone, bound, code), nil
}

// MatchTOTP compares a code with a secret that is not yet a person's factor, and gives its step, which must not be accepted
// again. The caller has counted the try.
func (c *Core) MatchTOTP(secret []byte, code string) (step int64, ok bool, err error) {
	return c.TOTPConfig.orDefault().match(secret, code, c.now())
}

// Tell sends a notice by every channel the person has. That it could not be sent undoes nothing, and is in the log.
func (c *Core) Tell(ctx context.Context, p *Person, kind MessageKind) { c.tell(ctx, p, kind, "") }

// NewID is an opaque identifier of 16 random bytes, NewSecret one of 32 for a cookie, and HashSecret what is stored of it.
func NewID() string { return newID() }

// NewSecret is documented at NewID.
func NewSecret() string { return newSecret() }

// HashSecret is documented at NewID.
func HashSecret(secret string) string { return hashSecret(secret) }

// IsPhone tells whether a number, written as people do, can be one.
func IsPhone(number string) bool {
	_, ok := readPhone(number)
	return ok
}
