package x5c

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"
)

func TestVerifyGood(t *testing.T) {
	root, rootKey := newRoot(t)
	anchors := NewAnchors(root)
	for _, p := range []Profile{DocumentSigner, CredentialIssuer, StatusSigner, AccessCertificate, Any} {
		t.Run(p.Name, func(t *testing.T) {
			leaf := newLeaf(t, p, root, rootKey)
			for range 2 { // the second time from the cache
				got, err := anchors.Verify([]*x509.Certificate{leaf}, p, later)
				if err != nil || !got.Equal(root) {
					t.Errorf("another anchor, or %v", err)
				}
			}
		})
	}
}

func TestVerifyWithIntermediates(t *testing.T) {
	var none *authority
	root := none.make(t, "root", asCA)
	one := root.make(t, "one", asCA)
	two := one.make(t, "two", asCA)
	three := two.make(t, "three", asCA)
	leaf := three.make(t, "leaf", nil)
	chain := []*x509.Certificate{leaf.cert, three.cert, two.cert, one.cert}
	if got, err := NewAnchors(root.cert).Verify(chain, CredentialIssuer, later); err != nil || !got.Equal(root.cert) {
		t.Errorf("another anchor, or %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	var none *authority
	root := none.make(t, "root", asCA)
	other := none.make(t, "other", asCA)
	twin := none.make(t, "root", asCA) // same name, another key
	middle := root.make(t, "middle", asCA)
	leaf := middle.make(t, "leaf", nil)
	direct := root.make(t, "direct", nil)
	self := none.make(t, "self", nil)
	selfIssued := root.make(t, "root", nil) // named like its issuer
	old := root.make(t, "old", func(c *x509.Certificate) { c.NotAfter = start.Add(day) })
	young := root.make(t, "young", func(c *x509.Certificate) { c.NotBefore = later.Add(day) })
	expiredMiddle := root.make(t, "expired middle", func(c *x509.Certificate) { asCA(c); c.NotAfter = start.Add(day) })
	underExpired := expiredMiddle.make(t, "leaf", nil)
	shortRoot := none.make(t, "short root", func(c *x509.Certificate) { asCA(c); c.NotAfter = start.Add(day) })
	underShort := shortRoot.make(t, "leaf", nil)
	noPath := none.make(t, "no path", func(c *x509.Certificate) { asCA(c); c.MaxPathLenZero = true })
	belowNoPath := noPath.make(t, "below", asCA)
	deep := belowNoPath.make(t, "deep", nil)
	notCA := direct.make(t, "signed by a leaf", nil)
	noSign := root.make(t, "no keyCertSign", func(c *x509.Certificate) { asCA(c); c.KeyUsage = x509.KeyUsageDigitalSignature })
	underNoSign := noSign.make(t, "leaf", nil)
	critical := root.make(t, "critical", func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
	})
	long, above := []*x509.Certificate(nil), root
	for range 5 {
		ca := above.make(t, fmt.Sprint("level ", len(long)), asCA)
		long, above = append([]*x509.Certificate{ca.cert}, long...), ca
	}
	long[0] = above.make(t, "too deep", nil).cert
	flipped := append([]byte(nil), direct.cert.Raw...)
	flipped[len(flipped)-1] ^= 1
	forged, err := ParseDER([][]byte{flipped})
	if err != nil {
		t.Fatal(err)
	}

	anchors := NewAnchors(root.cert, shortRoot.cert, noPath.cert)
	certs := func(list ...*x509.Certificate) []*x509.Certificate { return list }
	tests := []struct {
		rule  string
		chain []*x509.Certificate
		at    time.Time
		want  error
	}{
		{"good", certs(leaf.cert, middle.cert), later, nil},
		{"good, directly under the anchor", certs(direct.cert), later, nil},
		{"no certificate", nil, later, ErrChain},
		{"five certificates", long, later, ErrChain},
		{"intermediate missing", certs(leaf.cert), later, ErrUntrusted},
		{"intermediate twice", certs(leaf.cert, middle.cert, middle.cert), later, ErrChain},
		{"certificate that does not belong", certs(leaf.cert, middle.cert, direct.cert), later, ErrChain},
		{"order reversed", certs(middle.cert, leaf.cert), later, ErrProfile},
		{"leaf behind an unrelated one", certs(direct.cert, leaf.cert, middle.cert), later, ErrChain},
		{"anchor at the end", certs(leaf.cert, middle.cert, root.cert), later, ErrChain},
		{"anchor alone", certs(root.cert), later, ErrChain},
		{"foreign root at the end", certs(leaf.cert, middle.cert, other.cert), later, ErrChain},
		{"leaf self-signed", certs(self.cert), later, ErrChain},
		{"leaf named like its issuer", certs(selfIssued.cert), later, ErrChain},
		{"unknown root", certs(other.make(t, "x", nil).cert), later, ErrUntrusted},
		{"root with the anchor's name", certs(twin.make(t, "x", nil).cert), later, ErrUntrusted},
		{"signature forged", forged, later, ErrUntrusted},
		{"leaf expired", certs(old.cert), later, ErrExpired},
		{"leaf not yet valid", certs(young.cert), later, ErrNotYetValid},
		{"intermediate expired", certs(underExpired.cert, expiredMiddle.cert), later, ErrExpired},
		{"anchor expired", certs(underShort.cert), later, ErrExpired},
		{"no time given", certs(direct.cert), time.Time{}, ErrNotYetValid},
		{"a second before", certs(direct.cert), start.Add(-time.Second), ErrNotYetValid},
		{"at the first second", certs(direct.cert), start, nil},
		{"at the last second", certs(direct.cert), direct.cert.NotAfter, nil},
		{"a second after", certs(direct.cert), direct.cert.NotAfter.Add(time.Second), ErrExpired},
		{"path length exceeded", certs(deep.cert, belowNoPath.cert), later, ErrChain},
		{"signed by a leaf", certs(notCA.cert, direct.cert), later, ErrUntrusted},
		{"signed without keyCertSign", certs(underNoSign.cert, noSign.cert), later, ErrUntrusted},
		{"unknown critical extension", certs(critical.cert), later, ErrChain},
		{"leaf is a CA", certs(middle.cert), later, ErrProfile},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			for range 2 { // a refusal is not remembered as anything else
				got, err := anchors.Verify(tt.chain, CredentialIssuer, tt.at)
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if (got == nil) != (tt.want != nil) {
					t.Errorf("anchor given: %v, with %v", got != nil, err)
				}
			}
		})
	}
}

// An anchor need not be self-signed; it stays out of the chain all the same.
func TestVerifyUnderIntermediateAnchor(t *testing.T) {
	var none *authority
	root := none.make(t, "root", asCA)
	middle := root.make(t, "middle", asCA)
	leaf := middle.make(t, "leaf", nil)
	anchors := NewAnchors(root.cert, middle.cert)
	if got, err := anchors.Verify([]*x509.Certificate{leaf.cert}, Any, later); err != nil || !got.Equal(middle.cert) {
		t.Errorf("leaf alone: %v", err)
	}
	if _, err := anchors.Verify([]*x509.Certificate{leaf.cert, middle.cert}, Any, later); !errors.Is(err, ErrChain) {
		t.Errorf("with the anchor: got %v, want ErrChain", err)
	}
}

func TestProfileRefuses(t *testing.T) {
	root, rootKey := newRoot(t)
	ca := &authority{cert: root, key: rootKey}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{oidDocumentSigner})
	if err != nil {
		t.Fatal(err)
	}
	eku := func(critical bool) []pkix.Extension {
		return []pkix.Extension{{Id: oidExtKeyUsage, Critical: critical, Value: usage}}
	}
	tests := []struct {
		rule    string
		profile Profile
		change  func(*x509.Certificate)
		want    error
	}{
		{"document signer", DocumentSigner, func(c *x509.Certificate) { c.ExtraExtensions = eku(true) }, nil},
		{"document signer of 457 days", DocumentSigner, func(c *x509.Certificate) {
			c.ExtraExtensions, c.NotAfter = eku(true), c.NotBefore.Add(457*day)
		}, nil},
		{"document signer of 458 days", DocumentSigner, func(c *x509.Certificate) {
			c.ExtraExtensions, c.NotAfter = eku(true), c.NotBefore.Add(458*day)
		}, ErrProfile},
		{"document signer, EKU not critical", DocumentSigner, func(c *x509.Certificate) { c.ExtraExtensions = eku(false) }, ErrProfile},
		{"document signer without EKU", DocumentSigner, func(*x509.Certificate) {}, ErrProfile},
		{"document signer, another EKU", DocumentSigner, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
		}, ErrProfile},
		{"document signer, further key usage", DocumentSigner, func(c *x509.Certificate) {
			c.ExtraExtensions, c.KeyUsage = eku(true), x509.KeyUsageDigitalSignature|x509.KeyUsageKeyAgreement
		}, ErrProfile},
		{"document signer without SKI", DocumentSigner, func(c *x509.Certificate) {
			c.ExtraExtensions, c.SubjectKeyId = eku(true), nil
		}, ErrProfile},
		{"access certificate without digitalSignature", AccessCertificate, func(c *x509.Certificate) {
			c.KeyUsage = x509.KeyUsageKeyAgreement
		}, ErrProfile},
		{"credential issuer without key usage", CredentialIssuer, func(c *x509.Certificate) { c.KeyUsage = 0 }, ErrProfile},
		{"status signer without digitalSignature", StatusSigner, func(c *x509.Certificate) {
			c.KeyUsage = x509.KeyUsageContentCommitment
		}, ErrProfile},
		{"any that is a CA", Any, asCA, ErrProfile},
		{"any without key usage", Any, func(c *x509.Certificate) { c.KeyUsage = 0 }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			leaf := ca.make(t, "leaf", tt.change)
			_, err := NewAnchors(root).Verify([]*x509.Certificate{leaf.cert}, tt.profile, later)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestProfileRefusesRSA(t *testing.T) {
	root, rootKey := newRoot(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rsa"},
		NotBefore: start, NotAfter: later, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, root, &key.PublicKey, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := ParseDER([][]byte{der})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Profile{Any, AccessCertificate} {
		if _, err := NewAnchors(root).Verify(chain, p, later); !errors.Is(err, ErrProfile) {
			t.Errorf("%s: got %v, want ErrProfile", p.Name, err)
		}
	}
}

// The certificates of ISO/IEC 18013-5:2021 Annex D; their roots are not printed
// there, so that only the leaf's own rules can be tested.
func TestAnnexD(t *testing.T) {
	var vectors map[string]string
	if err := json.Unmarshal(readVectors(t, "iso18013-5-annex-d.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	cert := func(name string) *x509.Certificate {
		der, err := hex.DecodeString(vectors[name])
		if err != nil {
			t.Fatal(err)
		}
		certs, err := ParseDER([][]byte{der})
		if err != nil {
			t.Fatal(err)
		}
		return certs[0]
	}
	ds := cert("ISO_18013_5_ANNEX_D_DS_CERT")
	if err := DocumentSigner.check(ds); err != nil {
		t.Errorf("document signer: %v", err)
	}
	if err := DocumentSigner.check(cert("ISO_18013_5_ANNEX_D_READER_CERT")); !errors.Is(err, ErrProfile) {
		t.Errorf("reader as document signer: got %v, want ErrProfile", err)
	}
	root, _ := newRoot(t)
	inTime := time.Date(2020, 12, 1, 0, 0, 0, 0, time.UTC)
	if _, err := NewAnchors(root).Verify([]*x509.Certificate{ds}, DocumentSigner, inTime); !errors.Is(err, ErrUntrusted) {
		t.Errorf("in its time: got %v, want ErrUntrusted", err)
	}
	if _, err := NewAnchors(root).Verify([]*x509.Certificate{ds}, DocumentSigner, inTime.AddDate(6, 0, 0)); !errors.Is(err, ErrExpired) {
		t.Errorf("years later: got %v, want ErrExpired", err)
	}
}
