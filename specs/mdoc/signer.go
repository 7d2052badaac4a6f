package mdoc

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"

	"lommebok.example/specs/cose"
)

// Signer signs mobile security objects with a document signer's key. It is safe for
// concurrent use if the key is.
type Signer struct {
	cose *cose.Signer
	leaf *x509.Certificate
	size int // about what issuerAuth adds to its payload
}

// NewSigner takes the document signer's key and its chain, leaf first. The chain goes
// into x5chain as it is, so the trust anchor, or anything else self-issued, must not be
// in it (9.1.2.4). The leaf must be the key's.
func NewSigner(key crypto.Signer, chain []*x509.Certificate) (*Signer, error) {
	if key == nil {
		return nil, fmt.Errorf("%w: no signing key", ErrKey)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%w: no document signer certificate", ErrChain)
	}
	size := 256
	for _, cert := range chain {
		if cert == nil || bytes.Equal(cert.RawSubject, cert.RawIssuer) {
			return nil, fmt.Errorf("%w: x5chain must not hold a self-issued certificate", ErrChain)
		}
		size += len(cert.Raw)
	}
	pub, ok := chain[0].PublicKey.(*ecdsa.PublicKey)
	if !ok || !pub.Equal(key.Public()) {
		return nil, fmt.Errorf("%w: the certificate is for another key", ErrKey)
	}
	signer, err := cose.NewSigner(key, cose.Header{}, cose.Header{X5Chain: chain})
	if err != nil {
		return nil, err
	}
	return &Signer{cose: signer, leaf: chain[0], size: size}, nil
}

// Issue prepares and signs in one call. It gives an IssuerSigned, 8.3.2.1.2.2:
//
//	{"nameSpaces": {namespace: [+ #6.24(bstr .cbor IssuerSignedItem)]}, "issuerAuth": COSE_Sign1}
func (s *Signer) Issue(t Template) ([]byte, error) {
	u, err := Prepare(t)
	if err != nil {
		return nil, err
	}
	return u.Sign(s)
}

// Sign signs what was prepared. It refuses, with ErrTimes, a document that is signed
// outside the validity of the signer's certificate or would outlive it.
func (u *Unsigned) Sign(s *Signer) ([]byte, error) {
	if u.signed.Before(s.leaf.NotBefore) || u.signed.After(s.leaf.NotAfter) {
		return nil, fmt.Errorf("%w: the certificate is not valid when signing", ErrTimes)
	}
	if u.validUntil.After(s.leaf.NotAfter) {
		return nil, fmt.Errorf("%w: validUntil is after the certificate's end", ErrTimes)
	}
	b := make([]byte, 0, len(u.nameSpaces)+len(u.payload)+s.size)
	b = append(cose.AppendText(cose.AppendMap(b, 2), "nameSpaces"), u.nameSpaces...)
	return s.cose.AppendSign1(cose.AppendText(b, "issuerAuth"), u.payload, false)
}
