package app

import (
	"crypto"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"time"

	"lommebok.example/specs/jose"
)

// The kinds of message, so that none can stand in for another (RFC 8725 section 3.11).
const (
	typRegistration = "minid-app-registration+jwt"
	typRequest      = "minid-app-request+jwt"
	typAnswer       = "minid-app-answer+jwt"
	typPush         = "minid-app-push+jwt"
)

const (
	maxAge  = 60 * time.Second // from iat to exp, and from iat to now
	maxSkew = 10 * time.Second // how far a phone's clock may be ahead
	maxBody = 16 << 10         // bytes of a request
)

// Actions of an answer.
const (
	actionApprove = "approve"
	actionReject  = "reject"
	actionNotMe   = "not_me" // rejected, since somebody else logs in
)

// message holds the claims of all kinds; each kind checks its own.
type message struct {
	Aud         string `json:"aud"`
	Iat         int64  `json:"iat"`
	Exp         int64  `json:"exp"`
	PairingCode string `json:"pairing_code,omitempty"`
	Attempt     string `json:"attempt,omitempty"`
	Service     string `json:"service,omitempty"`
	Number      string `json:"number,omitempty"`
	Action      string `json:"action,omitempty"`
	Endpoint    string `json:"endpoint,omitempty"`
	P256DH      string `json:"p256dh,omitempty"`
	Auth        string `json:"auth,omitempty"`
}

var (
	errAudience = errors.New("aud: another service")
	errTime     = errors.New("iat, exp: not a message of the last minute")
)

// sign makes a message. The registration carries the whole key, the others its thumbprint.
func sign(key crypto.Signer, typ string, m message) (string, error) {
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return "", errors.New("app: the device's key is not ECDSA")
	}
	h := jose.Header{Typ: typ}
	if typ == typRegistration {
		h.JWK = pub
	} else {
		h.Kid = jose.Thumbprint(pub)
	}
	signer, err := jose.NewSigner(key, h)
	if err != nil {
		return "", fmt.Errorf("app: %w", err)
	}
	return signer.SignJSON(m)
}

// parse reads a message of a kind whose signature is still to be checked.
func parse(compact, typ string) (*jose.Unverified, error) {
	member := "kid"
	if typ == typRegistration {
		member = "jwk"
	}
	u, err := jose.Parse(compact, jose.Rules{Typ: typ, Allow: []string{member}, MaxBytes: maxBody})
	if err != nil {
		return nil, err
	}
	if (typ == typRegistration && u.Header.JWK == nil) || (typ != typRegistration && u.Header.Kid == "") {
		return nil, fmt.Errorf("header: %s is missing", member)
	}
	return u, nil
}

// verify gives the claims when the signature holds and the message is for this service and fresh.
func verify(u *jose.Unverified, pub *ecdsa.PublicKey, aud string, at time.Time) (*message, error) {
	payload, err := u.Verify(pub)
	if err != nil {
		return nil, err
	}
	var m message
	if err := jose.Unmarshal(payload, &m); err != nil {
		return nil, err
	}
	if m.Aud != aud {
		return nil, errAudience
	}
	issued, expires := time.Unix(m.Iat, 0), time.Unix(m.Exp, 0)
	if expires.Sub(issued) > maxAge || issued.After(at.Add(maxSkew)) || !at.Before(expires) {
		return nil, errTime
	}
	return &m, nil
}
