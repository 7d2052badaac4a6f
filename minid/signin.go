package minid

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Need is what a service asks of a sign-in.
type Need struct {
	Service  string        // shown to the person
	Level    Level         // at least
	MaxAge   time.Duration // of the login; 0: any
	Since    time.Time     // the login is not older than this; zero: any
	ReturnTo string        // local path, after success
	CancelTo string        // local path, when cancelled or out of reach
	Onward   string        // address that ReturnTo leads on to by a redirect, "" for none: pages with forms must allow it
}

// View is what to show of a sign-in.
type View struct {
	Step              Step
	Service           string
	Required, Reached Level
	Factors           []Factor      // the other ways the person could take now
	RetryAfter        time.Duration // set when the app was asked, or a code sent, too often
	App               *AppView      // at StepApp
	SMS               *SMSView      // at StepSMS
	PINDropped        bool          // at StepUnreachable: the person had PIN codes, which are no factor any more
	Unreachable       Unreachable   // at StepUnreachable
	PassportHelps     bool          // at StepUnreachable: a check of the passport would bring the person there
	Expires           time.Time     // of the sign-in
	ReturnTo          string
	CancelTo          string
	Onward            string
}

// AppView is the login attempt to answer in the app.
type AppView struct {
	Number  string // two digits, to be typed in the app
	State   AttemptState
	Expires time.Time
}

// SignIn is a sign-in under way. ID is the hash of the secret in the browser's cookie.
type SignIn struct {
	ID        string
	Need      Need
	PersonID  string    // empty before the password
	Passed    []Factor  // in this sign-in, or carried
	Chosen    Factor    // second factor the person chose, or empty
	Remember  Factor    // to be preferred after this sign-in, or empty
	AuthTime  time.Time // of the latest factor; when Carried, of the session's login
	Resetting bool      // a new password was asked for, and its codes not passed yet
	Prior     string    // hash of the browser's session secret, or empty
	Carried   bool      // rests on what the prior session proved
	Started   time.Time // of the session's absolute life, when Carried
	Expires   time.Time
	Ended     bool
}

// Begin starts a sign-in. session is the browser's session secret or "". When that session already meets the need,
// the sign-in is at StepDone without asking; when it is fresh enough but too low, what it proved is kept.
func (c *Core) Begin(ctx context.Context, need Need, session string) (signIn string, v *View, err error) {
	now, secret := c.now(), newSecret()
	s := &SignIn{ID: hashSecret(secret), Need: need, Expires: now.Add(c.limits().SignIn)}
	if session != "" {
		old, _, err := c.session(ctx, session, now)
		if err != nil && !errors.Is(err, ErrNoSession) {
			return "", nil, err
		}
		if err == nil {
			s.Prior = old.ID
			if need.youngEnough(old.AuthTime, now) {
				s.carry(*old)
			}
		}
	}
	if err := c.Store.AddSignIn(ctx, *s); err != nil {
		return "", nil, err
	}
	v, err = c.arrive(ctx, s, now, false)
	return secret, v, err
}

func (s *SignIn) carry(r SessionRecord) {
	s.PersonID, s.Passed, s.AuthTime = r.PersonID, r.Factors, r.AuthTime
	s.Started, s.Carried = r.Started, true
}

// View shows where the sign-in stands and changes nothing. ErrExpired.
func (c *Core) View(ctx context.Context, signIn string) (*View, error) {
	now := c.now()
	s, err := c.load(ctx, signIn)
	if err != nil {
		return nil, err
	}
	if s.over(now) {
		return s.endedView(), nil
	}
	d, err := c.decide(ctx, s)
	if err != nil {
		return nil, err
	}
	return c.show(ctx, s, d, now)
}

// Cancel ends the sign-in. The view says where to send the browser. ErrExpired.
func (c *Core) Cancel(ctx context.Context, signIn string) (*View, error) {
	s, err := c.load(ctx, signIn)
	if err != nil {
		return nil, err
	}
	if err := c.Store.CancelSignIn(ctx, s.ID, c.now()); err != nil {
		return nil, err
	}
	return s.endedView(), nil
}

// Finish ends a sign-in that is at StepDone, ends the browser's earlier session, and starts a session with a new
// secret. When the earlier session was the same person's, the new one keeps its public identifier: for those who know it
// the session goes on. ErrStep, ErrExpired.
func (c *Core) Finish(ctx context.Context, signIn string) (session string, out *Session, err error) {
	now := c.now()
	s, d, _, err := c.at(ctx, signIn, now, StepDone)
	if err != nil {
		return "", nil, err
	}
	started := now
	if s.Carried {
		started = s.Started
	}
	if now.Sub(started) >= c.limits().SessionTotal {
		return "", nil, ErrExpired
	}
	public, err := c.publicID(ctx, s)
	if err != nil {
		return "", nil, err
	}
	secret := newSecret()
	r := SessionRecord{
		ID: hashSecret(secret), Public: public, PersonID: s.PersonID, Level: d.reached,
		Basis: d.person.Proofing.Basis, Factors: s.Passed, AuthTime: s.AuthTime, Started: started, Seen: now,
	}
	if err := c.Store.FinishSignIn(ctx, *s, r, Login{Factors: s.Passed}.strongest(), now); err != nil {
		return "", nil, err
	}
	c.event(ctx, "signed in at level "+d.reached.String(), s.PersonID)
	c.meter("login", string(Login{Factors: s.Passed}.strongest()))
	return secret, c.public(r, d.person), nil
}

// publicID is the public identifier of the session that the sign-in becomes.
func (c *Core) publicID(ctx context.Context, s *SignIn) (string, error) {
	if s.Prior == "" {
		return newID(), nil
	}
	prior, err := c.Store.Session(ctx, s.Prior)
	switch {
	case errors.Is(err, ErrNotFound):
		return newID(), nil
	case err != nil:
		return "", err
	case prior.PersonID != s.PersonID:
		return newID(), nil
	}
	return prior.Public, nil
}

// load finds the sign-in of a cookie: ErrExpired when there is none.
func (c *Core) load(ctx context.Context, signIn string) (*SignIn, error) {
	s, err := c.Store.SignIn(ctx, hashSecret(signIn))
	if errors.Is(err, ErrNotFound) {
		return nil, ErrExpired
	}
	return s, err
}

func (s *SignIn) over(now time.Time) bool { return s.Ended || !now.Before(s.Expires) }

// at loads a sign-in that must be at one of the steps. Otherwise the view shows where it is.
func (c *Core) at(ctx context.Context, signIn string, now time.Time, steps ...Step) (*SignIn, decision, *View, error) {
	s, err := c.load(ctx, signIn)
	if err != nil {
		return nil, decision{}, nil, err
	}
	if s.over(now) {
		return nil, decision{}, s.endedView(), ErrExpired
	}
	d, err := c.decide(ctx, s)
	if err != nil {
		return nil, decision{}, nil, err
	}
	if slices.Contains(steps, d.step) {
		return s, d, nil, nil
	}
	v, err := c.show(ctx, s, d, now)
	if err != nil {
		return nil, decision{}, nil, err
	}
	return nil, decision{}, v, ErrStep
}

// decide gathers what the next step depends on. A person who may no longer sign in has no next step.
func (c *Core) decide(ctx context.Context, s *SignIn) (decision, error) {
	st := standing{need: s.Need.Level, passed: s.Passed, chosen: s.Chosen, reset: s.Resetting}
	if s.PersonID == "" {
		return c.levels().next(st), nil
	}
	person, err := c.Store.Person(ctx, s.PersonID)
	if err != nil {
		return decision{}, err
	}
	if !person.State.goesOn() || person.proofedSince(s.AuthTime) {
		return decision{}, ErrExpired
	}
	if st.second, err = c.SecondFactors(ctx, s.PersonID); err != nil {
		return decision{}, err
	}
	left, err := c.recoveryLeft(ctx, s.PersonID)
	if err != nil {
		return decision{}, err
	}
	st.basis, st.liked, st.recovery = person.Proofing.Basis, person.Preferred, left > 0
	d := c.levels().next(st)
	if person.State == StateTemporaryPassword && !slices.Contains(s.Passed, FactorReset) {
		d = nextOfTemporary(st)
	}
	d.person = person
	return d, nil
}

// SecondFactors are the person's factors beside the password that are in working order.
func (c *Core) SecondFactors(ctx context.Context, personID string) ([]Factor, error) {
	have, err := c.Store.SecondFactors(ctx, personID, c.limits().TOTPFailures)
	if c.Sender == nil {
		have = slices.DeleteFunc(have, func(f Factor) bool { return f == FactorSMS })
	}
	return have, err
}

func (s *SignIn) endedView() *View {
	return &View{Step: StepEnded, Service: s.Need.Service, Required: s.Need.Level,
		ReturnTo: s.Need.ReturnTo, CancelTo: s.Need.CancelTo, Onward: s.Need.Onward, Expires: s.Expires}
}

// show is the view of a decision, with the app's attempt as it stands.
func (c *Core) show(ctx context.Context, s *SignIn, d decision, now time.Time) (*View, error) {
	v := &View{
		Step: d.step, Service: s.Need.Service, Required: s.Need.Level, Reached: d.reached, Factors: d.others,
		Unreachable: d.unreachable, ReturnTo: s.Need.ReturnTo, CancelTo: s.Need.CancelTo, Onward: s.Need.Onward,
		Expires: s.Expires,
	}
	if d.step == StepUnreachable {
		v.PINDropped = d.person.PINDropped
		v.PassportHelps = d.unreachable == UnreachableProofing && c.PassportHelps(d.person.Proofing.Basis, s.Need.Level)
	}
	if d.step == StepSMS {
		return v, c.showSMS(ctx, s, d, v, now)
	}
	if d.step != StepApp {
		return v, nil
	}
	a, err := c.Store.LastAttempt(ctx, s.ID)
	if errors.Is(err, ErrNotFound) {
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	v.App = &AppView{Number: a.Number, State: a.stateAt(now), Expires: a.Expires}
	return v, nil
}

// showSMS adds the newest code of the sign-in.
func (c *Core) showSMS(ctx context.Context, s *SignIn, d decision, v *View, now time.Time) error {
	phone := d.person.Phone
	v.SMS = &SMSView{Ends: phone[max(0, len(phone)-2):], State: CodeFailed}
	last, err := c.Store.LastCode(ctx, s.ID, PurposeLogin)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	v.SMS.State, v.SMS.Expires = last.stateAt(now, c.limits().CodeTries), last.Expires
	return nil
}
