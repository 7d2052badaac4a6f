package cose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Algorithm identifiers of the IANA registry "COSE Algorithms".
const (
	ES256   int64 = -7  // ECDSA with SHA-256; here only with P-256
	ESP256  int64 = -9  // the same, with the curve in its name
	ES384   int64 = -35 // ECDSA with SHA-384; here only with P-384
	ES512   int64 = -36 // ECDSA with SHA-512; here only with P-521
	HMAC256 int64 = 5   // HMAC 256/256
)

// algorithm is a signature algorithm bound to its curve.
type algorithm struct {
	id    int64
	hash  crypto.Hash
	curve elliptic.Curve
	order []byte // of the curve
}

var algorithms = []algorithm{
	newAlgorithm(ES256, crypto.SHA256, elliptic.P256()),
	newAlgorithm(ESP256, crypto.SHA256, elliptic.P256()),
	newAlgorithm(ES384, crypto.SHA384, elliptic.P384()),
	newAlgorithm(ES512, crypto.SHA512, elliptic.P521()),
}

func newAlgorithm(id int64, hash crypto.Hash, curve elliptic.Curve) algorithm {
	return algorithm{id: id, hash: hash, curve: curve, order: curve.Params().N.Bytes()}
}

// algorithmFor gives the algorithm id for pub; id 0 asks for the first that suits the curve.
func algorithmFor(id int64, pub *ecdsa.PublicKey) (algorithm, error) {
	if pub == nil || pub.Curve == nil {
		return algorithm{}, fmt.Errorf("%w: no elliptic curve key", ErrKey)
	}
	for _, a := range algorithms {
		if a.curve == pub.Curve && (id == 0 || id == a.id) {
			return a, nil
		}
	}
	return algorithm{}, fmt.Errorf("%w: alg %d with curve %s", ErrAlg, id, pub.Curve.Params().Name)
}

// size is the length of r, of s and of a coordinate.
func (a algorithm) size() int { return (a.curve.Params().BitSize + 7) / 8 }

// sign gives r and s side by side, RFC 9053 section 2.1.
func (a algorithm) sign(key crypto.Signer, digest []byte) ([]byte, error) {
	der, err := key.Sign(rand.Reader, digest, a.hash)
	if err != nil {
		return nil, fmt.Errorf("cose: sign: %w", err)
	}
	var r, s []byte
	input, inner := cryptobyte.String(der), cryptobyte.String(nil)
	if !input.ReadASN1(&inner, asn1.SEQUENCE) || !input.Empty() ||
		!inner.ReadASN1Integer(&r) || !inner.ReadASN1Integer(&s) || !inner.Empty() {
		return nil, fmt.Errorf("%w: the key gave no ECDSA signature", ErrKey)
	}
	n := a.size()
	if len(r) > n || len(s) > n {
		return nil, fmt.Errorf("%w: the key gave a signature for another curve", ErrKey)
	}
	out := make([]byte, 2*n)
	copy(out[n-len(r):], r)
	copy(out[2*n-len(s):], s)
	return out, nil
}

// verify wants exactly the two numbers, each from 1 to the order of the curve less one.
func (a algorithm) verify(pub *ecdsa.PublicKey, digest, signature []byte) error {
	n := a.size()
	if len(signature) != 2*n {
		return fmt.Errorf("%w: %d bytes, want %d", ErrSignature, len(signature), 2*n)
	}
	r, s := significant(signature[:n]), significant(signature[n:])
	if !a.inRange(r) || !a.inRange(s) {
		return fmt.Errorf("%w: r or s out of range", ErrSignature)
	}
	var der [maxDER]byte
	if !ecdsa.VerifyASN1(pub, digest, appendDER(der[:0], r, s)) {
		return ErrSignature
	}
	return nil
}

// maxDER is enough for a signature on P-521 in DER.
const maxDER = 2*66 + 9

// significant leaves out the zeros at the front; of zero nothing is left.
func significant(b []byte) []byte { return bytes.TrimLeft(b, "\x00") }

// inRange tells whether a significant number lies from 1 to the order less one.
func (a algorithm) inRange(number []byte) bool {
	if len(number) == 0 || len(number) > len(a.order) {
		return false
	}
	return len(number) < len(a.order) || bytes.Compare(number, a.order) < 0
}

// appendDER writes significant r and s as the SEQUENCE of two INTEGER that crypto/ecdsa reads.
func appendDER(dst, r, s []byte) []byte {
	size := 4 + len(r) + len(s) + int(r[0]>>7) + int(s[0]>>7)
	dst = append(dst, 0x30)
	if size > 127 {
		dst = append(dst, 0x81)
	}
	return appendInteger(appendInteger(append(dst, byte(size)), r), s)
}

// appendInteger puts a zero before a first bit that would read as a sign.
func appendInteger(dst, number []byte) []byte {
	sign := number[0] >> 7
	dst = append(dst, 0x02, byte(len(number))+sign)
	if sign == 1 {
		dst = append(dst, 0)
	}
	return append(dst, number...)
}
