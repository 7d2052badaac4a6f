package eidclient

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
)

// What can go wrong between us and the provider.
var (
	ErrProvider = errors.New("eidclient: the provider answered otherwise than expected")
	ErrAnswer   = errors.New("eidclient: not the answer to a request of this browser")
	ErrNotFound = errors.New("eidclient: nothing is kept under this name")
)

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
	pendingLife  = 30 * time.Minute
	sessionLife  = 30 * time.Minute
	metadataLife = time.Hour
	keysLife     = time.Minute
	asked        = oidc.ACRSubstantial
)

// provider is what has been read of the OpenID Provider.
type provider struct {
	mu         sync.Mutex
	metadata   *oidc.ProviderMetadata
	metadataAt time.Time
	keys       jose.JWKS
	keysAt     time.Time
}

// read gives the provider's metadata and keys. Keys are read again after a minute, so that a new one is known soon.
func (c *Client) read(ctx context.Context) (*oidc.ProviderMetadata, jose.JWKS, error) {
	p := &c.provider
	p.mu.Lock()
	defer p.mu.Unlock()
	at := c.Now()
	if p.metadata == nil || at.Sub(p.metadataAt) > metadataLife {
		answer, err := c.Fetch.Get(ctx, c.Issuer+oidc.ConfigurationPath, "application/json")
		if err != nil {
			return nil, jose.JWKS{}, fmt.Errorf("%w: discovery: %w", ErrProvider, err)
		}
		if p.metadata, err = oidc.ParseProvider(answer.Body, c.Issuer, c.InsecureAllowHTTP); err != nil {
			return nil, jose.JWKS{}, fmt.Errorf("%w: %w", ErrProvider, err)
		}
		p.metadataAt = at
	}
	if len(p.keys.Keys) == 0 || at.Sub(p.keysAt) > keysLife {
		answer, err := c.Fetch.Get(ctx, p.metadata.JWKSURI, "application/json")
		if err != nil {
			return nil, jose.JWKS{}, fmt.Errorf("%w: keys: %w", ErrProvider, err)
		}
		var keys jose.JWKS
		if err := jose.Unmarshal(answer.Body, &keys); err != nil {
			return nil, jose.JWKS{}, fmt.Errorf("%w: keys: %w", ErrProvider, err)
		}
		p.keys, p.keysAt = keys, at
	}
	return p.metadata, p.keys, nil
}

// begin pushes a request and gives the address to send the browser to.
func (c *Client) begin(ctx context.Context, s *Service, browser, lang string) (string, error) {
	metadata, _, err := c.read(ctx)
	if err != nil {
		return "", err
	}
	state, nonce, verifier := newSecret(), newSecret(), newSecret()
	var pushed oauth2.PARResponse
	err = c.post(ctx, s, metadata.PushedAuthorizationRequestEndpoint, http.StatusCreated, url.Values{
		"response_type": {"code"}, "client_id": {s.ID}, "redirect_uri": {c.address(s, "callback")},
		"scope": {oidc.ScopeOpenID + " " + oidc.ScopeProfile}, "state": {state}, "nonce": {nonce}, "acr_values": {asked},
		"ui_locales": {lang}, "code_challenge": {oauth2.S256(verifier)}, "code_challenge_method": {oauth2.MethodS256},
	}, &pushed)
	if err != nil {
		return "", err
	}
	err = c.Store.AddPending(ctx, Pending{
		State: hash(state), Browser: hash(browser), Service: s.ID, Nonce: nonce, Verifier: verifier, Expires: c.Now().Add(pendingLife),
	})
	return metadata.AuthorizationEndpoint + "?" + url.Values{"client_id": {s.ID}, "request_uri": {pushed.RequestURI}}.Encode(), err
}

// finish takes the provider's answer and gives the secret of the new session. An answer of another issuer, or to a request
// that this browser did not make, is refused before anything of it is used (RFC 9207 section 2.4).
func (c *Client) finish(ctx context.Context, s *Service, browser string, q url.Values) (string, error) {
	pending, err := c.Store.TakePending(ctx, hash(q.Get("state")), hash(browser), s.ID, c.Now())
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && q.Get("iss") != c.Issuer:
		return "", ErrAnswer
	case err != nil:
		return "", err
	case q.Get("error") != "":
		return "", refused(q.Get("error"))
	}
	metadata, keys, err := c.read(ctx)
	if err != nil {
		return "", err
	}
	var tokens oauth2.TokenResponse
	err = c.post(ctx, s, metadata.TokenEndpoint, http.StatusOK, url.Values{
		"grant_type": {oauth2.GrantAuthorizationCode}, "code": {q.Get("code")}, "redirect_uri": {c.address(s, "callback")},
		"code_verifier": {pending.Verifier},
	}, &tokens)
	if err != nil {
		return "", err
	}
	claims, err := oidc.VerifyIDToken(tokens.IDToken, keys, oidc.Expect{
		Issuer: c.Issuer, ClientID: s.ID, Nonce: pending.Nonce, ACR: asked, At: c.Now(),
	})
	if err != nil {
		return "", fmt.Errorf("%w: ID token: %w", ErrProvider, err)
	}
	secret := newSecret()
	return secret, c.Store.PutSession(ctx, Session{
		ID: hash(secret), Service: s.ID, SID: claims.Session, IDToken: tokens.IDToken, Claims: *claims, Expires: c.Now().Add(sessionLife),
	})
}

// refused is the provider's error code.
type refused string

func (r refused) Error() string { return "eidclient: the provider answered " + string(r) }

// post sends a form with the service's authentication and reads the JSON that comes back.
func (c *Client) post(ctx context.Context, s *Service, address string, want int, form url.Values, into any) error {
	if s.Key != nil {
		assertion, err := c.assertion(s)
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", oidc.AssertionType)
		form.Set("client_assertion", assertion)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.Key == nil {
		req.SetBasicAuth(url.QueryEscape(s.ID), url.QueryEscape(s.Secret))
	}
	var answer *fetch.Answer
	if answer, err = c.Fetch.Do(req); err != nil {
		return fmt.Errorf("%w: %w", ErrProvider, err)
	}
	if answer.Status != want {
		var e oauth2.Error
		_ = json.Unmarshal(answer.Body, &e) // what is no error of OAuth is told by its status
		return fmt.Errorf("%w: status %d where %d was expected: %w", ErrProvider, answer.Status, want, &e)
	}
	if err := jose.Unmarshal(answer.Body, into); err != nil {
		return fmt.Errorf("%w: %w", ErrProvider, err)
	}
	return nil
}

// assertion is the client assertion of private_key_jwt (OpenID Connect Core 1.0 section 9).
func (c *Client) assertion(s *Service) (string, error) {
	signer, err := jose.NewSigner(s.Key, jose.Header{Typ: "JWT"})
	if err != nil {
		return "", err
	}
	at := c.Now()
	return signer.SignJSON(jose.Claims{
		Iss: s.ID, Sub: s.ID, Aud: jose.Audience{c.Issuer}, Iat: at.Unix(), Exp: at.Add(time.Minute).Unix(), Jti: newSecret(),
	})
}

func (c *Client) address(s *Service, what string) string { return c.Base + "/eid/" + s.ID + "/" + what }

// newSecret is 32 random bytes in base64url.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
