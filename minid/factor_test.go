package minid_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"lommebok.example/minid"
)

// atTOTP is a sign-in that has passed the password.
func (w *world) atTOTP(pid string) string {
	w.t.Helper()
	in, _ := w.begin(minid.LevelSubstantial, "")
	v, err := w.Password(ctx(), in, pid, password)
	must(w.t, err)
	wantStep(w.t, v, minid.StepTOTP)
	return in
}

// A09: no step can be skipped, repeated, or passed with another factor than the one asked for.
func TestStepsCannotBeSkipped(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	w.person(pidB, minid.BasisLetter)
	in, v := w.begin(minid.LevelSubstantial, "")
	wantStep(t, v, minid.StepPassword)
	refusedEverywhere := func(at minid.Step, but ...string) {
		t.Helper()
		calls := map[string]func() error{
			"password": func() error { _, err := w.Password(ctx(), in, pidB, password); return err },
			"totp":     func() error { _, err := w.TOTP(ctx(), in, w.code()); return err },
			"app":      func() error { _, err := w.ChooseFactor(ctx(), in, minid.FactorApp); return err },
			"back":     func() error { _, err := w.ChooseFactor(ctx(), in, minid.FactorPassword); return err },
			"finish":   func() error { _, _, err := w.Finish(ctx(), in); return err },
		}
		for name, call := range calls {
			if slices.Contains(but, name) {
				continue
			}
			if err := call(); !errors.Is(err, minid.ErrStep) {
				t.Errorf("%s at %s: %v, want ErrStep", name, at, err)
			}
		}
		v, err := w.View(ctx(), in)
		must(t, err)
		wantStep(t, v, at)
	}
	refusedEverywhere(minid.StepPassword, "password")
	_, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	refusedEverywhere(minid.StepTOTP, "totp")
	_, err = w.TOTP(ctx(), in, w.code())
	must(t, err)
	refusedEverywhere(minid.StepDone, "finish")
	_, s, err := w.Finish(ctx(), in)
	must(t, err)
	if s.PID != pidA {
		t.Error("the session is not the person's who gave the password")
	}
	for name, call := range map[string]func() error{
		"password": func() error { _, err := w.Password(ctx(), in, pidB, password); return err },
		"totp":     func() error { _, err := w.TOTP(ctx(), in, w.nextCode()); return err },
		"finish":   func() error { _, _, err := w.Finish(ctx(), in); return err },
		"another":  func() error { _, _, err := w.Finish(ctx(), in+"x"); return err },
		"none":     func() error { _, err := w.View(ctx(), ""); return err },
	} {
		if err := call(); !errors.Is(err, minid.ErrExpired) {
			t.Errorf("%s after the end: %v, want ErrExpired", name, err)
		}
	}
	v, err = w.View(ctx(), in)
	must(t, err)
	wantStep(t, v, minid.StepEnded)
}

// A09: the wrong code counts for the person of the sign-in alone.
func TestCodeOfAnotherPerson(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	r := registration(pidB, minid.BasisLetter)
	r.TOTPSecret = slices.Repeat([]byte{9}, 20)
	_, err := w.Register(ctx(), r)
	must(t, err)
	in := w.atTOTP(pidB)
	_, err = w.TOTP(ctx(), in, w.code())
	wantErr(t, err, minid.ErrWrongCode)
}

// A10: a code is good once, and an older one is not good after a newer one.
func TestTOTPStepOnlyRises(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	earlier := w.code()
	w.clock.add(30 * time.Second)
	now := w.code()
	_, err := w.TOTP(ctx(), w.atTOTP(pidA), now)
	must(t, err)
	for name, code := range map[string]string{"same": now, "step before": earlier} {
		v, err := w.TOTP(ctx(), w.atTOTP(pidA), code)
		if !errors.Is(err, minid.ErrWrongCode) || v.Step != minid.StepTOTP {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = w.TOTP(ctx(), w.atTOTP(pidA), w.nextCode())
	must(t, err)
}

// A11: a new sign-in for each try does not help.
func TestTOTPIsDisabledAtTheTenthWrongCode(t *testing.T) {
	w := newWorld(t)
	p := w.person(pidA, minid.BasisLetter)
	for i := 1; i <= 9; i++ {
		_, err := w.TOTP(ctx(), w.atTOTP(pidA), w.wrongCode())
		wantErr(t, err, minid.ErrWrongCode)
	}
	_, err := w.TOTP(ctx(), w.atTOTP(pidA), w.nextCode())
	must(t, err) // the tenth try is right, and the count begins anew
	in := w.atTOTP(pidA)
	for i := 1; i <= 9; i++ {
		_, err := w.TOTP(ctx(), w.atTOTP(pidA), w.wrongCode())
		wantErr(t, err, minid.ErrWrongCode)
	}
	v, err := w.TOTP(ctx(), w.atTOTP(pidA), w.wrongCode())
	wantErr(t, err, minid.ErrWrongCode)
	wantStep(t, v, minid.StepUnreachable)
	if v.Unreachable != minid.UnreachableFactor {
		t.Errorf("axis %q, want factor", v.Unreachable)
	}
	_, err = w.TOTP(ctx(), in, w.nextCode())
	wantErr(t, err, minid.ErrStep)
	inUse, err := w.Store.RaiseTOTPFailure(ctx(), p.ID, 10)
	if err != nil || inUse {
		t.Errorf("the factor is still in use: %v %v", inUse, err)
	}
}

// A11: a code that was on its way when the factor was disabled.
func TestRightCodeForADisabledFactor(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	for range 10 {
		_, err := w.TOTP(ctx(), w.atTOTP(pidA), w.wrongCode())
		wantErr(t, err, minid.ErrWrongCode)
	}
	w.Core.Store = late{w.Core.Store}
	_, err := w.TOTP(ctx(), w.atTOTP(pidA), w.code())
	wantErr(t, err, minid.ErrWrongCode)
}

// late has not seen yet that the factor is disabled.
type late struct{ minid.Store }

func (late) SecondFactors(context.Context, string, int) ([]minid.Factor, error) {
	return []minid.Factor{minid.FactorTOTP}, nil
}

// A12: the code's own step and one after it, and nothing but six digits.
func TestTOTPWindow(t *testing.T) {
	start := time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC) // the first moment of a step
	for name, c := range map[string]struct {
		shown, typed time.Duration // after the start
		right        bool
	}{
		"at once":                   {0, 0, true},
		"29 s later":                {0, 29 * time.Second, true},
		"31 s later, next step":     {0, 31 * time.Second, true},
		"59 s later, next step":     {0, 59 * time.Second, true},
		"60 s later, two steps":     {0, 60 * time.Second, false},
		"61 s later":                {0, 61 * time.Second, false},
		"31 s later, two steps":     {29 * time.Second, 60 * time.Second, false},
		"phone a moment ahead":      {30 * time.Second, 29 * time.Second, false},
		"phone 31 s ahead":          {31 * time.Second, 0, false},
		"phone 29 s ahead, in step": {29 * time.Second, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.person(pidA, minid.BasisLetter)
			w.clock.add(start.Add(c.typed).Sub(w.clock.Now()))
			in := w.atTOTP(pidA)
			_, err := w.TOTP(ctx(), in, w.codeAt(start.Add(c.shown)))
			if (err == nil) != c.right || (err != nil && !errors.Is(err, minid.ErrWrongCode)) {
				t.Errorf("got %v, want right = %v", err, c.right)
			}
		})
	}
}

func TestTOTPText(t *testing.T) {
	arabic := func(code string) string {
		out := []rune(code)
		for i := range out {
			out[i] += '\u0660' - '0'
		}
		return string(out)
	}
	for name, c := range map[string]struct {
		typed func(string) string
		right bool
	}{
		"spaces around": {func(s string) string { return " " + s + "  " }, true},
		"space inside":  {func(s string) string { return s[:3] + " " + s[3:] }, false},
		"tab":           {func(s string) string { return "\t" + s }, false},
		"arabic digits": {arabic, false},
		"five digits":   {func(s string) string { return s[:5] }, false},
		"seven digits":  {func(s string) string { return s + "0" }, false},
		"empty":         {func(string) string { return "" }, false},
		"sign":          {func(s string) string { return "+" + s[1:] }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.person(pidA, minid.BasisLetter)
			in := w.atTOTP(pidA)
			_, err := w.TOTP(ctx(), in, c.typed(w.code()))
			if (err == nil) != c.right || (err != nil && !errors.Is(err, minid.ErrWrongCode)) {
				t.Errorf("got %v, want right = %v", err, c.right)
			}
			// Whatever was typed has been counted: one more failure and the factor is disabled.
			inUse, err := w.Store.RaiseTOTPFailure(ctx(), p.ID, 1)
			if err != nil || inUse != c.right {
				t.Errorf("below one failure: %v %v, want %v", inUse, err, c.right)
			}
		})
	}
}

// RFC 6238 Appendix B, SHA-1, the last six of the eight digits.
func TestTOTPVectors(t *testing.T) {
	secret := minid.EncodeTOTPSecret([]byte("12345678901234567890"))
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037",
	} {
		if got, err := (minid.TOTPConfig{}).TOTPCode(secret, time.Unix(at, 0)); err != nil || got != want {
			t.Errorf("at %d: %s %v, want %s", at, got, err, want)
		}
	}
}

func TestTOTPSecretIsSealedAndBoundToThePerson(t *testing.T) {
	w := newWorld(t)
	a, b := w.person(pidA, minid.BasisLetter), w.person(pidB, minid.BasisLetter)
	sealed, err := w.Store.TOTPSecret(ctx(), a.ID)
	must(t, err)
	if len(sealed) < 12+20+16 || slices.Equal(sealed[12:32], secretTOT) {
		t.Error("the secret lies open")
	}
	must(t, w.db.W.Exec("UPDATE minid_totp SET secret = ? WHERE person_id = ?", sealed, b.ID).Error)
	_, err = w.TOTP(ctx(), w.atTOTP(pidB), w.code())
	wantErr(t, err, minid.ErrSealed)
}
