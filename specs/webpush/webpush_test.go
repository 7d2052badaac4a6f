package webpush

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

func b64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The values of RFC 8291 section 5 and Appendix A.
const (
	rfcText    = "When I grow up, I want to be a watermelon"
	rfcSender  = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
	rfcPrivate = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
	rfcPublic  = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	rfcSalt    = "DGv6ra1nlYgDCS1FRnbzlw"
	rfcAuth    = "BTBZMqHH6r4Tts7J_aSIgg"
	rfcBody    = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)

func rfcReceiver(t testing.TB) *Receiver {
	t.Helper()
	key, err := ecdh.P256().NewPrivateKey(b64(t, rfcPrivate))
	if err != nil {
		t.Fatal(err)
	}
	return &Receiver{key: key, auth: b64(t, rfcAuth)}
}

func TestRFC8291AppendixA(t *testing.T) {
	sender, err := ecdh.P256().NewPrivateKey(b64(t, rfcSender))
	if err != nil {
		t.Fatal(err)
	}
	body, err := encrypt(b64(t, rfcPublic), b64(t, rfcAuth), []byte(rfcText), sender, b64(t, rfcSalt))
	if err != nil || base64.RawURLEncoding.EncodeToString(body) != rfcBody {
		t.Errorf("made %s, %v", base64.RawURLEncoding.EncodeToString(body), err)
	}
	text, err := rfcReceiver(t).Decrypt(b64(t, rfcBody))
	if err != nil || string(text) != rfcText {
		t.Errorf("read %q, %v", text, err)
	}
}

func TestEachMessageIsAnother(t *testing.T) {
	r, err := NewReceiver()
	if err != nil {
		t.Fatal(err)
	}
	var bodies [2][]byte
	for i := range bodies {
		if bodies[i], err = Encrypt(r.P256DH(), r.Auth(), []byte("x")); err != nil {
			t.Fatal(err)
		}
		if text, err := r.Decrypt(bodies[i]); err != nil || string(text) != "x" {
			t.Errorf("%q %v", text, err)
		}
	}
	if bytes.Equal(bodies[0][:headLength], bodies[1][:headLength]) {
		t.Error("salt and key are used twice")
	}
}

func TestSizes(t *testing.T) {
	r := rfcReceiver(t)
	body, err := Encrypt(r.P256DH(), r.Auth(), make([]byte, maxText))
	if err != nil || len(body) != headLength+recordSize {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if text, err := r.Decrypt(body); err != nil || len(text) != maxText {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if _, err := Encrypt(r.P256DH(), r.Auth(), make([]byte, maxText+1)); !errors.Is(err, ErrSize) {
		t.Errorf("a byte too much: %v", err)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	good := b64(t, rfcPublic)
	off := bytes.Clone(good)
	off[64] ^= 1
	for name, c := range map[string]struct{ key, auth []byte }{
		"off the curve": {off, b64(t, rfcAuth)}, "compressed": {append([]byte{2}, good[1:33]...), b64(t, rfcAuth)},
		"infinity": {[]byte{0}, b64(t, rfcAuth)}, "none": {nil, b64(t, rfcAuth)}, "short secret": {good, make([]byte, 15)},
	} {
		if _, err := Encrypt(c.key, c.auth, nil); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Any bit of a body that is changed makes it nobody's.
func TestBodiesThatAreRefused(t *testing.T) {
	r, good := rfcReceiver(t), b64(t, rfcBody)
	for i := range good {
		if i >= saltLength && i < saltLength+4 {
			continue // the record size: any that holds the record is right
		}
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, err := r.Decrypt(bad); !errors.Is(err, ErrBody) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	for _, n := range []int{0, headLength - 1, headLength, headLength + tagLength, len(good) - 1} {
		if _, err := r.Decrypt(good[:n]); !errors.Is(err, ErrBody) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	small := bytes.Clone(good)
	copy(small[saltLength:], []byte{0, 0, 0, 18})
	if _, err := r.Decrypt(small); !errors.Is(err, ErrBody) {
		t.Errorf("more than a record: %v", err)
	}
	other, err := NewReceiver()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Decrypt(good); !errors.Is(err, ErrBody) {
		t.Errorf("another's: %v", err)
	}
	for text, want := range map[string]bool{"a\x02": true, "a\x02\x00\x00": true, "\x02": true, "a\x01": false, "a": false, "\x00": false, "": false} {
		if _, err := unpad([]byte(text)); (err == nil) != want {
			t.Errorf("padding %q: %v", text, err)
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	f.Add(b64(f, rfcBody))
	f.Add([]byte{})
	r := rfcReceiver(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		if text, err := r.Decrypt(body); err == nil && string(text) != rfcText {
			t.Errorf("%x was read as %q", body, text)
		}
	})
}

func TestVAPID(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := PublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := PublicKey(other)
	if err != nil {
		t.Fatal(err)
	}
	const endpoint = "https://push.example:443/abc"
	now := time.Unix(1_764_000_000, 0)
	header, err := Authorization(key, endpoint, "mailto:drift@example.com", now)
	if err != nil {
		t.Fatal(err)
	}
	contact, err := VerifyAuthorization(header, "https://push.example/another", public, now)
	if err != nil || contact != "mailto:drift@example.com" {
		t.Fatalf("%q %v", contact, err)
	}
	for name, verify := range map[string]func() (string, error){
		"another service": func() (string, error) { return VerifyAuthorization(header, "https://push2.example/abc", public, now) },
		"another port": func() (string, error) {
			return VerifyAuthorization(header, "https://push.example:444/abc", public, now)
		},
		"late":            func() (string, error) { return VerifyAuthorization(header, endpoint, public, now.Add(12*time.Hour)) },
		"too long a life": func() (string, error) { return VerifyAuthorization(header, endpoint, public, now.Add(-13*time.Hour)) },
		"another key":     func() (string, error) { return VerifyAuthorization(header, endpoint, foreign, now) },
		"scheme":          func() (string, error) { return VerifyAuthorization("Bearer"+header[5:], endpoint, public, now) },
		"signature": func() (string, error) {
			return VerifyAuthorization(swapKey(header, public, foreign), endpoint, foreign, now)
		},
		"empty": func() (string, error) { return VerifyAuthorization("", endpoint, public, now) },
	} {
		if _, err := verify(); !errors.Is(err, ErrVAPID) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Authorization(key, "abc", "", now); !errors.Is(err, ErrVAPID) {
		t.Errorf("no address: %v", err)
	}
}

// swapKey says that another made the header.
func swapKey(header string, from, to []byte) string {
	enc := base64.RawURLEncoding.EncodeToString
	return strings.Replace(header, enc(from), enc(to), 1)
}
