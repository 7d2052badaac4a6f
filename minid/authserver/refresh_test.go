package authserver_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/oauth2"
)

func refreshForm(token string, pairs ...string) url.Values {
	return change(url.Values{"grant_type": {"refresh_token"}, "client_id": {"wallet"}, "refresh_token": {token}}, pairs)
}

func (w *wallet) refresh(token string, pairs ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.do(post("/token", refreshForm(token, pairs...), "DPoP", w.proof(http.MethodPost, "/token", "")))
}

// first goes to a token that has a refresh token beside it.
func (w *wallet) first(t *testing.T, pairs ...string) oauth2.TokenResponse {
	t.Helper()
	token := tokenOf(t, w.redeem(w.code(pairs...)))
	if token.RefreshToken == "" {
		t.Fatalf("no refresh token: %+v", token)
	}
	return token
}

func TestRefreshGivesTheSameAtTheSameLevel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		signedIn := w.now
		token := w.first(t)
		if a := accessOf(t, w.use(token.AccessToken)); a.Refreshed {
			t.Error("the first token says that it was refreshed")
		}
		w.now = w.now.Add(20 * day)
		if err := w.server.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 { // it is not exchanged
			again := tokenOf(t, w.refresh(token.RefreshToken))
			if again.RefreshToken != "" || again.Scope != "student" || again.AccessToken == token.AccessToken || again.ExpiresIn != 600 {
				t.Errorf("again %+v", again)
			}
			a := accessOf(t, w.use(again.AccessToken))
			if !a.Refreshed || a.Level != minid.LevelHigh || !a.AuthTime.Equal(signedIn) || a.PersonID != "person" || !slices.Equal(a.Scopes, []string{"student"}) {
				t.Errorf("access %+v", a)
			}
		}
		w.now = signedIn.Add(30 * day)
		wantError(t, w.refresh(token.RefreshToken), 400, "invalid_grant")
		if err := w.server.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRefreshFollowsEachType(t *testing.T) {
	w := newWorld(t, offering).wallet()
	token := w.first(t, "scope", "student pid", "authorization_details", ageDetails)
	narrow := tokenOf(t, w.refresh(token.RefreshToken, "scope", "student"))
	if narrow.Scope != "student" || len(narrow.AuthorizationDetails) != 1 {
		t.Errorf("narrowed %+v", narrow)
	}
	wantError(t, w.refresh(token.RefreshToken, "scope", "student unknown"), 400, "invalid_scope")
	wantError(t, w.refresh(token.RefreshToken, "scope", "pid"), 400, "invalid_grant")
	w.now = w.now.Add(5 * day)
	both := tokenOf(t, w.refresh(token.RefreshToken))
	if both.Scope != "student" || len(both.AuthorizationDetails) != 2 {
		t.Errorf("after five days %+v", both)
	}
	w.now = w.now.Add(10 * day)
	one := tokenOf(t, w.refresh(token.RefreshToken))
	if one.Scope != "student" || len(one.AuthorizationDetails) != 1 || one.AuthorizationDetails[0].CredentialConfigurationID != "student_sdjwt" {
		t.Errorf("after fifteen days %+v", one)
	}
}

func TestNoRefreshToken(t *testing.T) {
	w := newWorld(t, offering).wallet()
	if token := tokenOf(t, w.redeem(w.code("scope", "pid"))); token.RefreshToken != "" {
		t.Error("for what is issued on a fresh sign-in alone")
	}
	w.person.session.AuthTime = w.now.Add(-31 * day)
	if token := tokenOf(t, w.redeem(w.code())); token.RefreshToken != "" {
		t.Error("for a sign-in that is too old already")
	}
	plain := newWorld(t).wallet()
	wantError(t, plain.refresh("x"), 400, "unsupported_grant_type")
}

// B21
func TestRefreshRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		token := w.first(t).RefreshToken
		for name, c := range map[string]struct {
			change []string
			status int
			code   string
		}{
			"another client": {[]string{"client_id", "other"}, 400, "invalid_grant"},
			"unknown":        {[]string{"refresh_token", "unknown"}, 400, "invalid_grant"},
			"missing":        {[]string{"refresh_token", ""}, 400, "invalid_request"},
			"no client":      {[]string{"client_id", ""}, 400, "invalid_request"},
			"another target": {[]string{"resource", "https://elsewhere.example"}, 400, "invalid_target"},
			"as a code":      {[]string{"grant_type", "authorization_code", "code", token}, 400, "invalid_grant"},
		} {
			t.Run(name, func(t *testing.T) { wantError(t, w.refresh(token, c.change...), c.status, c.code) })
		}
		t.Run("another key", func(t *testing.T) { wantError(t, w.world.wallet().refresh(token), 400, "invalid_grant") })
		t.Run("without a proof", func(t *testing.T) { wantError(t, w.do(post("/token", refreshForm(token))), 400, "invalid_dpop_proof") })
		t.Run("as an access token", func(t *testing.T) { wantError(t, w.use(token), 401, "invalid_token") })
		stands := w.server.Accounts.(*accounts)
		stands.ended = true
		wantError(t, w.refresh(token), 400, "invalid_grant")
		stands.ended = false
		live := tokenOf(t, w.refresh(token)).AccessToken

		for _, other := range [][2]string{{"person", "other"}, {"another", "wallet"}} {
			if err := w.server.WithdrawConsent(t.Context(), other[0], other[1]); err != nil {
				t.Fatal(err)
			}
		}
		tokenOf(t, w.refresh(token))
		if err := w.server.WithdrawConsent(t.Context(), "person", "wallet"); err != nil {
			t.Fatal(err)
		}
		wantError(t, w.refresh(token), 400, "invalid_grant")
		wantError(t, w.use(live), 401, "invalid_token")
	})
}

// A code that is used again takes the refresh token with it (RFC 6749 section 4.1.2).
func TestReusedCodeEndsTheRefreshToken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		code := w.code()
		token := tokenOf(t, w.redeem(code))
		wantError(t, w.redeem(code), 400, "invalid_grant")
		wantError(t, w.refresh(token.RefreshToken), 400, "invalid_grant")
	})
}

// B21: without rotation sixteen refreshes are sixteen tokens, each for a proof of its own; one proof makes one.
func TestSixteenRefreshes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		token := w.first(t).RefreshToken
		proof := w.proof("POST", "/token", "")
		requests := make([]*http.Request, racers)
		for i := range requests {
			requests[i] = post("/token", refreshForm(token), "DPoP", proof)
		}
		if count := w.race(requests); count["200"] != 1 || count["400 invalid_dpop_proof"] != racers-1 {
			t.Errorf("one proof: %v", count)
		}
		for i := range requests {
			requests[i] = post("/token", refreshForm(token), "DPoP", w.proof("POST", "/token", ""))
		}
		if count := w.race(requests); count["200"] != racers {
			t.Errorf("sixteen proofs: %v", count)
		}
	})
}

// B21: whatever a withdrawal meets on its way, no token lives after it.
func TestRefreshAgainstWithdrawal(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		token := w.first(t).RefreshToken
		requests, answers := make([]*http.Request, racers), make([]*httptest.ResponseRecorder, racers)
		for i := range requests {
			requests[i] = post("/token", refreshForm(token), "DPoP", w.proof("POST", "/token", ""))
		}
		gate := make(chan struct{})
		var wait sync.WaitGroup
		for i, r := range requests {
			wait.Go(func() { <-gate; answers[i] = w.do(r) })
		}
		wait.Go(func() {
			<-gate
			if err := w.server.WithdrawConsent(t.Context(), "person", "wallet"); err != nil {
				t.Error(err)
			}
		})
		close(gate)
		wait.Wait()
		for i, rec := range answers {
			if rec.Code != http.StatusOK {
				wantError(t, rec, 400, "invalid_grant")
				continue
			}
			t.Run(fmt.Sprint(i), func(t *testing.T) { wantError(t, w.use(tokenOf(t, rec).AccessToken), 401, "invalid_token") })
		}
	})
}

func TestRefreshAfterPreAuthorization(t *testing.T) {
	w := newWorld(t, offering, func(s *authserver.Server) { s.InsecureAllowAnonymousPreAuthorized = true }).wallet()
	token := tokenOf(t, w.redeemPre(w.preAuthorize("age_mdoc")))
	w.now = w.now.Add(9 * day)
	again := tokenOf(t, w.refresh(token.RefreshToken))
	if len(again.AuthorizationDetails) != 1 || !slices.Equal(again.AuthorizationDetails[0].CredentialIdentifiers, token.AuthorizationDetails[0].CredentialIdentifiers) {
		t.Errorf("%+v, then %+v", token, again)
	}
	if anonymous := tokenOf(t, w.redeemPre(w.preAuthorize("student_sdjwt"), "client_id", "")); anonymous.RefreshToken != "" {
		t.Error("nobody in particular has a refresh token")
	}
}

// B21: the refresh token of an attested wallet is of its instance: the DPoP key alone does not do, nor another instance's word.
func TestRefreshIsOfTheInstance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w, m := attesting(t, db, offering)
		u := w.unit(m)
		token := tokenOf(t, u.redeemAttested(u.attestedCode(), u.headers(w.server.Nonces.Current())...)).RefreshToken
		send := func(headers ...string) *httptest.ResponseRecorder {
			headers = append(headers, "DPoP", u.proof(http.MethodPost, "/token", ""))
			return w.do(post("/token", refreshForm(token, "client_id", attestedID), headers...))
		}
		wantError(t, send(), 401, "invalid_client")
		other := w.unit(m)
		wantError(t, send(other.headers(w.server.Nonces.Current())...), 400, "invalid_grant")
		u.says.Status.Until = u.says.Status.Until.Add(day)
		access := accessOf(t, u.use(tokenOf(t, send(u.headers(w.server.Nonces.Current())...)).AccessToken))
		if access.Unit == nil || !access.Unit.Status.Until.Equal(u.says.Status.Until) {
			t.Errorf("the unit of the first attestation: %+v", access.Unit)
		}
	})
}

// B23: a service that logs people in has the authorization code alone.
func TestServicesHaveNoGrantsOfWallets(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering, withTax(t)).wallet()
		p := w.preAuthorize("student_sdjwt")
		for name, v := range map[string]url.Values{"pre-authorized code": preForm(p, "client_id", ""), "refresh token": refreshForm("x", "client_id", "")} {
			t.Run(name, func(t *testing.T) { wantError(t, w.do(byTax(post("/token", v))), 400, "unauthorized_client") })
		}
		tokenOf(t, w.redeemPre(p))
	})
}
