package issuance

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"lommebok.example/specs/jose"
)

// NonceLife is how long a c_nonce can be used.
const NonceLife = 300 * time.Second

// Nonces makes and knows the c_nonces of section 7. Nothing is stored when one is made: it carries the time it was made
// and a MAC, so that asking for nonces costs nobody anything. That it is used once is the Store's to see to.
type Nonces struct {
	secret []byte
	now    func() time.Time
}

// NewNonces gives nonces that every replica with the same secret knows. The secret has 32 bytes.
func NewNonces(secret []byte, now func() time.Time) *Nonces { return &Nonces{secret: secret, now: now} }

// A nonce is 16 random bytes, the second it was made in, and the first 16 bytes of the MAC over both.
const (
	nonceBody  = 16 + 8
	nonceBytes = nonceBody + 16
)

// New gives a nonce that nobody can foresee.
func (n *Nonces) New() string {
	var b [nonceBytes]byte
	_, _ = rand.Read(b[:16]) // never fails (Go 1.24 and later)
	binary.BigEndian.PutUint64(b[16:], uint64(n.now().Unix()))
	copy(b[nonceBody:], n.mac(b[:nonceBody]))
	return jose.EncodeBase64URL(b[:])
}

// UsedNonce is what is kept of a c_nonce until it would have expired by itself. All of it follows from the bytes of the
// nonce, so that the same nonce is the same UsedNonce whenever and however it comes.
type UsedNonce struct {
	Expires int64 // in Unix seconds
	Hash    [sha256.Size]byte
}

func compareNonces(a, b UsedNonce) int {
	return cmp.Or(cmp.Compare(a.Expires, b.Expires), bytes.Compare(a.Hash[:], b.Hash[:]))
}

// Use gives what is to be kept of a nonce; false when it is not one of ours, or too old.
func (n *Nonces) Use(nonce string) (UsedNonce, bool) {
	b, err := jose.DecodeBase64URL(nonce) // which takes one spelling alone
	if err != nil || len(b) != nonceBytes || !hmac.Equal(b[nonceBody:], n.mac(b[:nonceBody])) {
		return UsedNonce{}, false
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(b[16:])), 0)
	if age := n.now().Sub(made); age < -time.Second || age > NonceLife {
		return UsedNonce{}, false
	}
	// A minute more, for replicas whose clocks differ.
	return UsedNonce{Expires: made.Add(NonceLife + time.Minute).Unix(), Hash: sha256.Sum256(b)}, true
}

func (n *Nonces) mac(body []byte) []byte {
	h := hmac.New(sha256.New, n.secret)
	h.Write([]byte("c_nonce 2"))
	h.Write(body)
	return h.Sum(nil)[:16]
}
