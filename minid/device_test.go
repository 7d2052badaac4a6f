package minid_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

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
