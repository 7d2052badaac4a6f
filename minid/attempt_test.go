package minid_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

// withApp is a person with a paired app, signed in nowhere.
func (w *world) withApp(pid string, basis minid.Basis) *minid.Device {
	w.t.Helper()
	p := w.person(pid, basis)
	if basis == minid.BasisInPerson {
		return w.pairFromDesk(p.ID, "phone of "+pid)
	}
	session, _ := w.signIn(pid)
	d := w.pair(session, "phone of "+pid)
	must(w.t, w.EndSession(ctx(), session))
	return d
}

// atApp is a sign-in that asks the app.
func (w *world) atApp(pid string) (string, *minid.View) {
	w.t.Helper()
	in, _ := w.begin(minid.LevelHigh, "")
	v, err := w.Password(ctx(), in, pid, password)
	must(w.t, err)
	wantStep(w.t, v, minid.StepApp)
	return in, v
}

// wrongNumber is two digits, and not these.
func wrongNumber(number string) string {
	if number == "42" {
		return "43"
	}
	return "42"
}

func TestSignInWithTheApp(t *testing.T) {
	w := newWorld(t)
	d := w.withApp(pidA, minid.BasisInPerson)
	in, v := w.atApp(pidA)
	if len(v.App.Number) != 2 || v.App.State != minid.AttemptCreated ||
		!v.App.Expires.Equal(w.clock.Now().Add(180*time.Second)) || len(v.Factors) != 0 {
		t.Errorf("view %+v, app %+v", v, v.App)
	}
	again, err := w.View(ctx(), in)
	must(t, err)
	if *again.App != *v.App {
		t.Errorf("a look at the sign-in changed %+v to %+v", v.App, again.App)
	}
	w.approve(d, v)
	v, err = w.View(ctx(), in)
	must(t, err)
	wantStep(t, v, minid.StepDone)
	_, s, err := w.Finish(ctx(), in)
	must(t, err)
	if s.Level != minid.LevelHigh || !slices.Equal(s.AMR, []string{"Minid-APP"}) {
		t.Errorf("session %+v", s)
	}
}

func TestStepUpByApp(t *testing.T) {
	w := newWorld(t)
	d := w.withApp(pidA, minid.BasisInPerson)
	session, s := w.signIn(pidA)
	w.clock.add(time.Minute)
	in, v := w.begin(minid.LevelHigh, session)
	wantStep(t, v, minid.StepApp)
	if v.Reached != minid.LevelSubstantial {
		t.Errorf("reached %s", v.Reached)
	}
	w.approve(d, v)
	_, up, err := w.Finish(ctx(), in)
	must(t, err)
	if up.Level != minid.LevelHigh || !up.AuthTime.Equal(s.AuthTime) || !up.Expires.Equal(s.Expires) ||
		!slices.Equal(up.AMR, []string{"Minid-TOTP", "Minid-APP"}) {
		t.Errorf("session %+v", up)
	}
}

// N10: one wrong number kills the attempt, and so does another service.
func TestWrongNumberKillsTheAttempt(t *testing.T) {
	for name, spoil := range map[string]func(*minid.Answer){
		"number":    func(a *minid.Answer) { a.Number = wrongNumber(a.Number) },
		"no number": func(a *minid.Answer) { a.Number = "" },
		"NUL":       func(a *minid.Answer) { a.Number += "\x00" },
		"service":   func(a *minid.Answer) { a.Service = "Banken" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			d := w.withApp(pidA, minid.BasisInPerson)
			in, v := w.atApp(pidA)
			list, err := w.PendingAttempts(ctx(), d)
			must(t, err)
			right := minid.Answer{AttemptID: list[0].ID, Service: list[0].Service, Number: v.App.Number, Approve: true}
			wrong := right
			spoil(&wrong)
			_, err = w.AnswerAttempt(ctx(), d, wrong)
			wantErr(t, err, minid.ErrWrongNumber)
			_, err = w.AnswerAttempt(ctx(), d, right)
			wantErr(t, err, minid.ErrAttempt)
			v, err = w.View(ctx(), in)
			must(t, err)
			wantStep(t, v, minid.StepApp)
			if v.App.State != minid.AttemptRejected {
				t.Errorf("state %s", v.App.State)
			}
			// The person may ask once more, with another attempt.
			v, err = w.ChooseFactor(ctx(), in, minid.FactorApp)
			must(t, err)
			w.approve(d, v)
			v, err = w.View(ctx(), in)
			must(t, err)
			wantStep(t, v, minid.StepDone)
		})
	}
}

func TestRejectedExpiredAndForeignAttempts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		d := w.withApp(pidA, minid.BasisInPerson)
		other := w.withApp(pidB, minid.BasisInPerson)
		in, v := w.atApp(pidA)
		list, err := w.PendingAttempts(ctx(), d)
		must(t, err)
		answer := minid.Answer{AttemptID: list[0].ID, Service: list[0].Service, Number: v.App.Number, Approve: true}
		_, err = w.AnswerAttempt(ctx(), other, answer)
		wantErr(t, err, minid.ErrAttempt)
		if list, err := w.PendingAttempts(ctx(), other); err != nil || len(list) != 0 {
			t.Errorf("another person sees %d attempts, %v", len(list), err)
		}
		reject := answer
		reject.Approve = false // with the right number all the same
		state, err := w.AnswerAttempt(ctx(), d, reject)
		must(t, err)
		if state != minid.AttemptRejected {
			t.Errorf("state %s", state)
		}
		_, _, err = w.Finish(ctx(), in)
		wantErr(t, err, minid.ErrStep)
		v, err = w.ChooseFactor(ctx(), in, minid.FactorPassword)
		if !errors.Is(err, minid.ErrStep) || v.App.State != minid.AttemptRejected {
			t.Errorf("a wrong choice asked the app anew: %v, %+v", err, v.App)
		}

		v, err = w.ChooseFactor(ctx(), in, minid.FactorApp)
		must(t, err)
		list, err = w.PendingAttempts(ctx(), d)
		must(t, err)
		answer.AttemptID, answer.Number = list[0].ID, v.App.Number
		w.clock.add(180 * time.Second)
		_, err = w.AnswerAttempt(ctx(), d, answer)
		wantErr(t, err, minid.ErrAttempt)
		v, err = w.View(ctx(), in)
		must(t, err)
		if v.App.State != minid.AttemptExpired {
			t.Errorf("state %s", v.App.State)
		}
	})
}

// An attempt serves its own sign-in alone, and dies with it.
func TestAttemptIsBoundToItsSignIn(t *testing.T) {
	w := newWorld(t)
	d := w.withApp(pidA, minid.BasisInPerson)
	one, _ := w.atApp(pidA)
	_, err := w.Cancel(ctx(), one)
	must(t, err)
	if list, err := w.PendingAttempts(ctx(), d); err != nil || len(list) != 0 {
		t.Fatalf("%d attempts outlive the sign-in, %v", len(list), err)
	}
	two, _ := w.atApp(pidA)
	three, v := w.atApp(pidA)
	list, err := w.PendingAttempts(ctx(), d)
	must(t, err)
	for _, a := range list {
		if a.Number == v.App.Number {
			_, err = w.AnswerAttempt(ctx(), d, minid.Answer{AttemptID: a.ID, Service: a.Service, Number: a.Number, Approve: true})
			must(t, err)
			break
		}
	}
	done := 0
	for _, in := range []string{two, three} {
		v, err := w.View(ctx(), in)
		must(t, err)
		if v.Step == minid.StepDone {
			done++
		}
	}
	if done != 1 {
		t.Errorf("one approval carried %d sign-ins", done)
	}
}

// N10: three attempts without approval in a quarter of an hour, whatever sign-ins they come from.
func TestTheAppIsNotBombed(t *testing.T) {
	w := newWorld(t)
	d := w.withApp(pidA, minid.BasisInPerson)
	start := w.clock.Now()
	for i := 1; i <= 20; i++ {
		in, v := w.atApp(pidA)
		if (i > 3) != (v.RetryAfter > 0) || (i > 3) != (v.App == nil) {
			t.Fatalf("attempt %d: retry after %s, app %+v", i, v.RetryAfter, v.App)
		}
		if i > 3 {
			_, err := w.ChooseFactor(ctx(), in, minid.FactorApp)
			var tooMany minid.ErrTooManyAttempts
			if !errors.As(err, &tooMany) || tooMany.RetryAfter != start.Add(15*time.Minute).Sub(w.clock.Now()) {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
		w.clock.add(time.Second)
	}
	list, err := w.PendingAttempts(ctx(), d)
	must(t, err)
	if len(list) != 3 {
		t.Errorf("%d attempts reached the phone, want 3", len(list))
	}
	w.clock.add(start.Add(15 * time.Minute).Sub(w.clock.Now()))
	if _, v := w.atApp(pidA); v.App == nil {
		t.Error("the app is still closed after a quarter of an hour")
	}
}

// A16: when the app was asked too often, another factor that is enough takes its place; asked for by name, it does not.
func TestAnotherWayWhenTheAppWasAskedTooOften(t *testing.T) {
	w := newWorld(t)
	w.withApp(pidA, minid.BasisLetter)
	for range 3 {
		w.atApp(pidA) // high is out of reach, and the app is the best the person has
	}
	in, _ := w.begin(minid.LevelHigh, "")
	v, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	wantStep(t, v, minid.StepTOTP)
	if !slices.Equal(v.Factors, []minid.Factor{minid.FactorApp}) {
		t.Errorf("other ways %v", v.Factors)
	}
	v, err = w.ChooseFactor(ctx(), in, minid.FactorApp)
	var tooMany minid.ErrTooManyAttempts
	if !errors.As(err, &tooMany) {
		t.Fatalf("got %v", err)
	}
	wantStep(t, v, minid.StepApp)
	v, err = w.ChooseFactor(ctx(), in, minid.FactorTOTP)
	must(t, err)
	wantStep(t, v, minid.StepTOTP)
}

// The level that cannot be reached, and on which axis: told after the best factor has been passed, never before.
func TestLevelRefusals(t *testing.T) {
	t.Run("proofing", func(t *testing.T) {
		w := newWorld(t)
		d := w.withApp(pidA, minid.BasisLetter)
		in, v := w.atApp(pidA)
		if v.Unreachable != "" {
			t.Errorf("told %q too early", v.Unreachable)
		}
		w.approve(d, v)
		v, err := w.View(ctx(), in)
		must(t, err)
		wantStep(t, v, minid.StepUnreachable)
		if v.Unreachable != minid.UnreachableProofing || v.Reached != minid.LevelSubstantial || v.Required != minid.LevelHigh {
			t.Errorf("view %+v", v)
		}
		_, _, err = w.Finish(ctx(), in)
		wantErr(t, err, minid.ErrStep)
	})
	t.Run("factor", func(t *testing.T) {
		w := newWorld(t)
		w.person(pidA, minid.BasisInPerson)
		in, _ := w.begin(minid.LevelHigh, "")
		v, err := w.Password(ctx(), in, pidA, password)
		must(t, err)
		wantStep(t, v, minid.StepTOTP)
		if v.Unreachable != "" {
			t.Errorf("told %q too early", v.Unreachable)
		}
		v, err = w.TOTP(ctx(), in, w.code())
		must(t, err)
		wantStep(t, v, minid.StepUnreachable)
		if v.Unreachable != minid.UnreachableFactor {
			t.Errorf("axis %q", v.Unreachable)
		}
		_, _, err = w.Finish(ctx(), in)
		wantErr(t, err, minid.ErrStep)
	})
	t.Run("session", func(t *testing.T) {
		w := newWorld(t)
		w.person(pidA, minid.BasisLetter)
		session, _ := w.signIn(pidA)
		_, v := w.begin(minid.LevelHigh, session)
		wantStep(t, v, minid.StepUnreachable)
		if _, err := w.Session(ctx(), session); err != nil {
			t.Errorf("asking for more ended the session: %v", err)
		}
	})
}

func TestChoosingAnotherFactorCancelsTheAttempt(t *testing.T) {
	w := newWorld(t)
	d := w.withApp(pidA, minid.BasisLetter)
	in, _ := w.begin(minid.LevelSubstantial, "")
	v, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	wantStep(t, v, minid.StepTOTP) // no more is asked for than needed
	v, err = w.ChooseFactor(ctx(), in, minid.FactorApp)
	must(t, err)
	wantStep(t, v, minid.StepApp)
	number := v.App.Number
	v, err = w.ChooseFactor(ctx(), in, minid.FactorApp)
	must(t, err)
	if v.App.Number != number {
		t.Error("choosing the app again while it waits made another attempt")
	}
	list, err := w.PendingAttempts(ctx(), d)
	must(t, err)
	_, err = w.ChooseFactor(ctx(), in, minid.FactorTOTP)
	must(t, err)
	_, err = w.AnswerAttempt(ctx(), d, minid.Answer{AttemptID: list[0].ID, Service: list[0].Service, Number: number, Approve: true})
	wantErr(t, err, minid.ErrAttempt)
	v, err = w.TOTP(ctx(), in, w.nextCode())
	must(t, err)
	wantStep(t, v, minid.StepDone)
}

// What no database takes as text is refused like anything else that is wrong, on each of them.
func TestTextThatNoDatabaseTakes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		d := w.withApp(pidA, minid.BasisInPerson)
		for _, bad := range []string{"\x00", "a\x00b", "\xff", "\xed\xa0\x80"} {
			in, _ := w.begin(minid.LevelHigh, "")
			_, err := w.Password(ctx(), in, bad, password)
			wantErr(t, err, minid.ErrWrong)
			_, err = w.Device(ctx(), bad)
			wantErr(t, err, minid.ErrDevice)
			_, err = w.Pair(ctx(), bad, "phone", nil)
			wantErr(t, err, minid.ErrPairingCode)
			_, err = w.Session(ctx(), bad)
			wantErr(t, err, minid.ErrNoSession)
			_, err = w.View(ctx(), bad)
			wantErr(t, err, minid.ErrExpired)
			_, err = w.AnswerAttempt(ctx(), d, minid.Answer{AttemptID: bad})
			wantErr(t, err, minid.ErrAttempt)
		}
		_, v := w.atApp(pidA)
		list, err := w.PendingAttempts(ctx(), d)
		must(t, err)
		_, err = w.AnswerAttempt(ctx(), d, minid.Answer{
			AttemptID: list[0].ID, Service: list[0].Service + "\x00", Number: v.App.Number, Approve: true,
		})
		wantErr(t, err, minid.ErrWrongNumber)
	})
}
