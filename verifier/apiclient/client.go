// Package apiclient asks the verifier by its API, as a relying party does (verifier/api/README.md). It stands on the standard library
// alone, so that it can be taken as it is.
package apiclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Verifier is the API as a relying party sees it. It logs in by itself, and again when its access token has become too old.
type Verifier struct {
	URL, ID, Secret string // address without a final slash; credentials of the OAuth client

	HTTP Doer // nil for http.DefaultClient

	mu    sync.Mutex
	token string
}

// Doer sends requests; *http.Client is one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Question is what to ask, and why. Exactly one of Preset and Query.
type Question struct {
	Preset          string `json:"preset,omitempty"`
	Query           any    `json:"dcql_query,omitempty"` // OpenID4VP 1.0 section 6
	Purpose         string `json:"purpose"`
	RedirectURI     string `json:"redirect_uri,omitempty"`     // where the browser comes back to from a wallet on the same device
	Reference       string `json:"reference,omitempty"`        // yours, with nothing about a person
	TransactionData []any  `json:"transaction_data,omitempty"` // what the person is to consent to (section 8.4)
	ResponseMode    string `json:"response_mode,omitempty"`    // "" for direct_post.jwt
}

// Asked is how a presentation stands. Keep the handle, which Ask gives, with the person's session.
type Asked struct {
	Handle    string
	ID        string
	State     string // waiting, fetched; and with a result answered, refused, expired, cancelled
	Expires   time.Time
	KeptUntil time.Time `json:"kept_until"` // when the result is gone
	Links     *Links    // while a wallet can answer
}

// Open tells whether there is no result yet.
func (a *Asked) Open() bool { return a.State == "waiting" || a.State == "fetched" }

// Links are the addresses for a wallet.
type Links struct {
	CrossDevice   string `json:"cross_device"` // draw it as a QR code
	SameDevice    string `json:"same_device"`  // link to it
	BrowserWallet string `json:"browser_wallet"`
}

// Result is a yes or a no, and why not. Claims are there with a yes.
type Result struct {
	State       string
	Accepted    bool
	Reasons     []Reason
	WalletError string `json:"wallet_error"` // what a wallet said that refused
	Verdict     struct {
		Credentials []struct {
			Query, Type, Format string
			Claims              map[string]any
		}
	}
}

// Reason is a check that did not hold.
type Reason struct{ Name, Code, Expected, Got, Section string }

// Refusal is what the API answers when it does not do as it was asked.
type Refusal struct {
	Status                                              int
	Code, Description, Expected, Came, Section, TraceID string
}

// Error gives the status, the code and the reason.
func (r *Refusal) Error() string {
	return fmt.Sprintf("status %d, %s: %s", r.Status, r.Code, r.Description)
}

// Ask asks.
func (v *Verifier) Ask(ctx context.Context, q Question) (asked Asked, err error) {
	_, err = v.call(ctx, http.MethodPost, "/api/presentations", q, &asked)
	return asked, err
}

// State tells how a presentation stands.
func (v *Verifier) State(ctx context.Context, handle string) (asked Asked, err error) {
	_, err = v.call(ctx, http.MethodGet, path(handle, ""), nil, &asked)
	return asked, err
}

// Wait waits for the answer of a wallet on another device.
func (v *Verifier) Wait(ctx context.Context, handle string) (r Result, err error) {
	for status := http.StatusAccepted; status == http.StatusAccepted && err == nil; {
		status, err = v.call(ctx, http.MethodGet, path(handle, "/result?wait=30"), nil, &r)
	}
	return r, err
}

// Redeem is for a wallet on the same device: the browser has brought the response_code to your own address.
func (v *Verifier) Redeem(ctx context.Context, handle, code string) (r Result, err error) {
	_, err = v.call(ctx, http.MethodPost, path(handle, "/result"), map[string]string{"response_code": code}, &r)
	return r, err
}

func path(handle, rest string) string { return "/api/presentations/" + url.PathEscape(handle) + rest }

// call sends with an access token, and once more with a new one when the API does not know it any more.
func (v *Verifier) call(ctx context.Context, method, path string, body, into any) (status int, err error) {
	var raw []byte
	if body != nil {
		if raw, err = json.Marshal(body); err != nil {
			return 0, err
		}
	}
	used := ""
	for again := false; ; again = true {
		if used, err = v.login(ctx, used); err != nil {
			return 0, err
		}
		r, err := http.NewRequestWithContext(ctx, method, v.URL+path, bytes.NewReader(raw))
		if err != nil {
			return 0, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+used)
		if status, err = v.send(r, into); status != http.StatusUnauthorized || again {
			return status, err
		}
	}
}

// login gives an access token (RFC 6749 section 4.4) that is another than old.
func (v *Verifier) login(ctx context.Context, old string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.token != old {
		return v.token, nil
	}
	form := strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.URL+"/api/token", form)
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(v.ID), url.QueryEscape(v.Secret))
	var got struct {
		Token string `json:"access_token"`
	}
	_, err = v.send(r, &got)
	v.token = got.Token
	return v.token, err
}

func (v *Verifier) send(r *http.Request, into any) (int, error) {
	var client Doer = http.DefaultClient
	if v.HTTP != nil {
		client = v.HTTP
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode < 300 {
		return answer.StatusCode, json.NewDecoder(answer.Body).Decode(into)
	}
	var why struct {
		Code, Description, Expected, Came, Section string
		TraceID                                    string `json:"trace_id"`
		Error                                      string // of the token endpoint (RFC 6749 section 5.2)
		ErrorDescription                           string `json:"error_description"`
	}
	_ = json.NewDecoder(answer.Body).Decode(&why) // without it, the status says enough
	return answer.StatusCode, &Refusal{
		Status: answer.StatusCode, Code: why.Code + why.Error, Description: why.Description + why.ErrorDescription,
		Expected: why.Expected, Came: why.Came, Section: why.Section, TraceID: why.TraceID,
	}
}
