package sdjwtvc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/x5c"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	day   = 24 * time.Hour
	aud   = "x509_hash:verifier"
	nonce = "n-0S6_WzA2Mj"
)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issuer is a signing key with its certificates.
type issuer struct {
	key        *ecdsa.PrivateKey
	root, leaf *x509.Certificate
}

func newIssuer(t testing.TB) issuer {
	t.Helper()
	rootKey, i := newKey(t), issuer{key: newKey(t)}
	var err error
	subject := x5c.Subject{Country: "NO", CommonName: "Test Root", URI: "https://issuer.example"}
	if i.root, err = x5c.NewRoot(rootKey, subject, noon.Add(-day), 10*365*day); err != nil {
		t.Fatal(err)
	}
	subject = x5c.Subject{Country: "NO", CommonName: "Test Issuer", URI: "https://issuer.example"}
	i.leaf, err = x5c.Issue(x5c.CredentialIssuer, i.root, rootKey, &i.key.PublicKey, subject, noon.Add(-day), 365*day)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (i issuer) signer(t testing.TB) *Signer {
	t.Helper()
	s, err := NewSigner(i.key, []*x509.Certificate{i.leaf})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sign makes a credential around any payload, also one that Prepare would not make.
func (i issuer) sign(t testing.TB, payload string, disclosures ...string) string {
	t.Helper()
	return i.signAs(t, Typ, payload, disclosures...)
}

func (i issuer) signAs(t testing.TB, typ, payload string, disclosures ...string) string {
	t.Helper()
	jws, err := jose.NewSigner(i.key, jose.Header{Typ: typ, X5C: []*x509.Certificate{i.leaf}})
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := jws.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(append([]string{jwt}, disclosures...), "~") + "~"
}

func template(holder *ecdsa.PrivateKey) Template {
	return Template{
		VCT: "urn:example:test", Issuer: "https://issuer.example", Holder: &holder.PublicKey,
		IssuedAt: noon, NotBefore: noon, Expires: noon.Add(14 * day),
		Status: &StatusRef{Index: 412, URI: "https://issuer.example/status/1"},
		Claims: map[string]any{
			"given_name":    sdjwt.SD{Value: "Kari"},
			"family_name":   sdjwt.SD{Value: "Nordmann"},
			"nationalities": []any{sdjwt.SD{Value: "NO"}},
			"open":          true,
		},
	}
}

func issued(t testing.TB, i issuer, tmpl Template) string {
	t.Helper()
	text, err := i.signer(t).Issue(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// verified parses a credential and verifies its signature.
func verified(t testing.TB, text string) *Credential {
	t.Helper()
	c, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.VerifySignature(); err != nil {
		t.Fatal(err)
	}
	return c
}

// hide gives a disclosure of a claim, and its digest.
func hide(name, value string) (disclosure, digest string) {
	disclosure = jose.EncodeBase64URL([]byte(fmt.Sprintf(`["2GLC42sKQveCfGfryNRN9w",%q,%s]`, name, value)))
	sum := sha256.Sum256([]byte(disclosure))
	return disclosure, jose.EncodeBase64URL(sum[:])
}
