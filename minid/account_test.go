package minid_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

// full is a person with SMS and TOTP, signed in just now.
func full(t testing.TB, w *world) (*post, string, *minid.Session) {
	t.Helper()
	p := &post{}
	w.Sender = p
	r := registration(pidA, minid.BasisInPerson)
	r.Phone, r.Email = phoneA, "a@example.com"
	_, err := w.Register(ctx(), r)
	must(t, err)
	session, s := w.signIn(pidA)
	return p, session, s
}

// atOnce runs a verb sixteen times at once and counts those that worked; lost are the refusals that may come.
func atOnce(t *testing.T, verb func() error, lost ...error) (won int) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 16 {
		wg.Go(func() {
			err := verb()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
				return
			}
			for _, l := range lost {
				if errors.Is(err, l) {
					return
				}
			}
			t.Error(err)
		})
	}
	wg.Wait()
	return won
}

// A23: every change takes a login of the last five minutes, and at least two factors.
func TestChangesTakeAFreshLogin(t *testing.T) {
	w := newWorld(t)
	_, session, _ := full(t, w)
	in, _ := w.begin(minid.LevelLow, "")
	_, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	low, _, err := w.Finish(ctx(), in)
	must(t, err)
	changes := map[string]func(s string) error{
		"start TOTP":    func(s string) error { return w.StartTOTP(ctx(), s) },
		"see secret":    func(s string) error { _, err := w.PendingTOTP(ctx(), s); return err },
		"confirm TOTP":  func(s string) error { return w.ConfirmTOTP(ctx(), s, "000000") },
		"remove":        func(s string) error { return w.RemoveFactor(ctx(), s, minid.FactorSMS) },
		"start phone":   func(s string) error { return w.StartPhone(ctx(), s, "99990002") },
		"start email":   func(s string) error { return w.StartEmail(ctx(), s, "b@example.com") },
		"confirm email": func(s string) error { return w.ConfirmEmail(ctx(), s, "000000") },
		"close":         func(s string) error { return w.CloseAccount(ctx(), s) },
		"confirm phone": func(s string) error { return w.ConfirmPhone(ctx(), s, "000000") },
		"password": func(s string) error {
			_, err := w.ChangePassword(ctx(), s, password, "kaktus i vinduskarmen")
			return err
		},
	}
	for name, change := range changes {
		if err := change(low); !errors.Is(err, minid.ErrSessionTooLow) {
			t.Errorf("%s at low: %v", name, err)
		}
	}
	w.clock.add(5*time.Minute + time.Second)
	for name, change := range changes {
		if err := change(session); !errors.Is(err, minid.ErrSessionTooOld) {
			t.Errorf("%s with an old login: %v", name, err)
		}
		if err := change("nobody"); !errors.Is(err, minid.ErrNoSession) {
			t.Errorf("%s without a session: %v", name, err)
		}
	}
}

func TestNewTOTP(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p, session, _ := full(t, w)
		wantErr(t, w.ConfirmTOTP(ctx(), session, "000000"), minid.ErrWrongCode)
		must(t, w.StartTOTP(ctx(), session))
		secret, err := w.PendingTOTP(ctx(), session)
		must(t, err)
		code, err := minid.TOTPConfig{}.TOTPCode(secret, w.clock.Now())
		must(t, err)
		wantErr(t, w.ConfirmTOTP(ctx(), session, other(code)), minid.ErrWrongCode)
		w.Limits.TOTPFailures = 100
		if won := atOnce(t, func() error { return w.ConfirmTOTP(ctx(), session, code) }, minid.ErrWrongCode); won != 1 {
			t.Errorf("%d confirmed one secret", won)
		}
		if m := p.last(t, minid.MessageFactorAdded, minid.ChannelSMS); m.To != phoneA || m.Factor != minid.FactorTOTP {
			t.Errorf("notice %+v", m)
		}
		p.last(t, minid.MessageFactorAdded, minid.ChannelEmail)
		in, _ := w.begin(minid.LevelSubstantial, "")
		_, err = w.Password(ctx(), in, pidA, password)
		must(t, err)
		_, err = w.TOTP(ctx(), in, code) // was used to confirm
		wantErr(t, err, minid.ErrWrongCode)
		w.clock.add(30 * time.Second)
		code, err = minid.TOTPConfig{}.TOTPCode(secret, w.clock.Now())
		must(t, err)
		_, err = w.TOTP(ctx(), in, code)
		must(t, err)
	})
}

func TestPendingTOTPTakesTenTries(t *testing.T) {
	w := newWorld(t)
	_, session, _ := full(t, w)
	must(t, w.StartTOTP(ctx(), session))
	secret, err := w.PendingTOTP(ctx(), session)
	must(t, err)
	code, err := minid.TOTPConfig{}.TOTPCode(secret, w.clock.Now())
	must(t, err)
	for range 10 {
		wantErr(t, w.ConfirmTOTP(ctx(), session, other(code)), minid.ErrWrongCode)
	}
	wantErr(t, w.ConfirmTOTP(ctx(), session, code), minid.ErrWrongCode)
}

// Both factors are removed at once, again and again: one of them stays.
func TestLastFactorStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p, session, s := full(t, w)
		must(t, w.Prefer(ctx(), session, minid.FactorSMS))
		wantErr(t, w.RemoveFactor(ctx(), session, minid.FactorApp), minid.ErrNotFound)
		wantErr(t, w.RemoveFactor(ctx(), session, minid.FactorPassword), minid.ErrNotFound)
		next := make(chan minid.Factor, 16)
		for range 8 {
			next <- minid.FactorSMS
			next <- minid.FactorTOTP
		}
		if won := atOnce(t, func() error { return w.RemoveFactor(ctx(), session, <-next) }, minid.ErrLastFactor, minid.ErrNotFound); won != 1 {
			t.Errorf("%d removals", won)
		}
		left, err := w.SecondFactors(ctx(), s.PersonID)
		must(t, err)
		if len(left) != 1 {
			t.Errorf("left %v", left)
		}
		p.last(t, minid.MessageFactorRemoved, minid.ChannelSMS)
	})
}

// Who cannot send has no SMS, so it is not what is left.
func TestSMSWithoutSenderIsNotTheLastFactor(t *testing.T) {
	w := newWorld(t)
	_, session, _ := full(t, w)
	w.Sender = nil
	wantErr(t, w.RemoveFactor(ctx(), session, minid.FactorTOTP), minid.ErrLastFactor)
}

func TestNamesOfFactors(t *testing.T) {
	w := newWorld(t)
	_, session, _ := full(t, w)
	must(t, w.RenameFactor(ctx(), session, minid.FactorTOTP, "  Jobbtelefonen "))
	wantErr(t, w.RenameFactor(ctx(), session, minid.FactorApp, "x"), minid.ErrNotFound)
	for _, bad := range []string{strings.Repeat("x", 41), "a\nb", "\xff", "a\x00"} {
		wantErr(t, w.RenameFactor(ctx(), session, minid.FactorTOTP, bad), minid.ErrName)
	}
	a, err := w.Account(ctx(), session)
	must(t, err)
	if len(a.Factors) != 2 || a.Factors[0].Name != "Jobbtelefonen" || a.Factors[1].Name != "" {
		t.Errorf("factors %+v", a.Factors)
	}
}

func TestNewPhone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p, session, s := full(t, w)
		for _, bad := range []string{"", "9999", "999900021", "+0123456789", "++4799990002", "99 99 00 0x"} {
			wantErr(t, w.StartPhone(ctx(), session, bad), minid.ErrPhone)
		}
		must(t, w.StartPhone(ctx(), session, "0047 99 99 00 02"))
		m := p.last(t, minid.MessagePhone, minid.ChannelSMS)
		if m.To != "+4799990002" {
			t.Errorf("the code went to %s", m.To)
		}
		wantErr(t, w.ConfirmPhone(ctx(), session, other(m.Code)), minid.ErrWrongCode)
		w.Limits.CodeTries = 100
		if won := atOnce(t, func() error { return w.ConfirmPhone(ctx(), session, m.Code) }, minid.ErrWrongCode); won != 1 {
			t.Errorf("%d confirmed", won)
		}
		person, err := w.Person(ctx(), s.PersonID)
		must(t, err)
		if person.Phone != "+4799990002" {
			t.Errorf("phone %s", person.Phone)
		}
		if m := p.last(t, minid.MessagePhoneChanged, minid.ChannelSMS); m.To != phoneA {
			t.Errorf("the notice went to %s", m.To)
		}
		var many minid.ErrTooManyAttempts
		must(t, w.StartPhone(ctx(), session, "99990003"))
		must(t, w.StartPhone(ctx(), session, "99990004"))
		if err := w.StartPhone(ctx(), session, "99990005"); !errors.As(err, &many) {
			t.Errorf("the fourth code: %v", err)
		}
	})
}

func TestNewPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p, session, _ := full(t, w)
		other, _ := w.signIn(pidA)
		const chosen = "kaktus i vinduskarmen"
		_, err := w.ChangePassword(ctx(), session, "feil passord her", chosen)
		wantErr(t, err, minid.ErrWrong)
		_, err = w.ChangePassword(ctx(), session, password, "sommer2025!!")
		wantErr(t, err, minid.ErrPasswordRule{Rule: minid.RuleCommon})
		w.Limits.Quarantine = minid.Quarantine{From: 50, Cap: 100, First: time.Minute, Longest: time.Hour}
		won := atOnce(t, func() error { _, err := w.ChangePassword(ctx(), session, password, chosen); return err }, minid.ErrWrong)
		if won != 1 {
			t.Errorf("%d changed the password", won)
		}
		if _, err := w.Session(ctx(), session); err != nil {
			t.Errorf("the session that changed it: %v", err)
		}
		if _, err := w.Session(ctx(), other); !errors.Is(err, minid.ErrNoSession) {
			t.Errorf("another session: %v", err)
		}
		p.last(t, minid.MessagePasswordChanged, minid.ChannelEmail)
		in, _ := w.begin(minid.LevelLow, "")
		_, err = w.Password(ctx(), in, pidA, chosen)
		must(t, err)
	})
}

func TestHistoryAndSessions(t *testing.T) {
	w := newWorld(t)
	_, first, _ := full(t, w)
	second, s := w.signIn(pidA)
	a, err := w.Account(ctx(), second)
	must(t, err)
	if len(a.Sessions) != 2 || !a.Sessions[0].Current || a.Sessions[1].Current || len(a.Logins) != 2 || a.Logins[0].Service != "Utsteder" {
		t.Fatalf("account %+v", a)
	}
	w.person(pidB, minid.BasisLetter)
	stranger, _ := w.signIn(pidB)
	must(t, w.EndOther(ctx(), stranger, a.Sessions[1].ID))
	if _, err := w.Session(ctx(), first); err != nil {
		t.Errorf("a stranger ended a session: %v", err)
	}
	must(t, w.EndOther(ctx(), second, a.Sessions[1].ID))
	if _, err := w.Session(ctx(), first); !errors.Is(err, minid.ErrNoSession) {
		t.Errorf("after it was ended: %v", err)
	}
	counts, err := w.Store.LoginCounts(ctx(), w.clock.Now())
	must(t, err)
	if len(counts) != 1 || counts[0].Factor != minid.FactorTOTP || counts[0].Logins != 3 {
		t.Errorf("counts %+v", counts)
	}
	w.clock.add(366 * 24 * time.Hour)
	must(t, w.Sweep(ctx()))
	if logins, err := w.Store.Logins(ctx(), s.PersonID, 5); err != nil || len(logins) != 0 {
		t.Errorf("after a year: %v %v", logins, err)
	}
}

func TestPairingIsTold(t *testing.T) {
	w := newWorld(t)
	p, _, in := full(t, w)
	w.pairFromDesk(in.PersonID, "phone 1")
	for _, channel := range []minid.Channel{minid.ChannelSMS, minid.ChannelEmail} {
		if m := p.last(t, minid.MessageFactorAdded, channel); m.Factor != minid.FactorApp {
			t.Errorf("notice %+v", m)
		}
	}
}
