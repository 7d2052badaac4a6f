package cose

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"testing"
)

func TestVerifyRefuses(t *testing.T) {
	key := newKey(t, elliptic.P256())
	good := signed(t, key, map[int64]any{1: ES256})
	raw := func(p parts) []byte { return p.signature.([]byte) }
	order := elliptic.P256().Params().N.FillBytes(make([]byte, 32))
	zero := make([]byte, 32)
	signature := func(r, s []byte) func(*parts) {
		return func(p *parts) { p.signature = append(append([]byte{}, r...), s...) }
	}
	for _, c := range []struct {
		rule  string
		spoil func(*parts)
		want  error
	}{
		{"alg missing", func(p *parts) { *p = signed(t, key, map[int64]any{}) }, ErrAlg},
		{"alg only unprotected", func(p *parts) {
			*p = signed(t, key, map[int64]any{})
			p.unprotected = map[int64]any{1: ES256}
		}, ErrAlg},
		{"alg of another curve", func(p *parts) { *p = signed(t, key, map[int64]any{1: ES384}) }, ErrAlg},
		{"alg not ECDSA", func(p *parts) { *p = signed(t, key, map[int64]any{1: -8}) }, ErrAlg},
		{"alg of a MAC", func(p *parts) { *p = signed(t, key, map[int64]any{1: HMAC256}) }, ErrAlg},
		{"payload changed", func(p *parts) { p.payload = []byte("That is the content.") }, ErrSignature},
		{"protected header changed", func(p *parts) { p.protected = map[int64]any{1: ES256, 16: "a/b"} }, ErrSignature},
		{"r and s zero", signature(zero, zero), ErrSignature},
		{"r zero", signature(zero, raw(good)[32:]), ErrSignature},
		{"s zero", signature(raw(good)[:32], zero), ErrSignature},
		{"r the order", signature(order, raw(good)[32:]), ErrSignature},
		{"s the order", signature(raw(good)[:32], order), ErrSignature},
		{"r and s all ones", signature(bytes.Repeat([]byte{0xff}, 32), bytes.Repeat([]byte{0xff}, 32)), ErrSignature},
		{"63 bytes", func(p *parts) { p.signature = raw(good)[:63] }, ErrSignature},
		{"65 bytes", signature([]byte{0}, raw(good)), ErrSignature},
		{"empty signature", signature(nil, nil), ErrSignature},
		{"DER", func(p *parts) {
			der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw(good)[:32]), new(big.Int).SetBytes(raw(good)[32:])})
			if err != nil {
				t.Fatal(err)
			}
			p.signature = der
		}, ErrSignature},
		{"r and s exchanged", signature(raw(good)[32:], raw(good)[:32]), ErrSignature},
		{"detached, none given", func(p *parts) { p.payload = nil }, ErrPayload},
	} {
		t.Run(c.rule, func(t *testing.T) {
			p := good
			c.spoil(&p)
			s, err := ParseSign1(p.bytes(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Verify(&key.PublicKey, nil); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("nothing spoiled", func(t *testing.T) {
		s, err := ParseSign1(good.bytes(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(&key.PublicKey, nil); err != nil {
			t.Error(err)
		}
		if err := s.Verify(&newKey(t, elliptic.P256()).PublicKey, nil); !errors.Is(err, ErrSignature) {
			t.Errorf("another key: %v", err)
		}
		if err := s.Verify(nil, nil); !errors.Is(err, ErrKey) {
			t.Errorf("no key: %v", err)
		}
		if err := s.Verify(&key.PublicKey, []byte("swapped")); !errors.Is(err, ErrPayload) {
			t.Errorf("detached payload swapped in: %v", err)
		}
		if err := s.Verify(&key.PublicKey, content); !errors.Is(err, ErrPayload) {
			t.Errorf("payload given twice: %v", err)
		}
	})
}

func TestParseSign1Refuses(t *testing.T) {
	key := newKey(t, elliptic.P256())
	cert, other := newCert(t, key, "a").Raw, newCert(t, key, "b").Raw
	none := map[int64]any{}
	es256 := map[int64]any{1: ES256}
	many := make([]any, maxChain+1)
	for i := range many {
		many[i] = cert
	}
	labels := map[int64]any{1: ES256}
	for i := range int64(maxLabels) {
		labels[1000+i] = 0
	}
	for _, c := range []struct {
		rule string
		p    parts
		want error
	}{
		{"crit", parts{map[int64]any{1: ES256, 2: []int{99}}, none, content, content}, ErrCrit},
		{"crit of a known label", parts{map[int64]any{1: ES256, 2: []int{1}}, none, content, content}, ErrCrit},
		{"crit unprotected", parts{es256, map[int64]any{2: []int{1}}, content, content}, ErrCrit},
		{"alg by name", parts{map[int64]any{1: "ES256"}, none, content, content}, ErrAlg},
		{"alg zero", parts{map[int64]any{1: 0}, none, content, content}, ErrAlg},
		{"alg null", parts{map[int64]any{1: nil}, none, content, content}, ErrType},
		{"alg in both headers", parts{es256, es256, content, content}, ErrHeader},
		{"x5chain in both headers", parts{map[int64]any{33: cert}, map[int64]any{33: []any{cert, other}}, content, content}, ErrHeader},
		{"an unknown label in both headers", parts{map[any]any{"x": 1}, map[any]any{"x": 2}, content, content}, ErrHeader},
		{"label of another type", parts{map[any]any{true: 1}, none, content, content}, ErrHeader},
		{"x5chain array of none", parts{es256, map[int64]any{33: []any{}}, content, content}, ErrChain},
		{"x5chain array of one", parts{es256, map[int64]any{33: []any{cert}}, content, content}, ErrChain},
		{"x5chain too long", parts{es256, map[int64]any{33: many}, content, content}, ErrChain},
		{"x5chain not a certificate", parts{es256, map[int64]any{33: content}, content, content}, ErrChain},
		{"x5chain with bytes after the certificate", parts{es256, map[int64]any{33: append(bytes.Clone(cert), 0)}, content, content}, ErrChain},
		{"x5chain as text", parts{es256, map[int64]any{33: "cert"}, content, content}, ErrType},
		{"kid as text", parts{es256, map[int64]any{4: "k"}, content, content}, ErrType},
		{"typ as number", parts{map[int64]any{1: ES256, 16: 60}, none, content, content}, ErrType},
		{"typ empty", parts{map[int64]any{1: ES256, 16: ""}, none, content, content}, ErrHeader},
		{"too many labels", parts{labels, none, content, content}, ErrHeader},
		{"too many labels unprotected", parts{none, labels, content, content}, ErrHeader},
		{"protected not a map", parts{[]any{}, none, content, content}, ErrType},
		{"unprotected not a map", parts{es256, []any{}, content, content}, ErrType},
		{"unprotected wrapped", parts{es256, []byte{0xa0}, content, content}, ErrType},
		{"payload as text", parts{es256, none, "content", content}, ErrType},
		{"payload false", parts{es256, none, false, content}, ErrType},
		{"signature null", parts{es256, none, content, nil}, ErrType},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if _, err := ParseSign1(c.p.bytes(t)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	for _, c := range []struct {
		rule, data string
		want       error
	}{
		{"tagged where untagged is wanted", "d2 84 40 a0 40 40", ErrType},
		{"array of three", "83 40 a0 40", ErrType},
		{"array of five", "85 40 a0 40 40 40", ErrType},
		{"trailing byte", "84 40 a0 40 40 00", ErrTrailing},
		{"duplicate label", "84 45 a2 01 26 01 26 a0 40 40", ErrDuplicateKey},
		{"protected with a trailing byte", "84 44 a1 01 26 00 a0 40 40", ErrTrailing},
		{"protected not shortest", "84 44 a1 01 38 06 a0 40 40", ErrNotShortest},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if _, err := ParseSign1(unhex(t, c.data)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// brokenSigner is a key whose signatures are what a test makes them.
type brokenSigner struct {
	pub crypto.PublicKey
	der []byte
	err error
}

func (b brokenSigner) Public() crypto.PublicKey { return b.pub }

func (b brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return b.der, b.err }

func TestSignRefuses(t *testing.T) {
	p256, p384 := newKey(t, elliptic.P256()), newKey(t, elliptic.P384())
	for384, err := p384.Sign(rand.Reader, make([]byte, 48), crypto.SHA384)
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("the module is not there")
	for _, c := range []struct {
		rule        string
		key         crypto.Signer
		protected   Header
		unprotected Header
		want        error
	}{
		{"no key", nil, Header{}, Header{}, ErrKey},
		{"a key of another kind", brokenSigner{pub: "text"}, Header{}, Header{}, ErrKey},
		{"P-224", newKey(t, elliptic.P224()), Header{}, Header{}, ErrAlg},
		{"alg of another curve", p384, Header{Alg: ES256}, Header{}, ErrAlg},
		{"alg unprotected", p256, Header{}, Header{Alg: ES256}, ErrHeader},
		{"kid in both headers", p256, Header{KID: []byte("a")}, Header{KID: []byte("a")}, ErrHeader},
		{"empty certificate", p256, Header{}, Header{X5Chain: []*x509.Certificate{{}}}, ErrChain},
		{"nil certificate", p256, Header{}, Header{X5Chain: []*x509.Certificate{nil}}, ErrChain},
		{"chain too long", p256, Header{}, Header{X5Chain: make([]*x509.Certificate, maxChain+1)}, ErrChain},
		{"typ not UTF-8", p256, Header{Type: "\xff"}, Header{}, ErrUTF8},
		{"content type not UTF-8", p256, Header{ContentType: "\xff"}, Header{}, ErrUTF8},
		{"the key fails", brokenSigner{pub: p256.Public(), err: failed}, Header{}, Header{}, failed},
		{"the key gives no DER", brokenSigner{pub: p256.Public(), der: make([]byte, 64)}, Header{}, Header{}, ErrKey},
		{"the key gives a longer signature", brokenSigner{pub: p256.Public(), der: for384}, Header{}, Header{}, ErrKey},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if _, err := Sign(c.key, c.protected, c.unprotected, content, false); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := new(Sign1).MarshalCBOR(); !errors.Is(err, ErrHeader) {
		t.Errorf("a message made by hand: %v", err)
	}
}
