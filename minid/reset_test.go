package minid_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

const chosen = "kaktus i vinduskarmen"

// forgotten is a sign-in in which a new password for the number was asked for.
func (w *world) forgotten(pid string) string {
	w.t.Helper()
	w.Later = func(work func()) { work() }
	in, _ := w.begin(minid.LevelSubstantial, "")
	v, err := w.StartReset(ctx(), in, pid)
	must(w.t, err)
	wantStep(w.t, v, minid.StepReset)
	return in
}

func (p *post) reset(t testing.TB) (sms, email string) {
	t.Helper()
	return p.last(t, minid.MessageReset, minid.ChannelSMS).Code, p.last(t, minid.MessageReset, minid.ChannelEmail).Code
}

func TestNewPasswordForWhoForgot(t *testing.T) {
	w := newWorld(t)
	p, session, _ := full(t, w)
	for range 7 { // a number in quarantine can be helped
		in, _ := w.begin(minid.LevelLow, "")
		_, err := w.Password(ctx(), in, pidA, "feil")
		if err == nil {
			t.Fatal("a wrong password was taken")
		}
	}
	in := w.forgotten(pidA)
	sms, email := p.reset(t)
	_, err := w.ResetCodes(ctx(), in, sms, other(email))
	wantErr(t, err, minid.ErrWrongCode)
	_, err = w.ResetCodes(ctx(), in, other(sms), email)
	wantErr(t, err, minid.ErrWrongCode)
	_, err = w.NewPassword(ctx(), in, chosen)
	wantErr(t, err, minid.ErrStep)
	v, err := w.ResetCodes(ctx(), in, sms, email)
	must(t, err)
	wantStep(t, v, minid.StepTOTP) // the second factor is still asked for
	_, err = w.NewPassword(ctx(), in, chosen)
	wantErr(t, err, minid.ErrStep)
	_, _, err = w.Finish(ctx(), in)
	wantErr(t, err, minid.ErrStep)
	v, err = w.TOTP(ctx(), in, w.nextCode())
	must(t, err)
	wantStep(t, v, minid.StepNewPassword)
	_, err = w.NewPassword(ctx(), in, "passordpassord")
	wantErr(t, err, minid.ErrPasswordRule{Rule: minid.RuleCommon})
	v, err = w.NewPassword(ctx(), in, chosen)
	must(t, err)
	wantStep(t, v, minid.StepPassword) // and nobody is signed in
	if _, err := w.Session(ctx(), session); !errors.Is(err, minid.ErrNoSession) {
		t.Errorf("an earlier session: %v", err)
	}
	_, err = w.Password(ctx(), in, pidA, password)
	wantErr(t, err, minid.ErrWrong)
	_, err = w.Password(ctx(), in, pidA, chosen)
	must(t, err)
	_, err = w.TOTP(ctx(), in, w.nextCode())
	must(t, err)
	_, _, err = w.Finish(ctx(), in)
	must(t, err)
	p.last(t, minid.MessagePasswordChanged, minid.ChannelSMS)
}

// A07: nobody learns from a reset who has an account.
func TestResetTellsNothing(t *testing.T) {
	w := newWorld(t)
	p, _, s := full(t, w)
	w.person(pidB, minid.BasisLetter) // without phone and mail
	var answers []any
	for _, pid := range []string{pidA, pidB, unknown, "11111111111", "x\x00", ""} {
		in := w.forgotten(pid)
		var seen []any
		for range 4 {
			v, err := w.ResetCodes(ctx(), in, "abc", "def")
			seen = append(seen, *v, err)
		}
		v, err := w.View(ctx(), in)
		seen = append(seen, *v, err)
		answers = append(answers, seen)
	}
	for i := range answers {
		if !reflect.DeepEqual(answers[i], answers[0]) {
			t.Errorf("answer %d differs:\n%+v\n%+v", i, answers[i], answers[0])
		}
	}
	if len(p.sent) != 2 {
		t.Errorf("%d messages were sent", len(p.sent))
	}
	w.setState(s.PersonID, minid.StateQuarantined)
	w.forgotten(pidA)
	if len(p.sent) != 2 {
		t.Error("codes were sent to a person in quarantine")
	}
}

func TestResetIsLimited(t *testing.T) {
	w := newWorld(t)
	p, _, _ := full(t, w)
	in := ""
	for range 5 {
		in = w.forgotten(pidA)
	}
	if len(p.sent) != 6 {
		t.Errorf("%d messages, want three of each", len(p.sent))
	}
	sms, email := p.reset(t)
	_, err := w.ResetCodes(ctx(), in, sms, email) // of an earlier sign-in
	wantErr(t, err, minid.ErrWrongCode)
	w.clock.add(time.Minute) // whoever asks for resets blocks no login
	in, _ = w.begin(minid.LevelSubstantial, "")
	_, err = w.Password(ctx(), in, pidA, password)
	must(t, err)
	v, err := w.ChooseFactor(ctx(), in, minid.FactorSMS)
	must(t, err)
	if v.SMS.State != minid.CodeLive {
		t.Errorf("SMS for the login: %s", v.SMS.State)
	}
}

func TestResetCodesTakeThreeTries(t *testing.T) {
	w := newWorld(t)
	p, _, _ := full(t, w)
	in := w.forgotten(pidA)
	sms, email := p.reset(t)
	for range 3 {
		_, err := w.ResetCodes(ctx(), in, other(sms), email)
		wantErr(t, err, minid.ErrWrongCode)
	}
	_, err := w.ResetCodes(ctx(), in, sms, email)
	wantErr(t, err, minid.ErrWrongCode)
}

func TestResetIsRaced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p, _ := withSMS(t, w)
		w.Limits.CodeTries = 100
		in := w.forgotten(pidA)
		sms, email := p.reset(t)
		if won := atOnce(t, func() error { _, err := w.ResetCodes(ctx(), in, sms, email); return err }, minid.ErrWrongCode, minid.ErrStep); won != 1 {
			t.Errorf("%d passed with one pair of codes", won)
		}
		if won := atOnce(t, func() error { _, err := w.NewPassword(ctx(), in, chosen); return err }, minid.ErrStep); won != 1 {
			t.Errorf("%d set the password", won)
		}
	})
}
