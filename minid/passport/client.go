package passport

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid"
	"lommebok.example/specs/jose"
)

// Client asks one service. URL is its address without final slash, ClientID and ReturnTo ours.
type Client struct {
	URL, Token, ClientID, ReturnTo string
	Key                            *ecdsa.PublicKey
	HTTP                           *fetch.Client
	Now                            func() time.Time
}

var _ minid.PassportCheck = (*Client)(nil)

const (
	resultType = "passport-check+jwt"
	longest    = 10 * time.Minute // a result lives
	skew       = 10 * time.Second // of the service's clock
)

// Home is the service's address.
func (c *Client) Home() string { return c.URL }

// Start asks for a check.
func (c *Client) Start(ctx context.Context, state string) (string, error) {
	answer, err := c.post(ctx, "/checks", map[string]string{"client_id": c.ClientID, "state": state, "return_to": c.ReturnTo})
	if err != nil {
		return "", err
	}
	var started struct {
		Address string `json:"address"`
	}
	if answer.Status != http.StatusCreated || jose.Unmarshal(answer.Body, &started) != nil {
		return "", fmt.Errorf("passport: expected status 201 and an address, got status %d", answer.Status)
	}
	if u, err := url.Parse(started.Address); err != nil || u.User != nil || !strings.HasPrefix(started.Address, c.URL+"/") {
		return "", fmt.Errorf("passport: expected an address below %s", c.URL)
	}
	return started.Address, nil
}

// Result asks what came of a check. Its errors say nothing of the person.
func (c *Client) Result(ctx context.Context, state string) (*minid.PassportResult, error) {
	answer, err := c.post(ctx, "/result", map[string]string{"client_id": c.ClientID, "state": state})
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("%w: expected status 200, got %d", minid.ErrPassport, answer.Status)
	}
	return c.read(string(answer.Body), state)
}

func (c *Client) post(ctx context.Context, path string, body map[string]string) (*fetch.Answer, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("passport: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+path, bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("passport: the address is not usable")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.Token)
	answer, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("passport: %w", err)
	}
	return answer, nil
}

type claims struct {
	jose.Claims
	Chip bool `json:"chip"`
	Face bool `json:"face"`
}

// read verifies a result.
func (c *Client) read(signed, state string) (*minid.PassportResult, error) {
	refuse := func(format string, args ...any) (*minid.PassportResult, error) {
		return nil, fmt.Errorf("%w: "+format, append([]any{minid.ErrPassport}, args...)...)
	}
	u, err := jose.Parse(signed, jose.Rules{Algs: []jose.Alg{jose.ES256}, Typ: resultType, Allow: []string{"kid"}, MaxBytes: 8 << 10})
	if err != nil {
		return refuse("%w", err)
	}
	payload, err := u.Verify(c.Key)
	if err != nil {
		return refuse("%w", err)
	}
	var r claims
	if err := jose.Unmarshal(payload, &r); err != nil {
		return refuse("%w", err)
	}
	now, issued, ends := c.Now(), time.Unix(r.Iat, 0), time.Unix(r.Exp, 0)
	switch {
	case r.Iss != c.URL || len(r.Aud) != 1 || r.Aud[0] != c.ClientID:
		return refuse("expected iss %s and aud %s (RFC 7519 section 4.1)", c.URL, c.ClientID)
	case r.Nonce == "" || r.Nonce != state:
		return refuse("nonce is not the state of this check")
	case !now.Before(ends) || issued.After(now.Add(skew)) || ends.Sub(issued) > longest:
		return refuse("expected iat and exp around now, at most %s apart (RFC 7519 section 4.1)", longest)
	case !r.Chip || !r.Face:
		return refuse("expected chip and face, got %t and %t", r.Chip, r.Face)
	case r.Sub == "" || !reference(r.Jti):
		return refuse("expected sub, and jti of 1 to 64 visible characters")
	}
	return &minid.PassportResult{PID: r.Sub, Reference: r.Jti}, nil
}

func reference(s string) bool {
	return s != "" && len(s) <= 64 && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
