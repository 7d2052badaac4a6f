package oauth2

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
)

// MethodS256 is the one code_challenge_method we take (RFC 7636 section 4.2).
const MethodS256 = "S256"

// Reasons to refuse a value of PKCE.
var (
	ErrVerifier  = errors.New("code_verifier not well-formed")
	ErrChallenge = errors.New("code_challenge not well-formed")
)

// S256 is the code_challenge of a code_verifier (RFC 7636 section 4.2).
func S256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// CheckVerifier asks for 43 to 128 unreserved characters (RFC 7636 section 4.1).
// Errors: ErrVerifier.
func CheckVerifier(v string) error {
	if len(v) < 43 || len(v) > 128 {
		return fmt.Errorf("%w: expected 43 to 128 characters, got %d (RFC 7636 section 4.1)", ErrVerifier, len(v))
	}
	for i := range len(v) {
		if !unreserved(v[i]) {
			return fmt.Errorf("%w: expected A-Z a-z 0-9 - . _ ~ (RFC 7636 section 4.1)", ErrVerifier)
		}
	}
	return nil
}

// CheckChallenge asks for a value that S256 can have made: base64url, without
// padding, of 32 bytes (RFC 7636 section 4.2). Errors: ErrChallenge.
func CheckChallenge(challenge string) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	if err != nil || len(b) != sha256.Size || len(challenge) != base64.RawURLEncoding.EncodedLen(sha256.Size) {
		return fmt.Errorf("%w: expected base64url of a SHA-256 hash (RFC 7636 section 4.2)", ErrChallenge)
	}
	return nil
}

// VerifyPKCE tells whether the verifier is well-formed and the challenge was made
// of it (RFC 7636 section 4.6).
func VerifyPKCE(challenge, verifier string) bool {
	if CheckVerifier(verifier) != nil {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(challenge), []byte(S256(verifier))) == 1
}

func unreserved(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}
