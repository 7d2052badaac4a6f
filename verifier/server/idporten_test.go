package server_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/specs/openid4vp"
)

// eachHouse runs a test with both servers on each kind of database.
func eachHouse(t *testing.T, f func(t *testing.T, h *eidHouse)) {
	for name, empty := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) { f(t, newEIDHouseOn(t, empty)) })
	}
}

// withMinID chooses MinID on the login page, and signs in.
func (h *eidHouse) withMinID(v *visitor) {
	v.t.Helper()
	v.get(v.link("with=minid"))
	v.submit("/login/password", "pid", h.person.PID, "password", h.person.Password)
	h.add(30 * time.Second)
	code, err := minid.TOTPConfig{}.TOTPCode(h.person.TOTPSecret, h.now())
	check(v.t, err)
	v.submit("/login/totp", "code", code)
}

// withWallet chooses the wallet on the login page, and shows a MinID credential in it; done is where the wallet sends the browser.
func (h *eidHouse) withWallet(v *visitor, pid string) (done string) {
	v.t.Helper()
	v.get(v.link("with=wallet"))
	v.sees("ID-porten (demonstrasjon)", "Venter på lommeboka")
	w := h.open(v.t, v.link("openid4vp:"))
	return w.showMinID(pid)
}

// The same person logs in at the student loans with MinID and with the wallet, and these cannot tell one from the other but for amr.
func TestMinIDAndWalletAreOneToAService(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *eidHouse) {
		loans := h.loginParty(t, "loans", h.provider)
		v := newVisitor(t)
		v.get(loans.push())
		v.sees("Velg hvordan du vil logge inn", "Du logger inn til loans nb", "MinID", "Digital lommebok")
		h.withMinID(v)
		token, byMinID := loans.redeem(loans.landed(v))
		used := func() (n int64) {
			check(t, h.beside.R.Table("authserver_login").Count(&n).Error)
			return n
		}
		if used() != 1 {
			t.Errorf("%d sessions used at services after a login with MinID", used())
		}
		var m struct {
			Claims []string `json:"claims_supported"`
		}
		if err := loans.provider.Claims(&m); err != nil || !slices.Contains(m.Claims, "sid") {
			t.Errorf("claims %v, %v", m.Claims, err)
		}
		first, err := loans.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token))
		check(t, err)

		v = newVisitor(t)
		v.get(loans.push())
		v.get(h.withWallet(v, stjerne))
		q := loans.landed(v)
		token, byWallet := loans.redeem(q)
		second, err := loans.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token))
		check(t, err)

		if used() != 1 {
			t.Errorf("%d sessions used at services after another login, with the wallet", used())
		}
		for _, same := range []string{"iss", "aud", "sub", "pid", "acr", "locale", "nonce"} {
			if byMinID[same] != byWallet[same] || byMinID[same] == nil {
				t.Errorf("%s: %v with MinID, %v with the wallet", same, byMinID[same], byWallet[same])
			}
		}
		if byMinID["pid"] != stjerne || byMinID["acr"] != "idporten-loa-substantial" || len(byMinID) != len(byWallet) {
			t.Errorf("%v\n%v", byMinID, byWallet)
		}
		if got := []any{byMinID["amr"], byWallet["amr"]}; !slices.EqualFunc(got, []string{"Minid-TOTP", "EUDIW"}, func(amr any, want string) bool {
			list, _ := amr.([]any)
			return len(list) == 1 && list[0] == want
		}) {
			t.Errorf("amr %v", got)
		}
		if first.Subject != second.Subject || first.Subject != byMinID["sub"] {
			t.Errorf("userinfo is of %s and of %s", first.Subject, second.Subject)
		}

		v.get(loans.push()) // the wallet is asked anew each time
		v.sees("Velg hvordan du vil logge inn")
	})
}

// A logout by the ID token of another login than the session's asks the person, also where the service is given no sid (RP-Initiated
// Logout 1.0 section 2).
func TestLogoutByTheTokenOfAnotherLoginAsks(t *testing.T) {
	h := newEIDHouse(t)
	loans := h.loginParty(t, "loans", h.provider)
	hint := func(v *visitor) string {
		token, claims := loans.redeem(loans.landed(v))
		raw, _ := token.Extra("id_token").(string)
		if raw == "" || claims["sid"] != nil {
			t.Fatalf("claims %v", claims)
		}
		return raw
	}
	v := newVisitor(t)
	v.get(loans.push())
	h.withMinID(v)
	ofSession := hint(v)
	h.add(time.Second)
	v.get(loans.push("prompt", "login"))
	v.get(h.withWallet(v, stjerne))
	ofWallet := hint(v)

	v.get(h.provider + "/endsession?" + url.Values{"id_token_hint": {ofWallet}}.Encode())
	v.sees("Vil du logge ut?")
	v.get(h.provider + "/endsession?" + url.Values{"id_token_hint": {ofSession}}.Encode())
	v.sees("Du er logget ut")
}

// Who has no MinID logs in with the wallet all the same; a PID reaches what MinID does not.
func TestWalletNeedsNoAccount(t *testing.T) {
	h := newEIDHouse(t)
	const nobody = "21883609228"
	loans, tax := h.loginParty(t, "loans", h.provider), h.loginParty(t, "tax", h.provider)
	v := newVisitor(t)
	v.get(loans.push())
	v.get(h.withWallet(v, nobody))
	if _, claims := loans.redeem(loans.landed(v)); claims["pid"] != nobody || claims["acr"] != "idporten-loa-substantial" {
		t.Errorf("%v", claims)
	}
	v.get(tax.push())
	v.sees("Tjenesten krever sikkerhetsnivå høyt")
	v.get(v.link("with=wallet"))
	v.get(h.open(t, v.link("openid4vp:")).showPID())
	if _, claims := tax.redeem(tax.landed(v)); claims["pid"] != karies || claims["acr"] != "idporten-loa-high" {
		t.Errorf("%v", claims)
	}
}

// An account in which nothing may be done is not opened by the credential that was issued when it was in order.
func TestBarredAccountIsNotOpenedByTheWallet(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *eidHouse) {
		loans := h.loginParty(t, "loans", h.provider)
		for _, c := range []struct {
			state  minid.State
			barred bool
		}{
			{minid.StateQuarantined, true}, {minid.StateClosed, true}, {minid.StateLocked, false}, // whoever types wrong passwords locks nobody else out
			{minid.StateTemporaryPassword, false}, {minid.StateNormal, false},
		} {
			check(t, h.beside.W.Exec("UPDATE minid_people SET state = ? WHERE pid = ?", c.state, stjerne).Error)
			v := newVisitor(t)
			v.get(loans.push())
			choice := v.at
			v.get(h.withWallet(v, stjerne))
			if !c.barred {
				loans.redeem(loans.landed(v))
				continue
			}
			v.sees("MinID-en din er sperret eller avsluttet", "Ta kontakt med brukerstøtte", "wallet_login_barred")
			if v.status != http.StatusForbidden || v.left != "" {
				t.Errorf("%s: %d to %q", c.state, v.status, v.left)
			}
			v.get(choice)
			v.sees("Velg hvordan du vil logge inn") // and nobody is logged in
		}
	})
}

// A login that leads to a credential is MinID's: a credential that rests on another would outlive its revocation.
func TestWalletIsNotOfferedForCredentials(t *testing.T) {
	h := newEIDHouse(t)
	a := post(t, h.provider+"/par", url.Values{
		"client_id": {"a-wallet"}, "response_type": {"code"}, "redirect_uri": {"https://wallet.example/cb"}, "scope": {"eudiw:no:minid:mpid"},
		"state": {"s"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	})
	is(t, a, http.StatusCreated)
	_, uri, _ := strings.Cut(a.body, `"request_uri":"`)
	uri, _, _ = strings.Cut(uri, `"`)
	v := newVisitor(t)
	v.get(h.provider + "/authorize?" + url.Values{"client_id": {"a-wallet"}, "request_uri": {uri}}.Encode())
	var id string
	check(t, h.beside.R.Raw("SELECT id FROM authserver_request").Scan(&id).Error)
	for _, with := range []string{"", "?with=wallet"} {
		if v.get(h.provider + "/authorize/consent/" + id + with); v.path != "/login" || strings.Contains(v.body, "Digital lommebok") {
			t.Errorf("%q: %d at %s:\n%s", with, v.status, v.path, v.body)
		}
	}
	var begun int64
	if check(t, h.beside.R.Table("issuer_wallet_login_pending").Count(&begun).Error); begun != 0 {
		t.Errorf("%d logins with the wallet have begun", begun)
	}
}

// What does not answer the request of this browser, or answers it twice, or is another provider's, logs nobody in.
func TestWalletLoginAnswersRefused(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *eidHouse) {
		// answer goes as far as the answer of the wallet's provider, and gives its address without opening it.
		answer := func(v *visitor, p *loginParty) *url.URL {
			v.get(p.push())
			done := h.withWallet(v, stjerne)
			follow := v.client.CheckRedirect
			v.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
				if r.URL.Path == "/wallet-login/callback" {
					return http.ErrUseLastResponse
				}
				return follow(r, via)
			}
			v.get(done)
			v.client.CheckRedirect = follow
			u, err := url.Parse(v.left)
			check(t, err)
			if u.Path != "/wallet-login/callback" || u.Query().Get("iss") != h.url || u.Query().Get("code") == "" {
				t.Fatalf("left to %q: %s", v.left, v.body)
			}
			return u
		}
		with := func(u *url.URL, name, value string) string {
			q := u.Query()
			if q.Set(name, value); value == "" {
				q.Del(name)
			}
			return h.provider + u.Path + "?" + q.Encode()
		}
		refused := func(t *testing.T, v *visitor, code string) {
			t.Helper()
			v.sees(code)
			if v.status < 400 || v.left != "" {
				t.Errorf("%d to %q", v.status, v.left)
			}
		}
		for name, c := range map[string]struct{ parameter, value, code string }{
			"another issuer (mix-up, RFC 9207)": {"iss", h.provider, "wallet_login_answer"},
			"no issuer":                         {"iss", "", "wallet_login_answer"},
			"another state":                     {"state", strings.Repeat("A", 43), "wallet_login_answer"},
			"no state":                          {"state", "", "wallet_login_answer"},
			"a code that was made up":           {"code", strings.Repeat("A", 43), "wallet_login_provider"},
		} {
			t.Run(name, func(t *testing.T) {
				v := newVisitor(t)
				u := answer(v, h.loginParty(t, "loans", h.provider))
				v.get(with(u, c.parameter, c.value))
				refused(t, v, c.code)
			})
		}
		t.Run("another browser, replay", func(t *testing.T) {
			loans := h.loginParty(t, "loans", h.provider)
			v, thief := newVisitor(t), newVisitor(t)
			u := answer(v, loans)
			answer(thief, h.loginParty(t, "loans", h.provider)) // who has a login of their own under way
			thief.get(u.String())
			refused(t, thief, "wallet_login_answer")
			v.get(u.String())
			if _, claims := loans.redeem(loans.landed(v)); claims["pid"] != stjerne {
				t.Errorf("%v", claims)
			}
			v.get(u.String())
			refused(t, v, "wallet_login_answer")
		})
		t.Run("the code of another login", func(t *testing.T) {
			v, thief := newVisitor(t), newVisitor(t)
			stolen := answer(v, h.loginParty(t, "loans", h.provider)).Query().Get("code")
			own := answer(thief, h.loginParty(t, "loans", h.provider))
			thief.get(with(own, "code", stolen)) // PKCE binds it to the request it is for
			refused(t, thief, "wallet_login_provider")
		})
	})
}

// Whoever gives up with the wallet, or has too little in it, is back where they can choose MinID.
func TestBackToTheChoice(t *testing.T) {
	h := newEIDHouse(t)
	tax := h.loginParty(t, "tax", h.provider)
	v := newVisitor(t)
	v.get(tax.push())
	choice := v.at
	v.get(v.link("with=wallet"))
	w := h.open(t, v.link("openid4vp:"))
	refusal := openid4vp.ErrorResponse{Code: openid4vp.AccessDenied, State: w.request.State}
	v.get(w.taken(w.post(refusal.Form())))
	v.sees("Lommeboka delte ingenting", "Hent Norsk ID-bevis hos utstederen")
	v.get(v.link("/authorize/cancel/"))
	v.sees("Velg hvordan du vil logge inn", "Du ble ikke logget inn med lommeboka")
	if at, _, _ := strings.Cut(v.at, "?"); at != choice {
		t.Errorf("back at %s, not %s", v.at, choice)
	}
	v.get(v.link("with=wallet"))
	w = h.open(t, v.link("openid4vp:"))
	id := w.asked("urn:eudi:pid:1")
	v.get(w.send(map[string][]string{id: {w.bind(h.issuer.minID(&w.key.PublicKey, stjerne), id, binding{})}}))
	v.sees("Beviset gir for lavt sikkerhetsnivå")
	v.get(v.link("reason=level"))
	v.sees("Beviset i lommeboka gir for lavt sikkerhetsnivå for denne tjenesten")
	v.get(v.link("/authorize/cancel/"))
	if q := tax.landed(v); q.Get("error") != "access_denied" {
		t.Errorf("%v", q)
	}
}
