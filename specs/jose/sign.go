package jose

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Signer makes JWS in compact serialization with one key and one header; the
// header is encoded once. It is safe for concurrent use when its key is.
type Signer struct {
	key    crypto.Signer
	suite  *suite
	header string // base64url of the protected header, and the dot after it
}

// ownMembers are the header members that have a field of their own in Header,
// or that we never write.
var ownMembers = []string{"alg", "typ", "kid", "jwk", "x5c", "crit", "b64"}

// NewSigner prepares signing with the algorithm of the key's curve; h.Alg may be
// empty. h.JWK and the leaf of h.X5C, when given, must be the key's own public
// key. Errors: ErrKey, ErrAlg, ErrHeader.
func NewSigner(key crypto.Signer, h Header) (*Signer, error) {
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: expected an ECDSA key", ErrKey)
	}
	s, _, err := pointOf(pub)
	if err != nil {
		return nil, err
	}
	if h.Alg != "" && h.Alg != s.alg {
		return nil, fmt.Errorf("%w: %s with a key on %s", ErrAlg, h.Alg, s.crv)
	}
	if h.JWK != nil && !pub.Equal(h.JWK) {
		return nil, fmt.Errorf("%w: jwk is not the signing key's", ErrKey)
	}
	if len(h.X5C) > 0 && !pub.Equal(h.X5C[0].PublicKey) {
		return nil, fmt.Errorf("%w: x5c leaf is not the signing key's", ErrKey)
	}
	h.Alg = s.alg
	raw, err := h.encode()
	if err != nil {
		return nil, err
	}
	return &Signer{key: key, suite: s, header: EncodeBase64URL(raw) + "."}, nil
}

// encode writes the members in a fixed order, the extra ones by name.
func (h Header) encode() ([]byte, error) {
	members := []headerMember{{"alg", h.Alg}}
	if h.Typ != "" {
		members = append(members, headerMember{"typ", h.Typ})
	}
	if h.Kid != "" {
		members = append(members, headerMember{"kid", h.Kid})
	}
	if h.JWK != nil {
		members = append(members, headerMember{"jwk", PublicJWK(h.JWK)})
	}
	if len(h.X5C) > 0 {
		ders := make([]string, len(h.X5C))
		for i, cert := range h.X5C {
			ders[i] = base64.StdEncoding.EncodeToString(cert.Raw)
		}
		members = append(members, headerMember{"x5c", ders})
	}
	for _, name := range slices.Sorted(maps.Keys(h.Extra)) {
		if slices.Contains(ownMembers, name) {
			return nil, fmt.Errorf("%w: extra member %q", ErrHeader, name)
		}
		members = append(members, headerMember{name, h.Extra[name]})
	}
	return encodeMembers(members)
}

type headerMember struct {
	name  string
	value any
}

func encodeMembers(list []headerMember) ([]byte, error) {
	raw := []byte{'{'}
	for i, m := range list {
		if i > 0 {
			raw = append(raw, ',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrHeader, err)
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, fmt.Errorf("%w: member %q: %w", ErrHeader, m.name, err)
		}
		raw = append(append(append(raw, name...), ':'), value...)
	}
	raw = append(raw, '}')
	return raw, checkObject(raw)
}

// Sign signs a payload, which must be a strict JSON object: what we would not
// read we do not sign. Errors: ErrJSON, ErrKey, and those of the key.
func (s *Signer) Sign(payload []byte) (string, error) {
	var b strings.Builder
	err := s.SignTo(&b, payload)
	return b.String(), err
}

// SignTo is Sign with the text written to the end of b, for a JWS that stands at
// the head of something longer. Nothing is written when there is an error.
func (s *Signer) SignTo(b *strings.Builder, payload []byte) error {
	if err := checkObject(payload); err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	scratch := newScratch()
	defer scratch.free()
	out := rawURL.AppendEncode(append(scratch.text, s.header...), payload)
	scratch.text = out
	raw, err := s.suite.sign(s.key, out)
	if err != nil {
		return err
	}
	out = rawURL.AppendEncode(append(out, '.'), raw)
	scratch.text = out
	b.Write(out) // never fails
	return nil
}

// Size is the length in bytes of the text that Sign makes of a payload.
func (s *Signer) Size(payload []byte) int {
	return len(s.header) + rawURL.EncodedLen(len(payload)) + 1 + rawURL.EncodedLen(2*s.suite.size)
}

// SignJSON signs v as encoding/json writes it.
func (s *Signer) SignJSON(v any) (string, error) {
	payload, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("payload: %w: %w", ErrJSON, err)
	}
	return s.Sign(payload)
}
