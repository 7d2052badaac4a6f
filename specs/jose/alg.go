package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
)

// Alg is a JWS algorithm (RFC 7518 section 3.4).
type Alg string

// The algorithms that the wallet protocols name; all are ECDSA, and each is
// tied to one curve.
const (
	ES256 Alg = "ES256" // P-256 with SHA-256
	ES384 Alg = "ES384" // P-384 with SHA-384
	ES512 Alg = "ES512" // P-521 with SHA-512
)

// suite is an algorithm with its curve. size is the length in bytes of a
// coordinate and of each half of a signature.
type suite struct {
	alg   Alg
	crv   string
	curve elliptic.Curve
	hash  crypto.Hash
	size  int
	order []byte
}

var suites = []*suite{
	newSuite(ES256, elliptic.P256(), crypto.SHA256),
	newSuite(ES384, elliptic.P384(), crypto.SHA384),
	newSuite(ES512, elliptic.P521(), crypto.SHA512),
}

func newSuite(alg Alg, curve elliptic.Curve, hash crypto.Hash) *suite {
	p := curve.Params()
	size := (p.BitSize + 7) / 8
	return &suite{
		alg: alg, crv: p.Name, curve: curve, hash: hash, size: size,
		order: p.N.FillBytes(make([]byte, size)),
	}
}

func suiteByAlg(alg Alg) *suite {
	for _, s := range suites {
		if s.alg == alg {
			return s
		}
	}
	return nil
}

func suiteByCurve(crv string) *suite {
	for _, s := range suites {
		if s.crv == crv {
			return s
		}
	}
	return nil
}

// suiteOf finds the algorithm of a key by its curve. Whether the key lies on the
// curve is for pointOf, or for the operation that it is used in.
func suiteOf(pub *ecdsa.PublicKey) (*suite, error) {
	if pub == nil || pub.Curve == nil {
		return nil, fmt.Errorf("%w: no public key", ErrKey)
	}
	for _, s := range suites {
		if s.curve == pub.Curve {
			return s, nil
		}
	}
	return nil, fmt.Errorf("%w: expected P-256, P-384 or P-521", ErrKey)
}

// pointOf is the key's algorithm and the key as an uncompressed point; it refuses
// a key off the curve.
func pointOf(pub *ecdsa.PublicKey) (*suite, []byte, error) {
	s, err := suiteOf(pub)
	if err != nil {
		return nil, nil, err
	}
	point, err := pub.Bytes()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return s, point, nil
}

// digest appends the digest of input to dst.
func (s *suite) digest(dst, input []byte) []byte {
	switch s.hash {
	case crypto.SHA384:
		sum := sha512.Sum384(input)
		return append(dst, sum[:]...)
	case crypto.SHA512:
		sum := sha512.Sum512(input)
		return append(dst, sum[:]...)
	}
	sum := sha256.Sum256(input)
	return append(dst, sum[:]...)
}

// inRange tells whether a half of a signature lies in [1, n-1].
func (s *suite) inRange(half []byte) bool {
	return bytes.Compare(half, s.order) < 0 && bytes.ContainsFunc(half, func(r rune) bool { return r != 0 })
}
