package openid4vci

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
)

// opener is the issuer's key with its place in the metadata.
func opener(t testing.TB) (*RequestEncryption, func(kid string) *ecdsa.PrivateKey) {
	t.Helper()
	key := newKey(t, elliptic.P256())
	jwk := jose.PublicJWK(&key.PublicKey)
	jwk.Kid, jwk.Alg = "issuer", keyAgreement
	return &RequestEncryption{JWKS: jose.JWKS{Keys: []jose.JWK{jwk}}, EncValuesSupported: Encs, ZipValuesSupported: []string{"DEF"}},
		func(kid string) *ecdsa.PrivateKey {
			if kid != "issuer" {
				return nil
			}
			return key
		}
}

func TestSection10BothWays(t *testing.T) {
	e, keyOf := opener(t)
	own := newKey(t, elliptic.P256())
	for _, zip := range [][]string{nil, {"DEF"}} {
		for _, enc := range Encs {
			offered := &ResponseEncryption{AlgValuesSupported: []string{keyAgreement}, EncValuesSupported: []string{enc}, ZipValuesSupported: zip}
			asked, err := offered.Asks(&own.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			e.EncValuesSupported, e.ZipValuesSupported = []string{enc}, zip
			compact, err := (&CredentialRequest{CredentialConfigurationID: "c", ResponseEncryption: asked}).Encrypt(e)
			if err != nil {
				t.Fatal(err)
			}
			got, err := OpenCredentialRequest(compact, keyOf)
			if err != nil || got.CredentialConfigurationID != "c" || *got.ResponseEncryption != *asked {
				t.Fatalf("%+v, %v", got, err)
			}
			response := &CredentialResponse{TransactionID: "t", Interval: 5}
			answer, err := response.Encrypt(got.ResponseEncryption)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := OpenCredentialResponse(answer, asked, own)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := ParseCredentialResponse(202, raw, 1); err != nil || back.TransactionID != "t" {
				t.Errorf("%+v, %v", back, err)
			}
			other := *asked
			other.JWK.Kid = "other"
			if _, err := OpenCredentialResponse(answer, &other, own); !errors.Is(err, ErrResponse) {
				t.Errorf("another kid: %v", err)
			}
			other = *asked
			other.Enc = "A192GCM"
			if _, err := OpenCredentialResponse(answer, &other, own); !errors.Is(err, ErrResponse) {
				t.Errorf("another enc: %v", err)
			}
		}
	}
}

func TestSection82ResponseEncryption(t *testing.T) {
	e, keyOf := opener(t)
	key := jose.PublicJWK(&newKey(t, elliptic.P256()).PublicKey)
	good := func() map[string]any {
		return map[string]any{"enc": "A256GCM", "jwk": map[string]any{
			"kty": key.Kty, "crv": key.Crv, "x": key.X, "y": key.Y, "alg": "ECDH-ES", "use": "enc", "kid": "w",
		}}
	}
	jwk := func(m map[string]any) map[string]any { return m["jwk"].(map[string]any) }
	cases := []struct {
		name string
		bend func(m map[string]any) any
		ok   bool
	}{
		{"good", func(m map[string]any) any { return m }, true},
		{"zip DEF", func(m map[string]any) any { m["zip"] = "DEF"; return m }, true},
		{"unknown members", func(m map[string]any) any { m["alg"] = "x"; return m }, true},
		{"without use and kid", func(m map[string]any) any { delete(jwk(m), "use"); delete(jwk(m), "kid"); return m }, true},
		{"a string", func(map[string]any) any { return "x" }, false},
		{"no jwk", func(m map[string]any) any { delete(m, "jwk"); return m }, false},
		{"a set of keys", func(m map[string]any) any { m["jwk"] = map[string]any{"keys": []any{m["jwk"]}}; return m }, false},
		{"a private key", func(m map[string]any) any { jwk(m)["d"] = "AA"; return m }, false},
		{"a symmetric key", func(m map[string]any) any {
			m["jwk"] = map[string]any{"kty": "oct", "k": "AA", "alg": "ECDH-ES"}
			return m
		}, false},
		{"off the curve", func(m map[string]any) any { jwk(m)["x"] = key.Y; return m }, false},
		{"no alg", func(m map[string]any) any { delete(jwk(m), "alg"); return m }, false},
		{"alg with key wrap", func(m map[string]any) any { jwk(m)["alg"] = "ECDH-ES+A256KW"; return m }, false},
		{"for signatures", func(m map[string]any) any { jwk(m)["use"] = "sig"; return m }, false},
		{"no enc", func(m map[string]any) any { delete(m, "enc"); return m }, false},
		{"enc with CBC", func(m map[string]any) any { m["enc"] = "A128CBC-HS256"; return m }, false},
		{"zip GZIP", func(m map[string]any) any { m["zip"] = "GZIP"; return m }, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			raw, err := json.Marshal(map[string]any{"credential_configuration_id": "c", "credential_response_encryption": c.bend(good())})
			if err != nil {
				t.Fatal(err)
			}
			compact, err := jose.Encrypt(raw, e.JWKS.Keys[0], jose.A128GCM)
			if err != nil {
				t.Fatal(err)
			}
			_, err = OpenCredentialRequest(compact, keyOf)
			if want := ErrResponseEncryption; c.ok {
				checkRefusal(t, err, "", nil)
			} else {
				checkRefusal(t, err, InvalidEncryptionParameters, want)
			}
			_, err = ParseCredentialRequest(raw)
			checkRefusal(t, err, InvalidEncryptionParameters, ErrResponseEncryption)
		})
	}
}

// C15.
func TestSection10RequestsThatCannotBeOpened(t *testing.T) {
	e, keyOf := opener(t)
	to := e.JWKS.Keys[0]
	body := []byte(`{"credential_configuration_id":"c"}`)
	sealed := func(to jose.JWK, plaintext []byte, zip bool) string {
		t.Helper()
		encrypt := jose.Encrypt
		if zip {
			encrypt = jose.EncryptDeflated
		}
		compact, err := encrypt(plaintext, to, jose.A256GCM)
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	unnamed, another, mistaken := to, to, jose.PublicJWK(&newKey(t, elliptic.P256()).PublicKey)
	unnamed.Kid, another.Kid, mistaken.Kid = "", "other", "issuer"
	large := []byte(`{"credential_configuration_id":"c","x":"` + strings.Repeat("a", maxPlaintext) + `"}`)
	good := sealed(to, body, false)
	for name, c := range map[string]struct {
		compact, code string
		want          error
	}{
		"good":              {good, "", nil},
		"good and deflated": {sealed(to, body, true), "", nil},
		"no JWE":            {string(body), InvalidCredentialRequest, ErrRequestEncryption},
		"empty":             {"", InvalidCredentialRequest, ErrRequestEncryption},
		"a line break":      {good + "\n", InvalidCredentialRequest, ErrRequestEncryption},
		"no kid":            {sealed(unnamed, body, false), InvalidEncryptionParameters, ErrRequestEncryption},
		"unknown kid":       {sealed(another, body, false), InvalidEncryptionParameters, ErrRequestEncryption},
		"for another key":   {sealed(mistaken, body, false), InvalidEncryptionParameters, ErrRequestEncryption},
		"bomb":              {sealed(to, large, true), InvalidEncryptionParameters, ErrRequestEncryption},
		"not a request":     {sealed(to, []byte("[]"), false), InvalidCredentialRequest, ErrRequest},
		"RSA":               {jose.EncodeBase64URL([]byte(`{"alg":"RSA-OAEP","enc":"A256GCM"}`)) + "." + strings.SplitN(good, ".", 2)[1], InvalidEncryptionParameters, ErrRequestEncryption},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := OpenCredentialRequest(c.compact, keyOf)
			checkRefusal(t, err, c.code, c.want)
		})
	}
}

func FuzzOpenCredentialRequest(f *testing.F) {
	e, keyOf := opener(f)
	good, err := (&CredentialRequest{CredentialConfigurationID: "c"}).Encrypt(e)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("....")
	f.Add(jose.EncodeBase64URL([]byte(`{"alg":"ECDH-ES","enc":"A256GCM","zip":"DEF","kid":"issuer"}`)) + "..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, compact string) {
		r, err := OpenCredentialRequest(compact, keyOf)
		var refusal *Error
		switch {
		case err != nil && (r != nil || !errors.As(err, &refusal)):
			t.Errorf("%v with %v", r, err)
		case err == nil && compact != good:
			t.Errorf("opened %s", compact)
		}
	})
}
