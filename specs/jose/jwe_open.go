package jose

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// open decrypts with crypto/ecdh and AES-GCM, for an answer of a wallet is opened while it waits; package jwx reads
// everything anew, which costs more than the cryptography.
func (s sealedJWE) open(key *ecdsa.PrivateKey) ([]byte, error) {
	private, err := key.ECDH()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	public, err := s.epk.ECDH()
	if err != nil {
		return nil, fmt.Errorf("%w: epk: %w", ErrKey, err)
	}
	secret, err := private.ECDH(public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	block, err := aes.NewCipher(s.contentKey(secret))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncryption, err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncryption, err)
	}
	plaintext, err := gcm.Open(s.sealed[:0], s.iv, s.sealed, []byte(s.aad))
	if err != nil {
		return nil, fmt.Errorf("%w: decrypt: %w", ErrEncryption, err)
	}
	return plaintext, nil
}

// contentKey derives the key of the content by the Concat KDF (RFC 7518 section 4.6.2): one round of SHA-256 over
//
//	1 || Z || AlgorithmID || PartyUInfo || PartyVInfo || SuppPubInfo
//
// where all but Z and the numbers have their length before them.
func (s sealedJWE) contentKey(secret []byte) []byte {
	size := 16
	if Enc(s.Enc) == A256GCM {
		size = 32
	}
	text := binary.BigEndian.AppendUint32(make([]byte, 0, 160), 1)
	text = append(text, secret...)
	for _, part := range [][]byte{[]byte(s.Enc), s.apu, s.apv} {
		text = binary.BigEndian.AppendUint32(text, uint32(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint32(text, uint32(8*size)))
	return sum[:size]
}
