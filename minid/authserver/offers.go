package authserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"lommebok.example/specs/jose"
)

// OfferLife is how long an offer for the authorization code flow can be begun with.
const OfferLife = 30 * time.Minute

// Offers makes the secrets that offers carry. Each is derived from a key, so that a page can be read again while no table
// holds what would open anything.
type Offers struct {
	secret []byte
	now    func() time.Time
}

// NewOffers takes a secret of 32 bytes, the same in all replicas.
func NewOffers(secret []byte, now func() time.Time) *Offers { return &Offers{secret, now} }

const (
	stateNonce = 16
	stateHead  = 8 + stateNonce
	stateMAC   = 16
)

// IssuerState makes the issuer_state of an offer of these credential configurations (OpenID4VCI 1.0 section 4.1.1): their
// names and the offer's end, with our mark on it. It says nothing about a person, and proves nothing of one (section 5.1.3).
func (o *Offers) IssuerState(configurations []string) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(o.now().Add(OfferLife).Unix()))
	b = append(b, make([]byte, stateNonce)...)
	_, _ = rand.Read(b[8:]) // never fails (Go 1.24 and later)
	b = append(b, strings.Join(configurations, "\n")...)
	return jose.EncodeBase64URL(append(b, o.mac("issuer_state", string(b))[:stateMAC]...))
}

// Offered gives the credential configurations of an issuer_state that is ours and alive.
func (o *Offers) Offered(state string) ([]string, bool) {
	b, err := jose.DecodeBase64URL(state)
	if err != nil || len(b) <= stateHead+stateMAC {
		return nil, false
	}
	b, mark := b[:len(b)-stateMAC], b[len(b)-stateMAC:]
	if !hmac.Equal(mark, o.mac("issuer_state", string(b))[:stateMAC]) || o.now().Unix() >= int64(binary.BigEndian.Uint64(b)) {
		return nil, false
	}
	return strings.Split(string(b[stateHead:]), "\n"), true
}

func (o *Offers) mac(use, id string) []byte {
	mac := hmac.New(sha256.New, o.secret)
	_, _ = mac.Write([]byte(use + "\x00" + id)) // never fails
	return mac.Sum(nil)
}

// derive gives a secret of the form that secret gives.
func (o *Offers) derive(use, id string) string {
	return jose.EncodeBase64URL(o.mac(use, id))
}

// txCode gives six digits. 64 random bits are scaled to a million numbers, so that none is likelier than another by more than
// one part in 10^13.
func (o *Offers) txCode(id string) string {
	n, _ := bits.Mul64(binary.BigEndian.Uint64(o.mac("tx_code", id)), 1_000_000)
	return fmt.Sprintf("%06d", n)
}

// among tells whether every one of some is in all.
func among(some, all []string) bool {
	return !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
}
