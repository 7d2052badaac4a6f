package jose

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
)

// JWK is a public key on an elliptic curve (RFC 7517, RFC 7518 section 6.2).
// x and y are base64url of the coordinates in the curve's full length.
type JWK struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	Kid string `json:"kid,omitempty"`
	Use string `json:"use,omitempty"`
	Alg string `json:"alg,omitempty"`
}

// JWKS is a JWK Set (RFC 7517 section 5).
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// privateMembers are the members of RFC 7518 section 6 that only a private or a
// symmetric key has.
var privateMembers = []string{"d", "k", "p", "q", "dp", "dq", "qi", "oth"}

// UnmarshalJSON reads any kind of public key, since a set may hold keys that we
// cannot use and must pass by; PublicKey tells whether we can. A private or
// symmetric key is refused. Errors: ErrJSON, ErrKey.
func (k *JWK) UnmarshalJSON(raw []byte) error {
	var few fewMembers
	list, err := members(few[:0], raw)
	if err != nil {
		return err
	}
	var read JWK
	for _, m := range list {
		if slices.Contains(privateMembers, string(m.name)) {
			return fmt.Errorf("%w: member %q belongs to a private key", ErrKey, m.name)
		}
		if field := read.field(m.name); field != nil {
			if *field, err = m.text(); err != nil {
				return err
			}
		}
	}
	*k = read
	return nil
}

// field is where a member's value goes, nil for one that is not kept.
func (k *JWK) field(name []byte) *string {
	switch string(name) {
	case "kty":
		return &k.Kty
	case "crv":
		return &k.Crv
	case "x":
		return &k.X
	case "y":
		return &k.Y
	case "kid":
		return &k.Kid
	case "use":
		return &k.Use
	case "alg":
		return &k.Alg
	}
	return nil
}

// PublicJWK writes a key as JWK. The key must be on P-256, P-384 or P-521;
// of any other key it is the empty JWK, which no reader accepts.
func PublicJWK(pub *ecdsa.PublicKey) JWK {
	s, point, err := pointOf(pub)
	if err != nil {
		return JWK{}
	}
	return JWK{
		Kty: "EC", Crv: s.crv,
		X: EncodeBase64URL(point[1 : 1+s.size]), Y: EncodeBase64URL(point[1+s.size:]),
	}
}

// ParseJWK reads one public key of kty EC strictly. Errors: ErrJSON, ErrKey.
func ParseJWK(raw []byte) (JWK, *ecdsa.PublicKey, error) {
	var k JWK
	if err := k.UnmarshalJSON(raw); err != nil {
		return JWK{}, nil, err
	}
	pub, err := k.PublicKey()
	if err != nil {
		return JWK{}, nil, err
	}
	return k, pub, nil
}

// PublicKey is the key itself, checked to lie on its curve. Errors: ErrKey.
func (k JWK) PublicKey() (*ecdsa.PublicKey, error) {
	if k.Kty != "EC" {
		return nil, fmt.Errorf("%w: kty: expected EC, got %q", ErrKey, clip(k.Kty))
	}
	s := suiteByCurve(k.Crv)
	if s == nil {
		return nil, fmt.Errorf("%w: crv: expected P-256, P-384 or P-521, got %q", ErrKey, clip(k.Crv))
	}
	point := make([]byte, 0, 1+2*s.size)
	point = append(point, 4)
	for _, c := range []struct{ name, value string }{{"x", k.X}, {"y", k.Y}} {
		before := len(point)
		var err error
		if point, err = AppendBase64URL(point, c.value); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrKey, c.name, err)
		}
		if got := len(point) - before; got != s.size {
			return nil, fmt.Errorf("%w: %s: expected %d bytes, got %d", ErrKey, c.name, s.size, got)
		}
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(s.curve, point)
	if err != nil {
		return nil, fmt.Errorf("%w: not a point on %s", ErrKey, s.crv)
	}
	return pub, nil
}

// Thumbprint is the JWK thumbprint with SHA-256 in base64url (RFC 7638).
func Thumbprint(pub *ecdsa.PublicKey) string {
	sum := ThumbprintBytes(pub)
	return EncodeBase64URL(sum[:])
}

// ThumbprintBytes is the JWK thumbprint with SHA-256 as bytes (RFC 7638 section
// 3): the required members alone, in the order of their names.
func ThumbprintBytes(pub *ecdsa.PublicKey) [32]byte {
	b, err := AppendPublicJWK(make([]byte, 0, 256), pub)
	if err != nil {
		b = []byte(`{"crv":"","kty":"","x":"","y":""}`) // as PublicJWK has it
	}
	return sha256.Sum256(b)
}

// AppendPublicJWK writes a key as JWK at the end of dst, with the required members
// alone and in the order of their names. Errors: ErrKey.
func AppendPublicJWK(dst []byte, pub *ecdsa.PublicKey) ([]byte, error) {
	s, point, err := pointOf(pub)
	if err != nil {
		return nil, err
	}
	dst = append(append(dst, `{"crv":"`...), s.crv...)
	dst = rawURL.AppendEncode(append(dst, `","kty":"EC","x":"`...), point[1:1+s.size])
	dst = rawURL.AppendEncode(append(dst, `","y":"`...), point[1+s.size:])
	return append(dst, `"}`...), nil
}

// clip shortens what a stranger sent, for an error.
func clip(s string) string {
	if len(s) > 32 {
		return s[:32]
	}
	return s
}

var _ json.Unmarshaler = (*JWK)(nil)
