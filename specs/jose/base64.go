package jose

import (
	"encoding/base64"
	"fmt"
	"strings"
)

var (
	rawURL = base64.RawURLEncoding.Strict()
	std    = base64.StdEncoding.Strict()
)

// DecodeBase64URL decodes base64url without padding (RFC 7515 section 2).
// Bits beyond the last byte must be zero, so that a value has one spelling.
// Errors: ErrEncoding.
func DecodeBase64URL(s string) ([]byte, error) {
	return decode(rawURL, s)
}

// EncodeBase64URL is base64url without padding (RFC 7515 section 2).
func EncodeBase64URL(b []byte) string {
	return rawURL.EncodeToString(b)
}

// decode refuses line breaks itself: encoding/base64 skips them even when strict.
func decode(enc *base64.Encoding, s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("%w: line break", ErrEncoding)
	}
	b, err := enc.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return b, nil
}
