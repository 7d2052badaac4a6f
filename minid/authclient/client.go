package authclient

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
)

// What can go wrong between us and the provider.
var (
	ErrProvider = errors.New("authclient: the provider answered otherwise than expected")
	ErrAnswer   = errors.New("authclient: not the answer to a request of this browser")
)

// Refused is the error code that the provider answered with (RFC 6749 section 4.1.2.1).
type Refused string

func (r Refused) Error() string { return "authclient: the provider answered " + string(r) }

// Client logs people in at one provider. Its fields are set once; it is safe for concurrent use.
type Client struct {
	Issuer string // of the OpenID Provider
	Fetch  *fetch.Client
	// InsecureAllowHTTP allows a provider with http. Safe on a developer's own machine only.
	InsecureAllowHTTP bool
	Now               func() time.Time

	provider provider
}

// Party is a relying party with what it authenticates with: a key, or a secret.
type Party struct {
	ID          string
	RedirectURI string
	Key         crypto.Signer
	Secret      string
}

// Ask is what a login must be.
type Ask struct {
	ACR    string // at least
	Locale string // of the provider's pages
	Anew   bool   // the person must not have been logged in before: prompt=login
}

// Pending is a login under way: what must be known of it when the answer comes, by the browser that began it alone, and
// once. State and Verifier are secrets.
type Pending struct {
	State, Nonce, Verifier string
	Ask                    Ask
	Begun                  time.Time
}

// Login is what came of one.
type Login struct {
	IDToken string
	Claims  oidc.IDToken
}

// Begin pushes a request and gives the address to send the browser to. Errors: ErrProvider.
func (c *Client) Begin(ctx context.Context, p *Party, ask Ask) (address string, pending *Pending, err error) {
	metadata, _, err := c.Provider(ctx)
	if err != nil {
		return "", nil, err
	}
	pending = &Pending{State: NewSecret(), Nonce: NewSecret(), Verifier: NewSecret(), Ask: ask, Begun: c.Now()}
	form := url.Values{
		"response_type": {"code"}, "client_id": {p.ID}, "redirect_uri": {p.RedirectURI}, "scope": {oidc.ScopeOpenID + " " + oidc.ScopeProfile},
		"state": {pending.State}, "nonce": {pending.Nonce}, "acr_values": {ask.ACR}, "ui_locales": {ask.Locale},
		"code_challenge": {oauth2.S256(pending.Verifier)}, "code_challenge_method": {oauth2.MethodS256},
	}
	if ask.Anew {
		form.Set("prompt", string(oidc.PromptLogin))
	}
	var pushed oauth2.PARResponse
	if err := c.post(ctx, p, metadata.PushedAuthorizationRequestEndpoint, http.StatusCreated, form, &pushed); err != nil {
		return "", nil, err
	}
	query := url.Values{"client_id": {p.ID}, "request_uri": {pushed.RequestURI}}
	return metadata.AuthorizationEndpoint + "?" + query.Encode(), pending, nil
}

// Finish turns the provider's answer into a login. pending is what was kept under the answer's state and has been taken. An
// answer of another issuer is refused before anything of it is used (RFC 9207 section 2.4). Errors: ErrAnswer, Refused,
// ErrProvider.
func (c *Client) Finish(ctx context.Context, p *Party, pending Pending, q url.Values) (*Login, error) {
	switch {
	case q.Get("iss") != c.Issuer:
		return nil, ErrAnswer
	case q.Get("error") != "":
		return nil, Refused(q.Get("error"))
	}
	metadata, keys, err := c.Provider(ctx)
	if err != nil {
		return nil, err
	}
	var tokens oauth2.TokenResponse
	err = c.post(ctx, p, metadata.TokenEndpoint, http.StatusOK, url.Values{
		"grant_type": {oauth2.GrantAuthorizationCode}, "code": {q.Get("code")}, "redirect_uri": {p.RedirectURI}, "code_verifier": {pending.Verifier},
	}, &tokens)
	if err != nil {
		return nil, err
	}
	at := c.Now()
	claims, err := oidc.VerifyIDToken(tokens.IDToken, keys, oidc.Expect{
		Issuer: c.Issuer, ClientID: p.ID, Nonce: pending.Nonce, ACR: pending.Ask.ACR, Aged: pending.Ask.Anew, MaxAge: at.Sub(pending.Begun), At: at,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: ID token: %w", ErrProvider, err)
	}
	return &Login{IDToken: tokens.IDToken, Claims: *claims}, nil
}

// NewSecret is 32 random bytes in base64url.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}
