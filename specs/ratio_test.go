package specs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/http"
	"testing"
	"time"

	"lommebok.example/internal/measure"
	"lommebok.example/specs/dpop"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

var ratioAt = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// bench holds one issuer, its anchor and one holder key.
type bench struct {
	floor   *measure.P256
	anchors *x5c.Anchors
	signer  *ecdsa.PrivateKey
	chain   []*x509.Certificate
	holder  *ecdsa.PrivateKey
}

func newBench(b *testing.B, profile x5c.Profile) *bench {
	b.Helper()
	floor, err := measure.NewP256()
	check(b, err)
	rootKey, signer, holder := newKey(b), newKey(b), newKey(b)
	subject := x5c.Subject{Country: "NO", Organization: "Bench", CommonName: "Bench root", URI: "https://bench.example"}
	root, err := x5c.NewRoot(rootKey, subject, ratioAt.AddDate(0, -1, 0), 5*365*24*time.Hour)
	check(b, err)
	subject.CommonName = "Bench signer"
	leaf, err := x5c.Issue(profile, root, rootKey, signer.Public(), subject, ratioAt.AddDate(0, -1, 0), 300*24*time.Hour)
	check(b, err)
	return &bench{floor: floor, anchors: x5c.NewAnchors(root), signer: signer, chain: []*x509.Certificate{leaf}, holder: holder}
}

func newKey(b *testing.B) *ecdsa.PrivateKey {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(b, err)
	return key
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// Twenty claims need 20 salts, 20 digests of a disclosure each and the digest of the signed text.
const hashesOf20 = 60

func sdjwtTemplate(w *bench) sdjwtvc.Template {
	claims := map[string]any{}
	for i := range 20 {
		claims[fmt.Sprintf("claim_number_%02d", i)] = sdjwt.SD{Value: fmt.Sprintf("the value of claim %d", i)}
	}
	return sdjwtvc.Template{
		VCT: "urn:example:bench:1", Claims: claims, Holder: &w.holder.PublicKey, IssuedAt: ratioAt, NotBefore: ratioAt,
		Expires: ratioAt.Add(720 * time.Hour), Status: &sdjwtvc.StatusRef{Index: 7, URI: "https://bench.example/list/1"},
	}
}

func BenchmarkRatioSDJWTVCIssue(b *testing.B) {
	w := newBench(b, x5c.CredentialIssuer)
	signer, err := sdjwtvc.NewSigner(w.signer, w.chain)
	check(b, err)
	template := sdjwtTemplate(w)
	measure.Ratio(b, "sd-jwt-vc/issue-20-claims", 200, 1.15, func() {
		_, err := signer.Issue(template)
		check(b, err)
	}, func() { w.floor.Work(1, 0, 0, hashesOf20) })
}

func BenchmarkRatioSDJWTVCVerify(b *testing.B) {
	w := newBench(b, x5c.CredentialIssuer)
	signer, err := sdjwtvc.NewSigner(w.signer, w.chain)
	check(b, err)
	text, err := signer.Issue(sdjwtTemplate(w))
	check(b, err)
	parsed, err := sdjwt.Parse(text)
	check(b, err)
	presentation, err := sdjwt.SignKeyBinding(w.holder, parsed, "x509_hash:bench", "0123456789abcdef", ratioAt)
	check(b, err)
	expect := sdjwt.ExpectKB{Aud: "x509_hash:bench", Nonce: "0123456789abcdef", At: ratioAt}
	measure.Ratio(b, "sd-jwt-vc/verify-20-claims-kb-chain", 100, 1.28, func() {
		c, err := sdjwtvc.Parse(presentation)
		check(b, err)
		check(b, c.VerifySignature())
		_, err = w.anchors.Verify(c.Chain(), x5c.CredentialIssuer, ratioAt)
		check(b, err)
		_, err = c.Claims()
		check(b, err)
		check(b, c.VerifyValidity(ratioAt))
		check(b, c.VerifyKeyBinding(expect))
	}, func() { w.floor.Work(0, 2, 0, hashesOf20) })
}

func mdocTemplate(w *bench) mdoc.Template {
	t := mdoc.Template{
		DocType: "org.example.bench", DeviceKey: &w.holder.PublicKey, Signed: ratioAt, ValidFrom: ratioAt,
		ValidUntil: ratioAt.Add(720 * time.Hour), Status: &mdoc.StatusRef{Index: 7, URI: "https://bench.example/list/1"},
	}
	for i := range 20 {
		t.Elements = append(t.Elements, mdoc.Element{
			Namespace: "org.example.bench", Identifier: fmt.Sprintf("element_%02d", i), Value: fmt.Sprintf("the value of element %d", i),
		})
	}
	return t
}

func BenchmarkRatioMdocIssue(b *testing.B) {
	w := newBench(b, x5c.DocumentSigner)
	signer, err := mdoc.NewSigner(w.signer, w.chain)
	check(b, err)
	template := mdocTemplate(w)
	measure.Ratio(b, "mdoc/issue-20-elements", 200, 1.10, func() {
		_, err := signer.Issue(template)
		check(b, err)
	}, func() { w.floor.Work(1, 0, 0, hashesOf20) })
}

func BenchmarkRatioMdocVerify(b *testing.B) {
	w := newBench(b, x5c.DocumentSigner)
	signer, err := mdoc.NewSigner(w.signer, w.chain)
	check(b, err)
	template := mdocTemplate(w)
	issued, err := signer.Issue(template)
	check(b, err)
	ask := map[string][]string{}
	for _, e := range template.Elements {
		ask[e.Namespace] = append(ask[e.Namespace], e.Identifier)
	}
	transcript := []byte{0x83, 0xf6, 0xf6, 0xf6}
	response, err := mdoc.Present(issued, template.DocType, ask, w.holder, transcript)
	check(b, err)
	measure.Ratio(b, "mdoc/verify-20-elements-device-chain", 100, 1.17, func() {
		r, err := mdoc.ParseDeviceResponse(response)
		check(b, err)
		d := r.Documents[0]
		check(b, d.IssuerSigned.VerifySignature())
		_, err = w.anchors.Verify(d.IssuerSigned.Chain(), x5c.DocumentSigner, ratioAt)
		check(b, err)
		check(b, d.IssuerSigned.VerifyDigests())
		check(b, d.IssuerSigned.VerifyValidity(ratioAt))
		check(b, d.VerifyDocType())
		check(b, d.VerifyDevice(transcript))
	}, func() { w.floor.Work(0, 2, 0, hashesOf20) })
}

func BenchmarkRatioDPoPVerify(b *testing.B) {
	floor, err := measure.NewP256()
	check(b, err)
	prover, err := dpop.NewProver(newKey(b))
	check(b, err)
	proof, err := prover.Proof(http.MethodPost, "https://issuer.example/credential", "nonce", "access-token", ratioAt)
	check(b, err)
	header := http.Header{"Dpop": {proof}}
	expect := dpop.Expect{Method: http.MethodPost, URL: "https://issuer.example/credential", At: ratioAt, AccessToken: "access-token", JKT: prover.JKT()}
	measure.Ratio(b, "dpop/verify-proof", 200, 1.09, func() {
		_, err := dpop.Verify(header, expect)
		check(b, err)
	}, func() { floor.Work(0, 1, 0, 3) })
}
