package x5c

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"slices"
	"testing"
	"time"
)

// ISO/IEC 18013-5 B.1.2.
func TestNewRoot(t *testing.T) {
	key := newKey(t)
	s := rootSubject
	s.CRL = "https://iaca.example/crl"
	root, err := NewRoot(key, s, start.Add(300*time.Millisecond), 9*365*day)
	if err != nil {
		t.Fatal(err)
	}
	if !root.IsCA || root.MaxPathLen != 0 || !root.MaxPathLenZero || root.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign {
		t.Errorf("not an IACA: CA %v, path length %d, key usage %b", root.IsCA, root.MaxPathLen, root.KeyUsage)
	}
	for _, oid := range []asn1.ObjectIdentifier{{2, 5, 29, 15}, {2, 5, 29, 19}} {
		if !isCritical(root, oid) {
			t.Errorf("extension %v is not critical", oid)
		}
	}
	if !root.NotBefore.Equal(start) || !root.NotAfter.Equal(start.Add(9*365*day)) {
		t.Errorf("valid %s to %s", root.NotBefore, root.NotAfter)
	}
	if len(root.SubjectKeyId) != 20 || len(root.UnhandledCriticalExtensions) != 0 {
		t.Errorf("SKI %x, unhandled %v", root.SubjectKeyId, root.UnhandledCriticalExtensions)
	}
	if !slices.Equal(root.CRLDistributionPoints, []string{s.CRL}) {
		t.Errorf("CRL %v", root.CRLDistributionPoints)
	}
	if got := issuerURI(t, root); got != s.URI {
		t.Errorf("issuerAltName %q", got)
	}
	// PrintableString, upper case (B.1.2): tag 19, length 2.
	if !bytes.Contains(root.RawSubject, []byte{19, 2, 'N', 'O'}) {
		t.Errorf("country is not a PrintableString: %x", root.RawSubject)
	}
	if root.SerialNumber.BitLen() < 71 || len(root.SerialNumber.Bytes()) > 20 {
		t.Errorf("serial number of %d bits", root.SerialNumber.BitLen())
	}
	if err := root.CheckSignatureFrom(root); err != nil {
		t.Error(err)
	}
}

func issuerURI(t *testing.T, cert *x509.Certificate) string {
	t.Helper()
	i := slices.IndexFunc(cert.Extensions, isIssuerAltName)
	if i < 0 {
		return ""
	}
	var names []asn1.RawValue
	if rest, err := asn1.Unmarshal(cert.Extensions[i].Value, &names); err != nil || len(rest) > 0 || len(names) != 1 || names[0].Tag != 6 {
		t.Fatalf("issuerAltName: %v, %v", names, err)
	}
	return string(names[0].Bytes)
}

// ISO/IEC 18013-5 B.1.4.
func TestIssueDocumentSigner(t *testing.T) {
	root, rootKey := newRoot(t)
	leaf := newLeaf(t, DocumentSigner, root, rootKey)
	if leaf.KeyUsage != x509.KeyUsageDigitalSignature || !isCritical(leaf, asn1.ObjectIdentifier{2, 5, 29, 15}) {
		t.Errorf("key usage %b", leaf.KeyUsage)
	}
	if !hasUsage(leaf, oidDocumentSigner) || !isCritical(leaf, oidExtKeyUsage) {
		t.Errorf("EKU %v", leaf.UnknownExtKeyUsage)
	}
	if !bytes.Equal(leaf.AuthorityKeyId, root.SubjectKeyId) || len(leaf.SubjectKeyId) != 20 {
		t.Errorf("AKI %x, SKI %x", leaf.AuthorityKeyId, leaf.SubjectKeyId)
	}
	if got := issuerURI(t, leaf); got != rootSubject.URI {
		t.Errorf("issuerAltName %q, want the issuer's", got)
	}
	if len(leaf.URIs) != 1 || leaf.URIs[0].String() != leafSubject.URI {
		t.Errorf("subjectAltName %v", leaf.URIs)
	}
	if !bytes.Equal(leaf.RawIssuer, root.RawSubject) || leaf.CRLDistributionPoints != nil {
		t.Errorf("issuer %s, CRL %v", leaf.Issuer, leaf.CRLDistributionPoints)
	}
	second := newLeaf(t, DocumentSigner, root, rootKey)
	if leaf.SerialNumber.Cmp(second.SerialNumber) == 0 || leaf.SerialNumber.Sign() <= 0 {
		t.Error("serial numbers are not random")
	}
}

func TestMakersRefuse(t *testing.T) {
	root, rootKey := newRoot(t)
	other := newKey(t)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	change := func(s Subject, f func(*Subject)) Subject { f(&s); return s }
	signed := (&authority{cert: root, key: rootKey}).make(t, "leaf", nil)
	pub := &other.PublicKey
	issue := func(p Profile, parent *x509.Certificate, pub any, s Subject, at time.Time, lifetime time.Duration) error {
		_, err := Issue(p, parent, rootKey, pub, s, at, lifetime)
		return err
	}
	newRootErr := func(s Subject, lifetime time.Duration) error {
		_, err := NewRoot(other, s, start, lifetime)
		return err
	}
	_, edErr := NewRoot(ed, rootSubject, start, day)
	_, underLeaf := Issue(Any, signed.cert, signed.key, pub, leafSubject, start, day)
	_, wrongKey := Issue(Any, root, other, pub, leafSubject, start, day)
	tests := []struct {
		rule string
		err  error
	}{
		{"root with an Ed25519 key", edErr},
		{"root for more than 20 years", newRootErr(rootSubject, 21*366*day)},
		{"root without life", newRootErr(rootSubject, 0)},
		{"root without country", newRootErr(change(rootSubject, func(s *Subject) { s.Country = "" }), day)},
		{"root with a country in small letters", newRootErr(change(rootSubject, func(s *Subject) { s.Country = "no" }), day)},
		{"root with a country of three letters", newRootErr(change(rootSubject, func(s *Subject) { s.Country = "NOR" }), day)},
		{"root without URI", newRootErr(change(rootSubject, func(s *Subject) { s.URI = "" }), day)},
		{"root with a relative URI", newRootErr(change(rootSubject, func(s *Subject) { s.URI = "/a" }), day)},
		{"root without name", newRootErr(change(rootSubject, func(s *Subject) { s.CommonName = "" }), day)},
		{"parent's key is another", wrongKey},
		{"parent is a leaf", underLeaf},
		{"leaf with a key on P-224", issue(Any, root, &p224.PublicKey, leafSubject, start, day)},
		{"leaf before its parent", issue(Any, root, pub, leafSubject, start.Add(-day), day)},
		{"leaf longer than its parent", issue(Any, root, pub, leafSubject, start, 10*365*day)},
		{"leaf without name", issue(Any, root, pub, Subject{Country: "NO"}, start, day)},
		{"leaf with a URI that is none", issue(Any, root, pub, change(leafSubject, func(s *Subject) { s.URI = "%zz" }), start, day)},
		{"document signer of 458 days", issue(DocumentSigner, root, pub, leafSubject, start, 458*day)},
		{"document signer of another country", issue(DocumentSigner, root, pub, change(leafSubject, func(s *Subject) { s.Country = "SE" }), start, day)},
	}
	for _, tt := range tests {
		if tt.err == nil {
			t.Errorf("%s: made", tt.rule)
		}
	}
	var none *authority
	bare := none.make(t, "bare", asCA)
	if _, err := Issue(DocumentSigner, bare.cert, bare.key, pub, Subject{CommonName: "x"}, start, day); err == nil {
		t.Error("document signer under a root without issuerAltName: made")
	}
}

// OpenID4VP 1.0 section 5.9.3.
func TestHash(t *testing.T) {
	root, _ := newRoot(t)
	sum := sha256.Sum256(root.Raw)
	if got := Hash(root); got != base64.RawURLEncoding.EncodeToString(sum[:]) || len(got) != 43 {
		t.Errorf("got %s", got)
	}
}
