package minid_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

// atRecovery is a sign-in that asks for a recovery code.
func (w *world) atRecovery(pid string) string {
	w.t.Helper()
	in := w.atTOTP(pid)
	v, err := w.ChooseFactor(ctx(), in, minid.FactorRecovery)
	must(w.t, err)
	wantStep(w.t, v, minid.StepRecovery)
	return in
}

func TestRecoveryCodes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		sent := &sentMessages{}
		r := registration(pidA, minid.BasisInPerson)
		r.Phone = "+4799990011"
		_, err := w.Register(ctx(), r)
		must(t, err)
		session, _ := w.signIn(pidA)
		w.Sender = sent
		old, err := w.MakeRecoveryCodes(ctx(), session)
		must(t, err)
		codes, err := w.MakeRecoveryCodes(ctx(), session)
		must(t, err)
		if len(codes) != 10 || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != 10 || len(codes[0]) != 12 {
			t.Fatalf("codes %v", codes)
		}
		in := w.atRecovery(pidA)
		for name, wrong := range map[string]string{"of before": old[0], "empty": "", "cut": codes[0][:11], "NUL": codes[0] + "\x00", "two": codes[0] + codes[1]} {
			if _, err := w.Recovery(ctx(), in, wrong); !errors.Is(err, minid.ErrWrongCode) {
				t.Errorf("%s: %v", name, err)
			}
		}
		typed := strings.ToLower(codes[0][:4] + "-" + codes[0][4:8] + " " + codes[0][8:])
		v, err := w.Recovery(ctx(), in, typed)
		must(t, err)
		wantStep(t, v, minid.StepDone)
		session, s, err := w.Finish(ctx(), in)
		must(t, err)
		if s.Level != minid.LevelSubstantial || len(s.AMR) != 0 {
			t.Errorf("session %+v", s)
		}
		invite, err := w.Invite(ctx(), session)
		must(t, err)
		if invite == nil || !invite.Recovery {
			t.Errorf("invitation %+v", invite)
		}
		a, err := w.Account(ctx(), session)
		must(t, err)
		if a.Recovery != 9 {
			t.Errorf("%d left", a.Recovery)
		}
		_, err = w.Recovery(ctx(), w.atRecovery(pidA), codes[0])
		wantErr(t, err, minid.ErrWrongCode)
		if !slices.Contains(sent.kinds, minid.MessageRecoveryMade) || !slices.Contains(sent.kinds, minid.MessageRecoveryUsed) {
			t.Errorf("told of %v", sent.kinds)
		}
		must(t, w.Remember(ctx(), w.atTOTP(pidA), minid.FactorTOTP))
		wantErr(t, w.Remember(ctx(), w.atTOTP(pidA), minid.FactorRecovery), minid.ErrStep)
		if log := w.logs.String(); strings.Contains(log, codes[0]) || strings.Contains(log, codes[1]) {
			t.Error("a code stands in the log")
		}
	})
}

// N5: the failures are counted over sign-ins, and before the comparison; at the tenth the codes are worth nothing until
// new ones are made.
func TestRecoveryCodesAreDisabledAfterTenFailures(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	session, _ := w.signIn(pidA)
	codes, err := w.MakeRecoveryCodes(ctx(), session)
	must(t, err)
	in := w.atRecovery(pidA)
	other := w.atRecovery(pidA)
	for i := range 9 {
		_, err := w.Recovery(ctx(), w.atRecovery(pidA), "AAAABBBBCCCC")
		if !errors.Is(err, minid.ErrWrongCode) {
			t.Fatalf("%d: %v", i, err)
		}
	}
	_, err = w.Recovery(ctx(), in, codes[0]) // the tenth try is the right one, and forgets the failures
	must(t, err)
	for range 10 {
		_, err := w.Recovery(ctx(), other, "AAAABBBBCCCC")
		wantErr(t, err, minid.ErrWrongCode)
	}
	v, err := w.Recovery(ctx(), other, codes[1])
	wantErr(t, err, minid.ErrStep)
	if v.Step != minid.StepTOTP || slices.Contains(v.Factors, minid.FactorRecovery) {
		t.Errorf("at %s with %v", v.Step, v.Factors)
	}
	_, err = w.MakeRecoveryCodes(ctx(), session)
	must(t, err)
	w.atRecovery(pidA)
}

// G05: sixteen sign-ins at two replicas bring one code at once; one gets further.
func TestOneOfSixteenGetsTheRecoveryCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		w.Limits.RecoveryFailures = 100
		w.person(pidA, minid.BasisLetter)
		session, _ := w.signIn(pidA)
		codes, err := w.MakeRecoveryCodes(ctx(), session)
		must(t, err)
		cores := []*minid.Core{w.Core, w.replica(cheap)}
		cores[1].Limits = w.Limits
		signIns := make([]string, 16)
		for i := range signIns {
			signIns[i] = w.atRecovery(pidA)
		}
		var won, lost int
		var mu sync.Mutex
		var wait sync.WaitGroup
		for i, in := range signIns {
			wait.Go(func() {
				_, err := cores[i%2].Recovery(ctx(), in, codes[3])
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case errors.Is(err, minid.ErrWrongCode):
					lost++
				default:
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if won != 1 || lost != 15 {
			t.Errorf("%d won, %d lost", won, lost)
		}
	})
}

// Making codes is a change of how a person signs in: it takes a fresh login.
func TestRecoveryCodesTakeAFreshLogin(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	session, _ := w.signIn(pidA)
	w.clock.add(minid.DefaultLimits().ChangeLogin + 1e6)
	_, err := w.MakeRecoveryCodes(ctx(), session)
	wantErr(t, err, minid.ErrSessionTooOld)
}
