package x5c

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// ErrRevoked: a certificate stands in its issuer's list of revoked certificates.
var ErrRevoked = errors.New("certificate revoked")

// ErrCRL: a list of revoked certificates is malformed, of somebody else, or not of now.
var ErrCRL = errors.New("list of revoked certificates not accepted")

// Revoked is a certificate that no longer holds, by its serial number.
type Revoked struct {
	Serial *big.Int
	At     time.Time
}

// NewCRL makes the list of the certificates that a root has revoked, in DER (RFC 5280 section 5; ISO/IEC 18013-5 B.2). Its
// number grows with the time, and the next list comes before until.
func NewCRL(root *x509.Certificate, key crypto.Signer, revoked []Revoked, at, until time.Time) ([]byte, error) {
	list := &x509.RevocationList{
		Number: big.NewInt(at.Unix()), ThisUpdate: at.UTC().Truncate(time.Second), NextUpdate: until.UTC().Truncate(time.Second),
	}
	for _, r := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: r.Serial, RevocationTime: r.At.UTC().Truncate(time.Second),
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, root, key)
	if err != nil {
		return nil, fmt.Errorf("CRL: %w", err)
	}
	return der, nil
}

// CheckCRL tells whether a certificate is revoked by the list that its issuer published (RFC 5280 section 6.3). Errors:
// ErrCRL, ErrRevoked.
func CheckCRL(der []byte, cert, issuer *x509.Certificate, at time.Time) error {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCRL, err)
	}
	if err := list.CheckSignatureFrom(issuer); err != nil {
		return fmt.Errorf("%w: %w", ErrCRL, err)
	}
	switch {
	case at.Before(list.ThisUpdate) || list.NextUpdate.IsZero() || at.After(list.NextUpdate):
		return fmt.Errorf("%w: from %s until %s is not now", ErrCRL, list.ThisUpdate.Format(time.RFC3339), list.NextUpdate.Format(time.RFC3339))
	case hasCritical(list.Extensions):
		return fmt.Errorf("%w: a critical extension is not understood (RFC 5280 section 5.2)", ErrCRL)
	}
	for _, entry := range list.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(cert.SerialNumber) == 0 {
			return fmt.Errorf("%w: on %s", ErrRevoked, entry.RevocationTime.Format(time.RFC3339))
		}
	}
	return nil
}

func hasCritical(extensions []pkix.Extension) bool {
	for _, e := range extensions {
		if e.Critical {
			return true
		}
	}
	return false
}
