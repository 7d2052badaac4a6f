package inspect

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

var now = time.Date(2026, time.November, 28, 9, 0, 0, 0, time.UTC)

const (
	day      = 24 * time.Hour
	listURI  = "https://issuer.example/statuslists/1"
	clientID = "x509_hash:abc"
	answerTo = "https://verifier.example/responses/1"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

// authority issues, and is trusted by expect.
type authority struct {
	root       *x509.Certificate
	rootKey    *ecdsa.PrivateKey
	key        *ecdsa.PrivateKey // of every leaf
	holder     *ecdsa.PrivateKey
	thumbprint []byte // of the verifier's key
	revoked    uint64 // index on the list
	asked      int    // for the list

	vct, docType string
	country      any // issuing_country, nil for none
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{rootKey: newKey(t), key: newKey(t), holder: newKey(t), revoked: 1, vct: "no:test:card", docType: "no.test.age"}
	var err error
	a.root, err = x5c.NewRoot(a.rootKey, x5c.Subject{Country: "NO", Organization: "Prøve", CommonName: "Prøverot", URI: "https://issuer.example"}, now.Add(-day), 900*day)
	must(t, err)
	sum := jose.ThumbprintBytes(&newKey(t).PublicKey)
	a.thumbprint = sum[:]
	return a
}

func (a *authority) leaf(t testing.TB, p x5c.Profile) []*x509.Certificate {
	t.Helper()
	leaf, err := x5c.Issue(p, a.root, a.rootKey, a.key.Public(), x5c.Subject{Country: "NO", CommonName: p.Name, URI: "https://issuer.example"}, now.Add(-day), 400*day)
	must(t, err)
	return []*x509.Certificate{leaf}
}

func (a *authority) sdjwt(t testing.TB, index uint64, expires time.Time) string {
	t.Helper()
	signer, err := sdjwtvc.NewSigner(a.key, a.leaf(t, x5c.CredentialIssuer))
	must(t, err)
	claims := map[string]any{"given_name": sdjwt.SD{Value: "Flat"}}
	if a.country != nil {
		claims["issuing_country"] = a.country
	}
	text, err := signer.Issue(sdjwtvc.Template{
		VCT: a.vct, Holder: &a.holder.PublicKey, Issuer: "https://issuer.example", IssuedAt: now.Add(-time.Hour), Expires: expires,
		Claims: claims, Status: &sdjwtvc.StatusRef{Index: index, URI: listURI},
	})
	must(t, err)
	return text
}

// presented shows the credential to clientID.
func (a *authority) presented(t testing.TB, credential, nonce string) string {
	t.Helper()
	s, err := sdjwt.Parse(credential)
	must(t, err)
	text, err := sdjwt.SignKeyBinding(a.holder, s, clientID, nonce, now)
	must(t, err)
	return text
}

func (a *authority) mdoc(t testing.TB, index uint64) []byte {
	t.Helper()
	signer, err := mdoc.NewSigner(a.key, a.leaf(t, x5c.DocumentSigner))
	must(t, err)
	elements := []mdoc.Element{{Namespace: "no.test", Identifier: "over_18", Value: true}}
	if a.country != nil {
		elements = append(elements, mdoc.Element{Namespace: "no.test", Identifier: "issuing_country", Value: a.country})
	}
	raw, err := signer.Issue(mdoc.Template{
		DocType: a.docType, DeviceKey: &a.holder.PublicKey, Signed: now.Add(-time.Hour), ValidFrom: now.Add(-time.Hour), ValidUntil: now.Add(day),
		Elements: elements, Status: &mdoc.StatusRef{Index: index, URI: listURI},
	})
	must(t, err)
	return raw
}

func (a *authority) response(t testing.TB, nonce string) []byte {
	t.Helper()
	transcript, err := openid4vp.SessionTranscript(clientID, nonce, a.thumbprint, answerTo)
	must(t, err)
	raw, err := mdoc.Present(a.mdoc(t, 0), a.docType, map[string][]string{"no.test": {"over_18"}}, a.holder, transcript)
	must(t, err)
	return raw
}

// list is the status list, in the form of a media type.
func (a *authority) list(t testing.TB, media string) []byte {
	t.Helper()
	list := statuslist.New(1, 8)
	must(t, list.Set(a.revoked, statuslist.Invalid))
	if media == statuslist.MediaTypeCWT {
		raw, err := statuslist.SignCWT(a.key, a.leaf(t, x5c.StatusSigner), list, listURI, now, now.Add(day), time.Hour)
		must(t, err)
		return raw
	}
	text, err := statuslist.SignJWT(a.key, a.leaf(t, x5c.StatusSigner), list, listURI, now, now.Add(day), time.Hour)
	must(t, err)
	return []byte(text)
}

func (a *authority) expect(t testing.TB) Expect {
	return Expect{
		Issuers: x5c.NewAnchors(a.root), At: now,
		Types: func(anchor *x509.Certificate) ([]string, bool, error) {
			return []string{a.vct, a.docType}, anchor.Equal(a.root), nil
		},
		Request: &Request{ClientID: clientID, Nonce: "n", ResponseURI: answerTo, Thumbprint: a.thumbprint},
		Fetch: func(_ context.Context, uri, media string) ([]byte, error) {
			a.asked++
			if uri != listURI {
				return nil, errors.New("no such list")
			}
			return a.list(t, media), nil
		},
	}
}
