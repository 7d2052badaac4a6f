package cose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"testing"

	oracle "github.com/veraison/go-cose"
)

func TestKeyRoundTrip(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key := newKey(t, curve)
		b, err := MarshalKey(&key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		pub, err := ParseKey(b)
		if err != nil || !pub.Equal(&key.PublicKey) {
			t.Errorf("%s: %v", curve.Params().Name, err)
		}
		var o oracle.Key
		if err := o.UnmarshalCBOR(b); err != nil {
			t.Fatal(err)
		}
		if theirs, err := o.PublicKey(); err != nil || !key.PublicKey.Equal(theirs) {
			t.Errorf("%s: the oracle reads another key: %v", curve.Params().Name, err)
		}
	}
}

func TestMarshalKeyRefuses(t *testing.T) {
	p224 := newKey(t, elliptic.P224())
	mixed := newKey(t, elliptic.P256()).PublicKey
	mixed.Curve = elliptic.P384()
	for _, pub := range []*ecdsa.PublicKey{nil, {}, &mixed, &p224.PublicKey} {
		if _, err := MarshalKey(pub); !errors.Is(err, ErrKey) {
			t.Errorf("%+v: %v", pub, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	point, err := newKey(t, elliptic.P256()).PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	x, y := point[1:33], point[33:]
	off := bytes.Clone(y)
	off[31] ^= 1
	for _, c := range []struct {
		rule string
		key  any
		want error
	}{
		{"plain", map[any]any{1: 2, -1: 1, -2: x, -3: y}, nil},
		{"with kid, alg and others", map[any]any{1: 2, 2: []byte("k"), 3: ES256, 4: []int{2}, -1: 1, -2: x, -3: y, "own": []any{}}, nil},
		{"with alg ESP256", map[any]any{1: 2, 3: ESP256, -1: 1, -2: x, -3: y}, nil},
		{"private part", map[any]any{1: 2, -1: 1, -2: x, -3: y, -4: x}, ErrKey},
		{"alg of another curve", map[any]any{1: 2, 3: ES384, -1: 1, -2: x, -3: y}, ErrKey},
		{"alg by name", map[any]any{1: 2, 3: "ES256", -1: 1, -2: x, -3: y}, ErrType},
		{"no kty", map[any]any{-1: 1, -2: x, -3: y}, ErrKey},
		{"kty OKP", map[any]any{1: 1, -1: 6, -2: x}, ErrKey},
		{"kty symmetric", map[any]any{1: 4, -1: x}, ErrType},
		{"no curve", map[any]any{1: 2, -2: x, -3: y}, ErrKey},
		{"secp256k1", map[any]any{1: 2, -1: 8, -2: x, -3: y}, ErrKey},
		{"curve of another size", map[any]any{1: 2, -1: 2, -2: x, -3: y}, ErrKey},
		{"no y", map[any]any{1: 2, -1: 1, -2: x}, ErrKey},
		{"compressed y", map[any]any{1: 2, -1: 1, -2: x, -3: true}, ErrType},
		{"off the curve", map[any]any{1: 2, -1: 1, -2: x, -3: off}, ErrKey},
		{"the point at zero", map[any]any{1: 2, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)}, ErrKey},
		{"coordinate too large", map[any]any{1: 2, -1: 1, -2: bytes.Repeat([]byte{0xff}, 32), -3: y}, ErrKey},
		{"x short", map[any]any{1: 2, -1: 1, -2: x[:31], -3: y}, ErrKey},
		{"x with a leading zero", map[any]any{1: 2, -1: 1, -2: append([]byte{0}, x...), -3: y}, ErrKey},
		{"not a map", []any{2, 1, x, y}, ErrType},
	} {
		t.Run(c.rule, func(t *testing.T) {
			raw, err := Marshal(c.key)
			if err != nil {
				t.Fatal(err)
			}
			if pub, err := ParseKey(raw); !errors.Is(err, c.want) || (pub == nil) == (err == nil) {
				t.Errorf("got %v, %v, want %v", pub, err, c.want)
			}
		})
	}
}

func FuzzParseKey(f *testing.F) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		b, err := MarshalKey(&newKey(f, curve).PublicKey)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		pub, err := ParseKey(raw)
		if err != nil {
			return
		}
		b, err := MarshalKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseKey(b); err != nil || !again.Equal(pub) {
			t.Fatalf("read again: %v", err)
		}
	})
}
