package minid_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

func TestPairing(t *testing.T) {
	w := newWorld(t)
	a := w.person(pidA, minid.BasisLetter)
	w.person(pidB, minid.BasisLetter)
	session, _ := w.signIn(pidA)
	old, _, err := w.StartPairing(ctx(), session)
	must(t, err)
	code, expires, err := w.StartPairing(ctx(), session)
	must(t, err)
	if len(code) != 26 || !expires.Equal(w.clock.Now().Add(10*time.Minute)) {
		t.Errorf("code of %d characters until %s", len(code), expires)
	}
	for name, wrong := range map[string]string{"replaced": old, "unknown": "AAAA", "empty": ""} {
		_, err = w.Pair(ctx(), wrong, "phone", nil)
		if !errors.Is(err, minid.ErrPairingCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d, err := w.Pair(ctx(), strings.ToLower(code[:13]+"-"+code[13:20]+" "+code[20:]), "phone", []byte("k"))
	must(t, err)
	if d.PersonID != a.ID {
		t.Error("paired with another person")
	}
	_, err = w.Pair(ctx(), code, "phone 2", []byte("k"))
	wantErr(t, err, minid.ErrPairingCode)

	w.pair(session, "phone 2") // a person has one device
	_, err = w.Device(ctx(), "phone")
	wantErr(t, err, minid.ErrDevice)
	sessionB, _ := w.signIn(pidB)
	w.pair(sessionB, "phone 2") // and a device one person
	if f, err := w.SecondFactors(ctx(), a.ID); err != nil || slices.Contains(f, minid.FactorApp) {
		t.Errorf("the first person still has the app: %v %v", f, err)
	}
	for _, thumbprint := range []string{"", "phone\x00", "\xff"} {
		_, err = w.Device(ctx(), thumbprint)
		wantErr(t, err, minid.ErrDevice)
	}

	late, _, err := w.StartPairing(ctx(), sessionB)
	must(t, err)
	w.clock.add(10 * time.Minute)
	_, err = w.Pair(ctx(), late, "phone 3", []byte("k"))
	wantErr(t, err, minid.ErrPairingCode)
}

// A23: no pairing with less than substantial, nor with an old login.
func TestPairingNeedsAFreshLogin(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	in, _ := w.begin(minid.LevelLow, "")
	_, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	low, _, err := w.Finish(ctx(), in)
	must(t, err)
	_, _, err = w.StartPairing(ctx(), low)
	wantErr(t, err, minid.ErrSessionTooLow)
	session, _ := w.signIn(pidA)
	w.clock.add(5 * time.Minute)
	_, _, err = w.StartPairing(ctx(), session)
	must(t, err)
	w.clock.add(time.Millisecond)
	_, _, err = w.StartPairing(ctx(), session)
	wantErr(t, err, minid.ErrSessionTooOld)
	_, _, err = w.StartPairing(ctx(), "nobody")
	wantErr(t, err, minid.ErrNoSession)
}

// at signs in at a level: substantial by TOTP, high by the app d.
func (w *world) at(pid string, level minid.Level, d *minid.Device) string {
	w.t.Helper()
	if level == minid.LevelSubstantial {
		secret, _ := w.signIn(pid)
		return secret
	}
	in, v := w.atApp(pid)
	w.approve(d, v)
	secret, s, err := w.Finish(ctx(), in)
	must(w.t, err)
	if s.Level != level {
		w.t.Fatalf("signed in at %s, want %s", s.Level, level)
	}
	return secret
}

// CIR (EU) 2015/1502 annex 2.2.2: a session pairs a device up to its own level, and no further.
func TestPairingUpToTheSessionsLevel(t *testing.T) {
	for name, c := range map[string]struct {
		basis minid.Basis
		level minid.Level
		want  error
	}{
		"letter at substantial":    {minid.BasisLetter, minid.LevelSubstantial, nil},
		"school at substantial":    {minid.BasisSchool, minid.LevelSubstantial, nil},
		"passport at substantial":  {minid.BasisPassport, minid.LevelSubstantial, nil},
		"in person at substantial": {minid.BasisInPerson, minid.LevelSubstantial, minid.ErrPairAtDesk},
		"in person at high":        {minid.BasisInPerson, minid.LevelHigh, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			old := w.pairFromDesk(w.person(pidA, c.basis).ID, "old phone")
			session := w.at(pidA, c.level, old)
			s, err := w.Session(ctx(), session)
			must(t, err)
			if got := w.PairsAtDesk(s); got != (c.want != nil) {
				t.Errorf("pairs at the desk: %t", got)
			}
			code, _, err := w.StartPairing(ctx(), session)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			_, err = w.Pair(ctx(), code, "new phone", []byte("key"))
			if (err == nil) != (c.want == nil) {
				t.Fatalf("code %q: %v", code, err)
			}
			_, err = w.Device(ctx(), "old phone")
			if (err == nil) != (c.want != nil) {
				t.Errorf("the old phone: %v", err)
			}
		})
	}
}

// The table of levels decides, and the proofing as it is now: it may have become better since the login.
func TestPairingFollowsTheTableAndTheProofing(t *testing.T) {
	w := newWorld(t)
	p := w.person(pidA, minid.BasisLetter)
	session, _ := w.signIn(pidA)
	must(t, w.db.W.Exec("UPDATE minid_people SET basis = ? WHERE id = ?", string(minid.BasisInPerson), p.ID).Error)
	_, _, err := w.StartPairing(ctx(), session)
	wantErr(t, err, minid.ErrPairAtDesk)
	w.Levels = minid.DefaultLevels()
	w.Levels.Proofing[minid.BasisInPerson] = minid.LevelSubstantial
	_, _, err = w.StartPairing(ctx(), session)
	must(t, err)
}

func TestDeskCode(t *testing.T) {
	const month = 30 * 24 * time.Hour
	w := newWorld(t)
	p := w.person(pidA, minid.BasisInPerson)
	_, _, err := w.HandOutPairingCode(ctx(), "nobody")
	wantErr(t, err, minid.ErrNotFound)

	code, expires, err := w.HandOutPairingCode(ctx(), p.ID)
	must(t, err)
	if len(code) != 26 || !expires.Equal(w.clock.Now().Add(month)) {
		t.Errorf("code of %d characters until %s", len(code), expires)
	}
	session, _ := w.signIn(pidA)
	_, _, err = w.StartPairing(ctx(), session)
	wantErr(t, err, minid.ErrPairAtDesk) // and the code from the desk is still good
	w.clock.add(expires.Sub(w.clock.Now()) - time.Millisecond)
	must(t, w.Sweep(ctx()))
	d, err := w.Pair(ctx(), code, "phone", []byte("key"))
	must(t, err)
	_, err = w.Pair(ctx(), code, "phone 2", []byte("key"))
	wantErr(t, err, minid.ErrPairingCode)
	if d.PersonID != p.ID {
		t.Error("paired with another person")
	}

	first, _, err := w.HandOutPairingCode(ctx(), p.ID)
	must(t, err)
	late, expires, err := w.HandOutPairingCode(ctx(), p.ID)
	must(t, err)
	_, err = w.Pair(ctx(), first, "phone 2", []byte("key"))
	wantErr(t, err, minid.ErrPairingCode)
	w.clock.add(expires.Sub(w.clock.Now()))
	_, err = w.Pair(ctx(), late, "phone 2", []byte("key"))
	wantErr(t, err, minid.ErrPairingCode)
	if strings.Contains(w.logs.String(), code) {
		t.Error("the log holds a pairing code")
	}
}

// Whoever has the password and the TOTP secret of a person proofed in person comes to substantial, by each way there is.
func TestHighIsNotReachedWithoutTheDesk(t *testing.T) {
	w := newWorld(t)
	p := w.person(pidA, minid.BasisInPerson)
	w.person(pidB, minid.BasisLetter)
	thief, _ := w.signIn(pidA)
	_, _, err := w.StartPairing(ctx(), thief)
	wantErr(t, err, minid.ErrPairAtDesk)
	_, v := w.begin(minid.LevelHigh, thief)
	wantStep(t, v, minid.StepUnreachable)

	own, _ := w.signIn(pidB) // a code of the thief's own leads to the thief's own level
	d := w.pair(own, "thief's phone")
	in, v := w.atApp(pidB)
	w.approve(d, v)
	v, err = w.View(ctx(), in)
	must(t, err)
	wantStep(t, v, minid.StepUnreachable)
	if v.Unreachable != minid.UnreachableProofing {
		t.Errorf("axis %q", v.Unreachable)
	}

	w.pairFromDesk(p.ID, "phone") // the person's own app does not lend its level to the thief's session
	_, _, err = w.StartPairing(ctx(), thief)
	wantErr(t, err, minid.ErrPairAtDesk)
	in, v = w.begin(minid.LevelHigh, thief)
	wantStep(t, v, minid.StepApp)
	_, _, err = w.Finish(ctx(), in)
	wantErr(t, err, minid.ErrStep)
}

// A lost phone is reported while its pairing code is being spent, sixteen of each at once: no app is left, what belongs to the report is
// done with each report, and the app is lost once at most.
func TestALostAppIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p := w.person(pidA, minid.BasisLetter)
		_, s := w.signIn(pidA)
		for round := range 4 {
			code, _, err := w.HandOutPairingCode(ctx(), p.ID)
			must(t, err)
			var lost, also atomic.Int64
			race(t, func(i int) {
				if i%2 == 0 {
					if _, err := w.Pair(ctx(), code, fmt.Sprint("phone ", round), []byte("key")); err != nil && !errors.Is(err, minid.ErrPairingCode) {
						t.Error(err)
					}
					return
				}
				ended, err := w.LoseApp(ctx(), s, func(context.Context) error { also.Add(1); return nil })
				if err != nil {
					t.Error(err)
				}
				if ended {
					lost.Add(1)
				}
			})
			_, err = w.Pair(ctx(), code, "another phone", []byte("key"))
			wantErr(t, err, minid.ErrPairingCode)
			_, err = w.Store.DeviceOf(ctx(), p.ID)
			wantErr(t, err, minid.ErrNotFound)
			if lost.Load() > 1 || also.Load() != 8 {
				t.Errorf("lost %d times, and %d of what belongs to it", lost.Load(), also.Load())
			}
		}
		w.pairFromDesk(p.ID, "last phone")
		failed := errors.New("failed")
		_, err := w.LoseApp(ctx(), s, func(context.Context) error { return failed })
		wantErr(t, err, failed)
		if app, only, err := w.HasApp(ctx(), p.ID); err != nil || !app || only {
			t.Errorf("the app ended without what belongs to it: %v %v %v", app, only, err)
		}
		_, err = w.LoseApp(ctx(), &minid.Session{PersonID: p.ID, Level: minid.LevelLow}, nil)
		wantErr(t, err, minid.ErrSessionTooLow)
		must(t, w.db.W.Exec("DELETE FROM minid_totp").Error)
		if app, only, err := w.HasApp(ctx(), p.ID); err != nil || !app || !only {
			t.Errorf("the app is the only factor: %v %v %v", app, only, err)
		}
		if ended, err := w.LoseApp(ctx(), s, func(context.Context) error { return nil }); err != nil || !ended {
			t.Errorf("the last factor stayed: %v %v", ended, err)
		}
	})
}

// oncePerson reads people until the app has been ended.
type oncePerson struct {
	minid.Store
	ended bool
}

func (o *oncePerson) Person(ctx context.Context, id string) (*minid.Person, error) {
	if o.ended {
		return nil, errors.New("gone")
	}
	return o.Store.Person(ctx, id)
}

func (o *oncePerson) LoseApp(ctx context.Context, id string, at time.Time, also func(context.Context) error) (bool, error) {
	ended, err := o.Store.LoseApp(ctx, id, at, also)
	o.ended = ended
	return ended, err
}

// What has ended for good is told as that: nothing that could fail comes after it.
func TestALostAppIsNoFailure(t *testing.T) {
	w := newWorld(t)
	p := w.person(pidA, minid.BasisLetter)
	session, _ := w.signIn(pidA)
	w.pair(session, "phone")
	w.Store = &oncePerson{Store: w.Store}
	ended, err := w.LoseApp(ctx(), &minid.Session{PersonID: p.ID, Level: minid.LevelSubstantial}, func(context.Context) error { return nil })
	if !ended || err != nil {
		t.Errorf("ended %t, %v", ended, err)
	}
}
