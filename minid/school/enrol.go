package school

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"

	"lommebok.example/minid"
)

// Step is where the pupil is.
type Step string

// The steps after code and number.
const (
	StepDetails Step = "details" // password and second factor
	StepConfirm Step = "confirm" // the factor works
	StepDone    Step = "done"
)

// View is what the pupil sees.
type View struct {
	Step        Step
	Factor      minid.Factor // chosen before, or empty
	Phone       string       // E.164, as typed before, or empty
	Email       string
	TOTPSecret  string // base32, at StepConfirm with TOTP
	HasPassword bool
	Expires     time.Time
}

// Claim takes the code that the teacher shows and the pupil's own number, and gives the secret of the enrolment under way,
// for this one browser. A try is counted before the number is compared. ErrCode; ErrHasAccount and ErrPupil when the right
// number was given and there is nothing to make; minid.ErrAddress.
func (c *Core) Claim(ctx context.Context, code, pid string) (secret string, err error) {
	now, l := c.now(), c.limits()
	code = c.hashCode(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code)))
	secret = minid.NewSecret()
	var e *Enrolment
	err = c.MinID.Guess(ctx, func() (err error) {
		if counted, err := c.Store.RaiseClaimTries(ctx, code, l.Tries, now); err != nil || !counted {
			return errors.Join(ErrCode, err)
		}
		e, err = c.Store.ClaimEnrolment(ctx, code, c.key(pid), minid.HashSecret(secret), now, now.Add(l.Claim))
		return err
	})
	if err != nil {
		return "", err
	}
	r, err := c.newcomer(ctx, pid)
	if err != nil {
		if errors.Is(err, ErrHasAccount) || errors.Is(err, ErrPupil) {
			err = errors.Join(err, c.Store.EndEnrolment(ctx, e.ID, StateVoid, now))
		}
		return "", err
	}
	c.event(ctx, "school: code claimed", "", e.ID)
	return secret, c.put(ctx, e, draft{PID: pid, Name: r.Name, BirthDate: r.BirthDate})
}

func (c *Core) put(ctx context.Context, e *Enrolment, d draft) error {
	sealed, err := c.sealDraft(e.ID, d)
	if err != nil {
		return err
	}
	return c.Store.PutDraft(ctx, e, sealed, c.now())
}

// claimed is the enrolment under way of a pupil's secret, with what was typed so far. ErrOver.
func (c *Core) claimed(ctx context.Context, secret string) (*Enrolment, draft, error) {
	e, err := c.Store.EnrolmentOf(ctx, minid.HashSecret(secret))
	if errors.Is(err, ErrNotFound) {
		return nil, draft{}, ErrOver
	}
	if err != nil {
		return nil, draft{}, err
	}
	if e.at(c.now(), c.limits().Tries) != StateClaimed {
		return e, draft{}, ErrOver
	}
	d, err := c.openDraft(e)
	return e, d, err
}

// View shows the step at hand. ErrOver.
func (c *Core) View(ctx context.Context, secret string) (*View, error) {
	e, d, err := c.claimed(ctx, secret)
	if errors.Is(err, ErrOver) && e != nil && e.State == StateFinished && c.now().Sub(e.Ended) < c.limits().Done {
		return &View{Step: StepDone}, nil
	}
	if err != nil {
		return nil, err
	}
	v := &View{Step: StepDetails, Factor: d.Factor, Phone: d.Phone, Email: d.Email, HasPassword: d.Record != "", Expires: e.Expires}
	if d.complete() {
		v.Step = StepConfirm
		v.TOTPSecret = minid.EncodeTOTPSecret(d.TOTPSecret)
	}
	return v, nil
}

// Details are what the pupil chooses.
type Details struct {
	Password     string
	Factor       minid.Factor // TOTP or SMS
	Phone, Email string       // Email may be empty, and so may Phone with TOTP
}

// Details takes password and second factor, and sends the code by SMS. What is right is kept, so that only what is wrong
// must be typed again. ErrFactor, ErrEmail, minid.ErrPhone, minid.ErrPasswordRule, minid.ErrBusy, minid.ErrNotSent,
// minid.ErrTooManyAttempts, ErrOver.
func (c *Core) Details(ctx context.Context, secret string, in Details) error {
	e, d, err := c.claimed(ctx, secret)
	if err != nil {
		return err
	}
	d.Factor, d.Email, d.Sent, d.TOTPSecret, d.Record = "", "", false, nil, ""
	wrong := d.choose(in)
	if rule := minid.CheckPassword(in.Password, d.person()); rule != nil {
		wrong = errors.Join(wrong, rule)
	}
	if wrong == nil {
		d.Record, wrong = c.MinID.Passwords.Hash(ctx, in.Password)
	}
	if wrong == nil && d.Factor == minid.FactorTOTP {
		d.TOTPSecret = minid.NewTOTPSecret()
	}
	if wrong == nil && d.Factor == minid.FactorSMS {
		d.Phone, wrong = c.MinID.SendNumberCode(ctx, e.ID, in.Phone)
		d.Sent = wrong == nil
	}
	if err := c.put(ctx, e, d); err != nil {
		return err
	}
	return wrong
}

// choose takes factor, phone and mail. A phone that is no factor is nobody's: nothing shows it to be the pupil's.
func (d *draft) choose(in Details) error {
	var wrong error
	switch in.Factor {
	case minid.FactorTOTP:
		d.Factor, d.Phone = in.Factor, ""
	case minid.FactorSMS:
		d.Factor, d.Phone = in.Factor, ""
		if !minid.IsPhone(in.Phone) {
			wrong = minid.ErrPhone
		} else {
			d.Phone = in.Phone
		}
	default:
		wrong = ErrFactor
	}
	email := strings.TrimSpace(in.Email)
	if email == "" {
		return wrong
	}
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email || len(email) > 254 {
		return errors.Join(wrong, ErrEmail)
	}
	d.Email = email
	return wrong
}

// Back goes from the confirmation to the details, such as for another phone or another factor. ErrOver.
func (c *Core) Back(ctx context.Context, secret string) error {
	e, d, err := c.claimed(ctx, secret)
	if err != nil {
		return err
	}
	d.Record, d.Sent, d.TOTPSecret = "", false, nil
	return c.put(ctx, e, d)
}

// Confirm takes the code of the chosen factor and makes the account. A try is counted before the code is compared.
// minid.ErrWrongCode, ErrHasAccount when somebody made an account meanwhile, ErrOver.
func (c *Core) Confirm(ctx context.Context, secret, code string) error {
	e, d, err := c.claimed(ctx, secret)
	if err != nil {
		return err
	}
	if !d.complete() {
		return ErrOver
	}
	now := c.now()
	f := Finish{Enrolment: e, At: now}
	if d.Factor == minid.FactorSMS {
		f.Code, err = c.MinID.TryNumberCode(ctx, e.ID, code)
	} else {
		f.Step, err = c.tryTOTP(ctx, e, d, code)
	}
	if err != nil {
		return err
	}
	f.Person, err = c.MinID.Prepare(ctx, minid.Registration{
		PID: d.PID, Name: d.Name, BirthDate: d.BirthDate, Phone: d.Phone, Email: d.Email,
		Proofing:       minid.Proofing{Basis: minid.BasisSchool, At: e.Created, Evidence: e.ID},
		PasswordRecord: d.Record, TOTPSecret: d.TOTPSecret,
	})
	if err != nil {
		return err
	}
	err = c.Store.FinishEnrolment(ctx, f)
	if errors.Is(err, minid.ErrPersonExists) {
		return errors.Join(ErrHasAccount, c.Store.EndEnrolment(ctx, e.ID, StateVoid, now))
	}
	if err != nil {
		return err
	}
	c.event(ctx, "school: account made", f.Person.ID, e.ID)
	c.MinID.Tell(ctx, &f.Person.Person, minid.MessageEnrolled)
	return nil
}

func (c *Core) tryTOTP(ctx context.Context, e *Enrolment, d draft, code string) (step int64, err error) {
	counted, err := c.Store.RaiseTries(ctx, e.ID, c.limits().Confirms, c.now())
	if err != nil {
		return 0, err
	}
	if !counted {
		return 0, errors.Join(ErrOver, c.Store.EndEnrolment(ctx, e.ID, StateCancelled, c.now()))
	}
	step, ok, err := c.MinID.MatchTOTP(d.TOTPSecret, code)
	if err == nil && !ok {
		err = minid.ErrWrongCode
	}
	return step, err
}

// StrengthFor is advice on a password that the pupil thinks of, and the rule it would break, if any. ErrOver.
func (c *Core) StrengthFor(ctx context.Context, secret, password string) (int, error) {
	_, d, err := c.claimed(ctx, secret)
	if err != nil {
		return 0, err
	}
	return minid.Strength(password, minid.PasswordContext(d.person())), minid.CheckPassword(password, d.person())
}
