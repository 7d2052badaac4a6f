package statuslist

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lommebok.example/specs/jose"
)

const typJWT = "statuslist+jwt"

// SignJWT makes a Status List Token as JWT (section 5.1):
//
//	{"typ": "statuslist+jwt", "x5c": chain, …} . {"sub": uri, "iat", "exp", "ttl", "status_list": {"bits", "lst"}}
//
// chain is leaf first, without the anchor; ttl is cut to whole seconds. Errors: ErrClaims, ErrChain, and those of jose.
func SignJWT(key crypto.Signer, chain []*x509.Certificate, list *List, uri string, iat, exp time.Time, ttl time.Duration) (string, error) {
	if err := checkChain(key, chain); err != nil {
		return "", err
	}
	c, err := toSign(list, uri, iat, exp, ttl)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(key, jose.Header{Typ: typJWT, X5C: chain})
	if err != nil {
		return "", fmt.Errorf("statuslist: %w", err)
	}
	packed := map[string]any{"bits": c.bits, "lst": jose.EncodeBase64URL(c.lst)}
	if c.aggregation != "" {
		packed["aggregation_uri"] = c.aggregation
	}
	return signer.SignJSON(map[string]any{"sub": c.sub, "iat": c.iat, "exp": c.exp, "ttl": c.ttl, "status_list": packed})
}

var jwtRules = jose.Rules{
	Typ:      typJWT,
	Algs:     []jose.Alg{jose.ES256, jose.ES384, jose.ES512},
	Allow:    []string{"x5c", "kid"},
	MaxBytes: MaxTokenBytes,
}

// ParseJWT reads a Status List Token as JWT and verifies its signature with the leaf of its x5c.
// Errors: ErrTooLarge, ErrType, ErrToken, ErrChain, ErrSignature, ErrClaims, ErrBits, ErrCompression.
func ParseJWT(s string) (*Token, error) {
	jwt, err := jose.Parse(s, jwtRules)
	switch {
	case errors.Is(err, jose.ErrTooLarge):
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	case errors.Is(err, jose.ErrTyp):
		return nil, fmt.Errorf("%w: %w", ErrType, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	pub, err := leafKey(jwt.Header.X5C)
	if err != nil {
		return nil, err
	}
	payload, err := jwt.Verify(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	c, err := readJSON(payload)
	if err != nil {
		return nil, err
	}
	return c.token(jwt.Header.X5C)
}

func readJSON(payload []byte) (claims, error) {
	var c claims
	var text *string
	var all, list map[string]json.RawMessage
	if err := jose.Unmarshal(payload, &all); err != nil {
		return c, fmt.Errorf("%w: %w", ErrClaims, err)
	}
	if err := pick(all, "status_list", &list); err != nil {
		return c, err
	}
	err := errors.Join(
		pick(all, "sub", &c.sub), pick(all, "iat", &c.iat), pick(all, "exp", &c.exp), pick(all, "ttl", &c.ttl),
		pick(list, "bits", &c.bits), pick(list, "lst", &text), pick(list, "aggregation_uri", &c.aggregation))
	if err != nil || text == nil {
		return c, err
	}
	if c.lst, err = jose.DecodeBase64URL(*text); err != nil {
		return c, fmt.Errorf("%w: lst: %w", ErrClaims, err)
	}
	return c, nil
}

// pick reads a member by its exact name. null is refused, since encoding/json would take it for absent.
func pick[T any](from map[string]json.RawMessage, name string, to *T) error {
	raw, there := from[name]
	if !there {
		return nil
	}
	if err := json.Unmarshal(raw, to); err != nil || string(raw) == "null" {
		return fmt.Errorf("%w: %s is of the wrong type", ErrClaims, name)
	}
	return nil
}
