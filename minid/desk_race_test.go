package minid_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/minid"
)

// A case is decided once, by the other clerk: sixteen at once, half of them the first clerk or the person.
func TestOneOfSixteenDecides(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		d.Staff = append(d.Staff, minid.Staff{PID: pidA, Roles: []minid.Role{minid.RoleServiceDesk}})
		_, own := d.signIn(pidA)
		id := d.proposed()
		var won, lost atomic.Int64
		race(t, func(i int) {
			clerk := []*minid.Session{d.b, d.a, d.b, own}[i%4]
			decide := func() error { return d.ApproveDeskCase(ctx(), clerk, id, true) }
			if i%8 == 2 {
				decide = func() error { return d.RefuseDeskCase(ctx(), clerk, id, "nei") }
			}
			switch err := decide(); {
			case err == nil && clerk == d.b:
				won.Add(1)
			case errors.Is(err, minid.ErrDeskCase):
				lost.Add(1)
			default:
				t.Errorf("%s: %v", clerk.PID, err)
			}
		})
		if won.Load() != 1 || lost.Load() != 15 {
			t.Errorf("%d won and %d lost", won.Load(), lost.Load())
		}
		c, _, err := d.DeskCase(ctx(), d.a, id)
		must(t, err)
		if raised := d.basis() == minid.BasisInPerson; c.DecidedBy != d.b.PersonID || raised != (c.State == minid.DeskApproved) {
			t.Errorf("%s by %s, raised %v", c.State, c.DecidedBy, raised)
		}
	})
}

// The code of a case is shown once.
func TestOneOfSixteenGetsTheCode(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		id := d.proposed()
		must(t, d.ApproveDeskCase(ctx(), d.b, id, true))
		var codes atomic.Int64
		race(t, func(i int) {
			_, _, err := d.HandOutDeskCode(ctx(), []*minid.Session{d.a, d.b}[i%2], id)
			switch {
			case err == nil:
				codes.Add(1)
			case !errors.Is(err, minid.ErrDeskCase):
				t.Error(err)
			}
		})
		if codes.Load() != 1 {
			t.Errorf("%d codes were shown", codes.Load())
		}
	})
}

// One case of a person is proposed at a time, whoever proposes.
func TestOneOfSixteenProposals(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		ids := make([]string, 16)
		for i := range ids {
			ids[i] = d.opened()
		}
		var won atomic.Int64
		race(t, func(i int) {
			switch err := d.ProposeDeskCase(ctx(), d.a, ids[i], seen); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, minid.ErrDeskOpen):
				t.Error(err)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d were proposed", won.Load())
		}
	})
}

// While a person makes pairing codes for their own phones, the desk proofs them: no phone is left that was not handed its
// code in person.
func TestNoPhoneOutlivesTheProofing(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		session, _ := d.signIn(pidA)
		id := d.proposed()
		race(t, func(i int) {
			if i == 8 {
				must(t, d.ApproveDeskCase(ctx(), d.b, id, true))
				return
			}
			code, _, err := d.StartPairing(ctx(), session)
			if err == nil {
				_, err = d.Pair(ctx(), code, "phone", []byte("key"))
			}
			if err != nil && !errors.Is(err, minid.ErrPairAtDesk) && !errors.Is(err, minid.ErrNoSession) && !errors.Is(err, minid.ErrPairingCode) {
				t.Error(err)
			}
		})
		if _, err := d.Device(ctx(), "phone"); !errors.Is(err, minid.ErrDevice) {
			t.Errorf("a phone of before is paired: %v", err)
		}
	})
}

func race(t *testing.T, verb func(i int)) {
	t.Helper()
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() { verb(i) })
	}
	wait.Wait()
}

// Searches are counted whatever they find, and decisions too; sixteen at once do not get past the limit.
func TestClerksHaveLimits(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		d.Limits.DeskSearches, d.Limits.DeskDecisions = 5, 1
		var searched, told atomic.Int64
		race(t, func(i int) {
			_, err := d.OpenDeskCase(ctx(), d.a, []string{pidA, pidB}[i%2])
			var tooMany minid.ErrTooManyAttempts
			switch {
			case errors.As(err, &tooMany) && tooMany.RetryAfter == time.Hour:
				told.Add(1)
			case err == nil || errors.Is(err, minid.ErrNotFound):
				searched.Add(1)
			default:
				t.Error(err)
			}
		})
		if searched.Load() != 5 || told.Load() != 11 {
			t.Errorf("%d searches, %d were told to wait", searched.Load(), told.Load())
		}
		d.clock.add(time.Hour)
		must(t, d.RefuseDeskCase(ctx(), d.b, d.proposed(), "nei"))
		id := d.proposed()
		var tooMany minid.ErrTooManyAttempts
		if err := d.ApproveDeskCase(ctx(), d.b, id, true); !errors.As(err, &tooMany) || d.basis() != minid.BasisLetter {
			t.Errorf("one decision too many: %v, basis %s", err, d.basis())
		}
	})
}
