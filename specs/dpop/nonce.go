package dpop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"lommebok.example/specs/jose"
)

const (
	nonceWindow    = 60 // seconds
	nonceBytes     = 16
	minSecretBytes = 16
)

// Nonces makes the server's nonces (RFC 9449 section 8) without storing them: a
// nonce is an HMAC over the minute it was made in, so that replicas with the same
// secret agree. It says that a proof is fresh; that a proof comes once is for jti.
type Nonces struct {
	secret []byte
	now    func() time.Time
}

// NewNonces makes nonces with a secret of at least 16 random bytes, and panics
// with a shorter one: whoever guesses it makes proofs ahead of time.
func NewNonces(secret []byte, now func() time.Time) *Nonces {
	if len(secret) < minSecretBytes {
		panic("dpop: the secret of nonces needs at least 16 bytes")
	}
	return &Nonces{secret: slices.Clone(secret), now: now}
}

// Current is the nonce of this minute.
func (n *Nonces) Current() string {
	return n.of(n.window())
}

// Valid takes the nonce of this minute and of the one before.
func (n *Nonces) Valid(nonce string) bool {
	window := n.window()
	current, previous := equal(nonce, n.of(window)), equal(nonce, n.of(window-1))
	return current || previous
}

func (n *Nonces) window() int64 {
	return n.now().Unix() / nonceWindow
}

func (n *Nonces) of(window int64) string {
	mac := hmac.New(sha256.New, n.secret)
	mac.Write([]byte("DPoP-Nonce"))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(window)))
	return jose.EncodeBase64URL(mac.Sum(nil)[:nonceBytes])
}
