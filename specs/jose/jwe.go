package jose

import (
	"crypto/ecdsa"
	"fmt"
	"slices"
	"strings"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwe"
)

// Enc is a JWE content encryption algorithm (RFC 7518 section 5.3).
type Enc string

// The content encryption algorithms of HAIP 1.0 section 5.
const (
	A128GCM Enc = "A128GCM"
	A256GCM Enc = "A256GCM"
)

// algECDHES is the one key management algorithm: direct key agreement
// (RFC 7518 section 4.6).
const algECDHES = "ECDH-ES"

const (
	maxJWE    = 1 << 20
	nonceSize = 12 // RFC 7518 section 5.3
	tagSize   = 16
)

var bothEncs = []Enc{A128GCM, A256GCM}

// JWEHeader is what a receiver needs to find the key.
type JWEHeader struct {
	Alg string
	Enc string
	Kid string
	Zip string // "DEF" or "", see DecryptDeflated
	Cty string // "JWT" when the plaintext is a JWT, see EncryptJWT
}

// Encrypt makes a JWE in compact serialization with ECDH-ES for the key; the
// key's kid, when it has one, is copied into the header. Errors: ErrKey, ErrAlg,
// ErrEncryption.
func Encrypt(plaintext []byte, to JWK, enc Enc) (string, error) {
	return encrypt(plaintext, to, enc, "")
}

// ctyJWT says that the plaintext is a JWT (RFC 7519 section 5.2).
const ctyJWT = "JWT"

// EncryptJWT is Encrypt of a signed JWT, and says so in the header.
func EncryptJWT(jwt string, to JWK, enc Enc) (string, error) {
	return encrypt([]byte(jwt), to, enc, ctyJWT)
}

func encrypt(plaintext []byte, to JWK, enc Enc, cty string, more ...jwe.EncryptOption) (string, error) {
	if to.Alg != "" && to.Alg != algECDHES {
		return "", fmt.Errorf("%w: key's alg: expected %s, got %q", ErrAlg, algECDHES, clip(to.Alg))
	}
	if !slices.Contains(bothEncs, enc) {
		return "", fmt.Errorf("%w: enc: got %q", ErrAlg, clip(string(enc)))
	}
	pub, err := to.PublicKey()
	if err != nil {
		return "", err
	}
	headers := jwe.NewHeaders()
	if to.Kid != "" {
		if err := headers.Set(jwe.KeyIDKey, to.Kid); err != nil {
			return "", fmt.Errorf("%w: kid: %w", ErrEncryption, err)
		}
	}
	if cty != "" {
		if err := headers.Set(jwe.ContentTypeKey, cty); err != nil {
			return "", fmt.Errorf("%w: cty: %w", ErrEncryption, err)
		}
	}
	out, err := jwe.Encrypt(plaintext, append(more,
		jwe.WithKey(jwa.ECDH_ES, pub),
		jwe.WithContentEncryption(jwa.ContentEncryptionAlgorithm(enc)),
		jwe.WithProtectedHeaders(headers))...)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrEncryption, err)
	}
	return string(out), nil
}

// PeekJWE checks the form of a JWE (RFC 7516 section 7.1) and reads its header.
// Errors: those of Decrypt, but for ErrEncryption.
func PeekJWE(compact string) (JWEHeader, error) {
	h, _, err := parseJWE(compact, strict)
	return h, err
}

// Decrypt opens a JWE made for the key with ECDH-ES. allowed names the accepted
// content encryption algorithms; none named means both. Errors: ErrTooLarge,
// ErrMalformed, ErrEncoding, ErrJSON, ErrHeader, ErrCrit, ErrAlg, ErrKey,
// ErrEncryption.
func Decrypt(compact string, key *ecdsa.PrivateKey, allowed ...Enc) ([]byte, error) {
	if key == nil {
		return nil, fmt.Errorf("%w: no private key", ErrKey)
	}
	h, epk, err := parseJWE(compact, strict)
	if err != nil {
		return nil, err
	}
	return decrypt(compact, key, h, epk, allowed)
}

func decrypt(compact string, key *ecdsa.PrivateKey, h JWEHeader, epk *ecdsa.PublicKey, allowed []Enc, more ...jwe.DecryptOption) ([]byte, error) {
	if len(allowed) == 0 {
		allowed = bothEncs
	}
	if !slices.Contains(allowed, Enc(h.Enc)) {
		return nil, fmt.Errorf("%w: enc: expected one of %v, got %q", ErrAlg, allowed, h.Enc)
	}
	if epk.Curve != key.Curve {
		return nil, fmt.Errorf("%w: epk on another curve than the key", ErrKey)
	}
	plaintext, err := jwe.Decrypt([]byte(compact), append(more, jwe.WithKey(jwa.ECDH_ES, key))...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncryption, err)
	}
	return plaintext, nil
}

// parseJWE looks at everything that stands outside the encryption, since the
// library behind Decrypt would take what we do not accept.
func parseJWE(compact string, known headerRule) (JWEHeader, *ecdsa.PublicKey, error) {
	if len(compact) > maxJWE {
		return JWEHeader{}, nil, fmt.Errorf("%w: expected at most %d bytes, got %d", ErrTooLarge, maxJWE, len(compact))
	}
	if strings.Count(compact, ".") != 4 {
		return JWEHeader{}, nil, fmt.Errorf("%w: expected five parts (RFC 7516 section 7.1)", ErrMalformed)
	}
	parts := strings.Split(compact, ".")
	if parts[1] != "" {
		return JWEHeader{}, nil, fmt.Errorf("%w: expected no encrypted key with ECDH-ES (RFC 7518 section 4.6)", ErrMalformed)
	}
	for _, p := range []struct {
		name, value string
		size        int
	}{{"initialization vector", parts[2], nonceSize}, {"authentication tag", parts[4], tagSize}, {"ciphertext", parts[3], -1}} {
		b, err := DecodeBase64URL(p.value)
		if err != nil {
			return JWEHeader{}, nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if p.size >= 0 && len(b) != p.size {
			return JWEHeader{}, nil, fmt.Errorf("%w: %s: expected %d bytes, got %d", ErrMalformed, p.name, p.size, len(b))
		}
	}
	return parseJWEHeader(parts[0], known)
}

// headerRule says which members of a header are accepted besides those that every JWE here has.
type headerRule int

const (
	strict headerRule = iota // no others, and no zip
	open                     // zip, and others are let by (RFC 7516 section 4)
)

func parseJWEHeader(part string, known headerRule) (h JWEHeader, epk *ecdsa.PublicKey, err error) {
	raw, err := DecodeBase64URL(part)
	if err != nil {
		return h, nil, fmt.Errorf("header: %w", err)
	}
	list, err := members(nil, raw)
	if err != nil {
		return h, nil, fmt.Errorf("header: %w", err)
	}
	for _, m := range list {
		switch string(m.name) {
		case "alg":
			h.Alg, err = m.text()
		case "enc":
			h.Enc, err = m.text()
		case "kid":
			h.Kid, err = m.text()
		case "epk":
			_, epk, err = ParseJWK(m.raw)
		case "apu", "apv":
			err = m.base64URL()
		case "cty":
			if h.Cty, err = m.text(); err == nil && known == strict && h.Cty != ctyJWT {
				err = fmt.Errorf("%w: cty: expected %s, got %q", ErrHeader, ctyJWT, clip(h.Cty))
			}
		case "crit":
			err = fmt.Errorf("%w: member crit (RFC 7516 section 4.1.13)", ErrCrit)
		case "zip":
			err = h.readZip(m, known)
		default:
			if known == strict {
				err = fmt.Errorf("%w: member %q", ErrHeader, clip(string(m.name)))
			}
		}
		if err != nil {
			return JWEHeader{}, nil, fmt.Errorf("header: %w", err)
		}
	}
	if h.Alg != algECDHES {
		return JWEHeader{}, nil, fmt.Errorf("%w: alg: expected %s, got %q", ErrAlg, algECDHES, clip(h.Alg))
	}
	if !slices.Contains(bothEncs, Enc(h.Enc)) {
		return JWEHeader{}, nil, fmt.Errorf("%w: enc: expected one of %v, got %q", ErrAlg, bothEncs, clip(h.Enc))
	}
	if epk == nil {
		return JWEHeader{}, nil, fmt.Errorf("%w: epk is missing (RFC 7518 section 4.6.1.1)", ErrHeader)
	}
	return h, epk, nil
}

// base64URL checks a member's value that must be a base64url string.
func (m member) base64URL() error {
	text, err := m.text()
	if err != nil {
		return err
	}
	_, err = DecodeBase64URL(text)
	return err
}
