package authserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"lommebok.example/specs/jose"
)

// secret gives 32 random bytes in base64url: codes, access tokens, request_uris, browsers.
func secret() string { return random(32) }

// name gives 16 random bytes in base64url: what must be unique and not be guessed, yet opens nothing by itself.
func name() string { return random(16) }

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (Go 1.24 and later)
	return base64.RawURLEncoding.EncodeToString(b)
}

// isSecret tells whether s has the form that secret gives.
func isSecret(s string) bool {
	b, err := jose.DecodeBase64URL(s)
	return err == nil && len(b) == 32
}

// csrf binds a consent form to the browser, the transaction and the session that it was shown in: none of them can be
// exchanged for another between the page and the answer.
func csrf(browser, transaction, session string) string {
	mac := hmac.New(sha256.New, []byte(browser))
	_, _ = mac.Write([]byte("consent\x00" + transaction + "\x00" + session)) // never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func csrfValid(got, browser, transaction, session string) bool {
	return hmac.Equal([]byte(got), []byte(csrf(browser, transaction, session)))
}
