package minid_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"lommebok.example/minid"
)

func TestSignInAndSession(t *testing.T) {
	w := newWorld(t)
	p := w.person(pidA, minid.BasisInPerson)
	secret, s := w.signIn(pidA)
	at := w.clock.Now()
	if s.PersonID != p.ID || s.PID != pidA || s.Level != minid.LevelSubstantial || s.Basis != minid.BasisInPerson ||
		!slices.Equal(s.Factors, []minid.Factor{minid.FactorPassword, minid.FactorTOTP}) ||
		!slices.Equal(s.AMR, []string{"Minid-TOTP"}) || !s.AuthTime.Equal(at) || !s.Expires.Equal(at.Add(2*time.Hour)) || !s.Ends.Equal(at.Add(30*time.Minute)) {
		t.Errorf("session %+v", s)
	}
	again, err := w.Session(ctx(), secret)
	must(t, err)
	if again.ID != s.ID || again.PID != s.PID || again.Level != s.Level || !again.AuthTime.Equal(s.AuthTime) {
		t.Errorf("read back %+v, want %+v", again, s)
	}
	if s.ID == secret || len(secret) != 43 {
		t.Errorf("session secret of %d characters", len(secret))
	}
	must(t, w.EndSession(ctx(), secret))
	_, err = w.Session(ctx(), secret)
	wantErr(t, err, minid.ErrNoSession)
}

// N12: half an hour unused, two hours in all.
func TestSessionLifetimes(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	secret, _ := w.signIn(pidA)
	for range 4 {
		w.clock.add(29 * time.Minute)
		s, err := w.Session(ctx(), secret)
		must(t, err)
		ends := w.clock.Now().Add(30 * time.Minute)
		if s.Expires.Before(ends) {
			ends = s.Expires
		}
		if !s.Ends.Equal(ends) {
			t.Errorf("ends at %v, want %v", s.Ends, ends)
		}
	}
	w.clock.add(4*time.Minute - time.Millisecond)
	_, err := w.Session(ctx(), secret)
	must(t, err)
	w.clock.add(time.Millisecond)
	_, err = w.Session(ctx(), secret)
	wantErr(t, err, minid.ErrNoSession)

	secret, _ = w.signIn(pidA)
	w.clock.add(30*time.Minute - time.Millisecond)
	_, err = w.Session(ctx(), secret)
	must(t, err)
	w.clock.add(30 * time.Minute)
	_, err = w.Session(ctx(), secret)
	wantErr(t, err, minid.ErrNoSession)
}

func TestSessionOfSomebodyWhoMayNoLongerSignIn(t *testing.T) {
	w := newWorld(t)
	p := w.person(pidA, minid.BasisLetter)
	secret, _ := w.signIn(pidA)
	in, v := w.begin(minid.LevelSubstantial, secret)
	wantStep(t, v, minid.StepDone)
	w.setState(p.ID, minid.StateQuarantined)
	_, err := w.Session(ctx(), secret)
	wantErr(t, err, minid.ErrNoSession)
	_, _, err = w.Finish(ctx(), in)
	wantErr(t, err, minid.ErrExpired)
}

// A06: wrong passwords from elsewhere do not end what runs.
func TestSessionLivesThroughQuarantine(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	secret, _ := w.signIn(pidA)
	in, _ := w.begin(minid.LevelLow, "")
	for range 8 {
		_, _ = w.Password(ctx(), in, pidA, "wrong")
	}
	_, err := w.Session(ctx(), secret)
	must(t, err)
}

// A18: each finish makes a new secret, and the one from before is dead.
func TestNewSessionAtEachFinish(t *testing.T) {
	w := newWorld(t)
	p := w.person(pidA, minid.BasisInPerson)
	planted, _ := w.signIn(pidB2(w))
	in, v := w.begin(minid.LevelHigh, planted) // somebody else's session, too low for the need
	wantStep(t, v, minid.StepUnreachable)
	_, err := w.Cancel(ctx(), in)
	must(t, err)

	first, s := w.signIn(pidA)
	d := w.pairFromDesk(p.ID, "phone")
	in, v = w.begin(minid.LevelHigh, first)
	wantStep(t, v, minid.StepApp)
	w.approve(d, v)
	second, up, err := w.Finish(ctx(), in)
	must(t, err)
	if second == first {
		t.Error("the step-up kept the secret")
	}
	if up.ID != s.ID {
		t.Error("the step-up changed what others know the session by")
	}
	_, err = w.Session(ctx(), first)
	wantErr(t, err, minid.ErrNoSession)
	in, v = w.begin(minid.LevelSubstantial, second)
	wantStep(t, v, minid.StepDone)
	third, _, err := w.Finish(ctx(), in)
	must(t, err)
	_, err = w.Session(ctx(), second)
	if third == second || !errors.Is(err, minid.ErrNoSession) {
		t.Errorf("a finish without asking kept the session: %v", err)
	}
	for _, secret := range []string{in, "", "x"} {
		if _, err := w.Session(ctx(), secret); !errors.Is(err, minid.ErrNoSession) {
			t.Errorf("a session for %q: %v", secret, err)
		}
	}
}

func pidB2(w *world) string {
	w.person(pidB, minid.BasisLetter)
	return pidB
}

// A finish without asking gives no more life than the login gave.
func TestFinishWithoutAskingKeepsTheTimes(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	secret, s := w.signIn(pidA)
	w.clock.add(20 * time.Minute)
	in, v := w.begin(minid.LevelLow, secret)
	wantStep(t, v, minid.StepDone)
	_, again, err := w.Finish(ctx(), in)
	must(t, err)
	if !again.AuthTime.Equal(s.AuthTime) || !again.Expires.Equal(s.Expires) {
		t.Errorf("login at %s until %s, want %s until %s", again.AuthTime, again.Expires, s.AuthTime, s.Expires)
	}
}

func TestMaxAge(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	w.person(pidB, minid.BasisLetter)
	secret, _ := w.signIn(pidA)
	need := minid.Need{Level: minid.LevelSubstantial, MaxAge: 5 * time.Minute}
	w.clock.add(5 * time.Minute)
	_, v, err := w.Begin(ctx(), need, secret)
	must(t, err)
	wantStep(t, v, minid.StepDone)
	w.clock.add(time.Millisecond)
	in, v, err := w.Begin(ctx(), need, secret)
	must(t, err)
	wantStep(t, v, minid.StepPassword)
	// Another person signs in in the same browser: nothing of the first one's session is left.
	_, err = w.Password(ctx(), in, pidB, password)
	must(t, err)
	_, err = w.TOTP(ctx(), in, w.code())
	must(t, err)
	_, s, err := w.Finish(ctx(), in)
	must(t, err)
	if s.PID != pidB || !s.AuthTime.Equal(w.clock.Now()) {
		t.Errorf("session %+v", s)
	}
	_, err = w.Session(ctx(), secret)
	wantErr(t, err, minid.ErrNoSession)
}

// What a session proved is worth nothing after it has ended.
func TestFinishRestsOnALiveSession(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	secret, _ := w.signIn(pidA)
	in, v := w.begin(minid.LevelSubstantial, secret)
	wantStep(t, v, minid.StepDone)
	must(t, w.EndSession(ctx(), secret))
	_, _, err := w.Finish(ctx(), in)
	wantErr(t, err, minid.ErrExpired)

	secret, _ = w.signIn(pidA)
	for range 4 {
		w.clock.add(29 * time.Minute)
		_, err = w.Session(ctx(), secret)
		must(t, err)
	}
	in, v = w.begin(minid.LevelSubstantial, secret)
	wantStep(t, v, minid.StepDone)
	w.clock.add(4 * time.Minute)
	_, _, err = w.Finish(ctx(), in)
	wantErr(t, err, minid.ErrExpired)
}

func TestSignInLivesTenMinutes(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	in := w.atTOTP(pidA)
	w.clock.add(10*time.Minute - time.Millisecond)
	v, err := w.View(ctx(), in)
	must(t, err)
	wantStep(t, v, minid.StepTOTP)
	w.clock.add(time.Millisecond)
	v, err = w.View(ctx(), in)
	must(t, err)
	wantStep(t, v, minid.StepEnded)
	if v.CancelTo != "/b" || v.ReturnTo != "/a" || v.Service != "Utsteder" {
		t.Errorf("view %+v", v)
	}
	_, err = w.TOTP(ctx(), in, w.code())
	wantErr(t, err, minid.ErrExpired)
	must(t, w.Sweep(ctx()))
	_, err = w.View(ctx(), in)
	wantErr(t, err, minid.ErrExpired)
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	in := w.atTOTP(pidA)
	v, err := w.Cancel(ctx(), in)
	must(t, err)
	wantStep(t, v, minid.StepEnded)
	_, err = w.TOTP(ctx(), in, w.code())
	wantErr(t, err, minid.ErrExpired)
}

func TestLowNeedsThePasswordAlone(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisInPerson)
	in, _ := w.begin(minid.LevelLow, "")
	v, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	wantStep(t, v, minid.StepDone)
	low, s, err := w.Finish(ctx(), in)
	must(t, err)
	if s.Level != minid.LevelLow || len(s.AMR) != 0 {
		t.Errorf("session %+v", s)
	}
	// Step-up: the password is kept, the code is asked for.
	in, v = w.begin(minid.LevelSubstantial, low)
	wantStep(t, v, minid.StepTOTP)
	_, err = w.TOTP(ctx(), in, w.nextCode())
	must(t, err)
	_, up, err := w.Finish(ctx(), in)
	must(t, err)
	if up.Level != minid.LevelSubstantial || !up.AuthTime.Equal(s.AuthTime) {
		t.Errorf("after the step-up %+v: the login is as old as its oldest part", up)
	}
}

func TestSweepKeepsWhatLives(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	secret, _ := w.signIn(pidA)
	in := w.atTOTP(pidA)
	must(t, w.Sweep(ctx()))
	_, err := w.Session(ctx(), secret)
	must(t, err)
	_, err = w.View(ctx(), in)
	must(t, err)
	w.clock.add(30 * time.Minute)
	must(t, w.Sweep(ctx()))
	for _, table := range []string{"minid_sign_ins", "minid_sessions"} {
		var n int64
		must(t, w.db.R.Raw("SELECT COUNT(*) FROM "+table).Scan(&n).Error)
		if n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

// A login that a service wants anew goes on under the identifier that others know the session by, when it is the same
// person's; somebody else's session is another one.
func TestANewLoginInTheSameBrowser(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	w.person(pidB, minid.BasisLetter)
	secret, first := w.signIn(pidA)
	again := func(pid string) *minid.Session {
		t.Helper()
		w.clock.add(time.Minute)
		in, v, err := w.Begin(ctx(), minid.Need{Service: "Utsteder", Level: minid.LevelSubstantial, Since: w.clock.Now(), ReturnTo: "/a", CancelTo: "/b"}, secret)
		must(t, err)
		wantStep(t, v, minid.StepPassword)
		_, err = w.Password(ctx(), in, pid, password)
		must(t, err)
		_, err = w.TOTP(ctx(), in, w.nextCode())
		must(t, err)
		next, s, err := w.Finish(ctx(), in)
		must(t, err)
		_, err = w.Session(ctx(), secret)
		wantErr(t, err, minid.ErrNoSession)
		secret = next
		return s
	}
	if s := again(pidA); s.ID != first.ID || !s.AuthTime.After(first.AuthTime) {
		t.Errorf("the same person: %q at %v, was %q at %v", s.ID, s.AuthTime, first.ID, first.AuthTime)
	}
	if s := again(pidB); s.ID == first.ID {
		t.Error("somebody else took over the session's identifier")
	}
}

// Two sign-ins that began in one session cannot both become it.
func TestTwoSignInsOfOneSession(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	secret, _ := w.signIn(pidA)
	one, _ := w.begin(minid.LevelSubstantial, secret)
	two, _ := w.begin(minid.LevelSubstantial, secret)
	_, _, err := w.Finish(ctx(), one)
	must(t, err)
	_, _, err = w.Finish(ctx(), two)
	wantErr(t, err, minid.ErrExpired)
}
