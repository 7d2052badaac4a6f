package oidc

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"time"

	"lommebok.example/specs/jose"
)

// IDToken is the claims of an ID token (Core section 2) with ID-porten's pid and locale. Times are in seconds since
// 1970.
//
//	{"iss","aud","sub","pid","acr","amr":[…],"auth_time","iat","exp","jti","locale","nonce","sid"}
type IDToken struct {
	Issuer   string        `json:"iss"`
	Audience jose.Audience `json:"aud"`
	Subject  string        `json:"sub"`           // of the person at this client alone (Core section 8.1)
	PID      string        `json:"pid,omitempty"` // national identity number
	ACR      string        `json:"acr"`
	AMR      []string      `json:"amr"`
	AuthTime int64         `json:"auth_time"`
	IssuedAt int64         `json:"iat"`
	Expires  int64         `json:"exp"`
	ID       string        `json:"jti"`
	Locale   string        `json:"locale,omitempty"`
	Nonce    string        `json:"nonce,omitempty"`
	Session  string        `json:"sid,omitempty"` // Front-Channel Logout 1.0 section 3
}

// Type of ID tokens in the header. A token may come without one.
const idTokenType = "JWT"

// NewIDTokenSigner prepares signing of ID tokens; kid is that of the key in the provider's key set.
func NewIDTokenSigner(key Key) (*jose.Signer, error) {
	return jose.NewSigner(key.Signer, jose.Header{Kid: key.ID, Typ: idTokenType})
}

// Expect is what a relying party knows of the ID token it waits for.
type Expect struct {
	Issuer   string
	ClientID string
	Nonce    string        // of the request
	ACR      string        // asked for; "" for any
	MaxAge   time.Duration // asked for, when Aged
	Aged     bool
	At       time.Time
}

// skew is how far a relying party's clock may be from the provider's.
const skew = 10 * time.Second

// VerifyIDToken checks an ID token that came from the token endpoint (Core section 3.1.3.7). Errors: ErrToken, ErrKey,
// ErrIssuer, ErrAudience, ErrNonce, ErrExpired, ErrACR, ErrAuthTime.
func VerifyIDToken(compact string, keys jose.JWKS, e Expect) (*IDToken, error) {
	t, err := readIDToken(compact, keys)
	if err != nil {
		return nil, err
	}
	issued, expires, login := time.Unix(t.IssuedAt, 0), time.Unix(t.Expires, 0), time.Unix(t.AuthTime, 0)
	switch {
	case t.Issuer != e.Issuer:
		return nil, ErrIssuer
	case len(t.Audience) != 1 || t.Audience[0] != e.ClientID:
		return nil, ErrAudience
	case t.Subject == "" || t.IssuedAt == 0 || t.Expires == 0:
		return nil, fmt.Errorf("%w: sub, iat and exp are required (OpenID Connect Core 1.0 section 2)", ErrToken)
	case !e.At.Before(expires.Add(skew)) || issued.After(e.At.Add(skew)):
		return nil, ErrExpired
	case t.Nonce != e.Nonce:
		return nil, ErrNonce
	case e.ACR != "" && !Reaches(t.ACR, e.ACR):
		return nil, ErrACR
	case e.Aged && (t.AuthTime == 0 || e.At.Sub(login) > e.MaxAge+skew):
		return nil, ErrAuthTime
	}
	return t, nil
}

// ReadHint reads an ID token that its own provider made, for id_token_hint: it may have expired (RP-Initiated Logout 1.0
// section 2). Errors: ErrToken, ErrKey, ErrIssuer.
func ReadHint(compact string, keys jose.JWKS, issuer string) (*IDToken, error) {
	t, err := readIDToken(compact, keys)
	switch {
	case err != nil:
		return nil, err
	case t.Issuer != issuer:
		return nil, ErrIssuer
	case len(t.Audience) != 1 || t.Subject == "":
		return nil, fmt.Errorf("%w: expected one aud and a sub", ErrToken)
	}
	return t, nil
}

// readIDToken checks form and signature.
func readIDToken(compact string, keys jose.JWKS) (*IDToken, error) {
	var t IDToken
	typ, err := readSigned(compact, keys, &t)
	if err != nil {
		return nil, err
	}
	if typ != "" && typ != idTokenType {
		return nil, fmt.Errorf("%w: typ: expected JWT or none", ErrToken)
	}
	return &t, nil
}

// readSigned verifies a JWS with the key of the set that its kid names and decodes its payload.
func readSigned(compact string, keys jose.JWKS, into any) (typ string, err error) {
	u, err := jose.Parse(compact, jose.Rules{Allow: []string{"kid"}, MaxBytes: 16 << 10})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrToken, err)
	}
	payload, err := VerifyWith(u, keys)
	if err != nil {
		return "", err
	}
	if err := jose.Unmarshal(payload, into); err != nil {
		return "", fmt.Errorf("%w: %w", ErrToken, err)
	}
	return u.Header.Typ, nil
}

// VerifyWith verifies a JWS with a key of the set: the one its kid names, any when it names none. Errors: ErrKey, when
// no key fits or the signature does not hold.
func VerifyWith(u *jose.Unverified, keys jose.JWKS) ([]byte, error) {
	for _, k := range keys.Keys {
		if u.Header.Kid != "" && k.Kid != u.Header.Kid || k.Use != "" && k.Use != "sig" {
			continue
		}
		pub, err := k.PublicKey()
		if err != nil {
			continue
		}
		if payload, err := verify(u, pub); err == nil {
			return payload, nil
		}
	}
	return nil, ErrKey
}

func verify(u *jose.Unverified, pub *ecdsa.PublicKey) ([]byte, error) {
	payload, err := u.Verify(pub)
	if err != nil {
		return nil, errors.Join(ErrKey, err)
	}
	return payload, nil
}
