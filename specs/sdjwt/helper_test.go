package sdjwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a JWT with any payload, also one that Encode would not make.
func sign(t testing.TB, key *ecdsa.PrivateKey, typ, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(key, jose.Header{Typ: typ})
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

// disclosure is a disclosure with the given JSON text.
func disclosure(text string) string { return jose.EncodeBase64URL([]byte(text)) }

func digest(disclosure string) string {
	sum := sha256.Sum256([]byte(disclosure))
	return jose.EncodeBase64URL(sum[:])
}

// unsigned is an SD-JWT around a payload, for what does not look at the signature.
func unsigned(payload string, disclosures ...string) string {
	jwt := jose.EncodeBase64URL([]byte(`{"alg":"ES256"}`)) + "." + jose.EncodeBase64URL([]byte(payload)) + ".AAAA"
	return strings.Join(append([]string{jwt}, disclosures...), "~") + "~"
}

// process parses and processes an SD-JWT around a payload.
func process(payload string, disclosures ...string) (map[string]any, error) {
	s, err := Parse(unsigned(payload, disclosures...))
	if err != nil {
		return nil, err
	}
	return s.Process([]byte(payload))
}

// encoded is an SD-JWT with these claims, and its payload.
func encoded(t testing.TB, claims map[string]any) (*SDJWT, []byte) {
	t.Helper()
	payload, disclosures, err := EncodeJSON(0, claims)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(unsigned(string(payload), disclosures...))
	if err != nil {
		t.Fatal(err)
	}
	return s, payload
}

// object reads JSON by encoding/json, as a second opinion.
func object(t testing.TB, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// sharedFile reads a test vector that lies beside the module, and leaves the test out when it is not there.
func sharedFile(t testing.TB, name string) []byte {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("no go.mod above the test")
		}
		root = filepath.Dir(root)
	}
	path := filepath.Join(root, "..", "shared", "vectors", name)
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("left out: the test vectors %s are not there", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}
