package sdjwt

import (
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
)

type vector struct {
	Token                string `json:"token"`
	Source               string `json:"source"`
	Line                 int    `json:"line"`
	KB                   string `json:"kb"`
	IssuerSignatureValid bool   `json:"issuer_signature_valid"`
}

// exampleIssuer is the example key of RFC 9901 appendix A.5.
var exampleIssuer = jose.JWK{
	Kty: "EC", Crv: "P-256",
	X: "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ",
	Y: "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8",
}

// processed are payloads, without cnf, that must come out of the vectors that hold a presentation, by their line.
var processed = map[int]string{
	1164: `{"iss":"https://issuer.example.com","iat":1683000000,"exp":1883000000,"sub":"user_42","given_name":"John",
		"family_name":"Doe","nationalities":["US"],
		"address":{"street_address":"123 Main St","locality":"Anytown","region":"Anystate","country":"US"}}`,
	3102: `{"iss":"https://issuer.example.com","iat":1683000000,"exp":1883000000,"verified_claims":{
		"verification":{"trust_framework":"de_aml","time":"2012-04-23T18:25Z","evidence":[{"method":"pipp"}]},
		"claims":{"given_name":"Max","family_name":"Müller","address":{"locality":"Maxstadt","postal_code":"12344",
		"country":"DE","street_address":"Weidenstraße 22"}}}}`,
	3549: `{"iss":"https://pid-issuer.bund.de.example","iat":1683000000,"exp":1883000000,"vct":"urn:eudi:pid:de:1",
		"nationalities":["DE"],"age_equal_or_over":{"18":true}}`,
	690: `{"iss":"https://example.com/issuer","iat":1683000000,"exp":1883000000,"is_over_65":true,
		"vct":"https://credentials.example.com/identity_credential",
		"address":{"street_address":"123 Main St","locality":"Anytown","region":"Anystate","country":"US"}}`,
	2673: `{"iss":"https://pid-issuer.aendgard.example","iat":1683000000,"exp":1883000000,
		"vct":"urn:example:eudi:pid:aendgard:1","nationalities":["Ændgard"],"age_equal_or_over":{"18":true}}`,
}

func TestVectors(t *testing.T) {
	var vectors []vector
	if err := json.Unmarshal(sharedFile(t, "sdjwt-vectors.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != 14 {
		t.Fatalf("%d vectors, expected 14", len(vectors))
	}
	issuer, err := exampleIssuer.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, v := range vectors {
		if !v.IssuerSignatureValid {
			t.Errorf("line %d: no statement on its signature", v.Line)
		}
		if !strings.Contains(v.Token, "~") { // the Issuer-signed JWT alone
			if verifyIssuer(t, issuer, v.Token) == nil {
				t.Errorf("line %d: does not verify", v.Line)
			}
			if _, err := Parse(v.Token); !errors.Is(err, ErrMalformed) {
				t.Errorf("line %d: a JWT without ~: %v", v.Line, err)
			}
			continue
		}
		checkVector(t, issuer, v)
		if _, ok := processed[v.Line]; ok {
			compared++
		}
	}
	if compared != len(processed) {
		t.Errorf("%d of %d expected payloads were compared", compared, len(processed))
	}
}

// verifyIssuer gives the payload of a JWT by the example issuer, whatever its typ.
func verifyIssuer(t *testing.T, issuer *ecdsa.PublicKey, jwt string) []byte {
	t.Helper()
	u, err := jose.Parse(jwt, jose.Rules{Allow: []string{"kid"}})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := u.Verify(issuer)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func checkVector(t *testing.T, issuer *ecdsa.PublicKey, v vector) {
	t.Helper()
	s, err := Parse(v.Token)
	if err != nil {
		t.Fatalf("line %d: %v", v.Line, err)
	}
	if s.String() != v.Token {
		t.Errorf("line %d: String gives another text", v.Line)
	}
	payload := verifyIssuer(t, issuer, s.Issuer)
	claims, err := s.Process(payload)
	if err != nil {
		t.Fatalf("line %d: %v", v.Line, err)
	}
	if strings.HasPrefix(v.KB, "true") != (s.KeyBinding != "") {
		t.Errorf("line %d: key binding: %q", v.Line, v.KB)
	}
	if s.KeyBinding != "" {
		checkVectorKB(t, s, v, claims)
	}
	if want, ok := processed[v.Line]; ok {
		delete(claims, "cnf")
		if !reflect.DeepEqual(claims, object(t, want)) {
			t.Errorf("line %d: processed payload is %v", v.Line, claims)
		}
	}
}

func checkVectorKB(t *testing.T, s *SDJWT, v vector, claims map[string]any) {
	t.Helper()
	jwk, err := json.Marshal(claims["cnf"].(map[string]any)["jwk"])
	if err != nil {
		t.Fatal(err)
	}
	_, holder, err := jose.ParseJWK(jwk)
	if err != nil {
		t.Fatal(err)
	}
	kb, err := s.PeekKeyBinding()
	if err != nil {
		t.Fatalf("line %d: %v", v.Line, err)
	}
	e := ExpectKB{Aud: kb.Aud, Nonce: "1234567890", At: kb.IssuedAt.Add(30 * time.Second)}
	if err := s.VerifyKeyBinding(holder, e); err != nil {
		t.Errorf("line %d: key binding: %v", v.Line, err)
	}
	if err := s.VerifyKeyBinding(&newKey(t).PublicKey, e); !errors.Is(err, ErrKBSignature) {
		t.Errorf("line %d: key binding by another key: %v", v.Line, err)
	}
}
