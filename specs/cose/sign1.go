package cose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"fmt"
)

const contextSignature1 = "Signature1"

// Sign1 is a COSE_Sign1, RFC 9052 section 4.2:
//
//	[protected: bstr, unprotected: map, payload: bstr / nil, signature: bstr]
//
// One that was parsed or made by [Sign] carries its headers as bytes; the fields are a
// view of them, and changing a field changes neither what is verified nor what is written.
type Sign1 struct {
	Protected, Unprotected Header
	Payload                []byte // nil when detached
	Signature              []byte
	rawProtected           []byte
	rawUnprotected         []byte
}

// Sign makes a COSE_Sign1 over payload with the algorithm of the key's curve, or
// protected.Alg if it is set and suits. With detached the payload is signed and left out.
func Sign(key crypto.Signer, protected, unprotected Header, payload []byte, detached bool) (*Sign1, error) {
	s, err := NewSigner(key, protected, unprotected)
	if err != nil {
		return nil, err
	}
	b, err := s.AppendSign1(nil, payload, detached)
	if err != nil {
		return nil, err
	}
	return ParseSign1(b)
}

// Signer signs many payloads under the same headers, which it has encoded once.
// It is safe for concurrent use if the key is.
type Signer struct {
	key                    crypto.Signer
	alg                    algorithm
	protected, unprotected []byte
}

// NewSigner fixes key and headers. The algorithm goes into the protected header.
func NewSigner(key crypto.Signer, protected, unprotected Header) (*Signer, error) {
	if key == nil {
		return nil, fmt.Errorf("%w: no key to sign with", ErrKey)
	}
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: want ECDSA, got %T", ErrKey, key.Public())
	}
	alg, err := algorithmFor(protected.Alg, pub)
	if err != nil {
		return nil, err
	}
	protected.Alg = alg.id
	rawProtected, err := protected.encode()
	if err != nil {
		return nil, err
	}
	rawUnprotected, err := unprotected.encode()
	if err != nil {
		return nil, err
	}
	m := message{rawProtected: rawProtected, rawUnprotected: rawUnprotected}
	if err := m.parseHeaders(); err != nil {
		return nil, err
	}
	return &Signer{key: key, alg: alg, protected: rawProtected, unprotected: rawUnprotected}, nil
}

// AppendSign1 signs payload and writes the untagged COSE_Sign1 at the end of dst.
func (s *Signer) AppendSign1(dst, payload []byte, detached bool) ([]byte, error) {
	signature, err := s.alg.sign(s.key, secured(s.alg.hash.New(), contextSignature1, s.protected, payload))
	if err != nil {
		return nil, err
	}
	if detached {
		return appendSign1(dst, s.protected, s.unprotected, nil, signature), nil
	}
	if payload == nil {
		payload = []byte{}
	}
	return appendSign1(dst, s.protected, s.unprotected, payload, signature), nil
}

func appendSign1(dst, protected, unprotected, payload, signature []byte) []byte {
	dst = AppendBytes(AppendArray(dst, 4), protected)
	dst = append(dst, unprotected...)
	if payload == nil {
		dst = AppendNull(dst)
	} else {
		dst = AppendBytes(dst, payload)
	}
	return AppendBytes(dst, signature)
}

// ParseSign1 reads an untagged COSE_Sign1. Nothing is verified yet. The result shares
// the memory of data.
func ParseSign1(data []byte) (*Sign1, error) {
	m, err := parseMessage(data)
	if err != nil {
		return nil, err
	}
	return &Sign1{
		Protected: m.protected, Unprotected: m.unprotected,
		Payload: m.payload, Signature: m.last,
		rawProtected: m.rawProtected, rawUnprotected: m.rawUnprotected,
	}, nil
}

// ParseTagged reads a COSE_Sign1 under tag 18, which must be there.
func ParseTagged(data []byte) (*Sign1, error) {
	r := NewReader(data)
	r.tagged(tagSign1)
	inner := r.Raw()
	if r.Err() != nil {
		return nil, r.Err()
	}
	return ParseSign1(inner)
}

// UnmarshalCBOR reads the untagged form and keeps its own copy.
func (s *Sign1) UnmarshalCBOR(data []byte) error {
	parsed, err := ParseSign1(bytes.Clone(data))
	if err != nil {
		return err
	}
	*s = *parsed
	return nil
}

// MarshalCBOR writes the untagged form, headers as they were received or signed.
func (s Sign1) MarshalCBOR() ([]byte, error) {
	if len(s.rawUnprotected) == 0 {
		return nil, fmt.Errorf("%w: neither parsed nor signed", ErrHeader)
	}
	return appendSign1(nil, s.rawProtected, s.rawUnprotected, s.Payload, s.Signature), nil
}

// Tagged writes the form under tag 18.
func (s *Sign1) Tagged() ([]byte, error) {
	b, err := s.MarshalCBOR()
	if err != nil {
		return nil, err
	}
	return append(AppendTag(nil, tagSign1), b...), nil
}

// Verify checks the signature over the payload inside, or over detachedPayload when there
// is none inside; giving one where one is inside is refused. The algorithm counts only
// from the protected header and must be that of the key's curve. external_aad is empty.
func (s *Sign1) Verify(pub *ecdsa.PublicKey, detachedPayload []byte) error {
	if s.Protected.Alg == 0 {
		return fmt.Errorf("%w: no alg in the protected header", ErrAlg)
	}
	alg, err := algorithmFor(s.Protected.Alg, pub)
	if err != nil {
		return err
	}
	payload, err := pickPayload(s.Payload, detachedPayload)
	if err != nil {
		return err
	}
	return alg.verify(pub, secured(alg.hash.New(), contextSignature1, s.rawProtected, payload), s.Signature)
}
