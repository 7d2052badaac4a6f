package sdjwtvc

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"
)

// The hash algorithms of integrity values, the strongest first (W3C Subresource Integrity section 3).
var integrityAlgs = []struct {
	name string
	sum  func([]byte) []byte
}{
	{"sha512", func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }},
	{"sha384", func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }},
	{"sha256", func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }},
}

// Integrity is the integrity value of a document, "sha256-" and the digest in standard base64 (section 6).
func Integrity(document []byte) string {
	sum := sha256.Sum256(document)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// VerifyIntegrity holds a document against an integrity value: one or more hash expressions with spaces between them, of
// which those with the strongest known algorithm count, and one of them must fit (section 6). Errors: ErrIntegrity.
func VerifyIntegrity(document []byte, value string) error {
	expressions := strings.Fields(value)
	for _, alg := range integrityAlgs {
		known := false
		for _, expression := range expressions {
			expression, _, _ = strings.Cut(expression, "?") // options, of which none is defined
			text, ok := strings.CutPrefix(expression, alg.name+"-")
			if !ok {
				continue
			}
			known = true
			if want, err := base64.StdEncoding.Strict().DecodeString(text); err == nil && bytes.Equal(want, alg.sum(document)) {
				return nil
			}
		}
		if known {
			return fmt.Errorf("%w: its %s is another (section 6)", ErrIntegrity, alg.name)
		}
	}
	return fmt.Errorf("%w: expected sha256, sha384 or sha512 (section 6)", ErrIntegrity)
}
