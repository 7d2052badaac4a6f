package eidclient

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"time"

	"lommebok.example/minid/authclient"
	"lommebok.example/specs/oidc"
)

// ErrNotFound: nothing is kept under this name.
var ErrNotFound = errors.New("eidclient: nothing is kept under this name")

// Service is a relying party with what it authenticates with: a key, or a secret.
type Service struct {
	ID     string
	Key    crypto.Signer
	Secret string
}

// Pending is a login under way. State and Browser are hashes of secrets.
type Pending struct {
	State, Browser, Service, Nonce, Verifier string
	Expires                                  time.Time
}

// Session is who is logged in at a service. ID is the hash of the browser's secret.
type Session struct {
	ID, Service, SID, IDToken string
	Claims                    oidc.IDToken
	Expires                   time.Time
}

// Store keeps logins under way and sessions. ErrNotFound.
type Store interface {
	AddPending(ctx context.Context, p Pending) error
	// TakePending gives a login under way to the browser that began it, once.
	TakePending(ctx context.Context, state, browser, service string, at time.Time) (*Pending, error)
	PutSession(ctx context.Context, s Session) error
	Session(ctx context.Context, id, service string, at time.Time) (*Session, error)
	EndSession(ctx context.Context, id, service string) error
	// EndSessions ends the sessions that the provider knows by sid.
	EndSessions(ctx context.Context, service, sid string) error
	SweepEID(ctx context.Context, at time.Time) error
}

const (
	pendingLife = 30 * time.Minute
	sessionLife = 30 * time.Minute
	asked       = oidc.ACRSubstantial
)

// begin pushes a request and gives the address to send the browser to.
func (c *Client) begin(ctx context.Context, s *Service, browser, lang string) (string, error) {
	address, pending, err := c.Provider.Begin(ctx, c.party(s), authclient.Ask{ACR: asked, Locale: lang})
	if err != nil {
		return "", err
	}
	return address, c.Store.AddPending(ctx, Pending{
		State: hash(pending.State), Browser: hash(browser), Service: s.ID, Nonce: pending.Nonce, Verifier: pending.Verifier, Expires: c.Now().Add(pendingLife),
	})
}

// finish takes the provider's answer and gives the secret of the new session.
func (c *Client) finish(ctx context.Context, s *Service, browser string, q url.Values) (string, error) {
	pending, err := c.Store.TakePending(ctx, hash(q.Get("state")), hash(browser), s.ID, c.Now())
	switch {
	case errors.Is(err, ErrNotFound):
		return "", authclient.ErrAnswer
	case err != nil:
		return "", err
	}
	login, err := c.Provider.Finish(ctx, c.party(s), authclient.Pending{Nonce: pending.Nonce, Verifier: pending.Verifier, Ask: authclient.Ask{ACR: asked}}, q)
	if err != nil {
		return "", err
	}
	secret := authclient.NewSecret()
	return secret, c.Store.PutSession(ctx, Session{
		ID: hash(secret), Service: s.ID, SID: login.Claims.Session, IDToken: login.IDToken, Claims: login.Claims, Expires: c.Now().Add(sessionLife),
	})
}

func (c *Client) party(s *Service) *authclient.Party {
	return &authclient.Party{ID: s.ID, RedirectURI: c.address(s, "callback"), Key: s.Key, Secret: s.Secret}
}

func (c *Client) address(s *Service, what string) string { return c.Base + "/eid/" + s.ID + "/" + what }

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
