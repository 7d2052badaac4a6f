package openid4vp

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"testing"

	"lommebok.example/specs/jose"
)

// rawJWS signs any header and payload, also those that specs/jose would not.
func rawJWS(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	input := jose.EncodeBase64URL([]byte(header)) + "." + jose.EncodeBase64URL([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return input + "." + jose.EncodeBase64URL(sig)
}

func jwkText(t testing.TB, key *ecdsa.PrivateKey) string {
	t.Helper()
	raw, err := json.Marshal(jose.PublicJWK(&key.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
