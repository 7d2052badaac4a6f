package x5c

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// One sentinel per reason; the error returned wraps it and adds the detail.
var (
	ErrChain       = errors.New("certificate chain not well-formed")
	ErrUntrusted   = errors.New("certificate chain does not lead to a trust anchor")
	ErrExpired     = errors.New("certificate expired")
	ErrNotYetValid = errors.New("certificate not yet valid")
	ErrProfile     = errors.New("certificate does not fit its purpose")
)

// maxChain is the longest chain, leaf included and anchor not.
const maxChain = 4

// Verify tells whether a chain, leaf first and without its anchor, leads to one
// of the anchors at the time given, and whether the leaf fits the profile. Each
// certificate must be signed by the next, the last one by the anchor. A leaf that
// signed itself, and an anchor inside the chain, are refused (HAIP 1.0 sections
// 5 and 6.1.1). Errors: ErrChain, ErrUntrusted, ErrExpired, ErrNotYetValid,
// ErrProfile.
func (a *Anchors) Verify(chain []*x509.Certificate, p Profile, at time.Time) (*x509.Certificate, error) {
	t := a.state.Load()
	if len(chain) == 0 || len(chain) > maxChain {
		return nil, fmt.Errorf("%w: expected 1 to %d certificates, got %d", ErrChain, maxChain, len(chain))
	}
	key := keyOf(chain, p)
	if anchor, ok := t.cache.find(key, at); ok {
		return anchor, nil
	}
	if err := t.checkForm(chain, at); err != nil {
		return nil, err
	}
	if err := p.check(chain[0]); err != nil {
		return nil, err
	}
	anchor, err := t.path(chain, at)
	if err != nil {
		return nil, err
	}
	t.cache.store(key, chain, anchor)
	return anchor, nil
}

// checkForm is what can be told without a signature.
func (t *trust) checkForm(chain []*x509.Certificate, at time.Time) error {
	for i, cert := range chain {
		if bytes.Equal(cert.RawSubject, cert.RawIssuer) {
			return fmt.Errorf("%w: certificate %d is self-signed; the anchor stays out of the chain", ErrChain, i)
		}
		for _, anchor := range t.certs {
			if cert.Equal(anchor) {
				return fmt.Errorf("%w: certificate %d is a trust anchor; it stays out of the chain", ErrChain, i)
			}
		}
		if err := checkTime(cert, at); err != nil {
			return err
		}
	}
	return nil
}

func checkTime(cert *x509.Certificate, at time.Time) error {
	if at.Before(cert.NotBefore) {
		return fmt.Errorf("%w: valid from %s", ErrNotYetValid, cert.NotBefore.UTC().Format(time.RFC3339))
	}
	if at.After(cert.NotAfter) {
		return fmt.Errorf("%w: valid until %s", ErrExpired, cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// path lets crypto/x509 build and check the path (RFC 5280 section 6), and then
// asks that it is the chain as it was sent, with one anchor behind it.
func (t *trust) path(chain []*x509.Certificate, at time.Time) (*x509.Certificate, error) {
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	paths, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         t.pool,
		Intermediates: between,
		CurrentTime:   at,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, reason(err, at)
	}
	for _, path := range paths {
		last := len(path) - 1
		if slices.EqualFunc(path[:last], chain, (*x509.Certificate).Equal) {
			return path[last], nil
		}
	}
	return nil, fmt.Errorf("%w: each certificate must be signed by the next", ErrChain)
}

// reason turns an error of crypto/x509 into ours.
func reason(err error, at time.Time) error {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) {
		if invalid.Reason == x509.Expired {
			return checkTime(invalid.Cert, at)
		}
		return fmt.Errorf("%w: %w", ErrChain, err)
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return ErrUntrusted
	}
	return fmt.Errorf("%w: %w", ErrChain, err)
}
