package server_test

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/oidc"
)

const partySecret = "a secret that only the service and a hash know"

// loginParty is a service's own server, built on a library that is not ours: github.com/coreos/go-oidc.
type loginParty struct {
	t        testing.TB
	id, base string // client_id, and the provider's issuer
	provider *gooidc.Provider
	config   oauth2.Config
	now      *service
	verifier string
}

// registration is how a provider knows the service.
func registration(id string, level minid.Level) authserver.Service {
	return authserver.Service{
		ID: id, Name: authserver.Words{NB: id + " nb", NN: id + " nn", EN: id + " en"}, Level: level,
		RedirectURIs: []string{"https://" + id + ".example/cb"}, PostLogoutRedirectURIs: []string{"https://" + id + ".example/out"},
		Auth: oidc.AuthSecretBasic, Secret: authserver.HashOf(partySecret),
	}
}

// party finds out about the provider at base as the service with this id.
func (s *service) loginParty(t testing.TB, id, base string) *loginParty {
	t.Helper()
	p := &loginParty{t: t, id: id, base: base, now: s}
	var err error
	p.provider, err = gooidc.NewProvider(context.Background(), base)
	check(t, err)
	p.config = oauth2.Config{
		ClientID: id, ClientSecret: partySecret, Endpoint: p.provider.Endpoint(), RedirectURL: "https://" + id + ".example/cb", Scopes: []string{"openid", "profile"},
	}
	p.config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	return p
}

// push pushes a request, with what is changed in it, and gives the address to open in the browser.
func (p *loginParty) push(pairs ...string) string {
	p.t.Helper()
	p.verifier = oauth2.GenerateVerifier()
	address, err := url.Parse(p.config.AuthCodeURL("the state", gooidc.Nonce("the nonce"), oauth2.S256ChallengeOption(p.verifier)))
	check(p.t, err)
	form := address.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, p.base+"/par", strings.NewReader(form.Encode()))
	check(p.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(p.id), url.QueryEscape(partySecret))
	a := send(p.t, http.DefaultClient, r)
	is(p.t, a, http.StatusCreated)
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	check(p.t, json.Unmarshal([]byte(a.body), &pushed))
	return p.base + "/authorize?" + url.Values{"client_id": {p.id}, "request_uri": {pushed.RequestURI}}.Encode()
}

// landed reads the answer that the browser was sent away with.
func (p *loginParty) landed(v *visitor) url.Values {
	p.t.Helper()
	u, err := url.Parse(v.left)
	check(p.t, err)
	q := u.Query()
	if !strings.HasPrefix(v.left, p.config.RedirectURL+"?") || q.Get("state") != "the state" || q.Get("iss") != p.base {
		p.t.Fatalf("the browser left to %q from %s:\n%s", v.left, v.path, v.body)
	}
	return q
}

// redeem turns the code into tokens, verified by the library, and gives all claims of the ID token.
func (p *loginParty) redeem(q url.Values) (*oauth2.Token, map[string]any) {
	p.t.Helper()
	token, err := p.config.Exchange(context.Background(), q.Get("code"), oauth2.VerifierOption(p.verifier))
	check(p.t, err)
	raw, _ := token.Extra("id_token").(string)
	verified, err := p.provider.Verifier(&gooidc.Config{ClientID: p.id, Now: p.now.now}).Verify(context.Background(), raw)
	check(p.t, err)
	if verified.Nonce != "the nonce" {
		p.t.Errorf("nonce %q", verified.Nonce)
	}
	var claims map[string]any
	check(p.t, verified.Claims(&claims))
	return token, claims
}

// visitor is a person at a browser, who leaves it where a service begins.
type visitor struct {
	t      testing.TB
	client *http.Client
	jar    *cookiejar.Jar
	status int
	body   string
	path   string // of the last page
	at     string // its address
	left   string // where the browser was sent away to, "" when it stayed
}

func newVisitor(t testing.TB) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	return &visitor{t: t, jar: jar, client: &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Hostname(), ".example") {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

func (v *visitor) do(method, address string, form url.Values) {
	v.t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	check(v.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.client.Do(r)
	check(v.t, err)
	raw, err := io.ReadAll(res.Body)
	check(v.t, err)
	check(v.t, res.Body.Close())
	v.status, v.body, v.path, v.at, v.left = res.StatusCode, html.UnescapeString(string(raw)), res.Request.URL.Path, res.Request.URL.String(), ""
	if to := res.Header.Get("Location"); to != "" {
		v.left = to
	}
}

func (v *visitor) get(address string) { v.t.Helper(); v.do(http.MethodGet, address, nil) }

// origin is that of the last page.
func (v *visitor) origin() string {
	u, err := url.Parse(v.at)
	check(v.t, err)
	return u.Scheme + "://" + u.Host
}

func (v *visitor) sees(texts ...string) {
	v.t.Helper()
	for _, text := range texts {
		if !strings.Contains(v.body, text) {
			v.t.Fatalf("%s (%d) lacks %q:\n%s", v.path, v.status, text, v.body)
		}
	}
}

var (
	anchor     = regexp.MustCompile(`<a [^>]*href="([^"]+)"`)
	formAction = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	qrAddress  = regexp.MustCompile(`id="request-address">([^<]+)<`)
)

// link is the first address on the page that has the text.
func (v *visitor) link(part string) string {
	v.t.Helper()
	for _, m := range anchor.FindAllStringSubmatch(v.body, -1) {
		if strings.Contains(m[1], part) {
			if strings.HasPrefix(m[1], "/") {
				return v.origin() + m[1]
			}
			return m[1]
		}
	}
	v.t.Fatalf("%s (%d) has no link with %q:\n%s", v.path, v.status, part, v.body)
	return ""
}

// submit sends the form to an address that begins so, with its hidden fields and these.
func (v *visitor) submit(begin string, pairs ...string) {
	v.t.Helper()
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(v.body, -1) {
		form.Set(m[1], m[2])
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	for _, m := range formAction.FindAllStringSubmatch(v.body, -1) {
		if strings.HasPrefix(m[1], begin) {
			v.do(http.MethodPost, v.origin()+m[1], form)
			return
		}
	}
	v.t.Fatalf("%s (%d) has no form to %s:\n%s", v.path, v.status, begin, v.body)
}

// qr is the address in the page's QR code.
func (v *visitor) qr() string {
	v.t.Helper()
	m := qrAddress.FindStringSubmatch(v.body)
	if m == nil {
		v.t.Fatalf("%s (%d) has no QR code:\n%s", v.path, v.status, v.body)
	}
	return m[1]
}
