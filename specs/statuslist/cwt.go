package statuslist

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"lommebok.example/specs/cose"
)

// cwtClaims are the claims of section 5.2 by their CWT labels.
type cwtClaims struct {
	Sub  *string   `cbor:"2,keyasint,omitempty"`
	Exp  *int64    `cbor:"4,keyasint,omitempty"`
	Iat  *int64    `cbor:"6,keyasint,omitempty"`
	List *cborList `cbor:"65533,keyasint,omitempty"`
	TTL  *int64    `cbor:"65534,keyasint,omitempty"`
}

// cborList is the list in its CBOR form (section 4.3).
type cborList struct {
	Bits *int64 `cbor:"bits,omitempty"`
	Lst  []byte `cbor:"lst,omitempty"`

	Aggregation string `cbor:"aggregation_uri,omitempty"`
}

// SignCWT makes a Status List Token as CWT (section 5.2), for credentials in CBOR: a COSE_Sign1 under tag 18, with type
// (16) and x5chain (33) in the protected header and the claims
//
//	{2: uri, 4: exp, 6: iat, 65533: {"bits": …, "lst": bstr}, 65534: ttl}
//
// chain is leaf first, without the anchor; ttl is cut to whole seconds. Errors: ErrClaims, ErrChain, and those of cose.
func SignCWT(key crypto.Signer, chain []*x509.Certificate, list *List, uri string, iat, exp time.Time, ttl time.Duration) ([]byte, error) {
	if err := checkChain(key, chain); err != nil {
		return nil, err
	}
	c, err := toSign(list, uri, iat, exp, ttl)
	if err != nil {
		return nil, err
	}
	payload, err := cose.Marshal(cwtClaims{
		Sub: c.sub, Exp: c.exp, Iat: c.iat, TTL: c.ttl, List: &cborList{Bits: c.bits, Lst: c.lst, Aggregation: c.aggregation},
	})
	if err != nil {
		return nil, fmt.Errorf("statuslist: %w", err)
	}
	return sealCWT(key, chain, MediaTypeCWT, payload)
}

func sealCWT(key crypto.Signer, chain []*x509.Certificate, media string, payload []byte) ([]byte, error) {
	signed, err := cose.Sign(key, cose.Header{Type: media, X5Chain: chain}, cose.Header{}, payload, false)
	if err != nil {
		return nil, fmt.Errorf("statuslist: %w", err)
	}
	return signed.Tagged()
}

// openCWT reads a COSE_Sign1 of a type and verifies its signature with the leaf of its protected x5chain.
func openCWT(b []byte, media string) (*cose.Sign1, error) {
	signed, err := cose.ParseTagged(b)
	if errors.Is(err, cose.ErrTooLarge) {
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	if signed.Protected.Type != media {
		return nil, fmt.Errorf("%w: expected %s in protected header 16", ErrType, media)
	}
	pub, err := leafKey(signed.Protected.X5Chain)
	if err != nil {
		return nil, err
	}
	if err := signed.Verify(pub, nil); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return signed, nil
}

// ParseCWT reads a Status List Token as CWT and verifies its signature with the leaf of its protected x5chain.
// Errors: ErrTooLarge, ErrType, ErrToken, ErrChain, ErrSignature, ErrClaims, ErrBits, ErrCompression.
func ParseCWT(b []byte) (*Token, error) {
	signed, err := openCWT(b, MediaTypeCWT)
	if err != nil {
		return nil, err
	}
	var c cwtClaims
	if err := cose.Unmarshal(signed.Payload, &c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrClaims, err)
	}
	if c.List == nil {
		return nil, fmt.Errorf("%w: no status list", ErrClaims)
	}
	return claims{
		sub: c.Sub, iat: c.Iat, exp: c.Exp, ttl: c.TTL, bits: c.List.Bits, lst: c.List.Lst, aggregation: c.List.Aggregation,
	}.token(signed.Protected.X5Chain)
}
