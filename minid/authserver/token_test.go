package authserver_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/oauth2"
)

const ageDetails = `[{"type":"openid_credential","credential_configuration_id":"age_mdoc"}]`

// The whole way on both databases, with a code that is bound to a key from the start.
func TestJourney(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		token := w.token("dpop_jkt", w.prover.JKT(), "scope", "student pid unknown")
		if token.TokenType != "DPoP" || token.ExpiresIn != 600 || token.Scope != "student pid" || token.AuthorizationDetails != nil {
			t.Errorf("token %+v", token)
		}
		rec := w.use(token.AccessToken)
		var access authserver.Access
		if err := json.Unmarshal(rec.Body.Bytes(), &access); err != nil || rec.Code != http.StatusOK {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		if access.PersonID != "person" || access.PID != pid || access.ClientID != "wallet" || access.JKT != w.prover.JKT() ||
			access.Level.String() != "high" || access.Basis != "in_person" || !slices.Equal(access.Scopes, []string{"student", "pid"}) || access.GrantID == "" {
			t.Errorf("access %+v", access)
		}
		w.now = w.now.Add(time.Hour)
		if err := w.server.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestTokenResponseSaysWhatWasGranted(t *testing.T) {
	w := newWorld(t).wallet()
	byDetails := w.token("scope", "", "authorization_details", ageDetails)
	if byDetails.Scope != "" || len(byDetails.AuthorizationDetails) != 1 {
		t.Fatalf("by authorization_details: %+v", byDetails)
	}
	d := byDetails.AuthorizationDetails[0]
	if d.Type != "openid_credential" || d.CredentialConfigurationID != "age_mdoc" || len(d.CredentialIdentifiers) != 1 || len(d.CredentialIdentifiers[0]) < 22 {
		t.Errorf("detail %+v", d)
	}
	var access authserver.Access
	if err := json.Unmarshal(w.use(byDetails.AccessToken).Body.Bytes(), &access); err != nil {
		t.Fatal(err)
	}
	if len(access.Authorized) != 1 || !slices.Equal(access.Authorized[0].Identifiers, d.CredentialIdentifiers) || len(access.Scopes) != 0 {
		t.Errorf("access %+v", access)
	}
	both := w.token("scope", "student", "authorization_details", ageDetails)
	if both.Scope != "student" || len(both.AuthorizationDetails) != 2 {
		t.Errorf("both: %+v", both)
	}
	if again := w.token("scope", "", "authorization_details", ageDetails); slices.Equal(again.AuthorizationDetails[0].CredentialIdentifiers, d.CredentialIdentifiers) {
		t.Error("two grants share a Credential Identifier")
	}
}

func TestTokenAnswerIsNotKeptAndHasNoNonceOfCredentials(t *testing.T) {
	w := newWorld(t).wallet()
	rec := w.redeem(w.code())
	if rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("DPoP-Nonce") != w.server.Nonces.Current() {
		t.Errorf("headers %v", rec.Header())
	}
	if strings.Contains(rec.Body.String(), "c_nonce") || strings.Contains(rec.Body.String(), "refresh_token") || strings.Contains(rec.Body.String(), pid) {
		t.Errorf("answer %s", rec.Body)
	}
}

func TestTokenRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		cases := map[string]struct {
			change []string
			status int
			code   string
		}{
			"B23 password grant":            {[]string{"grant_type", "password"}, 400, "unsupported_grant_type"},
			"B23 client_credentials":        {[]string{"grant_type", "client_credentials"}, 400, "unsupported_grant_type"},
			"B23 refresh_token":             {[]string{"grant_type", "refresh_token"}, 400, "unsupported_grant_type"},
			"no grant_type":                 {[]string{"grant_type", ""}, 400, "invalid_request"},
			"no code":                       {[]string{"code", ""}, 400, "invalid_request"},
			"unknown client":                {[]string{"client_id", "nobody"}, 400, "invalid_grant"},
			"no client":                     {[]string{"client_id", ""}, 400, "invalid_request"},
			"another client":                {[]string{"client_id", "other"}, 400, "invalid_grant"},
			"B06 verifier wrong":            {[]string{"code_verifier", strings.Repeat("x", 43)}, 400, "invalid_grant"},
			"B06 verifier missing":          {[]string{"code_verifier", ""}, 400, "invalid_grant"},
			"B06 verifier is the challenge": {[]string{"code_verifier", oauth2.S256(verifier)}, 400, "invalid_grant"},
			"B06 verifier short":            {[]string{"code_verifier", "x"}, 400, "invalid_grant"},
			"B01 another redirect_uri":      {[]string{"redirect_uri", "com.example.wallet:/cb"}, 400, "invalid_grant"},
			"B01 redirect_uri changed":      {[]string{"redirect_uri", redirect + "&"}, 400, "invalid_grant"},
			"redirect_uri missing":          {[]string{"redirect_uri", ""}, 400, "invalid_grant"},
			"unknown code":                  {[]string{"code", strings.Repeat("A", 43)}, 400, "invalid_grant"},
		}
		w := worldOn(t, db).wallet()
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				code := w.code()
				wantError(t, w.redeem(code, c.change...), c.status, c.code)
				if rec := w.redeem(code); rec.Code != http.StatusOK {
					t.Errorf("the refusal cost its client the code: %d %s", rec.Code, rec.Body)
				}
			})
		}
	})
}

// A challenge can be made of anything; RFC 7636 section 4.1 asks for a verifier that nobody guesses.
func TestVerifierMustBeWellFormed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		for _, weak := range []string{"short", strings.Repeat("x", 129), strings.Repeat("x", 42) + "="} {
			wantError(t, w.redeem(w.code("code_challenge", oauth2.S256(weak)), "code_verifier", weak), 400, "invalid_grant")
		}
	})
}

func TestTokenIsForPOSTAlone(t *testing.T) {
	w := newWorld(t).wallet()
	r := httptest.NewRequest(http.MethodGet, issuer+"/token?"+tokenForm(w.code()).Encode(), nil)
	r.Header.Set("DPoP", w.proof("GET", "/token", ""))
	rec := w.do(r)
	wantError(t, rec, 405, "invalid_request")
	if rec.Header().Get("Allow") != "POST" {
		t.Errorf("Allow %q", rec.Header().Get("Allow"))
	}
}

func TestCodeLivesAMinute(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		code := w.code()
		w.now = w.now.Add(59 * time.Second)
		if rec := w.redeem(code); rec.Code != http.StatusOK {
			t.Errorf("59 s: %d %s", rec.Code, rec.Body)
		}
		code = w.code()
		w.now = w.now.Add(61 * time.Second)
		wantError(t, w.redeem(code), 400, "invalid_grant") // B09
	})
}

// B07
func TestCodeUsedTwiceRevokesItsTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		code := w.code()
		var token oauth2.TokenResponse
		if err := json.Unmarshal(w.redeem(code).Body.Bytes(), &token); err != nil {
			t.Fatal(err)
		}
		untouched := w.token().AccessToken
		if rec := w.use(token.AccessToken); rec.Code != http.StatusOK {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		wantError(t, w.redeem(code), 400, "invalid_grant")
		wantError(t, w.use(token.AccessToken), 401, "invalid_token")
		if rec := w.use(untouched); rec.Code != http.StatusOK {
			t.Errorf("the token of another code died too: %d", rec.Code)
		}
	})
}

// B15
func TestCodeBoundToAKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for name, bind := range map[string]func(w *wallet) string{
			"by dpop_jkt": func(w *wallet) string { return w.code("dpop_jkt", w.prover.JKT()) },
			"by a proof at PAR": func(w *wallet) string {
				rec := w.do(post("/par", parForm(), "DPoP", w.proof("POST", "/par", "")))
				var answer oauth2.PARResponse
				if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
					t.Fatal(err)
				}
				return w.landed(w.answer(w.authorize(answer.RequestURI), "yes")).Get("code")
			},
		} {
			t.Run(name, func(t *testing.T) {
				w := worldOn(t, db).wallet()
				code := bind(w)
				wantError(t, w.world.wallet().redeem(code), 400, "invalid_grant")
				if rec := w.redeem(code); rec.Code != http.StatusOK {
					t.Errorf("by its own key: %d %s", rec.Code, rec.Body)
				}
			})
		}
	})
}

func TestProofsAtTheTokenEndpoint(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		code := w.code()
		for name, bad := range badProofs(w, "/token", "") {
			t.Run("B11 "+name, func(t *testing.T) {
				r := post("/token", tokenForm(code))
				r.Header["Dpop"] = bad.headers
				wantError(t, w.do(r), 400, bad.code)
			})
		}
		for name, nonce := range badNonces(w) {
			t.Run("B13 nonce "+name, func(t *testing.T) {
				proof, err := w.prover.Proof("POST", issuer+"/token", nonce, "", w.now)
				if err != nil {
					t.Fatal(err)
				}
				rec := w.do(post("/token", tokenForm(code), "DPoP", proof))
				wantError(t, rec, 400, "use_dpop_nonce")
				if rec.Header().Get("DPoP-Nonce") != w.server.Nonces.Current() {
					t.Error("no DPoP-Nonce to go on with")
				}
			})
		}
		t.Run("jti twice", func(t *testing.T) {
			proof := w.proof("POST", "/token", "")
			wantError(t, w.do(post("/token", tokenForm("unknown"), "DPoP", proof)), 400, "invalid_grant")
			wantError(t, w.do(post("/token", tokenForm(code), "DPoP", proof)), 400, "invalid_dpop_proof")
		})
		if rec := w.redeem(code); rec.Code != http.StatusOK {
			t.Errorf("the refusals cost the client its code: %d %s", rec.Code, rec.Body)
		}
	})
}

// A failure of ours is a silent 500: its cause stands in the log and not in the answer.
func TestFaultsAreSilent(t *testing.T) {
	w := newWorld(t).wallet()
	page, token := w.authorize(w.push()), w.token().AccessToken
	w.server.Store = failing{w.server.Store}
	for name, rec := range map[string]*httptest.ResponseRecorder{
		"PAR": w.do(post("/par", parForm())), "token": w.redeem("code"), "access": w.use(token),
	} {
		t.Run(name, func(t *testing.T) { wantError(t, rec, 500, "server_error") })
	}
	wantPage(t, w.answer(page, "yes"), 500, "server_error")
	wantPage(t, w.authorize("urn:ietf:params:oauth:request_uri:x"), 500, "server_error")
	if n := strings.Count(w.log.String(), errDisk.Error()); n != 5 {
		t.Errorf("the cause stands %d times in the log, want 5", n)
	}
}

var errDisk = errors.New("the disk is full")
