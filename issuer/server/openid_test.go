package server_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
	"lommebok.example/web/webtest"
)

const taxSecret = "a secret that only the tax administration and a hash know"

// relyingParty is a service's own server, built on a library that is not ours: github.com/coreos/go-oidc.
type relyingParty struct {
	t        *testing.T
	s        *service
	id       string
	key      *ecdsa.PrivateKey // nil: it has taxSecret
	provider *gooidc.Provider
	config   oauth2.Config
	called   chan string // logout tokens
	verifier string
}

// withServices starts the issuer with two services, each on a port of its own.
func withServices(t *testing.T, db *database.DB) (s *service, student, tax *relyingParty) {
	t.Helper()
	s = newServiceOn(t, db)
	student = &relyingParty{t: t, s: s, id: "student-loans", key: newKey(t)}
	tax = &relyingParty{t: t, s: s, id: "tax"}
	for _, rp := range []*relyingParty{student, tax} {
		rp.called = make(chan string, 4)
		backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rp.called <- r.PostFormValue("logout_token") }))
		t.Cleanup(backend.Close)
		service := authserver.Service{
			ID: rp.id, Name: authserver.Words{NB: rp.id + " nb", NN: rp.id + " nn", EN: rp.id + " en"}, Level: minid.LevelSubstantial,
			RedirectURIs: []string{"https://" + rp.id + ".example/cb"}, PostLogoutRedirectURIs: []string{"https://" + rp.id + ".example/out"},
			BackchannelLogoutURI: backend.URL + "/out",
		}
		if rp.key != nil {
			service.Auth, service.Keys = oidc.AuthPrivateKeyJWT, jose.JWKS{Keys: []jose.JWK{jose.PublicJWK(&rp.key.PublicKey)}}
			service.BackchannelSession = true
		} else {
			service.Auth, service.Secret = oidc.AuthSecretBasic, authserver.HashOf(taxSecret)
			service.FrontchannelLogoutURI, service.FrontchannelSession = "https://tax.example/front", true
		}
		s.cfg.Services = append(s.cfg.Services, service)
	}
	s.cfg.InsecureAllowLoopback = true
	s.start(t)
	for _, rp := range []*relyingParty{student, tax} {
		var err error
		rp.provider, err = gooidc.NewProvider(context.Background(), s.url)
		check(t, err)
		rp.config = oauth2.Config{
			ClientID: rp.id, Endpoint: rp.provider.Endpoint(), RedirectURL: "https://" + rp.id + ".example/cb", Scopes: []string{"openid", "profile"},
		}
		if rp.key == nil {
			rp.config.ClientSecret, rp.config.Endpoint.AuthStyle = taxSecret, oauth2.AuthStyleInHeader
		} else {
			rp.config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
		}
	}
	return s, student, tax
}

// assertion is what authenticates a service that has a key.
func (rp *relyingParty) assertion() url.Values {
	rp.t.Helper()
	if rp.key == nil {
		return url.Values{}
	}
	signer, err := jose.NewSigner(rp.key, jose.Header{})
	check(rp.t, err)
	now := rp.s.now()
	signed, err := signer.SignJSON(jose.Claims{
		Iss: rp.id, Sub: rp.id, Aud: jose.Audience{rp.s.url}, Iat: now.Unix(), Exp: now.Add(time.Minute).Unix(), Jti: jose.EncodeBase64URL([]byte(oauth2.GenerateVerifier())),
	})
	check(rp.t, err)
	return url.Values{"client_assertion_type": {oidc.AssertionType}, "client_assertion": {signed}}
}

// send posts a form with the service's authentication.
func (rp *relyingParty) send(path string, form url.Values) (int, map[string]any) {
	rp.t.Helper()
	maps.Copy(form, rp.assertion())
	r, err := http.NewRequest(http.MethodPost, rp.s.url+path, strings.NewReader(form.Encode()))
	check(rp.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if rp.key == nil {
		r.SetBasicAuth(url.QueryEscape(rp.id), url.QueryEscape(taxSecret))
	}
	res, err := http.DefaultClient.Do(r)
	check(rp.t, err)
	raw, err := io.ReadAll(res.Body)
	check(rp.t, err)
	check(rp.t, res.Body.Close())
	var body map[string]any
	if len(raw) > 0 {
		check(rp.t, json.Unmarshal(raw, &body))
	}
	return res.StatusCode, body
}

// push pushes a request, with what is changed in it, and gives the path to open in the browser.
func (rp *relyingParty) push(pairs ...string) string {
	rp.t.Helper()
	rp.verifier = oauth2.GenerateVerifier()
	address, err := url.Parse(rp.config.AuthCodeURL("the state", gooidc.Nonce("the nonce"), oauth2.S256ChallengeOption(rp.verifier)))
	check(rp.t, err)
	form := address.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	status, body := rp.send("/par", form)
	if status != http.StatusCreated {
		rp.t.Fatalf("PAR: %d %v", status, body)
	}
	uri, _ := body["request_uri"].(string)
	return "/authorize?" + url.Values{"client_id": {rp.id}, "request_uri": {uri}}.Encode()
}

// landed reads the answer that the browser was sent away with.
func (rp *relyingParty) landed(p *person) url.Values {
	rp.t.Helper()
	u, err := url.Parse(p.left)
	check(rp.t, err)
	q := u.Query()
	if !strings.HasPrefix(p.left, rp.config.RedirectURL+"?") || p.status != http.StatusSeeOther || q.Get("state") != "the state" || q.Get("iss") != rp.s.url {
		rp.t.Fatalf("the browser left with %d to %q from %s:\n%s", p.status, p.left, p.path, p.body)
	}
	return q
}

// redeem turns the code into tokens, verified by the library, and gives all claims of the ID token.
func (rp *relyingParty) redeem(q url.Values) (*oauth2.Token, string, map[string]any) {
	rp.t.Helper()
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(rp.verifier)}
	for name, value := range rp.assertion() {
		options = append(options, oauth2.SetAuthURLParam(name, value[0]))
	}
	token, err := rp.config.Exchange(context.Background(), q.Get("code"), options...)
	check(rp.t, err)
	raw, _ := token.Extra("id_token").(string)
	verified, err := rp.provider.Verifier(&gooidc.Config{ClientID: rp.id, Now: rp.s.now}).Verify(context.Background(), raw)
	check(rp.t, err)
	if verified.Nonce != "the nonce" {
		rp.t.Errorf("nonce %q", verified.Nonce)
	}
	var claims map[string]any
	check(rp.t, verified.Claims(&claims))
	return token, raw, claims
}

// A service may ask for Northern Sami, and is told that this is what the person got, as far as it goes.
func TestLoginInNorthernSami(t *testing.T) {
	s, student, _ := withServices(t, sqlite(t))
	p := s.person(t, stjerne)
	p.get(student.push("ui_locales", "se"))
	p.sees("Nordsamisk er foreløpig bare delvis på plass", "Čájet sátnesuodji")
	p.signInWithCode()
	if _, _, claims := student.redeem(student.landed(p)); claims["locale"] != "se" {
		t.Errorf("locale %v", claims["locale"])
	}
}

// A client that is not ours logs a person in, and finds each claim as ID-porten documents it.
func TestLoginByAForeignClient(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s, student, tax := withServices(t, db)
		p := s.person(t, stjerne)
		p.get(student.push("ui_locales", "nn", "login_hint", "somebody"))
		p.sees("student-loans nn")
		p.signInWithCode()
		login := s.now().Unix()
		token, _, claims := student.redeem(student.landed(p))
		want := []string{"acr", "amr", "aud", "auth_time", "exp", "iat", "iss", "jti", "locale", "nonce", "pid", "sid", "sub"}
		if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, want) {
			t.Errorf("claims %v\nwant   %v", got, want)
		}
		for name, want := range map[string]any{
			"iss": s.url, "aud": "student-loans", "pid": stjerne, "acr": "idporten-loa-substantial", "locale": "nn", "nonce": "the nonce",
			"auth_time": float64(login), "iat": float64(login), "exp": float64(login + 120),
		} {
			if claims[name] != want {
				t.Errorf("%s: %v, want %v", name, claims[name], want)
			}
		}
		if amr, _ := claims["amr"].([]any); len(amr) != 1 || amr[0] != "Minid-TOTP" {
			t.Errorf("amr %v", claims["amr"])
		}
		if token.TokenType != "Bearer" || time.Until(token.Expiry) > 2*time.Minute {
			t.Errorf("token of type %s until %v", token.TokenType, token.Expiry)
		}
		info, err := student.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token))
		check(t, err)
		var told map[string]any
		check(t, info.Claims(&told))
		if len(told) != 3 || told["sub"] != claims["sub"] || told["pid"] != stjerne || told["locale"] != "nn" {
			t.Errorf("userinfo %v", told)
		}

		s.add(10 * time.Minute)
		p.get(tax.push())
		_, _, second := tax.redeem(tax.landed(p)) // without a page: single sign-on
		if second["auth_time"] != float64(login) || second["iat"] != float64(login+600) || second["locale"] != "nb" {
			t.Errorf("single sign-on: %v", second)
		}
		if second["sub"] == claims["sub"] || second["sid"] == claims["sid"] || second["jti"] == claims["jti"] {
			t.Errorf("two services know the person by the same: %v and %v", claims, second)
		}
		if strings.Contains(s.log.String(), stjerne) {
			t.Error("the log holds an identity number")
		}
	})
}

// Logged out at one, out of the others: each is told once, by the channels it has.
func TestLogoutReachesTheOthers(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s, student, tax := withServices(t, db)
		p := s.person(t, stjerne)
		p.get(student.push())
		p.signInWithCode()
		token, _, claims := student.redeem(student.landed(p))
		p.get(tax.push())
		_, taxHint, _ := tax.redeem(tax.landed(p))

		p.post("/endsession", url.Values{
			"id_token_hint": {taxHint}, "post_logout_redirect_uri": {"https://tax.example/out"}, "state": {"x y"},
		}, "Origin", "https://tax.example", "Sec-Fetch-Site", "cross-site")
		if p.left != "https://tax.example/out?state=x+y" {
			t.Fatalf("%d, left to %q\n%s", p.status, p.left, p.body)
		}
		var keys jose.JWKS
		r, err := http.NewRequest(http.MethodGet, s.url+"/jwks.json", nil)
		check(t, err)
		check(t, json.Unmarshal(do(t, r).body, &keys))
		told, err := oidc.VerifyLogoutToken(<-student.called, keys, s.url, "student-loans", s.now())
		check(t, err)
		if told.Session != claims["sid"] || told.Subject != claims["sub"] {
			t.Errorf("told %+v, logged in %v", told, claims)
		}
		if len(tax.called) != 0 || len(student.called) != 0 {
			t.Error("a service was told that knew, or told twice")
		}
		if _, err := student.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token)); err == nil {
			t.Error("the access token outlived the session")
		}
		p.get(student.push("prompt", "none"))
		if q := student.landed(p); q.Get("error") != "login_required" || q.Get("code") != "" {
			t.Errorf("after logout: %v", q)
		}

		// The other way round the tax administration is reached through the browser too.
		p.get(student.push())
		p.signInWithCode()
		_, hint, _ := student.redeem(student.landed(p))
		p.get(tax.push())
		_, _, taxClaims := tax.redeem(tax.landed(p))
		p.get("/endsession?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://student-loans.example/out"}}.Encode())
		p.is(http.StatusOK)
		sid, _ := taxClaims["sid"].(string)
		p.sees("Du er logget ut", "https://student-loans.example/out", "https://tax.example/front?"+url.Values{"iss": {s.url}, "sid": {sid}}.Encode())
		if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-src https://tax.example;") {
			t.Errorf("the frame is not allowed: %s", csp)
		}
		<-tax.called

		// And from My MinID.
		p.get(student.push())
		p.signInWithCode()
		student.redeem(student.landed(p))
		p.get("/minid")
		p.submit("/logout")
		<-student.called
	})
}

// A logout that does not prove that it means this session asks the person.
func TestLogoutThatAsks(t *testing.T) {
	s, student, _ := withServices(t, sqlite(t))
	p := s.person(t, stjerne)
	p.get(student.push())
	p.signInWithCode()
	_, old, _ := student.redeem(student.landed(p))
	s.add(time.Second)
	p.get(student.push("prompt", "login"))
	p.signInWithCode()
	_, again, _ := student.redeem(student.landed(p))
	p.get("/endsession?id_token_hint=" + again)
	p.sees("Du er logget ut")
	p.get(student.push())
	p.signInWithCode()
	student.redeem(student.landed(p))

	for _, query := range []url.Values{{}, {"client_id": {"student-loans"}}, {"id_token_hint": {old}}} {
		p.get("/endsession?" + query.Encode())
		p.sees("Vil du logge ut?")
		p.submit("/endsession/person", "answer", "no")
		p.get("/minid")
		p.sees(stjerne[:6])
	}
	p.get("/endsession?" + url.Values{"client_id": {"student-loans"}, "post_logout_redirect_uri": {"https://student-loans.example/out"}}.Encode())
	p.submit("/endsession/person", "answer", "yes", "token", "made up")
	p.is(http.StatusForbidden)
	p.get("/endsession?" + url.Values{"client_id": {"student-loans"}, "post_logout_redirect_uri": {"https://student-loans.example/out"}}.Encode())
	p.submit("/endsession/person", "answer", "yes")
	if p.left != "https://student-loans.example/out" {
		t.Errorf("%d, left to %q", p.status, p.left)
	}
}

// The demonstration services are registered with keys that their owner finds in the folder.
func TestDemoServices(t *testing.T) {
	s := newServiceOn(t, sqlite(t))
	s.cfg.DemoServicesURL, s.cfg.DemoServicesDir = "http://localhost:8081", filepath.Join(t.TempDir(), "demo")
	s.start(t)
	for _, name := range []string{"demo_lanekassen.key.pem", "demo_skatteetaten.secret"} {
		if _, err := os.Stat(filepath.Join(s.cfg.DemoServicesDir, name)); err != nil {
			t.Error(err)
		}
	}
}

func sqlite(t *testing.T) *database.DB {
	t.Helper()
	return dbtest.Open(t, dbtest.SQLite(t))
}

func TestLogoutPageInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s, student, _ := withServices(t, sqlite(t))
	p := s.person(t, stjerne)
	p.get(student.push())
	p.signInWithCode()
	student.redeem(student.landed(p))
	b.Use(t, s.url, p.jar)
	b.Axe(t, s.url+"/endsession") // without id_token_hint the person is asked
	b.PictureHere(t, "authserver_question")
	b.Do(t, chromedp.Click("button[value=yes]"), chromedp.WaitNotPresent("button[value=yes]"))
	b.AxeHere(t, "logged out")
	b.PictureHere(t, "authserver_loggedout")
	b.Axe(t, s.url+"/dev/outbox")
	b.PictureHere(t, "dev_outbox")
}
