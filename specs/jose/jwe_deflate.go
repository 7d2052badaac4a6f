package jose

import (
	"crypto/ecdsa"
	"fmt"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwe"
)

// ZipDeflate is the one compression algorithm (RFC 7516 section 4.1.3).
const ZipDeflate = "DEF"

// EncryptDeflated is Encrypt of the compressed plaintext. Who can make a part of the plaintext and sees how long the JWE is can
// guess at the rest of it; so it is for what the reader asked for.
func EncryptDeflated(plaintext []byte, to JWK, enc Enc) (string, error) {
	return encrypt(plaintext, to, enc, "", jwe.WithCompress(jwa.Deflate))
}

// DecryptDeflated is Decrypt for a JWE that may be compressed and whose header may hold members that are not known. keyOf gives
// the key by the kid of the header, nil when there is none; with more than limit bytes of plaintext it is refused, and not
// inflated further than that. Errors: those of Decrypt.
func DecryptDeflated(compact string, limit int64, keyOf func(kid string) *ecdsa.PrivateKey, allowed ...Enc) ([]byte, error) {
	h, epk, err := parseJWE(compact, open)
	if err != nil {
		return nil, err
	}
	key := keyOf(h.Kid)
	if key == nil {
		return nil, fmt.Errorf("%w: kid: got %q, which names none of the keys", ErrKey, clip(h.Kid))
	}
	plaintext, err := decrypt(compact, key, h, epk, allowed, jwe.WithMaxDecompressBufferSize(limit))
	if err == nil && int64(len(plaintext)) > limit {
		return nil, fmt.Errorf("%w: expected at most %d bytes of plaintext, got %d", ErrTooLarge, limit, len(plaintext))
	}
	return plaintext, err
}

func (h *JWEHeader) readZip(m member, known headerRule) (err error) {
	if known == strict {
		return fmt.Errorf("%w: member zip", ErrHeader)
	}
	if h.Zip, err = m.text(); err == nil && h.Zip != ZipDeflate {
		err = fmt.Errorf("%w: zip: expected %s, got %q", ErrHeader, ZipDeflate, clip(h.Zip))
	}
	return err
}
