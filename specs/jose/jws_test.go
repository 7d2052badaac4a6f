package jose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"errors"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// RFC 7515 appendix A.3.
const rfc7515A3 = "eyJhbGciOiJFUzI1NiJ9" +
	".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ" +
	".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

func TestVerifyRFC7515A3(t *testing.T) {
	u, err := Parse(rfc7515A3, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := u.Verify(mustParseJWK(t, rfc7515Key))
	if err != nil {
		t.Fatal(err)
	}
	var c Claims
	if err := Unmarshal(payload, &c); err != nil || c.Iss != "joe" || c.Exp != 1300819380 {
		t.Errorf("got %+v, %v", c, err)
	}
	if string(u.UnsafePayload()) != string(payload) {
		t.Error("UnsafePayload is another payload")
	}
}

func TestSignAndVerify(t *testing.T) {
	tests := []struct {
		alg    Alg
		curve  elliptic.Curve
		theirs jwa.SignatureAlgorithm
	}{
		{ES256, elliptic.P256(), jwa.ES256},
		{ES384, elliptic.P384(), jwa.ES384},
		{ES512, elliptic.P521(), jwa.ES512},
	}
	payload := []byte(`{"iss":"a","n":1}`)
	for _, tt := range tests {
		key := newKey(t, tt.curve)
		rules := Rules{Algs: []Alg{tt.alg}, Typ: "x+jwt", Allow: []string{"kid", "jwk", "x5c", "trust"}}
		cert := selfSigned(t, key)
		signer, err := NewSigner(key, Header{
			Typ: "x+jwt", Kid: `k"1`, JWK: &key.PublicKey, X5C: []*x509.Certificate{cert},
			Extra: map[string]json.RawMessage{"trust": json.RawMessage(`["a"]`)},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Run(string(tt.alg)+" ours by jwx and by us", func(t *testing.T) {
			compact, err := signer.Sign(payload)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := jws.Verify([]byte(compact), jws.WithKey(tt.theirs, &key.PublicKey)); err != nil || string(got) != string(payload) {
				t.Errorf("jwx: %s, %v", got, err)
			}
			u, err := Parse(compact, rules)
			if err != nil {
				t.Fatal(err)
			}
			got, err := u.Verify(u.Header.JWK)
			if err != nil || string(got) != string(payload) {
				t.Errorf("got %s, %v", got, err)
			}
			h := u.Header
			if h.Alg != tt.alg || h.Typ != "x+jwt" || h.Kid != `k"1` || !h.JWK.Equal(&key.PublicKey) ||
				len(h.X5C) != 1 || !h.X5C[0].Equal(cert) || string(h.Extra["trust"]) != `["a"]` {
				t.Errorf("header: %+v", h)
			}
		})
		t.Run(string(tt.alg)+" jwx's by us", func(t *testing.T) {
			for range 20 { // signatures with leading zeros among them
				compact, err := jws.Sign(payload, jws.WithKey(tt.theirs, key))
				if err != nil {
					t.Fatal(err)
				}
				u, err := Parse(string(compact), Rules{Algs: []Alg{tt.alg}})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := u.Verify(&key.PublicKey); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestVerifyRefusesKeys(t *testing.T) {
	key, other := newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	p384, p224 := newKey(t, elliptic.P384()), newKey(t, elliptic.P224())
	u, err := Parse(rawJWS(t, key, `{"alg":"ES256"}`, `{}`), Rules{})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		rule string
		pub  *ecdsa.PublicKey
		want error
	}{
		{"the key", &key.PublicKey, nil},
		{"another key", &other.PublicKey, ErrSignature},
		{"a key on another curve", &p384.PublicKey, ErrAlg},
		{"a key on a curve without an algorithm", &p224.PublicKey, ErrKey},
		{"no key", nil, ErrKey},
		{"an empty key", &ecdsa.PublicKey{}, ErrKey},
		//nolint:staticcheck // the fields are the only way off the curve
		{"a key off the curve", &ecdsa.PublicKey{Curve: elliptic.P256(), X: key.X, Y: key.X}, ErrKey},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			payload, err := u.Verify(tt.pub)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if tt.want != nil && payload != nil {
				t.Error("a payload came with the error")
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	key := newKey(f, elliptic.P256())
	f.Add(rfc7515A3)
	f.Add(rawJWS(f, key, `{"alg":"ES256","kid":"a","jwk":`+rfc7515Key+`}`, `{"a":{"b":[1]}}`))
	f.Add(rawJWS(f, key, `{"alg":"none","crit":["x"]}`, `{}`))
	f.Add("a.b.c")
	f.Add("....")
	rules := Rules{Algs: []Alg{ES256, ES384, ES512}, Allow: []string{"kid", "jwk", "x5c"}}
	sentinels := []error{ErrMalformed, ErrTooLarge, ErrJSON, ErrEncoding, ErrHeader, ErrAlg, ErrTyp, ErrCrit, ErrKey, ErrSignature}
	f.Fuzz(func(t *testing.T, compact string) {
		u, err := Parse(compact, rules)
		if err != nil {
			for _, sentinel := range sentinels {
				if errors.Is(err, sentinel) {
					return
				}
			}
			t.Fatalf("no sentinel: %v", err)
		}
		if u.input+"."+EncodeBase64URL(u.signature) != compact {
			t.Error("another spelling of the same JWS")
		}
		if err := checkObject(u.UnsafePayload()); err != nil {
			t.Errorf("payload: %v", err)
		}
		if _, err := u.Verify(&key.PublicKey); err == nil {
			if _, err := jws.Verify([]byte(compact), jws.WithKey(jwa.ES256, &key.PublicKey)); err != nil {
				t.Errorf("we verify what jwx does not: %v", err)
			}
		}
	})
}
