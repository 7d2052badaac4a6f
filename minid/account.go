package minid

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Account is what a person sees of their own MinID.
type Account struct {
	Person   Person
	Factors  []OwnFactor // second factors in working order
	Sessions []OwnSession
	Logins   []Login // newest first
	Device   *Device // the phone with the MinID app, nil for none
	Recovery int     // recovery codes that are left
}

// OwnFactor is one of the person's second factors.
type OwnFactor struct {
	Factor Factor
	Name   string // the person's own, may be empty
}

// OwnSession is one of the person's sessions, in this browser or another.
type OwnSession struct {
	ID            string
	Level         Level
	Started, Seen time.Time
	Current       bool
}

// Login is a sign-in that was finished.
type Login struct {
	ID       string
	PersonID string
	Service  string
	Level    Level
	Factors  []Factor
	At       time.Time
}

// strongest is the factor by which a login is counted.
func (l Login) strongest() Factor {
	for _, f := range []Factor{FactorApp, FactorTOTP, FactorSMS, FactorRecovery} {
		if slices.Contains(l.Factors, f) {
			return f
		}
	}
	return FactorPassword
}

const (
	loginsShown = 10
	maxName     = 40 // characters of a factor's name
)

// own is the session of somebody who may see their account: at substantial or more. ErrNoSession, ErrSessionTooLow.
func (c *Core) own(ctx context.Context, session string, now time.Time) (*SessionRecord, *Person, error) {
	r, p, err := c.session(ctx, session, now)
	if err != nil {
		return nil, nil, err
	}
	if r.Level < LevelSubstantial {
		return nil, nil, ErrSessionTooLow
	}
	return r, p, nil
}

// fresh is the session of somebody who may change how they sign in: the login is not older than Limits.ChangeLogin.
// ErrSessionTooOld, and the errors of own.
func (c *Core) fresh(ctx context.Context, session string, now time.Time) (*SessionRecord, *Person, error) {
	r, p, err := c.own(ctx, session, now)
	if err != nil {
		return nil, nil, err
	}
	if now.Sub(r.AuthTime) > c.limits().ChangeLogin {
		return nil, nil, ErrSessionTooOld
	}
	return r, p, nil
}

// tell sends a notice of a change by every channel the person had before it. That it could not be sent undoes nothing.
func (c *Core) tell(ctx context.Context, p *Person, kind MessageKind, f Factor) {
	if c.Sender == nil {
		return
	}
	for channel, to := range map[Channel]string{ChannelSMS: p.Phone, ChannelEmail: p.Email} {
		if to != "" {
			_ = c.send(ctx, Message{Channel: channel, To: to, Kind: kind, Factor: f}, p.ID) // is in the log
		}
	}
}

// Account shows the account of a session's person. ErrNoSession, ErrSessionTooLow.
func (c *Core) Account(ctx context.Context, session string) (*Account, error) {
	now := c.now()
	r, p, err := c.own(ctx, session, now)
	if err != nil {
		return nil, err
	}
	a := &Account{Person: *p}
	names, err := c.Store.FactorNames(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	factors, err := c.SecondFactors(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	for _, f := range factors {
		a.Factors = append(a.Factors, OwnFactor{Factor: f, Name: names[f]})
	}
	if a.Device, err = c.Store.DeviceOf(ctx, p.ID); err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if a.Recovery, err = c.recoveryLeft(ctx, p.ID); err != nil {
		return nil, err
	}
	if a.Logins, err = c.Store.Logins(ctx, p.ID, loginsShown); err != nil {
		return nil, err
	}
	l := c.limits()
	list, err := c.Store.Sessions(ctx, p.ID, now.Add(-l.SessionIdle), now.Add(-l.SessionTotal))
	for _, s := range list {
		a.Sessions = append(a.Sessions, OwnSession{ID: s.Public, Level: s.Level, Started: s.Started, Seen: s.Seen, Current: s.ID == r.ID})
	}
	return a, err
}

// EndOther ends another session of the same person, by the identifier that Account shows; one that is over already is
// no error. ErrNoSession, ErrSessionTooLow.
func (c *Core) EndOther(ctx context.Context, session, id string) error {
	_, p, err := c.own(ctx, session, c.now())
	if err != nil {
		return err
	}
	c.event(ctx, "session ended by its person", p.ID)
	return c.Store.EndSessionOf(ctx, p.ID, storable(id))
}

// StartTOTP makes a new secret, which becomes a factor when ConfirmTOTP sees a code of it. ErrNoSession,
// ErrSessionTooLow, ErrSessionTooOld.
func (c *Core) StartTOTP(ctx context.Context, session string) error {
	now := c.now()
	_, p, err := c.fresh(ctx, session, now)
	if err != nil {
		return err
	}
	return c.Store.PutPendingTOTP(ctx, p.ID, c.Seal.Seal(NewTOTPSecret(), useTOTP, p.ID), now.Add(c.limits().PairingCode))
}

// PendingTOTP is the secret that waits for its first code, as base32: ErrNotFound when none does. Errors as StartTOTP.
func (c *Core) PendingTOTP(ctx context.Context, session string) (string, error) {
	now := c.now()
	_, p, err := c.fresh(ctx, session, now)
	if err != nil {
		return "", err
	}
	sealed, err := c.Store.PendingTOTP(ctx, p.ID, now)
	if err != nil {
		return "", err
	}
	secret, err := c.Seal.Open(sealed, useTOTP, p.ID)
	return EncodeTOTPSecret(secret), err
}

// ConfirmTOTP makes the pending secret the person's TOTP, in place of an earlier one. Each try is counted before it is
// compared. ErrWrongCode, ErrAddress, and the errors of StartTOTP.
func (c *Core) ConfirmTOTP(ctx context.Context, session, code string) error {
	now := c.now()
	_, p, err := c.fresh(ctx, session, now)
	if err != nil {
		return err
	}
	if err := c.counted(ctx, now, func() error { return c.confirmTOTP(ctx, p.ID, code, now) }); err != nil {
		return err
	}
	c.event(ctx, "TOTP added", p.ID)
	c.tell(ctx, p, MessageFactorAdded, FactorTOTP)
	return nil
}

func (c *Core) confirmTOTP(ctx context.Context, personID, code string, now time.Time) error {
	sealed, err := c.Store.RaisePendingTOTP(ctx, personID, c.limits().TOTPFailures, now)
	if errors.Is(err, ErrNotFound) {
		return ErrWrongCode
	}
	if err != nil {
		return err
	}
	secret, err := c.Seal.Open(sealed, useTOTP, personID)
	if err != nil {
		return err
	}
	step, ok, err := c.TOTPConfig.orDefault().match(secret, code, now)
	if err != nil {
		return err
	}
	if !ok {
		return ErrWrongCode
	}
	return c.Store.ConfirmTOTP(ctx, personID, sealed, step, now)
}

// RemoveFactor takes a second factor from the person; the last one that works stays: ErrLastFactor. ErrNotFound when it
// is none of theirs, and the errors of StartTOTP.
func (c *Core) RemoveFactor(ctx context.Context, session string, f Factor) error {
	now := c.now()
	_, p, err := c.fresh(ctx, session, now)
	if err != nil {
		return err
	}
	if err := c.Store.RemoveFactor(ctx, p.ID, f, c.limits().TOTPFailures, c.Sender != nil, now); err != nil {
		return err
	}
	c.event(ctx, "factor removed: "+string(f), p.ID)
	c.tell(ctx, p, MessageFactorRemoved, f)
	return nil
}

// RenameFactor gives a factor a name of up to 40 characters, or none. ErrName, ErrNotFound, ErrNoSession,
// ErrSessionTooLow.
func (c *Core) RenameFactor(ctx context.Context, session string, f Factor, name string) error {
	_, p, err := c.own(ctx, session, c.now())
	if err != nil {
		return err
	}
	name = strings.TrimSpace(name)
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return ErrName
	}
	have, err := c.SecondFactors(ctx, p.ID)
	if err != nil {
		return err
	}
	if !slices.Contains(have, f) {
		return ErrNotFound
	}
	return c.Store.RenameFactor(ctx, p.ID, f, name)
}

// Prefer sets which of the person's factors is asked for first. Errors as RenameFactor.
func (c *Core) Prefer(ctx context.Context, session string, f Factor) error {
	_, p, err := c.own(ctx, session, c.now())
	if err != nil {
		return err
	}
	have, err := c.SecondFactors(ctx, p.ID)
	if err != nil {
		return err
	}
	if !slices.Contains(have, f) {
		return ErrNotFound
	}
	return c.Store.PreferFactor(ctx, p.ID, f)
}

const usePhone = "phone" // binding of the sealed number

// StartPhone sends a code to a new number, written as people do. ErrPhone, ErrTooManyAttempts when too many codes went to
// the person or the number, ErrAddress, ErrNotSent, and the errors of StartTOTP.
func (c *Core) StartPhone(ctx context.Context, session, number string) error {
	now := c.now()
	r, p, err := c.fresh(ctx, session, now)
	if err != nil {
		return err
	}
	number, ok := readPhone(number)
	if !ok {
		return ErrPhone
	}
	return c.sendCode(ctx, codeToSend{
		purpose: PurposePhone, kind: MessagePhone, channel: ChannelSMS, to: number, who: "person " + p.ID, person: p.ID,
		bound: r.ID, payload: c.Seal.Seal([]byte(number), usePhone, p.ID),
	}, now)
}

// readPhone makes E.164 of a number; eight digits are Norwegian.
func readPhone(number string) (string, bool) {
	number = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "\u00a0", "").Replace(number)
	if rest, ok := strings.CutPrefix(number, "00"); ok {
		number = "+" + rest
	}
	if len(number) == 8 && strings.Trim(number, "0123456789") == "" {
		number = "+47" + number
	}
	return number, phoneForm.MatchString(number)
}

// ConfirmPhone takes the code that was sent to the new number, which becomes the person's, and a factor. The old number
// and the address for mail are told. ErrWrongCode, ErrAddress, and the errors of StartTOTP.
func (c *Core) ConfirmPhone(ctx context.Context, session, code string) error {
	now := c.now()
	r, p, err := c.fresh(ctx, session, now)
	if err != nil {
		return err
	}
	if err := c.counted(ctx, now, func() error { return c.confirmPhone(ctx, r.ID, p.ID, code, now) }); err != nil {
		return err
	}
	c.event(ctx, "phone changed", p.ID)
	c.tell(ctx, p, MessagePhoneChanged, "")
	return nil
}

func (c *Core) confirmPhone(ctx context.Context, session, personID, code string, now time.Time) error {
	live, err := c.Store.RaiseCodeTries(ctx, session, []Purpose{PurposePhone}, c.limits().CodeTries, now)
	if err != nil {
		return err
	}
	if live != 1 {
		return ErrWrongCode
	}
	pending, err := c.Store.LastCode(ctx, session, PurposePhone)
	if err != nil {
		return err
	}
	number, err := c.Seal.Open(pending.Payload, usePhone, personID)
	if err != nil {
		return err
	}
	return c.Store.ChangePhone(ctx, session, personID, c.hashCode(PurposePhone, session, code), string(number), now)
}

// ChangePassword takes the current password and a new one, and ends the person's other sessions and sign-ins. strength
// is advice on the new one. ErrWrong and ErrQuarantined for the current password, ErrPasswordRule for the new one,
// ErrBusy, and the errors of StartTOTP.
func (c *Core) ChangePassword(ctx context.Context, session, current, chosen string) (strength int, err error) {
	now := c.now()
	r, p, err := c.fresh(ctx, session, now)
	if err != nil {
		return 0, err
	}
	if err := CheckPassword(chosen, p); err != nil {
		return 0, err
	}
	// Read before it is compared: who comes second must not replace what the first has just chosen.
	old, err := c.Store.PasswordRecord(ctx, p.ID)
	if err != nil {
		return 0, err
	}
	if _, err := c.checkPassword(ctx, p.PID, current, now); err != nil {
		return 0, err
	}
	record, err := c.Passwords.Hash(ctx, chosen)
	if err != nil {
		return 0, err
	}
	if err := c.Store.ChangePassword(ctx, p.ID, old, record, r.ID); err != nil {
		return 0, err
	}
	c.event(ctx, "password changed", p.ID)
	c.tell(ctx, p, MessagePasswordChanged, "")
	return Strength(chosen, contextWords(p)), nil
}

// StrengthFor is advice on a password that a session's person thinks of, and the rule it would break, if any.
func (c *Core) StrengthFor(ctx context.Context, session, password string) (int, error) {
	_, p, err := c.own(ctx, session, c.now())
	if err != nil {
		return 0, err
	}
	return Strength(password, contextWords(p)), CheckPassword(password, p)
}

// LoginCounts are how many logged in by day and factor, for the days of a span until now, newest first.
func (c *Core) LoginCounts(ctx context.Context, span time.Duration) ([]LoginCount, error) {
	return c.Store.LoginCounts(ctx, c.now().Add(-span))
}
