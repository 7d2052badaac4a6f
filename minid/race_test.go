package minid_test

import (
	"errors"
	"sync"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

// A10, G05: sixteen sign-ins bring one code at once, half of them to another replica. One gets further, and the others hear that
// the code is wrong.
func TestOneOfSixteenSignInsGetsTheCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		w.Limits.TOTPFailures = 100 // so that the step alone decides
		w.person(pidA, minid.BasisLetter)
		cores := []*minid.Core{w.Core, w.replica(cheap)}
		cores[1].Limits = w.Limits
		signIns := make([]string, 16)
		for i := range signIns {
			signIns[i] = w.atTOTP(pidA)
		}
		code, errs := w.code(), make([]error, len(signIns))
		var wait sync.WaitGroup
		for i, in := range signIns {
			wait.Go(func() {
				v, err := cores[i%2].TOTP(ctx(), in, code)
				if errs[i] = err; err == nil && v.Step != minid.StepDone {
					errs[i] = errors.New("accepted, and at step " + string(v.Step))
				}
			})
		}
		wait.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, minid.ErrWrongCode) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d of %d got further with one code", won, len(signIns))
		}
	})
}
