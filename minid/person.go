package minid

import (
	"context"
	"errors"
	"time"
)

// Proofing is how, when and on what evidence a person was identified.
type Proofing struct {
	Basis    Basis
	At       time.Time
	Evidence string // reference to the evidence, never the evidence itself
}

// Person is an account. BirthDate (YYYY-MM-DD) is registered by itself: from 2032 the number does not tell it.
type Person struct {
	ID        string // opaque
	PID       string // identity number or D-number
	Name      string // as it was registered, may be empty
	BirthDate string
	Phone     string
	Email     string
	State     State
	Proofing  Proofing
	Created   time.Time
	// PINDropped: the account was imported with PIN codes. They are not a factor here, and a new one is due.
	PINDropped bool
	// Preferred is the second factor the person wants to be asked for first, or empty.
	Preferred Factor
}

// proofedSince tells whether the person was identified anew after a login. What such a login proved rests on the old
// proofing: an app that was paired for less must not reach a higher level because the other axis rose. A sign-in in which
// nothing was passed yet has no time.
func (p *Person) proofedSince(login time.Time) bool {
	return !login.IsZero() && login.Before(p.Proofing.At)
}

// MaskedPID keeps the date and hides what makes the number one person's.
func (p *Person) MaskedPID() string {
	if len(p.PID) != 11 {
		return "***********"
	}
	return p.PID[:6] + " *****"
}

// NewPerson is a person with what signs them in, ready to be stored.
type NewPerson struct {
	Person
	PasswordRecord string    // PHC
	TOTPSecret     []byte    // sealed; empty for none
	SMS            bool      // codes by SMS to the phone are a factor
	ContactAfter   time.Time // when the person is asked whether phone and address for mail still hold
}

// Registration is what a new account is made of. TOTPSecret is the shared secret in plain, at least 16 bytes, or
// empty. Phone is E.164, or empty; it was seen to be the person's, and codes by SMS to it become a factor.
//
// An account that is moved here from elsewhere has no Password but a PasswordRecord: argon2id of this service, bcrypt
// or PBKDF2 (see parseLegacy). HadPINCodes says that its second factor was a sheet of PIN codes; the codes themselves
// are not taken.
type Registration struct {
	PID, Name, BirthDate, Phone, Email string
	Proofing                           Proofing
	Password                           string
	TOTPSecret                         []byte
	PasswordRecord                     string
	HadPINCodes                        bool
	// TemporaryPassword says that somebody else chose the password, or has seen it: a new one is due at the first login.
	TemporaryPassword bool
}

// Register makes an account that may sign in. ErrIdentityNumber, ErrBirthDate, ErrBasis, ErrPassword with
// ErrPasswordRule, ErrTOTPSecret, ErrPhone, ErrPersonExists, ErrBusy.
func (c *Core) Register(ctx context.Context, r Registration) (*Person, error) {
	p, err := c.Prepare(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := c.Store.AddPerson(ctx, p); err != nil {
		return nil, err
	}
	c.event(ctx, "person registered", p.ID)
	return &p.Person, nil
}

// firstRecord is the password's record: of a password that was chosen by the rules, or the one that is brought along.
func (c *Core) firstRecord(ctx context.Context, r Registration, p *Person) (string, error) {
	if r.PasswordRecord != "" {
		if r.Password != "" || !c.Passwords.usable(r.PasswordRecord) {
			return "", ErrPassword
		}
		return r.PasswordRecord, nil
	}
	if err := CheckPassword(r.Password, p); err != nil {
		return "", err
	}
	return c.Passwords.Hash(ctx, r.Password)
}

func (c *Core) checkRegistration(r Registration) error {
	if _, err := c.Numbers.Parse(r.PID); err != nil {
		return errors.Join(ErrIdentityNumber, err)
	}
	if _, err := time.Parse(time.DateOnly, r.BirthDate); err != nil {
		return ErrBirthDate
	}
	if r.Phone != "" && !phoneForm.MatchString(r.Phone) {
		return ErrPhone
	}
	if c.levels().OfBasis(r.Proofing.Basis) == LevelNone {
		return ErrBasis
	}
	if n := len(r.TOTPSecret); n > 0 && n < minTOTPSecret {
		return ErrTOTPSecret
	}
	return nil
}

// Person finds a person by opaque identifier: ErrNotFound.
func (c *Core) Person(ctx context.Context, id string) (*Person, error) {
	return c.Store.Person(ctx, id)
}
