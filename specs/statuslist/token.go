package statuslist

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"math"
	"time"
)

const (
	// MediaTypeJWT names the token as JWT when it is fetched (section 8.1).
	MediaTypeJWT = "application/statuslist+jwt"
	// MediaTypeCWT names it as CWT.
	MediaTypeCWT = "application/statuslist+cwt"

	// MaxTokenBytes is the largest JWT that is read: MaxBytes that would not compress, twice in base64. A CWT is bounded by
	// cose.MaxBytes.
	MaxTokenBytes = 8 << 20

	// Skew is how far the clocks of signer and reader may differ when iat is looked at.
	Skew = 30 * time.Second
)

// Token is a Status List Token (section 5) whose signature holds with the leaf of its chain.
type Token struct {
	About
	List *List
}

// About is what a token says of itself. Whether Chain is trusted is for the caller to say (x5c.StatusSigner), and whether the token
// answers the question asked is for Check.
type About struct {
	URI      string              // sub: where the list is published
	IssuedAt time.Time           // iat
	Expires  time.Time           // exp; zero when the token has none
	TTL      time.Duration       // ttl: for how long it may be kept; 0 when the token has none
	Chain    []*x509.Certificate // leaf first
}

// Check tells whether the token may answer for a credential whose status names uri, at a time (section 8.3).
// Errors: ErrSubject, ErrIssuedAt, ErrExpired.
func (t *About) Check(uri string, at time.Time) error {
	if uri == "" || t.URI != uri {
		return ErrSubject
	}
	if t.IssuedAt.After(at.Add(Skew)) {
		return fmt.Errorf("%w: %s", ErrIssuedAt, t.IssuedAt.Format(time.RFC3339))
	}
	if !t.Expires.IsZero() && !at.Before(t.Expires) {
		return fmt.Errorf("%w: %s", ErrExpired, t.Expires.Format(time.RFC3339))
	}
	return nil
}

// claims are those of both forms, before they are judged: nil is absent.
type claims struct {
	sub           *string
	iat, exp, ttl *int64
	bits          *int64
	lst           []byte // compressed
	aggregation   string // "" when absent
}

// token judges the claims of a token whose signature has been verified.
func (c claims) token(chain []*x509.Certificate) (*Token, error) {
	about, err := c.about(chain)
	if err != nil {
		return nil, err
	}
	if c.bits == nil || c.lst == nil {
		return nil, fmt.Errorf("%w: bits and lst are required", ErrClaims)
	}
	if *c.bits < 1 || *c.bits > 8 {
		return nil, fmt.Errorf("%w: %d", ErrBits, *c.bits)
	}
	list, err := Decompress(Bits(*c.bits), c.lst)
	if err != nil {
		return nil, err
	}
	list.AggregationURI = c.aggregation
	return &Token{About: about, List: list}, nil
}

// about judges the claims that both kinds of lists have.
func (c claims) about(chain []*x509.Certificate) (About, error) {
	if c.sub == nil || *c.sub == "" || c.iat == nil {
		return About{}, fmt.Errorf("%w: sub and iat are required", ErrClaims)
	}
	a := About{URI: *c.sub, IssuedAt: time.Unix(*c.iat, 0).UTC(), Chain: chain}
	if c.exp != nil {
		a.Expires = time.Unix(*c.exp, 0).UTC()
	}
	if c.ttl != nil {
		if *c.ttl <= 0 {
			return About{}, fmt.Errorf("%w: ttl is not positive", ErrClaims)
		}
		a.TTL = time.Duration(min(*c.ttl, math.MaxInt64/int64(time.Second))) * time.Second
	}
	return a, nil
}

// toSign are the claims of a new token, checked.
func toSign(list *List, uri string, iat, exp time.Time, ttl time.Duration) (claims, error) {
	c, err := aboutToSign(uri, iat, exp, ttl)
	if err != nil {
		return claims{}, err
	}
	bits := int64(list.Bits())
	c.bits, c.aggregation = &bits, list.AggregationURI
	c.lst, err = list.Compress()
	return c, err
}

// aboutToSign are those of them that both kinds of lists have.
func aboutToSign(uri string, iat, exp time.Time, ttl time.Duration) (claims, error) {
	seconds := int64(ttl / time.Second)
	if uri == "" || iat.IsZero() || seconds < 1 || exp.Unix() <= iat.Unix() {
		return claims{}, fmt.Errorf("%w: expected a uri, an exp after iat, and a ttl of a second or more", ErrClaims)
	}
	from, until := iat.Unix(), exp.Unix()
	return claims{sub: &uri, iat: &from, exp: &until, ttl: &seconds}, nil
}

// checkChain refuses what a reader would refuse: no chain, another key, and a self-signed certificate, since the anchor
// stays out of the chain (HAIP 1.0 section 6.1).
func checkChain(key crypto.Signer, chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return fmt.Errorf("%w: empty", ErrChain)
	}
	if pub, ok := key.Public().(*ecdsa.PublicKey); !ok || !pub.Equal(chain[0].PublicKey) {
		return fmt.Errorf("%w: the leaf is not for the signing key", ErrChain)
	}
	for i, cert := range chain {
		if bytes.Equal(cert.RawSubject, cert.RawIssuer) {
			return fmt.Errorf("%w: certificate %d is self-signed", ErrChain, i)
		}
	}
	return nil
}

// leafKey is the key that must have signed.
func leafKey(chain []*x509.Certificate) (*ecdsa.PublicKey, error) {
	if len(chain) == 0 {
		return nil, fmt.Errorf("%w: none", ErrChain)
	}
	pub, ok := chain[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the leaf has no ECDSA key", ErrChain)
	}
	return pub, nil
}
