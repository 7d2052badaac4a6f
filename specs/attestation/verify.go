package attestation

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

// Algs are the algorithms that an attestation, its proof of possession and a status list may be signed with (EUDI TS3
// section 2.6).
var Algs = []jose.Alg{jose.ES256, jose.ES384, jose.ES512}

const (
	maxBytes = 24 << 10
	// skew is how far the clocks of a wallet provider and of a server may differ.
	skew = time.Minute
)

// Expect is what every attestation must keep.
type Expect struct {
	Providers *x5c.Anchors // of the wallet providers that are trusted
	At        time.Time    // now
	// MaxLife is how far ahead exp may lie; 0 for any time.
	MaxLife time.Duration
}

// open reads an attestation and verifies its signature with the leaf of x5c, whose chain must lead to a trusted wallet
// provider without its anchor (HAIP 1.0 sections 4.4.1 and 4.5.1).
func (e Expect) open(jwt, typ string) (*jose.Unverified, error) {
	u, err := jose.Parse(jwt, jose.Rules{Typ: typ, Algs: Algs, Allow: []string{"x5c", "kid"}, MaxBytes: maxBytes})
	switch {
	case errors.Is(err, jose.ErrTyp):
		return nil, fmt.Errorf("%w: %w", ErrType, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	case len(u.Header.X5C) == 0:
		return nil, fmt.Errorf("%w (HAIP 1.0 sections 4.4.1, 4.5.1)", ErrNoChain)
	}
	leaf, ok := u.Header.X5C[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the leaf of x5c has no ECDSA key", ErrSignature)
	}
	if _, err := e.Providers.Verify(u.Header.X5C, x5c.WalletProvider, e.At); err != nil {
		return nil, e.untrusted(u.Header.X5C, err)
	}
	if _, err := u.Verify(leaf); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return u, nil
}

// untrusted says who is trusted and who came: both stand in certificates, which are public.
func (e Expect) untrusted(chain []*x509.Certificate, err error) error {
	trusted := "nobody"
	for i, anchor := range e.Providers.All() {
		if i == 0 {
			trusted = ""
		}
		if i == 3 {
			trusted += " and more"
			break
		}
		trusted += fmt.Sprintf("[%.60s]", anchor.Subject.CommonName)
	}
	return fmt.Errorf("%w: trusted are %s; came [%.60s] issued by [%.60s]: %w", ErrUntrusted, trusted,
		chain[0].Subject.CommonName, chain[len(chain)-1].Issuer.CommonName, err)
}

// lifetime are the times of an attestation in seconds since 1970; nil is absent.
type lifetime struct {
	Exp *float64 `json:"exp"`
	Iat *float64 `json:"iat"`
	Nbf *float64 `json:"nbf"`
}

// check compares as numbers, since a date far away does not fit a time.Time.
func (l lifetime) check(e Expect) error {
	now := float64(e.At.UnixMilli()) / 1000
	switch {
	case l.Exp != nil && *l.Exp <= now:
		return fmt.Errorf("%w: %.0f s ago", ErrExpired, now-*l.Exp)
	case l.Exp != nil && e.MaxLife != 0 && *l.Exp > now+(e.MaxLife+skew).Seconds():
		return fmt.Errorf("%w: expected exp at most %s ahead, got %.0f s", ErrTooLong, e.MaxLife, *l.Exp-now)
	case l.Iat != nil && *l.Iat > now+skew.Seconds(), l.Nbf != nil && *l.Nbf > now+skew.Seconds():
		return fmt.Errorf("%w: expected iat and nbf at most %s ahead", ErrFuture, skew)
	}
	return nil
}

// at is the time of seconds that were checked, zero for none.
func at(seconds *float64) time.Time {
	if seconds == nil || *seconds < 0 || *seconds > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(*seconds), 0).UTC()
}
