package x5c

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha1" // the key identifier method of RFC 5280 section 4.2.1.2; nothing rests on it
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"
)

const maxRootLifetime = 20 * 366 * day // ISO/IEC 18013-5 B.1.2: at most 20 years

// Subject is whom a certificate is for. Country is ISO 3166-1 alpha-2. URI is
// where the holder can be reached. CRL is the URL of the list of revoked
// certificates, or empty.
type Subject struct {
	Country, Organization, CommonName, URI string
	CRL                                    string
	DNS                                    string // of a leaf: a dNSName beside the URI, "" for none
}

// NewRoot makes a self-signed certificate in the shape of an IACA (ISO/IEC
// 18013-5 B.1.2): a CA for leaves only, valid from at. Country, CommonName and
// URI, which goes to the issuerAltName, are required.
func NewRoot(key crypto.Signer, s Subject, at time.Time, lifetime time.Duration) (*x509.Certificate, error) {
	if err := checkKey(key.Public()); err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	if lifetime > maxRootLifetime {
		return nil, errors.New("root: lifetime: expected at most 20 years (ISO/IEC 18013-5 B.1.2)")
	}
	if s.Country == "" || s.URI == "" {
		return nil, errors.New("root: Country and URI are required (ISO/IEC 18013-5 B.1.2)")
	}
	template, err := s.template(key.Public(), at, lifetime)
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	template.BasicConstraintsValid = true
	template.IsCA = true
	template.MaxPathLenZero = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	name, err := altName(s.URI)
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	template.ExtraExtensions = []pkix.Extension{name}
	return create(template, template, key.Public(), key)
}

// Issue makes a leaf that fits the profile, signed by the parent and valid from
// at, never longer than the parent. Subject.URI goes to the subjectAltName, the
// parent's issuerAltName is handed down, and a document signer has the parent's
// country (ISO/IEC 18013-5 B.1.4).
func Issue(p Profile, parent *x509.Certificate, parentKey crypto.Signer, pub crypto.PublicKey,
	s Subject, at time.Time, lifetime time.Duration) (*x509.Certificate, error) {
	cert, err := issue(p, parent, parentKey, pub, s, at, lifetime)
	if err != nil {
		return nil, fmt.Errorf("issue %s: %w", p.Name, err)
	}
	return cert, nil
}

func issue(p Profile, parent *x509.Certificate, parentKey crypto.Signer, pub crypto.PublicKey,
	s Subject, at time.Time, lifetime time.Duration) (*x509.Certificate, error) {
	if err := checkKey(pub); err != nil {
		return nil, err
	}
	template, err := s.template(pub, at, lifetime)
	if err != nil {
		return nil, err
	}
	if !parent.IsCA || template.NotBefore.Before(parent.NotBefore) || template.NotAfter.After(parent.NotAfter) {
		return nil, errors.New("parent must be a CA that is valid as long as the leaf")
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if s.URI != "" {
		uri, err := url.Parse(s.URI)
		if err != nil {
			return nil, fmt.Errorf("URI: %w", err)
		}
		template.URIs = []*url.URL{uri}
	}
	if s.DNS != "" {
		template.DNSNames = []string{s.DNS}
	}
	if i := slices.IndexFunc(parent.Extensions, isIssuerAltName); i >= 0 {
		template.ExtraExtensions = append(template.ExtraExtensions, parent.Extensions[i])
	}
	if p.mdoc {
		if err := asDocumentSigner(template, parent); err != nil {
			return nil, err
		}
	}
	cert, err := create(template, parent, pub, parentKey)
	if err != nil {
		return nil, err
	}
	return cert, p.check(cert)
}

// asDocumentSigner adds what ISO/IEC 18013-5 B.1.4 asks beyond a signing key.
func asDocumentSigner(template, parent *x509.Certificate) error {
	if !slices.Equal(template.Subject.Country, parent.Subject.Country) {
		return fmt.Errorf("country: expected the parent's, %v", parent.Subject.Country)
	}
	if !slices.ContainsFunc(template.ExtraExtensions, isIssuerAltName) {
		return errors.New("parent has no issuerAltName to hand down")
	}
	template.Subject.Province = parent.Subject.Province
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{oidDocumentSigner})
	if err != nil {
		return err
	}
	template.ExtraExtensions = append(template.ExtraExtensions,
		pkix.Extension{Id: oidExtKeyUsage, Critical: true, Value: usage})
	return nil
}

func isIssuerAltName(ext pkix.Extension) bool {
	return ext.Id.Equal(oidIssuerAltName)
}

// altName is an issuerAltName with one uniformResourceIdentifier (RFC 5280
// section 4.2.1.6).
func altName(uri string) (pkix.Extension, error) {
	if parsed, err := url.Parse(uri); err != nil || !parsed.IsAbs() {
		return pkix.Extension{}, errors.New("URI: expected an absolute URI")
	}
	value, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(uri)}})
	return pkix.Extension{Id: oidIssuerAltName, Value: value}, err
}

// template is what root and leaf have in common.
func (s Subject) template(pub crypto.PublicKey, at time.Time, lifetime time.Duration) (*x509.Certificate, error) {
	if s.CommonName == "" || lifetime <= 0 {
		return nil, errors.New("CommonName and a lifetime are required")
	}
	if s.Country != "" && !isAlpha2(s.Country) {
		return nil, fmt.Errorf("country: expected two capital letters, got %q", s.Country)
	}
	name := pkix.Name{CommonName: s.CommonName}
	if s.Country != "" {
		name.Country = []string{s.Country}
	}
	if s.Organization != "" {
		name.Organization = []string{s.Organization}
	}
	id, err := keyID(pub)
	if err != nil {
		return nil, err
	}
	notBefore := at.UTC().Truncate(time.Second)
	template := &x509.Certificate{
		Subject:      name,
		NotBefore:    notBefore,
		NotAfter:     notBefore.Add(lifetime),
		SubjectKeyId: id,
	}
	if s.CRL != "" {
		template.CRLDistributionPoints = []string{s.CRL}
	}
	return template, nil
}

func isAlpha2(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// keyID is the SHA-1 over the public key's bits (RFC 5280 section 4.2.1.2 method 1).
func keyID(pub crypto.PublicKey) ([]byte, error) {
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("expected an ECDSA key, got %T", pub)
	}
	point, err := key.Bytes()
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(point)
	return sum[:], nil
}

// create signs; a template without a serial number gets a random one of 20
// octets from crypto/x509.
func create(template, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
