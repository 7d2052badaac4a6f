package sdjwt

import (
	"encoding/base64"
	"fmt"
	"strings"

	"lommebok.example/specs/jose"
)

const (
	// MaxSize is the largest text that Parse reads, in bytes.
	MaxSize = 256 << 10
	// MaxDisclosures is the largest number of disclosures in one SD-JWT.
	MaxDisclosures = 512
)

// SDJWT is an SD-JWT or SD-JWT+KB cut into its parts (section 4). Nothing in it is verified.
type SDJWT struct {
	Issuer      string       // the Issuer-signed JWT
	Disclosures []Disclosure // as they came, in their order
	KeyBinding  string       // the KB-JWT, or "" in an SD-JWT
}

// Disclosure is one disclosure (section 4.2): [salt, name, value] for a claim, [salt, value] for an array element.
type Disclosure struct {
	Encoded      string // as received: this text is what the digest is taken over
	Salt         string
	Name         string // "" for an array element
	Value        any    // string, bool, nil, json.Number, map[string]any or []any; not to be changed
	ArrayElement bool
}

// Parse cuts the compact serialization into its parts and reads each disclosure strictly. An SD-JWT ends with "~"; what
// follows the last "~" is a KB-JWT. Errors: ErrTooLarge, ErrMalformed, ErrDisclosure.
func Parse(s string) (*SDJWT, error) {
	if len(s) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(s), MaxSize)
	}
	n := strings.Count(s, "~") - 1
	if n < 0 {
		return nil, fmt.Errorf("%w: no ~", ErrMalformed)
	}
	if n > MaxDisclosures {
		return nil, fmt.Errorf("%w: %d disclosures, at most %d", ErrTooLarge, n, MaxDisclosures)
	}
	issuer, rest, _ := strings.Cut(s, "~")
	if !isCompactJWS(issuer) {
		return nil, fmt.Errorf("%w: the first part is not a JWT", ErrMalformed)
	}
	out := &SDJWT{Issuer: issuer, Disclosures: make([]Disclosure, n)}
	for i := range out.Disclosures {
		out.Disclosures[i].Encoded, rest, _ = strings.Cut(rest, "~")
	}
	if err := out.readDisclosures(); err != nil {
		return nil, err
	}
	if rest != "" && !isCompactJWS(rest) {
		return nil, fmt.Errorf("%w: what follows the last ~ is not a JWT", ErrMalformed)
	}
	out.KeyBinding = rest
	return out, nil
}

// isCompactJWS tells whether s has the outer form of RFC 7515 section 7.1; package jose reads the inside.
func isCompactJWS(s string) bool {
	header, rest, ok := strings.Cut(s, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	return ok && ok2 && header != "" && payload != "" && signature != "" && !strings.Contains(signature, ".")
}

// ReadDisclosures reads encoded disclosures strictly, as Parse does. Errors: ErrTooLarge, ErrMalformed, ErrDisclosure.
func ReadDisclosures(encoded []string) ([]Disclosure, error) {
	if len(encoded) > MaxDisclosures {
		return nil, fmt.Errorf("%w: %d disclosures, at most %d", ErrTooLarge, len(encoded), MaxDisclosures)
	}
	s := SDJWT{Disclosures: make([]Disclosure, len(encoded))}
	for i := range encoded {
		s.Disclosures[i].Encoded = encoded[i]
	}
	err := s.readDisclosures()
	return s.Disclosures, err
}

// readDisclosures decodes the disclosures one after the other into one text, of which names and values are parts.
func (s *SDJWT) readDisclosures() error {
	work := newBuffers()
	defer work.free()
	var err error
	for i := range s.Disclosures {
		encoded := s.Disclosures[i].Encoded
		if encoded == "" {
			return fmt.Errorf("disclosure %d: %w: empty", i, ErrMalformed)
		}
		if work.disclosures, err = jose.AppendBase64URL(work.disclosures, encoded); err != nil {
			return fmt.Errorf("disclosure %d: %w: not canonical base64url", i, ErrDisclosure)
		}
	}
	text := string(work.disclosures)
	for i := range s.Disclosures {
		d := &s.Disclosures[i]
		size := base64.RawURLEncoding.DecodedLen(len(d.Encoded))
		if err := decodeDisclosure(text[:size], d); err != nil {
			return fmt.Errorf("disclosure %d: %w: %w", i, ErrDisclosure, err)
		}
		text = text[size:]
	}
	return nil
}

// String is the compact serialization. Parse and String give back the same text.
func (s *SDJWT) String() string { return s.presented() + s.KeyBinding }

// presented is what sd_hash covers (section 4.3.1): everything up to and with the last "~".
func (s *SDJWT) presented() string {
	work := newBuffers()
	defer work.free()
	work.payload = s.appendPresented(work.payload)
	return string(work.payload)
}

func (s *SDJWT) appendPresented(dst []byte) []byte {
	dst = append(append(dst, s.Issuer...), '~')
	for i := range s.Disclosures {
		dst = append(append(dst, s.Disclosures[i].Encoded...), '~')
	}
	return dst
}

// presentedHash is the digest of what sd_hash covers.
func (s *SDJWT) presentedHash(digest digestFunc) string {
	work := newBuffers()
	defer work.free()
	work.payload = s.appendPresented(work.payload)
	return string(digest(nil, work.payload))
}

// Hash is sd_hash (section 4.3.1) by the hash algorithm that the payload names. It is "" when the payload cannot be read
// or names an unknown algorithm; VerifyKeyBinding refuses then.
func (s *SDJWT) Hash() string {
	h, err := s.hash()
	if err != nil {
		return ""
	}
	return h
}

func (s *SDJWT) hash() (string, error) {
	claims, err := s.unverifiedClaims()
	if err != nil {
		return "", err
	}
	digest, err := digestOf(claims)
	if err != nil {
		return "", err
	}
	return s.presentedHash(digest), nil
}

// unverifiedClaims reads the payload out of the Issuer-signed JWT, for the name of the hash in it.
func (s *SDJWT) unverifiedClaims() (map[string]any, error) {
	_, rest, _ := strings.Cut(s.Issuer, ".")
	segment, _, _ := strings.Cut(rest, ".")
	raw, err := jose.DecodeBase64URL(segment)
	if err != nil {
		return nil, fmt.Errorf("%w: the payload is not canonical base64url", ErrMalformed)
	}
	return DecodeObject(raw)
}
