package openid4vci

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

// TypSignedMetadata is the typ of signed metadata (section 12.2.3).
const TypSignedMetadata = "openidvci-issuer-metadata+jwt"

// Media types that metadata is served in (section 12.2.2).
const (
	MediaTypeMetadata       = "application/json"
	MediaTypeSignedMetadata = "application/jwt"
)

// metadataSkew is how far the clocks of issuer and wallet may differ.
const metadataSkew = 30 * time.Second

var signedMetadataRules = jose.Rules{
	Typ:      TypSignedMetadata,
	Algs:     []jose.Alg{jose.ES256, jose.ES384, jose.ES512},
	Allow:    []string{"x5c", "kid"},
	MaxBytes: 1 << 20,
}

// NewMetadataSigner prepares signing metadata with the key of the leaf. The chain is leaf first and without the trust
// anchor; a self-signed leaf is refused (HAIP 1.0 section 4.1). Errors: ErrSignedMetadata.
func NewMetadataSigner(key crypto.Signer, chain []*x509.Certificate) (*jose.Signer, error) {
	if len(chain) == 0 {
		return nil, fail(ErrSignedMetadata, "expected a certificate chain (HAIP 1.0 section 4.1)")
	}
	for _, cert := range chain {
		if bytes.Equal(cert.RawSubject, cert.RawIssuer) {
			return nil, fail(ErrSignedMetadata, "a certificate of the chain is self-signed (HAIP 1.0 section 4.1)")
		}
	}
	signer, err := jose.NewSigner(key, jose.Header{Typ: TypSignedMetadata, X5C: chain})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignedMetadata, err)
	}
	return signer, nil
}

// signedClaims are what signed metadata say beside the metadata (section 12.2.3).
type signedClaims struct {
	Subject  string `json:"sub"`
	IssuedAt *int64 `json:"iat"`
	Expires  *int64 `json:"exp,omitempty"`
}

// SignMetadata makes signed metadata: the parameters as top-level claims beside sub, iat and exp (section 12.2.3).
//
//	{"sub": credential_issuer, "iat": …, "exp": …, "credential_issuer": …, …}
func SignMetadata(s *jose.Signer, m *IssuerMetadata, at time.Time, life time.Duration) (string, error) {
	issued, expires := at.Unix(), at.Add(life).Unix()
	return s.SignJSON(struct {
		signedClaims
		*IssuerMetadata
	}{signedClaims{m.CredentialIssuer, &issued, &expires}, m})
}

// ParseSignedMetadata reads and verifies signed metadata that were fetched for issuer: typ, signature, that the chain
// leads to one of the anchors, sub, iat and exp, and then all that ParseIssuerMetadata asks. Errors: ErrSignedMetadata,
// ErrUntrusted, and those of ParseIssuerMetadata.
func ParseSignedMetadata(jwt, issuer string, anchors *x5c.Anchors, at time.Time, r Rules) (*IssuerMetadata, error) {
	u, err := jose.Parse(jwt, signedMetadataRules)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignedMetadata, err)
	}
	if len(u.Header.X5C) == 0 {
		return nil, fail(ErrSignedMetadata, "expected x5c in the header (HAIP 1.0 section 4.1)")
	}
	if _, err := anchors.Verify(u.Header.X5C, x5c.AccessCertificate, at); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUntrusted, err)
	}
	key, ok := u.Header.X5C[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fail(ErrSignedMetadata, "expected an ECDSA key in the leaf")
	}
	payload, err := u.Verify(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignedMetadata, err)
	}
	if err := checkSigned(payload, issuer, at); err != nil {
		return nil, err
	}
	return ParseIssuerMetadata(payload, issuer, r)
}

func checkSigned(payload []byte, issuer string, at time.Time) error {
	var c signedClaims
	if err := json.Unmarshal(payload, &c); err != nil {
		return fail(ErrSignedMetadata, "expected sub as a string, iat and exp as integers (section 12.2.3)")
	}
	switch {
	case c.Subject != issuer:
		return fail(ErrSignedMetadata, "sub is not the identifier that the metadata was fetched for (section 12.2.3)")
	case c.IssuedAt == nil:
		return fail(ErrSignedMetadata, "iat: required, and absent (section 12.2.3)")
	case time.Unix(*c.IssuedAt, 0).After(at.Add(metadataSkew)):
		return fail(ErrSignedMetadata, "iat is in the future (section 12.2.3)")
	case c.Expires != nil && !time.Unix(*c.Expires, 0).After(at.Add(-metadataSkew)):
		return fail(ErrSignedMetadata, "exp is past (section 12.2.3)")
	}
	return nil
}
