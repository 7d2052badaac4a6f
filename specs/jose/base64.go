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

// AppendBase64URL is DecodeBase64URL with the bytes written at the end of dst; dst
// is as it was when there is an error.
func AppendBase64URL(dst []byte, s string) ([]byte, error) {
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 {
		return dst, fmt.Errorf("%w: line break", ErrEncoding)
	}
	b, err := rawURL.AppendDecode(dst, []byte(s))
	if err != nil {
		return dst, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return b, nil
}

// EncodeBase64URL is base64url without padding (RFC 7515 section 2).
func EncodeBase64URL(b []byte) string {
	return rawURL.EncodeToString(b)
}

// decode refuses line breaks itself: encoding/base64 skips them even when strict.
func decode(enc *base64.Encoding, s string) ([]byte, error) {
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 {
		return nil, fmt.Errorf("%w: line break", ErrEncoding)
	}
	b, err := enc.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return b, nil
}
