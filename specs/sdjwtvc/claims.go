package sdjwtvc

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwt"
)

// Skew is how far the clocks of issuer and verifier may differ when times are compared.
const Skew = 30 * time.Second

// signedClaims are the claims of the payload as it was signed, with those read that the format itself knows.
type signedClaims struct {
	plain  map[string]any
	vct    string
	status *StatusRef

	iat, nbf, exp *int64 // nil is absent
}

// readClaims reads a verified payload strictly. What has the wrong form fails here, so that it cannot pass as absent.
func readClaims(payload []byte) (signedClaims, error) {
	var s signedClaims
	var err error
	if s.plain, err = sdjwt.DecodeObject(payload); err != nil {
		return s, fmt.Errorf("%w: %w", ErrClaims, err)
	}
	for _, name := range inTheOpen {
		if hasDigest(s.plain[name]) {
			return s, fmt.Errorf("%w: a part of %s", ErrHidden, name)
		}
	}
	for _, name := range [...]string{"vct", "iss", "vct#integrity"} {
		v, there := s.plain[name]
		if text, ok := v.(string); there != ok || name == "vct" && text == "" {
			return s, fmt.Errorf("%w: expected %s as a string", ErrClaims, name)
		}
	}
	s.vct, _ = s.plain["vct"].(string)
	for _, m := range [...]struct {
		name string
		to   **int64
	}{{"iat", &s.iat}, {"nbf", &s.nbf}, {"exp", &s.exp}} {
		if *m.to, err = readTime(s.plain, m.name); err != nil {
			return s, err
		}
	}
	s.status, err = readStatus(s.plain)
	return s, err
}

// hasDigest tells whether anything in v is selectively disclosable.
func hasDigest(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for name, v := range v {
			if name == "_sd" || name == "..." || hasDigest(v) {
				return true
			}
		}
	case []any:
		for _, v := range v {
			if hasDigest(v) {
				return true
			}
		}
	}
	return false
}

func readTime(claims map[string]any, name string) (*int64, error) {
	v, there := claims[name]
	if !there {
		return nil, nil
	}
	n, ok := v.(json.Number)
	if !ok {
		return nil, fmt.Errorf("%w: expected %s as an integer", ErrClaims, name)
	}
	seconds, err := n.Int64()
	if err != nil {
		return nil, fmt.Errorf("%w: expected %s as an integer", ErrClaims, name)
	}
	return &seconds, nil
}

// readStatus reads status.status_list. A status by another mechanism is refused: a credential whose status is unknown is
// not to be taken for a valid one.
func readStatus(claims map[string]any) (*StatusRef, error) {
	v, there := claims["status"]
	if !there {
		return nil, nil
	}
	status, _ := v.(map[string]any)
	list, ok := status["status_list"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: expected status with a status_list", ErrClaims)
	}
	uri, _ := list["uri"].(string)
	number, _ := list["idx"].(json.Number)
	idx, err := strconv.ParseUint(number.String(), 10, 64)
	if err != nil || uri == "" {
		return nil, fmt.Errorf("%w: expected status_list with idx and uri", ErrClaims)
	}
	return &StatusRef{Index: idx, URI: uri}, nil
}

func (s signedClaims) holderKey() (*ecdsa.PublicKey, error) {
	cnf, _ := s.plain["cnf"].(map[string]any)
	jwk, ok := cnf["jwk"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: expected cnf with a jwk", ErrHolderKey)
	}
	if k, plain := plainJWK(jwk); plain {
		pub, err := k.PublicKey()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrHolderKey, err)
		}
		return pub, nil
	}
	raw, err := json.Marshal(jwk)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHolderKey, err)
	}
	_, pub, err := jose.ParseJWK(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHolderKey, err)
	}
	return pub, nil
}

// plainJWK reads a JWK that has the four members of RFC 7518 section 6.2.1, as strings, and no other: the form that we
// issue. Any other goes through the text, which says what is allowed beside them.
func plainJWK(members map[string]any) (k jose.JWK, plain bool) {
	for _, m := range [...]struct {
		name string
		to   *string
	}{{"kty", &k.Kty}, {"crv", &k.Crv}, {"x", &k.X}, {"y", &k.Y}} {
		if *m.to, plain = members[m.name].(string); !plain {
			return jose.JWK{}, false
		}
	}
	return k, len(members) == 4
}

// VerifyValidity tells whether the credential is valid at a time, by exp, nbf and iat with Skew. A credential without exp
// is refused (RFC 9901 section 9.7). Its status is another question. Errors: ErrUnverified, ErrNoExpiry, ErrExpired,
// ErrNotYetValid.
func (c *Credential) VerifyValidity(at time.Time) error {
	if c.payload == nil {
		return ErrUnverified
	}
	exp, early, late := c.signed.exp, at.Add(-Skew).Unix(), at.Add(Skew).Unix()
	if exp == nil {
		return ErrNoExpiry
	}
	if *exp <= early {
		return fmt.Errorf("%w: exp is %d", ErrExpired, *exp)
	}
	if nbf := c.signed.nbf; nbf != nil && *nbf > late {
		return fmt.Errorf("%w: nbf is %d", ErrNotYetValid, *nbf)
	}
	if iat := c.signed.iat; iat != nil && *iat > late {
		return fmt.Errorf("%w: iat is %d", ErrNotYetValid, *iat)
	}
	return nil
}

// Expires is exp; zero when the credential has none, and until VerifySignature has held.
func (c *Credential) Expires() time.Time {
	if exp := c.signed.exp; exp != nil {
		return time.Unix(*exp, 0).UTC()
	}
	return time.Time{}
}
