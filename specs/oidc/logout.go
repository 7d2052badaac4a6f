package oidc

import (
	"encoding/json"
	"fmt"
	"time"

	"lommebok.example/specs/jose"
)

// LogoutTokenType is the typ of a logout token (Back-Channel Logout 1.0 section 2.4).
const LogoutTokenType = "logout+jwt"

// logoutEvent is the member of events that makes it one.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// LogoutToken tells a relying party that a session has ended (Back-Channel Logout 1.0 section 2.4).
//
//	{"iss","aud","sub","sid","iat","exp","jti","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}
type LogoutToken struct {
	Issuer   string                     `json:"iss"`
	Audience jose.Audience              `json:"aud"`
	Subject  string                     `json:"sub,omitempty"`
	Session  string                     `json:"sid,omitempty"`
	IssuedAt int64                      `json:"iat"`
	Expires  int64                      `json:"exp"`
	ID       string                     `json:"jti"`
	Events   map[string]json.RawMessage `json:"events"`
	Nonce    *string                    `json:"nonce,omitempty"` // must be absent, so that no ID token passes for one
}

// NewLogoutTokenSigner prepares signing of logout tokens.
func NewLogoutTokenSigner(key Key) (*jose.Signer, error) {
	return jose.NewSigner(key.Signer, jose.Header{Kid: key.ID, Typ: LogoutTokenType})
}

// logoutLife is how long a logout token is good for (Back-Channel Logout 1.0 section 2.4).
const logoutLife = 2 * time.Minute

// NewLogoutToken fills in a token that ends now what session at clientID names; id is unique.
func NewLogoutToken(issuer, clientID, subject, session, id string, at time.Time) LogoutToken {
	return LogoutToken{
		Issuer: issuer, Audience: jose.Audience{clientID}, Subject: subject, Session: session, ID: id,
		IssuedAt: at.Unix(), Expires: at.Add(logoutLife).Unix(), Events: map[string]json.RawMessage{logoutEvent: json.RawMessage(`{}`)},
	}
}

// VerifyLogoutToken checks a logout token (Back-Channel Logout 1.0 section 2.6). Whether jti has been seen is the
// caller's. Errors: ErrToken, ErrKey, ErrIssuer, ErrAudience, ErrExpired.
func VerifyLogoutToken(compact string, keys jose.JWKS, issuer, clientID string, at time.Time) (*LogoutToken, error) {
	var t LogoutToken
	typ, err := readSigned(compact, keys, &t)
	if err != nil {
		return nil, err
	}
	event, isLogout := t.Events[logoutEvent]
	var content map[string]json.RawMessage
	switch {
	case typ != LogoutTokenType:
		return nil, fmt.Errorf("%w: typ: expected %s", ErrToken, LogoutTokenType)
	case t.Issuer != issuer:
		return nil, ErrIssuer
	case len(t.Audience) != 1 || t.Audience[0] != clientID:
		return nil, ErrAudience
	case t.Nonce != nil:
		return nil, fmt.Errorf("%w: nonce is prohibited", ErrToken)
	case !isLogout || json.Unmarshal(event, &content) != nil || content == nil:
		return nil, fmt.Errorf("%w: events: expected %s", ErrToken, logoutEvent)
	case t.ID == "" || t.Subject == "" && t.Session == "":
		return nil, fmt.Errorf("%w: jti, and sub or sid, are required", ErrToken)
	case t.IssuedAt == 0 || t.Expires == 0 || !at.Before(time.Unix(t.Expires, 0).Add(skew)) || time.Unix(t.IssuedAt, 0).After(at.Add(skew)):
		return nil, ErrExpired
	}
	return &t, nil
}
