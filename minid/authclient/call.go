package authclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
)

// post sends a form with the party's authentication and reads the JSON that comes back.
func (c *Client) post(ctx context.Context, p *Party, address string, want int, form url.Values, into any) error {
	if p.Key != nil {
		assertion, err := c.assertion(p)
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
	if p.Key == nil {
		req.SetBasicAuth(url.QueryEscape(p.ID), url.QueryEscape(p.Secret))
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
func (c *Client) assertion(p *Party) (string, error) {
	signer, err := jose.NewSigner(p.Key, jose.Header{Typ: "JWT"})
	if err != nil {
		return "", err
	}
	at := c.Now()
	return signer.SignJSON(jose.Claims{
		Iss: p.ID, Sub: p.ID, Aud: jose.Audience{c.Issuer}, Iat: at.Unix(), Exp: at.Add(time.Minute).Unix(), Jti: NewSecret(),
	})
}
