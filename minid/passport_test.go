package minid_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/minid"
	"lommebok.example/minid/store"
)

// checker is a check elsewhere that finds holder.
type checker struct{ holder string }

func (c *checker) Start(_ context.Context, state string) (string, error) {
	return c.Home() + "/check/" + state, nil
}

func (c *checker) Result(context.Context, string) (*minid.PassportResult, error) {
	return &minid.PassportResult{PID: c.holder, Reference: "case-7"}, nil
}

func (c *checker) Home() string { return "https://passport.example" }

// passportAt makes a passport worth more than a letter.
func (d *desk) passportAt(letter, passport minid.Level) *checker {
	d.Levels = minid.DefaultLevels()
	d.Levels.Proofing = maps.Clone(d.Levels.Proofing)
	d.Levels.Proofing[minid.BasisLetter], d.Levels.Proofing[minid.BasisPassport] = letter, passport
	c := &checker{holder: pidA}
	d.Passport = c
	return c
}

// startPassport signs in and gives the state of a check under way.
func (d *desk) startPassport() (session, state string) {
	d.t.Helper()
	session, _ = d.signInAtLow(pidA)
	address, err := d.StartPassport(ctx(), session)
	must(d.t, err)
	return session, strings.TrimPrefix(address, "https://passport.example/check/")
}

func (d *desk) signInAtLow(pid string) (string, *minid.Session) {
	d.t.Helper()
	in, _ := d.begin(minid.LevelLow, "")
	_, err := d.Password(ctx(), in, pid, password)
	must(d.t, err)
	secret, s, err := d.Finish(ctx(), in)
	must(d.t, err)
	return secret, s
}

func TestAPassportRaisesAPerson(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		d.passportAt(minid.LevelLow, minid.LevelSubstantial)
		session, state := d.startPassport()
		d.clock.add(time.Minute)
		log, own := &auditLog{}, audit.Person(d.visitor.ID)
		d.Store.(*store.Store).Audit = log
		log.wantEntry(t, audit.Event{At: d.clock.Now(), Kind: minid.KindProofed, Actor: own, Subject: own, Outcome: "passport"},
			func() error { return d.FinishPassport(ctx(), session, state) }, func() bool { return d.basis() == minid.BasisPassport })
		p, err := d.Core.Person(ctx(), d.visitor.ID)
		must(t, err)
		if want := (minid.Proofing{Basis: minid.BasisPassport, At: d.clock.Now(), Evidence: "passport check case-7"}); p.Proofing != want {
			t.Errorf("proofing %+v, want %+v", p.Proofing, want)
		}
		_, err = d.Core.Session(ctx(), session)
		wantErr(t, err, minid.ErrNoSession)
		if _, s := d.signIn(pidA); s.Level != minid.LevelSubstantial {
			t.Errorf("level %s", s.Level)
		}
		d.wantNothingPersonalInLogs()
	})
}

func TestAPassportCheckThatIsNotGood(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		_, err := d.StartPassport(ctx(), second2(d.signInAtLow(pidA)))
		wantErr(t, err, minid.ErrPassport) // none is configured
		c := d.passportAt(minid.LevelLow, minid.LevelSubstantial)
		session, state := d.startPassport()
		c.holder = pidB
		wantErr(t, d.FinishPassport(ctx(), session, state), minid.ErrPassport)
		c.holder = pidA
		wantErr(t, d.FinishPassport(ctx(), session, "another state"), minid.ErrPassport)
		d.person(pidB, minid.BasisLetter)
		thief, _ := d.signInAtLow(pidB)
		c.holder = pidB
		wantErr(t, d.FinishPassport(ctx(), thief, state), minid.ErrPassport) // the check was begun by another
		c.holder = pidA
		wantErr(t, d.FinishPassport(ctx(), "no session", state), minid.ErrNoSession)
		d.clock.add(15 * time.Minute)
		wantErr(t, d.FinishPassport(ctx(), session, state), minid.ErrPassport)
		_, err = d.StartPassport(ctx(), session)
		wantErr(t, err, minid.ErrSessionTooOld)
		if got := d.basis(); got != minid.BasisLetter {
			t.Errorf("after all refusals: %s", got)
		}
	})
}

func second2(secret string, _ *minid.Session) string { return secret }

// Somebody who was seen in person, before or meanwhile, is not lowered.
func TestAPassportLowersNobody(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		d.passportAt(minid.LevelLow, minid.LevelSubstantial)
		_, state := d.startPassport()
		must(t, d.ApproveDeskCase(ctx(), d.b, d.proposed(), true))
		session, _ := d.signInAtLow(pidA)
		wantErr(t, d.FinishPassport(ctx(), session, state), minid.ErrPassport)
		_, err := d.StartPassport(ctx(), session)
		wantErr(t, err, minid.ErrPassport)
		sum := signInID(state)
		proofing := minid.Proofing{Basis: minid.BasisPassport, At: d.clock.Now()}
		wantErr(t, d.Store.TakePassportCheck(ctx(), sum, d.visitor, proofing, false, 10, false), minid.ErrPassport)
		if got := d.basis(); got != minid.BasisInPerson {
			t.Errorf("lowered to %s", got)
		}
	})
}

// Where a passport is worth high, the app that was paired for less ends, unless it is all the person has.
func TestAPassportAtHighEndsTheApp(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		d.passportAt(minid.LevelSubstantial, minid.LevelHigh)
		session, _ := d.signIn(pidA)
		d.pair(session, "phone")
		low, state := d.startPassport()
		must(t, d.db.W.Exec("DELETE FROM minid_totp WHERE person_id = ?", d.visitor.ID).Error)
		wantErr(t, d.FinishPassport(ctx(), low, state), minid.ErrLastFactor)
		if got := d.basis(); got != minid.BasisLetter {
			t.Errorf("refused, and raised to %s", got)
		}
		must(t, d.db.W.Exec("INSERT INTO minid_totp (person_id, secret, last_step, failures) VALUES (?, ?, 0, 0)", d.visitor.ID, []byte{1}).Error)
		must(t, d.FinishPassport(ctx(), low, state))
		_, err := d.Device(ctx(), "phone")
		wantErr(t, err, minid.ErrDevice)
	})
}

// A check is good once.
func TestOneOfSixteenTakesThePassportCheck(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		d.passportAt(minid.LevelLow, minid.LevelSubstantial)
		session, state := d.startPassport()
		d.clock.add(time.Second)
		var won atomic.Int64
		race(t, func(int) {
			switch err := d.FinishPassport(ctx(), session, state); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, minid.ErrPassport) && !errors.Is(err, minid.ErrNoSession):
				t.Error(err)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d took it", won.Load())
		}
	})
}
