package cose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
)

// Labels of a COSE_Key, RFC 9052 section 7.1 and RFC 9053 section 7.1.1.
const (
	keyType = 1
	keyAlg  = 3
	keyCrv  = -1
	keyX    = -2
	keyY    = -3
	keyD    = -4

	typeEC2 = 2
)

// curves by their number in the IANA registry "COSE Elliptic Curves".
var curves = map[int64]elliptic.Curve{1: elliptic.P256(), 2: elliptic.P384(), 3: elliptic.P521()}

// MarshalKey writes a public key as COSE_Key:
//
//	{1: 2 (EC2), -1: crv, -2: x bstr, -3: y bstr}
func MarshalKey(pub *ecdsa.PublicKey) ([]byte, error) { return AppendKey(nil, pub) }

// AppendKey writes what [MarshalKey] does at the end of dst.
func AppendKey(dst []byte, pub *ecdsa.PublicKey) ([]byte, error) {
	if pub == nil || pub.Curve == nil {
		return nil, fmt.Errorf("%w: no key", ErrKey)
	}
	for number := range int64(len(curves) + 1) { // their numbers are 1, 2 and 3
		if curves[number] != pub.Curve {
			continue
		}
		point, err := pub.Bytes() // 4, x, y
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKey, err)
		}
		mid := 1 + len(point)/2
		dst = AppendUint(AppendUint(AppendMap(dst, 4), keyType), typeEC2)
		dst = AppendInt(AppendInt(dst, keyCrv), number)
		dst = AppendBytes(AppendInt(dst, keyX), point[1:mid])
		return AppendBytes(AppendInt(dst, keyY), point[mid:]), nil
	}
	return nil, fmt.Errorf("%w: curve %s", ErrKey, pub.Curve.Params().Name)
}

// ParseKey reads an EC2 public key. It refuses a private part, coordinates that are not
// of the curve's full length, the compressed form, a point off the curve, and an alg
// that is not the curve's. Other members are ignored.
func ParseKey(raw []byte) (*ecdsa.PublicKey, error) {
	var kty, alg, crv int64
	var x, y []byte
	r := NewReader(raw)
	for range r.Map() {
		if r.Kind() == Text {
			r.Skip()
			r.Skip()
			continue
		}
		switch r.Int() {
		case keyType:
			kty = r.Int()
		case keyAlg:
			alg = r.Int()
		case keyCrv:
			crv = r.Int()
		case keyX:
			x = r.Bytes()
		case keyY:
			y = r.Bytes()
		case keyD:
			r.Fail(fmt.Errorf("%w: private part (-4) in a public key", ErrKey))
		default:
			r.Skip()
		}
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("COSE_Key: %w", r.Err())
	}
	return publicKey(kty, alg, crv, x, y)
}

func publicKey(kty, alg, crv int64, x, y []byte) (*ecdsa.PublicKey, error) {
	curve, known := curves[crv]
	if kty != typeEC2 || !known {
		return nil, fmt.Errorf("%w: kty %d with crv %d, want EC2 (2) with P-256, P-384 or P-521 (1, 2, 3)", ErrKey, kty, crv)
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(x) != size || len(y) != size {
		return nil, fmt.Errorf("%w: coordinates of %d and %d bytes, want %d", ErrKey, len(x), len(y), size)
	}
	point := append(append(append(make([]byte, 0, 1+2*size), 4), x...), y...)
	pub, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if _, err := algorithmFor(alg, pub); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return pub, nil
}
