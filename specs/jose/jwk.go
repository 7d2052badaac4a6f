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
	list, err := members(raw)
	if err != nil {
		return err
	}
	var read JWK
	into := map[string]*string{
		"kty": &read.Kty, "crv": &read.Crv, "x": &read.X, "y": &read.Y,
		"kid": &read.Kid, "use": &read.Use, "alg": &read.Alg,
	}
	for _, m := range list {
		if slices.Contains(privateMembers, string(m.name)) {
			return fmt.Errorf("%w: member %q belongs to a private key", ErrKey, m.name)
		}
		if field, ok := into[string(m.name)]; ok {
			if *field, err = m.text(); err != nil {
				return err
			}
		}
	}
	*k = read
	return nil
}

// PublicJWK writes a key as JWK. The key must be on P-256, P-384 or P-521;
// of any other key it is the empty JWK, which no reader accepts.
func PublicJWK(pub *ecdsa.PublicKey) JWK {
	s, err := suiteOf(pub)
	if err != nil {
		return JWK{}
	}
	point, err := pub.Bytes()
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
		b, err := DecodeBase64URL(c.value)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrKey, c.name, err)
		}
		if len(b) != s.size {
			return nil, fmt.Errorf("%w: %s: expected %d bytes, got %d", ErrKey, c.name, s.size, len(b))
		}
		point = append(point, b...)
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
	k := PublicJWK(pub)
	b := make([]byte, 0, 256)
	b = append(b, `{"crv":"`...)
	b = append(b, k.Crv...)
	b = append(b, `","kty":"`...)
	b = append(b, k.Kty...)
	b = append(b, `","x":"`...)
	b = append(b, k.X...)
	b = append(b, `","y":"`...)
	b = append(b, k.Y...)
	b = append(b, `"}`...)
	return sha256.Sum256(b)
}

// clip shortens what a stranger sent, for an error.
func clip(s string) string {
	if len(s) > 32 {
		return s[:32]
	}
	return s
}

var _ json.Unmarshaler = (*JWK)(nil)
