package minid_test

import (
	"errors"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

// failures types a wrong password until the number takes no more.
func (w *world) failures(pid string, n int) {
	w.t.Helper()
	for range n {
		in, _ := w.begin(minid.LevelLow, "")
		if _, err := w.Password(ctx(), in, pid, "feil"); !errors.Is(err, minid.ErrWrong) {
			w.t.Fatal(err)
		}
		w.clock.add(time.Hour)
	}
}

// N4 and A06: after a hundred wrong passwords in a row the account is locked. The person is told, their session lives on, and a
// new password is the way back.
func TestLockedAfterAHundredFailures(t *testing.T) {
	w := newWorld(t)
	w.Limits.SessionIdle, w.Limits.SessionTotal = 1000*time.Hour, 1000*time.Hour
	w.Later = func(work func()) { work() }
	mail, session, s := full(t, w)
	state := func() minid.State {
		p, err := w.Person(ctx(), s.PersonID)
		must(t, err)
		return p.State
	}
	w.failures(pidA, 99)
	if state() != minid.StateNormal {
		t.Fatalf("after 99: %s", state())
	}
	w.failures(pidA, 1)
	if state() != minid.StateLocked {
		t.Fatalf("after 100: %s", state())
	}
	mail.last(t, minid.MessageLocked, minid.ChannelSMS)
	mail.last(t, minid.MessageLocked, minid.ChannelEmail)
	_, err := w.Session(ctx(), session)
	must(t, err)
	w.clock.add(31 * 24 * time.Hour)
	must(t, w.Sweep(ctx())) // forgets the failures, and not the lock
	in, _ := w.begin(minid.LevelLow, "")
	_, err = w.Password(ctx(), in, pidA, password)
	wantErr(t, err, minid.ErrWrong)
	in = w.forgotten(pidA)
	sms, email := mail.reset(t)
	_, err = w.ResetCodes(ctx(), in, sms, email)
	must(t, err)
	_, err = w.TOTP(ctx(), in, w.nextCode())
	must(t, err)
	_, err = w.NewPassword(ctx(), in, chosen)
	must(t, err)
	if state() != minid.StateNormal {
		t.Errorf("after the new password: %s", state())
	}
	_, err = w.Password(ctx(), in, pidA, chosen)
	must(t, err)
}

func TestFailuresAreForgottenWhenTheyNoLongerMatter(t *testing.T) {
	w := newWorld(t)
	w.failures(unknown, 3)
	rows := func() (n int64) {
		must(t, w.db.R.Raw("SELECT COUNT(*) FROM minid_password_failures").Scan(&n).Error)
		return n
	}
	w.clock.add(29 * 24 * time.Hour)
	must(t, w.Sweep(ctx()))
	if rows() != 1 {
		t.Error("forgotten within thirty days")
	}
	w.clock.add(24 * time.Hour)
	must(t, w.Sweep(ctx()))
	if rows() != 0 {
		t.Error("kept after thirty days")
	}
}

// A temporary password opens one thing: the page for a new one, after a second factor.
func TestTemporaryPassword(t *testing.T) {
	w := newWorld(t)
	r := registration(pidA, minid.BasisLetter)
	r.TemporaryPassword = true
	p, err := w.Register(ctx(), r)
	must(t, err)
	in, _ := w.begin(minid.LevelLow, "") // though the password alone would do
	_, err = w.NewPassword(ctx(), in, chosen)
	wantErr(t, err, minid.ErrStep)
	v, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	wantStep(t, v, minid.StepTOTP)
	_, err = w.NewPassword(ctx(), in, chosen)
	wantErr(t, err, minid.ErrStep)
	v, err = w.TOTP(ctx(), in, w.nextCode())
	must(t, err)
	wantStep(t, v, minid.StepNewPassword)
	_, _, err = w.Finish(ctx(), in)
	wantErr(t, err, minid.ErrStep)
	v, err = w.NewPassword(ctx(), in, chosen)
	must(t, err)
	wantStep(t, v, minid.StepPassword)
	if p, err = w.Person(ctx(), p.ID); err != nil || p.State != minid.StateNormal {
		t.Errorf("state %s, %v", p.State, err)
	}
	_, err = w.Password(ctx(), in, pidA, password)
	wantErr(t, err, minid.ErrWrong)
	v, err = w.Password(ctx(), in, pidA, chosen)
	must(t, err)
	wantStep(t, v, minid.StepDone)
}

func TestTemporaryPasswordAloneOpensNothing(t *testing.T) {
	w := newWorld(t)
	r := registration(pidA, minid.BasisLetter)
	r.TemporaryPassword, r.TOTPSecret = true, nil
	_, err := w.Register(ctx(), r)
	must(t, err)
	in, _ := w.begin(minid.LevelLow, "")
	v, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	wantStep(t, v, minid.StepUnreachable)
	_, err = w.NewPassword(ctx(), in, chosen)
	wantErr(t, err, minid.ErrStep)
}

func TestAccountClosedByItsPerson(t *testing.T) {
	w := newWorld(t)
	mail, session, s := full(t, w)
	must(t, w.CloseAccount(ctx(), session))
	mail.last(t, minid.MessageClosed, minid.ChannelSMS)
	_, err := w.Session(ctx(), session)
	wantErr(t, err, minid.ErrNoSession)
	in, _ := w.begin(minid.LevelLow, "")
	_, err = w.Password(ctx(), in, pidA, password)
	wantErr(t, err, minid.ErrWrong)
	p, err := w.Person(ctx(), s.PersonID)
	must(t, err)
	if p.State != minid.StateClosed || p.PID != pidA || p.Phone+p.Email+p.Name != "" {
		t.Errorf("kept %+v", p)
	}
	for _, table := range []string{"minid_totp", "minid_sms", "minid_devices", "minid_sessions", "minid_logins"} {
		var n int64
		must(t, w.db.R.Raw("SELECT COUNT(*) FROM "+table+" WHERE person_id = ?", p.ID).Scan(&n).Error)
		if n != 0 {
			t.Errorf("%d rows left in %s", n, table)
		}
	}
	sent := len(mail.sent)
	w.forgotten(pidA)
	if len(mail.sent) != sent {
		t.Error("codes were sent for a closed account")
	}
}

func TestQuarantineByAnOperator(t *testing.T) {
	w := newWorld(t)
	barred := func(pid string, want bool) {
		t.Helper()
		if got, err := w.Barred(ctx(), pid); err != nil || got != want {
			t.Errorf("barred: %t, %v", got, err)
		}
	}
	_, session, s := full(t, w)
	barred(pidA, false)
	barred(unknown, false)
	wantErr(t, w.Release(ctx(), pidA, "operator"), minid.ErrNotFound)
	wantErr(t, w.Quarantine(ctx(), unknown, "operator"), minid.ErrNotFound)
	in, _ := w.begin(minid.LevelSubstantial, "")
	_, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	must(t, w.Quarantine(ctx(), pidA, "operator"))
	wantErr(t, w.Quarantine(ctx(), pidA, "operator"), minid.ErrNotFound)
	barred(pidA, true)
	_, err = w.Session(ctx(), session)
	wantErr(t, err, minid.ErrNoSession)
	_, err = w.TOTP(ctx(), in, w.nextCode())
	wantErr(t, err, minid.ErrExpired)
	must(t, w.Release(ctx(), pidA, "operator"))
	if p, err := w.Person(ctx(), s.PersonID); err != nil || p.State != minid.StateNormal {
		t.Errorf("released: %s, %v", p.State, err)
	}
	_, err = w.Session(ctx(), session)
	wantErr(t, err, minid.ErrNoSession)
	w.wantNothingPersonalInLogs()
}

func TestChangeOfAddressForMail(t *testing.T) {
	w := newWorld(t)
	mail, session, s := full(t, w)
	for _, bad := range []string{"", "a", "a@b", "a@b.c d"} {
		wantErr(t, w.StartEmail(ctx(), session, bad), minid.ErrEmail)
	}
	wantErr(t, w.ConfirmEmail(ctx(), session, "000000"), minid.ErrWrongCode)
	must(t, w.StartEmail(ctx(), session, mailAddress))
	m := mail.last(t, minid.MessageEmail, minid.ChannelEmail)
	wantErr(t, w.ConfirmEmail(ctx(), session, other(m.Code)), minid.ErrWrongCode)
	must(t, w.ConfirmEmail(ctx(), session, m.Code))
	wantErr(t, w.ConfirmEmail(ctx(), session, m.Code), minid.ErrWrongCode)
	p, err := w.Person(ctx(), s.PersonID)
	must(t, err)
	old := mail.last(t, minid.MessageEmailChanged, minid.ChannelEmail)
	if p.Email != mailAddress || m.To != mailAddress || old.To != "a@example.com" {
		t.Errorf("address %s, code to %s, told %s", p.Email, m.To, old.To)
	}
	mail.last(t, minid.MessageEmailChanged, minid.ChannelSMS)
}

func TestContactIsAskedForOnceAYear(t *testing.T) {
	w := newWorld(t)
	full(t, w)
	asks := func() bool {
		session, _ := w.signIn(pidA)
		due, err := w.AskContact(ctx(), session)
		must(t, err)
		again, err := w.AskContact(ctx(), session)
		must(t, err)
		if again {
			t.Error("asked twice")
		}
		return due
	}
	if asks() {
		t.Error("asked at the first login")
	}
	w.clock.add(366 * 24 * time.Hour)
	if !asks() {
		t.Error("not asked after a year")
	}
	w.clock.add(89 * 24 * time.Hour)
	if asks() {
		t.Error("asked within ninety days of no answer")
	}
	w.clock.add(2 * 24 * time.Hour)
	if !asks() {
		t.Error("not asked after ninety days of no answer")
	}
	session, _ := w.signIn(pidA)
	must(t, w.ConfirmContact(ctx(), session))
	w.clock.add(360 * 24 * time.Hour)
	if asks() {
		t.Error("asked within a year of the answer")
	}
}

func TestStatesAreRaced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		mail, session, _ := full(t, w)
		w.Limits.CodeTries = 100
		must(t, w.StartEmail(ctx(), session, mailAddress))
		code := mail.last(t, minid.MessageEmail, minid.ChannelEmail).Code
		if won := atOnce(t, func() error { return w.ConfirmEmail(ctx(), session, code) }, minid.ErrWrongCode); won != 1 {
			t.Errorf("%d changed the address with one code", won)
		}
		if won := atOnce(t, func() error { return w.CloseAccount(ctx(), session) }, minid.ErrNoSession); won != 1 {
			t.Errorf("%d closed the account", won)
		}
	})
}
