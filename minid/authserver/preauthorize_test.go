package authserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/oauth2"
)

const preAuthorizedType = "urn:ietf:params:oauth:grant-type:pre-authorized_code"

// accounts stand unless a test ends them.
type accounts struct{ ended bool }

func (a *accounts) Stands(context.Context, string, time.Time) (bool, error) { return !a.ended, nil }

// offering is a server that makes offers.
func offering(w *authserver.Server) {
	w.Offers, w.Accounts = authserver.NewOffers(bytes.Repeat([]byte{9}, 32), w.Now), &accounts{}
}

func (w *world) preAuthorize(configurations ...string) *authserver.PreAuthorized {
	w.t.Helper()
	p, err := w.server.PreAuthorize(w.t.Context(), w.person.session, configurations)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func preForm(p *authserver.PreAuthorized, pairs ...string) url.Values {
	v := url.Values{"grant_type": {preAuthorizedType}, "client_id": {"wallet"}, "pre-authorized_code": {p.Code}}
	if p.TxCode != "" {
		v.Set("tx_code", p.TxCode)
	}
	return change(v, pairs)
}

func (w *wallet) redeemPre(p *authserver.PreAuthorized, pairs ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.do(post("/token", preForm(p, pairs...), "DPoP", w.proof(http.MethodPost, "/token", "")))
}

func tokenOf(t *testing.T, rec *httptest.ResponseRecorder) oauth2.TokenResponse {
	t.Helper()
	var token oauth2.TokenResponse
	if err := json.Unmarshal(rec.Body.Bytes(), &token); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("token: %d %s", rec.Code, rec.Body)
	}
	return token
}

func accessOf(t *testing.T, rec *httptest.ResponseRecorder) authserver.Access {
	t.Helper()
	var access authserver.Access
	if err := json.Unmarshal(rec.Body.Bytes(), &access); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("access: %d %s", rec.Code, rec.Body)
	}
	return access
}

// wrong is a transaction code that is not the one.
func wrong(tx string) string {
	if tx == "000000" {
		return "000001"
	}
	return "000000"
}

func TestPreAuthorizedGrantIsThatOfTheSignIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		w.person.session.Level, w.person.session.AuthTime = minid.LevelSubstantial, w.now.Add(-3*time.Minute)
		p := w.preAuthorize("student_sdjwt")
		token := tokenOf(t, w.redeemPre(p))
		if token.TokenType != "DPoP" || token.Scope != "student" || token.AuthorizationDetails != nil || token.IDToken != "" {
			t.Errorf("token %+v", token)
		}
		a := accessOf(t, w.use(token.AccessToken))
		if a.PersonID != "person" || a.PID != pid || a.Level != minid.LevelSubstantial || a.Basis != minid.BasisInPerson ||
			!a.AuthTime.Equal(w.person.session.AuthTime) || a.ClientID != "wallet" || !slices.Equal(a.Scopes, []string{"student"}) {
			t.Errorf("access %+v", a)
		}
	})
}

func TestPreAuthorizedWithoutScopeHasIdentifiers(t *testing.T) {
	w := newWorld(t, offering).wallet()
	token := tokenOf(t, w.redeemPre(w.preAuthorize("age_mdoc", "student_sdjwt")))
	if token.Scope != "" || len(token.AuthorizationDetails) != 2 {
		t.Errorf("token %+v", token)
	}
}

func TestTokenIsNarrowed(t *testing.T) {
	w := newWorld(t, offering).wallet()
	p := w.preAuthorize("student_sdjwt", "age_mdoc")
	detail := func(id string) string {
		return `[{"type":"openid_credential","credential_configuration_id":"` + id + `"}]`
	}
	wantError(t, w.redeemPre(p, "authorization_details", detail("pid_mdoc")), 400, "invalid_authorization_details")
	wantError(t, w.redeemPre(p, "authorization_details", detail("nothing")), 400, "invalid_authorization_details")
	wantError(t, w.redeemPre(p, "resource", "https://elsewhere.example"), 400, "invalid_target")
	token := tokenOf(t, w.redeemPre(p, "authorization_details", detail("age_mdoc"), "resource", issuer))
	a := accessOf(t, w.use(token.AccessToken))
	if len(token.AuthorizationDetails) != 1 || len(a.Authorized) != 1 || a.Authorized[0].ConfigurationID != "age_mdoc" ||
		!slices.Equal(a.Authorized[0].Identifiers, token.AuthorizationDetails[0].CredentialIdentifiers) {
		t.Errorf("token %+v access %+v", token, a)
	}
	// A code by scope is narrowed too, and then has identifiers.
	w.person.session.Level = minid.LevelHigh
	code := w.code("scope", "student pid")
	wantError(t, w.redeem(code, "authorization_details", detail("age_mdoc")), 400, "invalid_authorization_details")
	token = tokenOf(t, w.redeem(code, "authorization_details", detail("student_sdjwt")))
	a = accessOf(t, w.use(token.AccessToken))
	if token.Scope != "student" || !slices.Equal(a.Scopes, []string{"student"}) || len(a.Authorized) != 1 {
		t.Errorf("token %+v access %+v", token, a)
	}
}

func TestPreAuthorizedRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		cases := map[string]struct {
			change []string
			status int
			code   string
		}{
			"C09 tx_code missing":      {[]string{"tx_code", ""}, 400, "invalid_request"},
			"code missing":             {[]string{"pre-authorized_code", ""}, 400, "invalid_request"},
			"code unknown":             {[]string{"pre-authorized_code", strings.Repeat("A", 43)}, 400, "invalid_grant"},
			"C08 tx_code wrong":        {[]string{"tx_code", "12345"}, 400, "invalid_grant"},
			"tx_code in other digits":  {[]string{"tx_code", "١٢٣٤٥٦"}, 400, "invalid_grant"},
			"C09 no client":            {[]string{"client_id", ""}, 401, "invalid_client"},
			"as an authorization code": {[]string{"grant_type", "authorization_code", "code", strings.Repeat("A", 43)}, 400, "invalid_grant"},
		}
		w := worldOn(t, db, offering).wallet()
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				p := w.preAuthorize("age_mdoc")
				wantError(t, w.redeemPre(p, c.change...), c.status, c.code)
				if rec := w.redeemPre(p); rec.Code != http.StatusOK {
					t.Errorf("the refusal cost its wallet the code: %d %s", rec.Code, rec.Body)
				}
			})
		}
		t.Run("C09 tx_code where none is expected", func(t *testing.T) {
			p := w.preAuthorize("student_sdjwt")
			if p.TxCode != "" {
				t.Fatal("a tx_code for what takes none")
			}
			wantError(t, w.redeemPre(p, "tx_code", "123456"), 400, "invalid_request")
		})
		t.Run("without a proof", func(t *testing.T) {
			wantError(t, w.do(post("/token", preForm(w.preAuthorize("age_mdoc")))), 400, "invalid_dpop_proof")
		})
		t.Run("where none is served", func(t *testing.T) {
			plain := worldOn(t, db).wallet()
			wantError(t, plain.redeemPre(&authserver.PreAuthorized{Code: "x"}), 400, "unsupported_grant_type")
		})
	})
}

func TestPreAuthorizedClientAuthenticates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering, func(s *authserver.Server) { s.InsecureAllowAnyClient = false }).wallet()
		wantError(t, w.redeemPre(w.preAuthorize("age_mdoc")), 401, "invalid_client")

		w = worldOn(t, db, offering, func(s *authserver.Server) {
			s.InsecureAllowAnyClient, s.InsecureAllowAnonymousPreAuthorized = false, true
		}).wallet()
		p := w.preAuthorize("age_mdoc")
		wantError(t, w.redeemPre(p), 401, "invalid_client") // who names itself authenticates itself
		a := accessOf(t, w.use(tokenOf(t, w.redeemPre(p, "client_id", "")).AccessToken))
		if a.ClientID != "" {
			t.Errorf("client %q", a.ClientID)
		}
		var metadata oauth2.ServerMetadata
		rec := w.get("/.well-known/oauth-authorization-server")
		if err := json.Unmarshal(rec.Body.Bytes(), &metadata); err != nil || !metadata.PreAuthorizedGrantAnonymousAccessSupported ||
			!slices.Contains(metadata.GrantTypesSupported, preAuthorizedType) {
			t.Errorf("metadata %s", rec.Body)
		}
	})
}

// C08: a wrong code costs its try and nothing else; after three the pre-authorized code is dead, for the right one too.
func TestThreeTransactionCodes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		p := w.preAuthorize("age_mdoc")
		for range 2 {
			wantError(t, w.redeemPre(p, "tx_code", wrong(p.TxCode)), 400, "invalid_grant")
		}
		tokenOf(t, w.redeemPre(p))
		p = w.preAuthorize("age_mdoc")
		for range 3 {
			wantError(t, w.redeemPre(p, "tx_code", wrong(p.TxCode)), 400, "invalid_grant")
		}
		wantError(t, w.redeemPre(p), 400, "invalid_grant")
	})
}

// C08: sixteen at once are no more than three.
func TestGuessesAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		p := w.preAuthorize("age_mdoc")
		requests := make([]*http.Request, racers)
		for i := range requests {
			requests[i] = post("/token", preForm(p, "tx_code", fmt.Sprintf("x%05d", i)), "DPoP", w.proof("POST", "/token", ""))
		}
		if count := w.race(requests); count["400 invalid_grant"] != racers {
			t.Errorf("%v", count)
		}
		var tries int
		if err := db.R.Raw("SELECT tries FROM authserver_preauthorized").Scan(&tries).Error; err != nil || tries != 3 {
			t.Errorf("%d guesses were compared, %v", tries, err)
		}
	})
}

// C07
func TestPreAuthorizedCodeIsUsedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		p := w.preAuthorize("student_sdjwt")
		requests := make([]*http.Request, racers)
		for i := range requests {
			requests[i] = post("/token", preForm(p), "DPoP", w.proof("POST", "/token", ""))
		}
		if count := w.race(requests); count["200"] != 1 || count["400 invalid_grant"] != racers-1 {
			t.Errorf("%v", count)
		}
		wantError(t, w.redeemPre(p), 400, "invalid_grant")
	})
}

func TestPreAuthorizedCodeLivesFiveMinutes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		p, late := w.preAuthorize("student_sdjwt"), w.preAuthorize("student_sdjwt")
		if _, err := w.server.PreAuthorizedAt(t.Context(), p.Reference); err != nil {
			t.Errorf("fetched at once: %v", err)
		}
		w.now = w.now.Add(3 * time.Minute)
		if _, err := w.server.PreAuthorizedAt(t.Context(), p.Reference); !errors.Is(err, authserver.ErrNoCode) {
			t.Errorf("fetched after three minutes: %v", err)
		}
		w.now = w.now.Add(2*time.Minute - time.Second)
		tokenOf(t, w.redeemPre(p))
		w.now = w.now.Add(time.Second)
		wantError(t, w.redeemPre(late), 400, "invalid_grant")
		if err := w.server.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// C11: an offer is of the session that made it, and ends with it; the account must stand.
func TestPreAuthorizationIsOfItsSession(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		p := w.preAuthorize("age_mdoc")
		again, err := w.server.PreAuthorizedIn(t.Context(), w.person.session, p.ID)
		if err != nil || again.Code != p.Code || again.TxCode != p.TxCode {
			t.Errorf("%+v, %v", again, err)
		}
		other := *w.person.session
		other.ID = "another"
		if _, err := w.server.PreAuthorizedIn(t.Context(), &other, p.ID); !errors.Is(err, authserver.ErrNoCode) {
			t.Errorf("another session: %v", err)
		}
		fetched, err := w.server.PreAuthorizedAt(t.Context(), p.Reference)
		if err != nil || fetched.Code != p.Code || !slices.Equal(fetched.Configurations, []string{"age_mdoc"}) {
			t.Errorf("%+v, %v", fetched, err)
		}
		if _, err := w.server.Store.EndLogins(t.Context(), w.person.session.ID, w.now); err != nil {
			t.Fatal(err)
		}
		wantError(t, w.redeemPre(p), 400, "invalid_grant")

		p = w.preAuthorize("age_mdoc")
		w.server.Accounts.(*accounts).ended = true
		wantError(t, w.redeemPre(p), 400, "invalid_grant")
	})
}

func TestPreAuthorizeAsksWhatTheFlowWould(t *testing.T) {
	w := newWorld(t, offering)
	for name, c := range map[string]struct {
		level minid.Level
		age   time.Duration
		ids   []string
		want  error
	}{
		"a PID":                 {minid.LevelHigh, 0, []string{"pid_mdoc"}, authserver.ErrNotPreAuthorized},
		"a PID among others":    {minid.LevelHigh, 0, []string{"age_mdoc", "pid_mdoc"}, authserver.ErrNotPreAuthorized},
		"unknown":               {minid.LevelHigh, 0, []string{"nothing"}, authserver.ErrNotPreAuthorized},
		"nothing":               {minid.LevelHigh, 0, nil, authserver.ErrNotPreAuthorized},
		"too low":               {minid.LevelLow, 0, []string{"student_sdjwt"}, authserver.ErrLevelTooLow},
		"too old":               {minid.LevelHigh, 16 * time.Minute, []string{"age_mdoc"}, authserver.ErrLevelTooLow},
		"old, and no age asked": {minid.LevelHigh, 16 * time.Minute, []string{"student_sdjwt"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			session := *w.person.session
			session.Level, session.AuthTime = c.level, w.now.Add(-c.age)
			if _, err := w.server.PreAuthorize(t.Context(), &session, c.ids); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestNothingOfAnOfferIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db, offering).wallet()
		p := w.preAuthorize("age_mdoc")
		var kept []string
		for _, column := range []string{"id", "reference_hash", "code_hash", "tx_hash", "scopes", "authorized"} {
			var b []byte
			if err := db.R.Raw("SELECT " + column + " FROM authserver_preauthorized").Row().Scan(&b); err != nil {
				t.Fatal(err)
			}
			kept = append(kept, string(b))
		}
		all := strings.Join(kept, "\n") + w.log.String()
		for name, s := range map[string]string{"code": p.Code, "reference": p.Reference, "tx_code": p.TxCode} {
			tx := authserver.HashOf(s)
			if strings.Contains(all, s) || name == "tx_code" && strings.Contains(all, string(tx[:])) {
				t.Errorf("the %s is kept", name)
			}
		}
	})
}

func TestIssuerStateIsOfAnOffer(t *testing.T) {
	w := newWorld(t, offering).wallet()
	state := w.server.Offers.IssuerState([]string{"student_sdjwt", "age_mdoc"})
	foreign := authserver.NewOffers(bytes.Repeat([]byte{8}, 32), w.server.Now).IssuerState([]string{"student_sdjwt"})
	longer := w.server.Offers.IssuerState([]string{"age_mdoc"})
	for name, bad := range map[string][]string{
		"a stranger's word":      {"issuer_state", "from an offer"},
		"another server's":       {"issuer_state", foreign},
		"shortened":              {"issuer_state", state[:len(state)-1]},
		"changed":                {"issuer_state", state[:12] + wrongLetter(state[12:13]) + state[13:]},
		"of another offer":       {"issuer_state", longer},
		"more than was offered":  {"issuer_state", state, "scope", "student pid"},
		"details beyond":         {"issuer_state", longer, "scope", "", "authorization_details", `[{"type":"openid_credential","credential_configuration_id":"student_sdjwt"}]`},
		"spelt otherwise":        {"issuer_state", state[:5] + "\n" + state[5:]},
		"too short to be a mark": {"issuer_state", "AAAA"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, w.do(post("/par", parForm(bad...))), 400, "invalid_request") })
	}
	w.push("issuer_state", state)
	w.push()
	newWorld(t).wallet().push("issuer_state", "from an offer") // where no offers are made it means nothing
	w.now = w.now.Add(authserver.OfferLife)
	wantError(t, w.do(post("/par", parForm("issuer_state", state))), 400, "invalid_request")
}

func FuzzOffered(f *testing.F) {
	offers := authserver.NewOffers(bytes.Repeat([]byte{9}, 32), time.Now)
	good := offers.IssuerState([]string{"a"})
	f.Add(good)
	f.Add(good[:20])
	f.Add(good + "\r\n")
	f.Fuzz(func(t *testing.T, state string) {
		if _, ok := offers.Offered(state); ok && state != good {
			t.Fatalf("%q was taken", state)
		}
	})
}

func wrongLetter(s string) string {
	if s == "A" {
		return "B"
	}
	return "A"
}
