package sdjwtvc

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"testing"

	"lommebok.example/specs/sdjwt"
)

func twenty(b *testing.B) (*Signer, Template, *ecdsa.PrivateKey) {
	b.Helper()
	holder := newKey(b)
	tmpl := template(holder)
	tmpl.Claims = map[string]any{}
	for i := range 20 {
		tmpl.Claims[fmt.Sprintf("claim_number_%d", i)] = sdjwt.SD{Value: fmt.Sprintf("the value of claim %d", i)}
	}
	return newIssuer(b).signer(b), tmpl, holder
}

func BenchmarkIssue20(b *testing.B) {
	s, tmpl, _ := twenty(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Issue(tmpl); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIssueFloor is what issuing 20 claims cannot do without: the hashes, and one signature.
func BenchmarkIssueFloor(b *testing.B) {
	key, disclosure, jwt := newKey(b), make([]byte, 100), make([]byte, 4000)
	for b.Loop() {
		for range 20 {
			sum := sha256.Sum256(disclosure)
			disclosure[0] ^= sum[0]
		}
		sum := sha256.Sum256(jwt)
		if _, err := ecdsa.SignASN1(rand.Reader, key, sum[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify20 is one presentation of 20 claims: parse, issuer's signature, disclosures, validity, key binding.
func BenchmarkVerify20(b *testing.B) {
	s, tmpl, holder := twenty(b)
	text, err := s.Issue(tmpl)
	if err != nil {
		b.Fatal(err)
	}
	sd, err := sdjwt.Parse(text)
	if err != nil {
		b.Fatal(err)
	}
	if text, err = sdjwt.SignKeyBinding(holder, sd, aud, nonce, noon); err != nil {
		b.Fatal(err)
	}
	expect := sdjwt.ExpectKB{Aud: aud, Nonce: nonce, At: noon}
	b.ReportAllocs()
	for b.Loop() {
		c, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		if err := c.VerifySignature(); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Claims(); err != nil {
			b.Fatal(err)
		}
		if err := c.VerifyValidity(noon); err != nil {
			b.Fatal(err)
		}
		if err := c.VerifyKeyBinding(expect); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyFloor is what that cannot do without: two signatures and the hashes.
func BenchmarkVerifyFloor(b *testing.B) {
	key, disclosure, jwt := newKey(b), make([]byte, 100), make([]byte, 4000)
	sum := sha256.Sum256(jwt)
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for range 20 {
			h := sha256.Sum256(disclosure)
			disclosure[0] ^= h[0]
		}
		for range 2 {
			h := sha256.Sum256(jwt)
			if !ecdsa.VerifyASN1(&key.PublicKey, h[:], signature) {
				b.Fatal("the signature does not hold")
			}
		}
	}
}
