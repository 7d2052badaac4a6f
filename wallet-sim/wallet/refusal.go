package wallet

import (
	"cmp"
	"fmt"
	"strings"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
)

// Refusal is what a server answered in place of what was asked for: to whom what was sent, and what came back.
type Refusal struct {
	Step        string   `json:"step"`     // of the protocol, with its section
	Endpoint    string   `json:"endpoint"` // method and address, without query
	Sent        []string `json:"sent,omitempty"`
	Status      int      `json:"status,omitempty"` // 0: the answer came through the browser
	Code        string   `json:"error,omitempty"`
	Description string   `json:"error_description,omitempty"`
	Page        string   `json:"page,omitempty"` // where the server shows what it saw: its header Lommebok-Transaction, or error_uri
	// Redirect is where a verifier that refused the answer wants the person's browser, "" for nowhere.
	Redirect string `json:"redirect_uri,omitempty"`
}

// At is the step alone, as StepOf names it.
func (r *Refusal) At() string {
	name, _, _ := strings.Cut(r.Step, " (")
	return name
}

// Error is the whole of it in one line.
func (r *Refusal) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s answered", r.Step, r.Endpoint)
	if r.Status != 0 {
		fmt.Fprintf(&b, " status %d", r.Status)
	}
	if r.Code != "" {
		fmt.Fprintf(&b, " %s", r.Code)
	}
	if r.Description != "" {
		fmt.Fprintf(&b, " (%s)", r.Description)
	}
	if len(r.Sent) > 0 {
		fmt.Fprintf(&b, "; sent: %s", strings.Join(r.Sent, ", "))
	}
	return b.String()
}

func refusalOf(c call, a *fetch.Answer) *Refusal {
	r := RefusalOf(c.step, c.method, c.url, a)
	r.Sent = c.sent
	return r
}

// RefusalOf reads an error answer at a step: the body of RFC 6749 section 5.2, or else the challenge of RFC 9449 section 7.1.
func RefusalOf(step, method, address string, a *fetch.Answer) *Refusal {
	r := &Refusal{Step: step, Endpoint: method + " " + withoutQuery(address), Status: a.Status, Page: a.Header.Get("Lommebok-Transaction")}
	var e oauth2.Error
	if err := jose.Unmarshal(a.Body, &e); err == nil && e.Code != "" {
		r.Code, r.Description, r.Page = e.Code, e.Description, cmp.Or(r.Page, e.URI)
		return r
	}
	r.Code = challengeError(a.Header.Values("WWW-Authenticate"))
	return r
}

// challengeError finds the parameter error of a challenge.
func challengeError(challenges []string) string {
	for _, challenge := range challenges {
		_, rest, ok := strings.Cut(challenge, `error="`)
		if code, _, closed := strings.Cut(rest, `"`); ok && closed {
			return code
		}
	}
	return ""
}

func withoutQuery(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}
