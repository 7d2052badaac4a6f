package mdoc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"lommebok.example/specs/cose"
)

const (
	testDocType = "eu.europa.ec.eudi.pid.1"
	testNS      = "eu.europa.ec.eudi.pid.1"
	testNSNo    = "eu.europa.ec.eudi.pid.no.1"
)

var (
	testSigned = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	testUntil  = testSigned.AddDate(0, 0, 14)
	testAt     = testSigned.AddDate(0, 0, 3)
)

// world is an issuer and a wallet for tests.
type world struct {
	signer     *Signer
	issuerKey  *ecdsa.PrivateKey
	chain      []*x509.Certificate
	deviceKey  *ecdsa.PrivateKey
	transcript []byte
}

func newKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newWorld(t testing.TB) *world { return newWorldOn(t, elliptic.P256()) }

func newWorldOn(t testing.TB, curve elliptic.Curve) *world {
	t.Helper()
	w := &world{issuerKey: newKey(t, curve), deviceKey: newKey(t, curve)}
	w.chain = []*x509.Certificate{documentSigner(t, w.issuerKey.Public())}
	signer, err := NewSigner(w.issuerKey, w.chain)
	if err != nil {
		t.Fatal(err)
	}
	w.signer = signer
	w.transcript = encode(t, []any{nil, nil, []any{"OpenID4VPHandover", []byte("thirty-two bytes of a handover..")}})
	return w
}

// documentSigner makes a leaf under a root that is then forgotten.
func documentSigner(t testing.TB, pub crypto.PublicKey) *x509.Certificate {
	t.Helper()
	rootKey := newKey(t, elliptic.P256())
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test IACA", Country: []string{"NO"}},
		NotBefore: testSigned.AddDate(-1, 0, 0), NotAfter: testSigned.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Test DS", Country: []string{"NO"}},
		NotBefore: testSigned.AddDate(0, -1, 0), NotAfter: testSigned.AddDate(0, 6, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, pub, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func (w *world) template() Template {
	return Template{
		DocType: testDocType,
		Elements: []Element{
			{testNS, "family_name", "Ås"},
			{testNS, "given_name", "Ola"},
			{testNS, "birth_date", cose.FullDate("1990-02-28")},
			{testNS, "nationality", []string{"NO"}},
			{testNS, "place_of_birth", map[string]any{"locality": "Tromsø", "country": "NO"}},
			{testNS, "portrait", []byte{0xff, 0xd8}},
			{testNS, "sex", 2},
			{testNSNo, "issued_at", cose.TDate(testSigned)},
			{testNSNo, "age_over_18", true},
			{testNSNo, "balance", int64(-300)},
			{testNSNo, "privileges", []any{map[string]any{"code": "B", "from": cose.FullDate("2010-01-01")}}},
		},
		DeviceKey: &w.deviceKey.PublicKey,
		Signed:    testSigned, ValidFrom: testSigned, ValidUntil: testUntil,
		Status: &StatusRef{Index: 4711, URI: "https://issuer.example/status/1"},
	}
}

func (w *world) issue(t testing.TB) []byte {
	t.Helper()
	b, err := w.signer.Issue(w.template())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) present(t testing.TB, elements map[string][]string) []byte {
	t.Helper()
	b, err := Present(w.issue(t), testDocType, elements, w.deviceKey, w.transcript)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := cose.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, b []byte) *IssuerSigned {
	t.Helper()
	i, err := ParseIssuerSigned(b)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func parseOne(t testing.TB, b []byte) *Document {
	t.Helper()
	r, err := ParseDeviceResponse(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Documents) != 1 {
		t.Fatalf("%d documents", len(r.Documents))
	}
	return r.Documents[0]
}

// twenty is a template of twenty short elements in one namespace.
func (w *world) twenty() Template {
	t := w.template()
	t.Elements = nil
	for n := range 20 {
		t.Elements = append(t.Elements, Element{testNS, fmt.Sprintf("element_%02d", n), fmt.Sprintf("value number %d", n)})
	}
	return t
}
