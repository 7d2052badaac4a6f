package minid

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Activation is a registration by letter under way. ID is the hash of the secret in the browser's cookie. Nothing of it is an
// account before the end.
type Activation struct {
	ID, LetterID, Number string
	Letter               []byte // sealed, of the letter
	Password             string // record, empty before it was chosen
	PhonePassed          bool
	Email                []byte // sealed, empty before it was shown to be the person's
	Expires              time.Time
	Ended                bool // or another registration with the same letter has begun
}

// ActivationStore keeps registrations by letter. An activation is live until it ends, expires, or another one claims its
// letter; a verb on one that is not live is ErrStep.
type ActivationStore interface {
	// RaiseLetterTries counts one more try against a number's live letter.
	RaiseLetterTries(ctx context.Context, number string, at time.Time) error
	// ClaimLetter begins an activation that rests on the number's live letter with this code and no more than most tries, and
	// forgets the tries. An earlier activation with the letter is live no more. ErrWrongCode.
	ClaimLetter(ctx context.Context, a Activation, code string, most int, at time.Time) error
	// Activation finds by the hash of its secret: ErrNotFound.
	Activation(ctx context.Context, id string) (*Activation, error)
	ChooseActivationPassword(ctx context.Context, id, record string, at time.Time) error
	// PassActivationPhone spends the code: all or nothing. ErrWrongCode.
	PassActivationPhone(ctx context.Context, id, code string, at time.Time) error
	// PassActivationEmail spends the code and keeps the sealed address: all or nothing. ErrWrongCode.
	PassActivationEmail(ctx context.Context, id, code string, email []byte, at time.Time) error
	// CancelLetter ends the activation's letter.
	CancelLetter(ctx context.Context, id string, at time.Time) error
	// FinishActivation spends the letter and ends the activation, which must be as a says, and makes the account, or gives an
	// account of the same number p's password, phone, address and proofing: then its other factors, its sessions and sign-ins
	// end, and the failures of number are forgotten. All or nothing; ErrPersonExists when the account is in quarantine.
	FinishActivation(ctx context.Context, a Activation, p NewPerson, number string, at time.Time) error
}

// ActivationStep is where a registration by letter stands.
type ActivationStep string

// The steps of a registration by letter, which begins with number and activation code.
const (
	ActivationPassword  ActivationStep = "password"
	ActivationPhone     ActivationStep = "phone"      // the code that came to the phone of the order
	ActivationEmail     ActivationStep = "email"      // an address for mail
	ActivationEmailCode ActivationStep = "email_code" // the code that came to it
	ActivationReady     ActivationStep = "ready"      // all is there
	ActivationEnded     ActivationStep = "ended"      // finished, expired, or begun anew elsewhere
)

// ActivationView is what to show of a registration.
type ActivationView struct {
	Step ActivationStep
	Ends string    // last two digits of the phone, at ActivationPhone
	Code CodeState // of the newest code, at ActivationPhone and ActivationEmailCode
}

// standsAt is the one function that chooses the step. state is of the newest code to an address for mail, or empty.
func (a *Activation) standsAt(now time.Time, state CodeState) ActivationStep {
	switch {
	case a.Ended || !now.Before(a.Expires):
		return ActivationEnded
	case a.Password == "":
		return ActivationPassword
	case !a.PhonePassed:
		return ActivationPhone
	case len(a.Email) > 0:
		return ActivationReady
	case state == "" || state == CodeFailed:
		return ActivationEmail
	}
	return ActivationEmailCode
}

// StartActivation takes number and activation code. Each try is counted before it is compared, for the number, whether or not
// anybody has it, and against its letter. ErrWrongCode, ErrQuarantined after too many in a row, ErrAddress.
func (c *Core) StartActivation(ctx context.Context, pid, typed string) (activation string, v *ActivationView, err error) {
	if pid = strings.ReplaceAll(pid, " ", ""); len(pid) > maxNumber {
		pid = ""
	}
	now, number, secret := c.now(), c.letterNumber(pid), newSecret()
	a := Activation{ID: hashSecret(secret), Number: number, Expires: now.Add(c.limits().Activation)}
	err = c.counted(ctx, now, func() error { return c.claimLetter(ctx, a, typed, now) })
	if err != nil {
		return "", nil, err
	}
	c.event(ctx, "registration by letter begun", "")
	v, err = c.ActivationView(ctx, secret)
	return secret, v, err
}

func (c *Core) claimLetter(ctx context.Context, a Activation, typed string, now time.Time) error {
	l := c.limits()
	q := l.Quarantine
	q.Cap = l.LetterTries
	try, err := c.Store.RaisePasswordFailure(ctx, a.Number, now, q)
	if err != nil {
		return err
	}
	if !try.Allowed {
		return ErrQuarantined{RetryAfter: try.Until.Sub(now)}
	}
	if err := c.Store.RaiseLetterTries(ctx, a.Number, now); err != nil {
		return err
	}
	if err := c.Store.ClaimLetter(ctx, a, c.hashActivationCode(a.Number, readActivationCode(typed)), l.LetterTries, now); err != nil {
		return err
	}
	return c.Store.ClearPasswordFailures(ctx, a.Number)
}

// activation loads one with its step: ErrExpired when there is none.
func (c *Core) activation(ctx context.Context, secret string, now time.Time) (*Activation, ActivationStep, error) {
	a, err := c.Store.Activation(ctx, hashSecret(secret))
	if errors.Is(err, ErrNotFound) {
		return nil, "", ErrExpired
	}
	if err != nil {
		return nil, "", err
	}
	state, err := c.activationCode(ctx, a, PurposeActivateEmail, now)
	return a, a.standsAt(now, state), err
}

// activationAt is one that must be at one of the steps: ErrExpired, ErrStep.
func (c *Core) activationAt(ctx context.Context, secret string, now time.Time, steps ...ActivationStep) (*Activation, *orderContent, error) {
	a, step, err := c.activation(ctx, secret, now)
	switch {
	case err != nil:
		return nil, nil, err
	case step == ActivationEnded:
		return nil, nil, ErrExpired
	case !slices.Contains(steps, step):
		return nil, nil, ErrStep
	}
	content := &orderContent{}
	return a, content, c.openJSON(a.Letter, useLetter, a.LetterID, content)
}

// activationCode is how the newest code of a purpose stands, empty when there is none.
func (c *Core) activationCode(ctx context.Context, a *Activation, p Purpose, now time.Time) (CodeState, error) {
	last, err := c.Store.LastCode(ctx, a.ID, p)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return last.stateAt(now, c.limits().CodeTries), nil
}

// ActivationView shows where the registration stands and changes nothing. ErrExpired.
func (c *Core) ActivationView(ctx context.Context, activation string) (*ActivationView, error) {
	now := c.now()
	a, step, err := c.activation(ctx, activation, now)
	if err != nil {
		return nil, err
	}
	v := &ActivationView{Step: step}
	switch step {
	case ActivationPhone:
		var content orderContent
		if err := c.openJSON(a.Letter, useLetter, a.LetterID, &content); err != nil {
			return nil, err
		}
		v.Ends = lastTwo(content.Phone)
		v.Code, err = c.activationCode(ctx, a, PurposeActivatePhone, now)
	case ActivationEmailCode:
		v.Code, err = c.activationCode(ctx, a, PurposeActivateEmail, now)
	}
	return v, err
}

// letterPerson is who the letter is to: ErrExpired when the register knows them no more.
func (c *Core) letterPerson(ctx context.Context, content *orderContent) (*Person, error) {
	r, err := c.Population.Resident(ctx, content.PID)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrExpired
	}
	if err != nil {
		return nil, err
	}
	return &Person{PID: r.PID, Name: r.Name, BirthDate: r.BirthDate, Phone: content.Phone}, nil
}
