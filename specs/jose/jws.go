package jose

import (
	"crypto/ecdsa"
	"fmt"
	"strings"
)

const defaultMaxBytes = 64 << 10

// Unverified is a well-formed JWS whose signature has not been checked.
type Unverified struct {
	Header Header

	input     string // header and payload as they were sent, with the dot between
	payload   []byte
	members   []member
	signature []byte
}

// Parse reads a JWS in compact serialization (RFC 7515 section 7.1) by rules
// that the caller's token kind sets. The payload must be a strict JSON object.
// Errors: ErrTooLarge, ErrMalformed, ErrEncoding, ErrJSON, ErrHeader, ErrCrit,
// ErrAlg, ErrTyp, ErrKey.
func Parse(compact string, r Rules) (*Unverified, error) {
	limit := r.MaxBytes
	if limit == 0 {
		limit = defaultMaxBytes
	}
	if len(compact) > limit {
		return nil, fmt.Errorf("%w: expected at most %d bytes, got %d", ErrTooLarge, limit, len(compact))
	}
	head, rest, ok := strings.Cut(compact, ".")
	body, tail, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || strings.Contains(tail, ".") {
		return nil, fmt.Errorf("%w: expected three parts (RFC 7515 section 7.1)", ErrMalformed)
	}
	u := &Unverified{input: compact[:len(compact)-len(tail)-1]}
	var err error
	if u.Header, err = parseHeader(head, r); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if u.payload, err = DecodeBase64URL(body); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	if u.members, err = members(make([]member, 0, len(fewMembers{})), u.payload); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	if u.signature, err = DecodeBase64URL(tail); err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	return u, nil
}

// Verify checks the signature and returns the payload, a strict JSON object.
// The key must be on the curve that the header's alg names. Errors: ErrKey,
// ErrAlg, ErrSignature.
func (u *Unverified) Verify(pub *ecdsa.PublicKey) ([]byte, error) {
	s, err := suiteOf(pub)
	if err != nil {
		return nil, err
	}
	if s.alg == u.Header.Alg {
		err = s.verify(pub, u.input, u.signature)
	} else {
		err = fmt.Errorf("%w: %s with a key on %s (RFC 7518 section 3.4)", ErrAlg, u.Header.Alg, s.crv)
	}
	if err == nil { // verify holds for no key off the curve
		return u.payload, nil
	}
	if _, _, bad := pointOf(pub); bad != nil {
		return nil, bad
	}
	return nil, err
}

// VerifyMembers is Verify for a payload that is read member by member.
func (u *Unverified) VerifyMembers(pub *ecdsa.PublicKey) (Members, error) {
	if _, err := u.Verify(pub); err != nil {
		return Members{}, err
	}
	return Members{u.members}, nil
}

// UnsafePayload is the payload before the signature was checked: to show to
// people or to find the key, never to decide.
func (u *Unverified) UnsafePayload() []byte {
	return u.payload
}
