package server_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/verifier/login"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/server"
)

const (
	karies = "12865398148"
	mpid   = "no:minid:mpid:1"
)

// newLogins is the verifier with a service that needs level substantial, and one that needs high.
func newLogins(t testing.TB, db *database.DB) (s *service, loans, tax *loginParty) {
	t.Helper()
	s = newServiceOn(t, db)
	s.cfg.Services = append(s.cfg.Services, registration("loans", minid.LevelSubstantial), registration("tax", minid.LevelHigh))
	s.start(t)
	return s, s.loginParty(t, "loans", s.url), s.loginParty(t, "tax", s.url)
}

func onSQLite(t testing.TB) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), dbtest.SQLite(t))
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	return db
}

// asked is the id under which a type of credential is asked for.
func (w *wallet) asked(kind string) string {
	w.t.Helper()
	for _, c := range w.query.Credentials {
		if c.Meta.DoctypeValue == kind || slices.Contains(c.Meta.VCTValues, kind) {
			return c.ID
		}
	}
	return ""
}

// minID makes a MinID credential of the person; change may make another of it.
func (i *issuer) minID(holder *ecdsa.PublicKey, pid string, change ...func(*sdjwtvc.Template)) string {
	return i.issueSDJWT(holder, append([]func(*sdjwtvc.Template){func(m *sdjwtvc.Template) {
		m.VCT = mpid
		m.Claims = map[string]any{
			"personal_administrative_number": sdjwt.SD{Value: pid}, "given_name": sdjwt.SD{Value: "Eksakt"}, "family_name": sdjwt.SD{Value: "Karies"},
		}
	}}, change...)...)
}

// showMinID presents a MinID credential, and gives where the browser shall go.
func (w *wallet) showMinID(pid string, change ...func(*sdjwtvc.Template)) string {
	w.t.Helper()
	id := w.asked(mpid)
	return w.send(map[string][]string{id: {w.bind(w.s.issuer.minID(&w.key.PublicKey, pid, change...), id, binding{})}})
}

func (w *wallet) showPID() string {
	w.t.Helper()
	id := w.asked("urn:eudi:pid:1")
	return w.send(map[string][]string{id: {w.bind(w.s.issuer.issueSDJWT(&w.key.PublicKey), id, binding{})}})
}

func (w *wallet) showPIDMdoc() string {
	w.t.Helper()
	raw := w.device(w.s.issuer.issueMdoc(&w.key.PublicKey), pidType, []string{"personal_administrative_number"})
	return w.send(map[string][]string{w.asked(pidType): {jose.EncodeBase64URL(raw)}})
}

// A client that is not ours logs a person in with the wallet, and finds the claims that ID-porten documents.
func TestLoginWithTheWallet(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s, loans, _ := newLogins(t, db)
		v := newVisitor(t)
		v.get(loans.push("ui_locales", "nn"))
		v.sees("loans nn", "Ventar på lommeboka", "Fødselsnummer", "Avbryt og gå tilbake")
		if strings.Contains(v.body, "Etternamn") {
			t.Error("more is asked for than the number")
		}
		begun := s.now()
		w := s.open(t, v.qr())
		for _, c := range w.query.Credentials {
			if len(c.Claims) != 1 {
				t.Errorf("%s is asked for %v", c.ID, c.Claims)
			}
		}
		s.add(time.Minute)
		if to := w.showMinID(karies); to != "" {
			t.Errorf("a wallet on another device is sent to %s", to)
		}
		s.add(time.Minute)
		v.get(v.at) // as the page does when its state is done
		q := loans.landed(v)
		token, claims := loans.redeem(q)
		want := []string{"acr", "amr", "aud", "auth_time", "exp", "iat", "iss", "jti", "locale", "nonce", "pid", "sub"}
		if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, want) {
			t.Errorf("claims %v\nwant   %v", got, want)
		}
		for name, want := range map[string]any{"iss": s.url, "aud": "loans", "pid": karies, "acr": "idporten-loa-substantial", "locale": "nn", "auth_time": float64(begun.Unix())} { // never younger than the showing
			if claims[name] != want {
				t.Errorf("%s: %v, want %v", name, claims[name], want)
			}
		}
		if amr, _ := claims["amr"].([]any); len(amr) != 1 || amr[0] != oidc.AMRWallet {
			t.Errorf("amr %v", claims["amr"])
		}
		info, err := loans.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token))
		check(t, err)
		if info.Subject != claims["sub"] {
			t.Errorf("userinfo is of %s", info.Subject)
		}
		if strings.Contains(s.log.String(), karies) {
			t.Error("the log holds an identity number")
		}

		// The code is used up, and with it what it gave; and so is the verdict, which was good for this request alone.
		if _, err := loans.config.Exchange(context.Background(), q.Get("code"), oauth2.VerifierOption(loans.verifier)); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
			t.Errorf("the code is taken twice: %v", err)
		}
		if _, err := loans.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token)); err == nil {
			t.Error("the token outlived the second use of its code")
		}
		v.get(v.at)
		if v.status != http.StatusBadRequest || v.left != "" {
			t.Errorf("the request is answered twice: %d to %q", v.status, v.left)
		}
		v.get(loans.push())
		v.sees("Venter på lommeboka") // nobody stays signed in
		if n := s.rows(t, "authserver_login"); n != 0 {
			t.Errorf("%d sessions have been used", n)
		}
	})
}

// Whichever credential says who the person is, the service knows them by the same sub; another service by another.
func TestTheSamePersonByEveryCredential(t *testing.T) {
	s, loans, tax := newLogins(t, onSQLite(t))
	logIn := func(p *loginParty, show func(w *wallet) string) map[string]any {
		v := newVisitor(t)
		v.get(p.push())
		w := s.open(t, v.link("openid4vp:"))
		v.get(show(w))
		_, claims := p.redeem(p.landed(v))
		return claims
	}
	first := logIn(loans, func(w *wallet) string { return w.showMinID(karies) })
	for name, show := range map[string]func(w *wallet) string{"SD-JWT VC": (*wallet).showPID, "mdoc": (*wallet).showPIDMdoc} {
		got := logIn(loans, show)
		if got["sub"] != first["sub"] || got["pid"] != karies || got["acr"] != "idporten-loa-high" || first["acr"] != "idporten-loa-substantial" {
			t.Errorf("by PID as %s: %v\nby MinID credential: %v", name, got, first)
		}
		if high := logIn(tax, show); high["sub"] == first["sub"] || high["acr"] != "idporten-loa-high" {
			t.Errorf("at another service: %v", high)
		}
	}
	if other := logIn(loans, func(w *wallet) string { return w.showMinID(stjerne) }); other["sub"] == first["sub"] {
		t.Error("two people are one")
	}
}

// Level high is a PID's. A MinID credential in its place is refused by a page that says why, and what there is to do.
func TestLevelThatACredentialDoesNotReach(t *testing.T) {
	s, _, tax := newLogins(t, onSQLite(t))
	v := newVisitor(t)
	v.get(tax.push())
	v.sees("sikkerhetsnivå høyt")
	request := v.at
	w := s.open(t, v.qr())
	if w.asked(mpid) != "" || len(w.query.Credentials) != 2 {
		t.Fatalf("asked for %v", w.query.Credentials)
	}
	credential := s.issuer.minID(&w.key.PublicKey, karies, func(m *sdjwtvc.Template) { m.Claims["acr"] = "idporten-loa-high" })
	w.send(map[string][]string{w.asked("urn:eudi:pid:1"): {w.bind(credential, w.asked("urn:eudi:pid:1"), binding{})}})
	v.get(request)
	v.sees("Beviset gir for lavt sikkerhetsnivå", "<strong>høyt</strong>", "<strong>betydelig</strong>", "Hent Norsk ID-bevis hos utstederen", "/authorize/cancel/")

	v.submit("/wallet-login/")
	v.sees("Venter på lommeboka")
	if v.at != request {
		t.Errorf("the login goes on at %s, not %s", v.at, request)
	}
	w = s.open(t, v.qr())
	w.showPID()
	v.get(request)
	if _, claims := tax.redeem(tax.landed(v)); claims["acr"] != "idporten-loa-high" {
		t.Errorf("%v", claims)
	}

	v.get(tax.push())
	w = s.open(t, v.qr())
	w.send(map[string][]string{w.asked("urn:eudi:pid:1"): {w.bind(s.issuer.minID(&w.key.PublicKey, karies), w.asked("urn:eudi:pid:1"), binding{})}})
	v.get(v.at)
	v.get(v.link("reason=level"))
	if q := tax.landed(v); q.Get("error") != "unmet_authentication_requirements" || q.Get("code") != "" {
		t.Errorf("%v", q)
	}
}

// Where no credential that lets people in reaches the level, the service is told so, and no wallet is asked.
func TestLevelThatNoCredentialReaches(t *testing.T) {
	s, _, tax := newLogins(t, onSQLite(t))
	s.cfg.LoginTrust = login.Trust{{Format: "dc+sd-jwt", Type: mpid, Level: minid.LevelSubstantial}}
	s.start(t)
	v := newVisitor(t)
	v.get(tax.push())
	if q := tax.landed(v); q.Get("error") != "unmet_authentication_requirements" || q.Get("code") != "" {
		t.Errorf("%v", q)
	}
	if n := s.rows(t, "login_transactions"); n != 0 {
		t.Errorf("%d logins wait", n)
	}
}

// A login has its page in the authorization request: at the address of its transaction is nothing, and to look there renews nothing.
func TestTransactionOfALoginHasNoPageOfItsOwn(t *testing.T) {
	s, loans, _ := newLogins(t, onSQLite(t))
	v := newVisitor(t)
	v.get(loans.push())
	var id string
	check(t, s.db.R.Raw("SELECT transaction_id FROM login_transactions").Scan(&id).Error)
	renewed := func() (n int64) {
		check(t, s.db.R.Raw("SELECT renewed FROM transactions WHERE id = ?", id).Scan(&n).Error)
		return n
	}
	for range 2 {
		v.get(s.url + "/transactions/" + id)
		if v.status != http.StatusNotFound || renewed() != 0 {
			t.Errorf("%d, %d renewals", v.status, renewed())
		}
		s.add(presentation.RequestLifetime)
	}
}

// What a credential is worth is the operator's word of today: a login under way does not keep that of yesterday.
func TestTrustThatIsTakenBack(t *testing.T) {
	s, _, tax := newLogins(t, onSQLite(t))
	v := newVisitor(t)
	v.get(tax.push())
	request := v.at
	s.open(t, v.qr()).showPID()
	s.cfg.LoginTrust = login.Trust{{Format: "dc+sd-jwt", Type: "urn:eudi:pid:1", Level: minid.LevelSubstantial}}
	s.start(t)
	v.get(request)
	v.sees("Beviset gir for lavt sikkerhetsnivå", "<strong>betydelig</strong>")
	if v.left != "" {
		t.Errorf("left to %s", v.left)
	}
}

func TestLoginConfigurationRefused(t *testing.T) {
	s := newService(t)
	for want, change := range map[string]func(c *server.Config){
		"high is a PID's": func(c *server.Config) {
			c.LoginTrust = login.Trust{{Format: "dc+sd-jwt", Type: mpid, Level: minid.LevelHigh}}
		},
		"there are no sessions": func(c *server.Config) {
			one := registration("loans", minid.LevelLow)
			one.BackchannelLogoutURI = "https://loans.example/out"
			c.Services = append(c.Services, one)
		},
		"are published 24h": func(c *server.Config) { c.KeysEvery = 23 * time.Hour },
		"least_level":       func(c *server.Config) { c.Services = append(c.Services, registration("loans", minid.LevelNone)) },
	} {
		cfg := s.cfg
		change(&cfg)
		if _, err := server.New(context.Background(), cfg, server.Deps{DB: s.db, Now: s.now, Log: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestLoginThatIsGivenUp(t *testing.T) {
	s, loans, _ := newLogins(t, onSQLite(t))
	v := newVisitor(t)
	v.get(loans.push())
	v.get(v.link("/authorize/cancel/"))
	if q := loans.landed(v); q.Get("error") != "access_denied" || q.Get("code") != "" {
		t.Errorf("%v", q)
	}
	v.get(loans.push("prompt", "none"))
	if q := loans.landed(v); q.Get("error") != "login_required" || q.Get("code") != "" {
		t.Errorf("%v", q)
	}
	v.get(loans.push())
	s.add(6 * time.Minute)
	v.get(v.at)
	v.sees("Tiden er ute", "Prøv igjen")
	v.get(s.url + "/endsession?" + url.Values{"client_id": {"loans"}, "post_logout_redirect_uri": {"https://loans.example/out"}}.Encode())
	if v.left != "https://loans.example/out" {
		t.Errorf("after the logout at %q: %s", v.left, v.body)
	}
}

// Each key of ID tokens is published before it signs and for a while after, and the service that keeps the key set follows.
func TestKeysOfIDTokensRotate(t *testing.T) {
	s, _, _ := newLogins(t, onSQLite(t))
	s.cfg.KeysEvery = 72 * time.Hour
	s.start(t)
	loans := s.loginParty(t, "loans", s.url)
	logIn := func() (raw, kid string) {
		t.Helper()
		v := newVisitor(t)
		v.get(loans.push())
		v.get(s.open(t, v.link("openid4vp:")).showMinID(karies))
		token, _ := loans.redeem(loans.landed(v))
		raw, _ = token.Extra("id_token").(string)
		u, err := jose.Parse(raw, jose.Rules{Allow: []string{"kid"}})
		check(t, err)
		return raw, u.Header.Kid
	}
	published := func() (kids []string) {
		t.Helper()
		check(t, s.RefreshKeys())
		var set jose.JWKS
		check(t, json.Unmarshal([]byte(s.browser(t).get("/jwks.json").body), &set))
		for _, k := range set.Keys {
			kids = append(kids, k.Kid)
		}
		return kids
	}
	hint, first := logIn()
	if got := published(); !slices.Equal(got, []string{first}) {
		t.Errorf("at first %v are published, not %s alone", got, first)
	}
	s.add(48 * time.Hour)
	ahead := published()
	if _, kid := logIn(); len(ahead) != 2 || ahead[1] != first || kid != first {
		t.Fatalf("a day before its time %v are published, and %s signs", ahead, kid)
	}
	s.add(24 * time.Hour)
	if _, kid := logIn(); kid != ahead[0] || !slices.Contains(published(), first) {
		t.Errorf("at its time %s signs, not %s; %v are published", kid, ahead[0], published())
	}
	v := newVisitor(t)
	v.get(s.url + "/endsession?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://loans.example/out"}}.Encode())
	if v.left != "https://loans.example/out" {
		t.Errorf("with a token of the earlier key at %q: %s", v.left, v.body)
	}
	s.add(24 * time.Hour)
	if slices.Contains(published(), first) {
		t.Error("the earlier key is published for ever")
	}
}

// Services alone are served: there is nothing for wallets to be given, and no account to have.
func TestTheProviderServesServicesAlone(t *testing.T) {
	s, _, _ := newLogins(t, onSQLite(t))
	a := post(t, s.url+"/par", url.Values{"client_id": {"a-wallet"}, "response_type": {"code"}})
	if a.status != http.StatusUnauthorized || !strings.Contains(a.body, "invalid_client") {
		t.Errorf("%d %s", a.status, a.body)
	}
	is(t, s.browser(t).get("/.well-known/oauth-authorization-server"), http.StatusNotFound)
	var m map[string]any
	check(t, json.Unmarshal([]byte(s.browser(t).get("/.well-known/openid-configuration").body), &m))
	if claims, _ := m["claims_supported"].([]any); len(claims) == 0 || slices.Contains(claims, any("sid")) {
		t.Errorf("claims %v", claims)
	}
	if m["issuer"] != s.url || m["frontchannel_logout_supported"] != nil || m["backchannel_logout_supported"] != nil {
		t.Errorf("%v", m)
	}
	for _, table := range []string{"minid_people", "minid_sessions"} {
		if n := s.rows(t, table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}
