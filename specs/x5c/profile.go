package x5c

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"time"
)

const day = 24 * time.Hour

// Profile is what the leaf of a chain must carry. Every profile demands an
// ECDSA key on P-256, P-384 or P-521, and that the leaf is not a CA.
type Profile struct {
	Name string

	sign        bool          // key usage digitalSignature
	mdoc        bool          // key usage, EKU and life of ISO/IEC 18013-5 B.1.4
	maxLifetime time.Duration // 0 is no limit
}

// The profiles.
var (
	// DocumentSigner signs mobile documents (ISO/IEC 18013-5 B.1.4).
	DocumentSigner = Profile{Name: "document signer", sign: true, mdoc: true, maxLifetime: 457 * day}
	// CredentialIssuer signs SD-JWT VCs (HAIP 1.0 section 6.1.1).
	CredentialIssuer = Profile{Name: "credential issuer", sign: true}
	// StatusSigner signs status list tokens (HAIP 1.0 section 6.1).
	StatusSigner = Profile{Name: "status signer", sign: true}
	// AccessCertificate signs a verifier's requests (HAIP 1.0 section 5).
	AccessCertificate = Profile{Name: "access certificate", sign: true}
	// WalletProvider signs wallet attestations, key attestations and the status lists of both (HAIP 1.0 sections 4.4.1, 4.5.1).
	WalletProvider = Profile{Name: "wallet provider", sign: true}
	// Any asks nothing more of the leaf.
	Any = Profile{Name: "any"}
)

var (
	oidDocumentSigner = asn1.ObjectIdentifier{1, 0, 18013, 5, 1, 2} // ISO/IEC 18013-5 B.1.4
	oidExtKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 37}         // RFC 5280 section 4.2.1.12
	oidIssuerAltName  = asn1.ObjectIdentifier{2, 5, 29, 18}         // RFC 5280 section 4.2.1.7
)

// check looks at the leaf alone.
func (p Profile) check(leaf *x509.Certificate) error {
	if err := checkKey(leaf.PublicKey); err != nil {
		return p.fail(err.Error())
	}
	if leaf.IsCA {
		return p.fail("leaf is a CA")
	}
	if p.sign && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return p.fail("key usage: expected digitalSignature")
	}
	if p.maxLifetime > 0 && leaf.NotAfter.Sub(leaf.NotBefore) > p.maxLifetime {
		return p.fail(fmt.Sprintf("valid for more than %d days", p.maxLifetime/day))
	}
	if p.mdoc {
		return p.checkMdoc(leaf)
	}
	return nil
}

func (p Profile) checkMdoc(leaf *x509.Certificate) error {
	if leaf.KeyUsage != x509.KeyUsageDigitalSignature {
		return p.fail("key usage: expected digitalSignature alone")
	}
	if !hasUsage(leaf, oidDocumentSigner) || !isCritical(leaf, oidExtKeyUsage) {
		return p.fail("extended key usage: expected 1.0.18013.5.1.2, critical")
	}
	if len(leaf.AuthorityKeyId) == 0 || len(leaf.SubjectKeyId) == 0 {
		return p.fail("expected authority and subject key identifier")
	}
	return nil
}

func (p Profile) fail(what string) error {
	return fmt.Errorf("%w: %s: %s", ErrProfile, p.Name, what)
}

func checkKey(pub any) error {
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok {
		return fmt.Errorf("expected an ECDSA key, got %T", pub)
	}
	switch key.Curve {
	case elliptic.P256(), elliptic.P384(), elliptic.P521():
		return nil
	}
	return fmt.Errorf("expected a key on P-256, P-384 or P-521")
}

func hasUsage(cert *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	for _, usage := range cert.UnknownExtKeyUsage {
		if usage.Equal(oid) {
			return true
		}
	}
	return false
}

func isCritical(cert *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	for _, ext := range cert.Extensions {
		if ext.Id.Equal(oid) {
			return ext.Critical
		}
	}
	return false
}
