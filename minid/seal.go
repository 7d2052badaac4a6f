package minid

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// Sealer protects what lies in the database with a key that does not lie there: AES-256-GCM for secrets that must
// be read again, HMAC-SHA-256 for names that must only be recognised.
type Sealer struct {
	aead cipher.AEAD
	mac  []byte
}

// ErrSealed: a sealed secret does not open with this key and this binding.
var ErrSealed = errors.New("minid: sealed secret does not open")

// NewSealer takes a key of 32 bytes and derives one key for each use from it.
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("minid: the sealing key must have 32 bytes, has %d", len(key))
	}
	enc, err := hkdf.Key(sha256.New, key, nil, "minid seal", 32)
	if err != nil {
		return nil, err
	}
	mac, err := hkdf.Key(sha256.New, key, nil, "minid recognise", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(enc)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead: aead, mac: mac}, nil
}

// Seal encrypts a secret for one use and one owner: it opens only with the same two.
func (s *Sealer) Seal(secret []byte, use, owner string) []byte {
	return s.aead.Seal(nil, nil, secret, binding(use, owner))
}

// Open gives the secret back, or ErrSealed.
func (s *Sealer) Open(sealed []byte, use, owner string) ([]byte, error) {
	secret, err := s.aead.Open(nil, nil, sealed, binding(use, owner))
	if err != nil {
		return nil, ErrSealed
	}
	return secret, nil
}

// Recognise is the same text for the same value, and says nothing of the value without the key.
func (s *Sealer) Recognise(use, value string) string {
	h := hmac.New(sha256.New, s.mac)
	h.Write(binding(use, value))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// binding separates the two parts by a byte that no use has.
func binding(use, owner string) []byte { return []byte(use + "\x00" + owner) }
