package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"testing"
)

// The limits to compare with: one bare ECDSA operation.

func BenchmarkLimitVerify(b *testing.B) {
	key := newKey(b, elliptic.P256())
	digest := digestOf("x")
	sig, err := ecdsa.SignASN1(rand.Reader, key, digest)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !ecdsa.VerifyASN1(&key.PublicKey, digest, sig) {
			b.Fatal("does not verify")
		}
	}
}

func BenchmarkLimitSign(b *testing.B) {
	key := newKey(b, elliptic.P256())
	digest := digestOf("x")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ecdsa.SignASN1(rand.Reader, key, digest); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify is a proof with its key in the header, read and verified.
func BenchmarkVerify(b *testing.B) {
	key := newKey(b, elliptic.P256())
	signer, err := NewSigner(key, Header{Typ: "dpop+jwt", JWK: &key.PublicKey})
	if err != nil {
		b.Fatal(err)
	}
	compact, err := signer.SignJSON(Claims{Iss: "client", Aud: Audience{"https://issuer.example"}, Iat: 1_700_000_000, Nonce: "abcdefghijkl"})
	if err != nil {
		b.Fatal(err)
	}
	rules := Rules{Typ: "dpop+jwt", Allow: []string{"jwk"}}
	b.ReportAllocs()
	for b.Loop() {
		u, err := Parse(compact, rules)
		if err != nil {
			b.Fatal(err)
		}
		payload, err := u.Verify(u.Header.JWK)
		if err != nil {
			b.Fatal(err)
		}
		var c Claims
		if err := Unmarshal(payload, &c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSign is a credential-sized payload of three kilobytes under x5c.
func BenchmarkSign(b *testing.B) {
	key := newKey(b, elliptic.P256())
	signer, err := NewSigner(key, Header{Typ: "dc+sd-jwt", X5C: []*x509.Certificate{selfSigned(b, key)}})
	if err != nil {
		b.Fatal(err)
	}
	payload := credentialPayload(b)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signer.Sign(payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckJSON(b *testing.B) {
	payload := credentialPayload(b)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if err := CheckJSON(payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecrypt(b *testing.B) {
	key := newKey(b, elliptic.P256())
	compact, err := Encrypt(bytes.Repeat([]byte{'x'}, 8<<10), PublicJWK(&key.PublicKey), A256GCM)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decrypt(compact, key); err != nil {
			b.Fatal(err)
		}
	}
}

func credentialPayload(tb testing.TB) []byte {
	tb.Helper()
	digests := make([]string, 55)
	for i := range digests {
		digests[i] = EncodeBase64URL(digestOf(string(rune('a' + i))))
	}
	payload, err := json.Marshal(map[string]any{
		"vct": "urn:eudi:pid:1", "iat": 1_700_000_000, "exp": 1_800_000_000, "_sd": digests, "_sd_alg": "sha-256",
		"cnf": map[string]any{"jwk": PublicJWK(&newKey(tb, elliptic.P256()).PublicKey)},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return payload
}
