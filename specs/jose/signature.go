package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// verify checks a signature in the form of RFC 7518 section 3.4: r and s, each
// of the curve's length, one after the other.
func (s *suite) verify(pub *ecdsa.PublicKey, input string, raw []byte) error {
	if len(raw) != 2*s.size {
		return fmt.Errorf("%w: expected %d bytes, got %d", ErrSignature, 2*s.size, len(raw))
	}
	if !s.inRange(raw[:s.size]) || !s.inRange(raw[s.size:]) {
		return fmt.Errorf("%w: r or s out of range", ErrSignature)
	}
	scratch := newScratch()
	defer scratch.free()
	scratch.text = append(scratch.text, input...)
	var sum, sig [maxDER]byte
	if !ecdsa.VerifyASN1(pub, s.digest(sum[:0], scratch.text), appendDER(sig[:0], raw[:s.size], raw[s.size:])) {
		return ErrSignature
	}
	return nil
}

// maxDER is enough for a signature on P-521 in DER.
const maxDER = 2*66 + 9

// sign makes a signature in the form that verify reads.
func (s *suite) sign(key crypto.Signer, input []byte) ([]byte, error) {
	der, err := key.Sign(rand.Reader, s.digest(nil, input), s.hash)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var r, t []byte
	in := cryptobyte.String(der)
	var seq cryptobyte.String
	if !in.ReadASN1(&seq, asn1.SEQUENCE) || !in.Empty() ||
		!seq.ReadASN1Integer(&r) || !seq.ReadASN1Integer(&t) || !seq.Empty() {
		return nil, fmt.Errorf("%w: key answered with something else than an ECDSA signature", ErrKey)
	}
	if len(r) > s.size || len(t) > s.size {
		return nil, fmt.Errorf("%w: key answered with r or s out of range", ErrKey)
	}
	raw := make([]byte, 2*s.size)
	copy(raw[s.size-len(r):], r)
	copy(raw[2*s.size-len(t):], t)
	if !s.inRange(raw[:s.size]) || !s.inRange(raw[s.size:]) {
		return nil, fmt.Errorf("%w: key answered with r or s out of range", ErrKey)
	}
	return raw, nil
}

// appendDER writes r and s as the SEQUENCE of two INTEGER that crypto/ecdsa reads.
func appendDER(dst, r, s []byte) []byte {
	r, s = minimal(r), minimal(s)
	size := integerSize(r) + integerSize(s)
	dst = append(dst, 0x30)
	if size > 127 {
		dst = append(dst, 0x81)
	}
	dst = append(dst, byte(size))
	return appendInteger(appendInteger(dst, r), s)
}

func minimal(b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

func integerSize(b []byte) int {
	return 2 + len(b) + int(b[0]>>7)
}

func appendInteger(dst, b []byte) []byte {
	dst = append(dst, 0x02, byte(len(b))+b[0]>>7)
	if b[0]>>7 == 1 {
		dst = append(dst, 0)
	}
	return append(dst, b...)
}
