package jose

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"testing"
)

// The length of a signature follows the algorithm: leading zeros stay.
func TestSignatureLength(t *testing.T) {
	key := newKey(t, elliptic.P521())
	signer, err := NewSigner(key, Header{})
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		compact, err := signer.Sign([]byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		u, err := Parse(compact, Rules{Algs: []Alg{ES512}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := u.Verify(&key.PublicKey); err != nil {
			t.Fatal(err)
		}
	}
}

// brokenKey answers with what it was told instead of a signature.
type brokenKey struct {
	crypto.Signer
	answer []byte
	err    error
}

func (k brokenKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return k.answer, k.err
}

func TestSignerRefuses(t *testing.T) {
	key, other := newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	p224 := newKey(t, elliptic.P224())
	headers := []struct {
		rule string
		key  crypto.Signer
		h    Header
		want error
	}{
		{"curve without an algorithm", p224, Header{}, ErrKey},
		{"alg of another curve", key, Header{Alg: ES384}, ErrAlg},
		{"jwk of another key", key, Header{JWK: &other.PublicKey}, ErrKey},
		{"x5c of another key", key, Header{X5C: []*x509.Certificate{selfSigned(t, other)}}, ErrKey},
		{"extra alg", key, Header{Extra: map[string]json.RawMessage{"alg": json.RawMessage(`"none"`)}}, ErrHeader},
		{"extra crit", key, Header{Extra: map[string]json.RawMessage{"crit": json.RawMessage(`[]`)}}, ErrHeader},
		{"extra not JSON", key, Header{Extra: map[string]json.RawMessage{"x": json.RawMessage(`{`)}}, ErrHeader},
		{"extra with duplicates", key, Header{Extra: map[string]json.RawMessage{"x": json.RawMessage(`{"a":1,"a":2}`)}}, ErrJSON},
	}
	for _, tt := range headers {
		t.Run(tt.rule, func(t *testing.T) {
			if _, err := NewSigner(tt.key, tt.h); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	signer, err := NewSigner(key, Header{})
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{``, `[]`, `{"a":1,"a":2}`, `{`, `"a"`} {
		if _, err := signer.Sign([]byte(payload)); !errors.Is(err, ErrJSON) {
			t.Errorf("payload %q: got %v, want ErrJSON", payload, err)
		}
	}
	if _, err := signer.SignJSON(func() {}); !errors.Is(err, ErrJSON) {
		t.Errorf("function: got %v, want ErrJSON", err)
	}
	gone := errors.New("token removed")
	for _, broken := range []brokenKey{
		{Signer: key, err: gone}, {Signer: key, answer: nil}, {Signer: key, answer: make([]byte, 64)},
		{Signer: key, answer: []byte{0x30, 6, 2, 1, 0, 2, 1, 1}},
		{Signer: key, answer: []byte{0x30, 6, 2, 1, 1, 2, 1, 0xff}},
		{Signer: key, answer: []byte{0x30, 6, 2, 1, 1, 2, 1, 1, 0}},
		{Signer: key, answer: appendDER(nil, elliptic.P256().Params().N.Bytes(), []byte{1})},
	} {
		signer, err := NewSigner(broken, Header{})
		if err != nil {
			t.Fatal(err)
		}
		want := ErrKey
		if broken.err != nil {
			want = gone
		}
		if out, err := signer.Sign([]byte(`{}`)); !errors.Is(err, want) || out != "" {
			t.Errorf("answer %x: got %q, %v, want %v", broken.answer, out, err, want)
		}
	}
}
