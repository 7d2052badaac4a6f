package authserver_test

import (
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
)

// wantPage fails unless the answer is a page for the person with the code, and no redirect.
func wantPage(t *testing.T, rec *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	if rec.Code != status || rec.Header().Get("Location") != "" || !strings.Contains(rec.Body.String(), "<code>"+code+"</code>") {
		t.Fatalf("got %d, Location %q, %s; want the page %d %s", rec.Code, rec.Header().Get("Location"), rec.Body, status, code)
	}
}

func TestConsentPage(t *testing.T) {
	w := newWorld(t).wallet()
	rec := w.authorize(w.push("scope", "student pid"))
	body := rec.Body.String()
	for _, want := range []string{
		"Vil du hente disse 2 bevisene?", "Lommeboka Lommeboka ber om", "Navn på student_sdjwt nb", "Navn på pid_mdoc nb", "Beskrivelse &lt;b&gt;",
		"<li>Rolle</li>", "Beviset er gyldig i 30 dager.", "<dd>wallet.example</dd>", `value="yes"`, `value="no"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, never := range []string{"Vi kjenner ikke", pid, "client_id"} {
		if strings.Contains(strings.Split(body, "<main")[1], never) {
			t.Errorf("the page says %q", never)
		}
	}
	if csp := rec.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://wallet.example;") {
		t.Errorf("the browser would not follow the answer to the wallet: %s", csp)
	}
	for _, page := range []struct{ lang, want string }{{"nn", "Vil du hente desse 2 bevisa?"}, {"en", "Do you want to get these 2 credentials?"}} {
		if body := w.get("/authorize/consent/" + requestID(t, w, rec) + "?lang=" + page.lang).Body.String(); !strings.Contains(body, page.want) {
			t.Errorf("%s lacks %q", page.lang, page.want)
		}
	}
}

func requestID(t *testing.T, w *wallet, page *httptest.ResponseRecorder) string {
	t.Helper()
	action, _ := w.consentForm(page)
	return strings.TrimPrefix(action, "/authorize/consent/")
}

func TestConsentPageOfAWalletThatWeDoNotKnow(t *testing.T) {
	w := newWorld(t, func(s *authserver.Server) { s.InsecureAllowAnyClient = true }).wallet()
	uri := w.push("client_id", "<script>", "redirect_uri", "haip-vci://cb")
	rec := w.get("/authorize?" + url.Values{"client_id": {"<script>"}, "request_uri": {uri}}.Encode())
	body := rec.Body.String()
	for _, want := range []string{"Vi kjenner ikke denne lommeboka", "Appen som åpner adresser med haip-vci:", "&lt;script&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q: %d %s", want, rec.Code, body)
		}
	}
	if location := w.answer(rec, "yes").Header().Get("Location"); !strings.HasPrefix(location, "haip-vci://cb?code=") {
		t.Errorf("Location %q", location)
	}
}

func TestYes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		rec := w.answer(w.authorize(w.push()), "yes")
		q := w.landed(rec) // B25: 303
		if q.Get("code") == "" || q.Get("state") != "the state" || q.Get("iss") != issuer || q.Get("tenant") != "1" || q.Has("error") {
			t.Errorf("B10: got %v", q)
		}
		if rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", rec.Header())
		}
	})
}

func TestNoStateGivesNone(t *testing.T) {
	w := newWorld(t).wallet()
	if q := w.landed(w.answer(w.authorize(w.push("state", "")), "yes")); q.Has("state") || q.Get("iss") != issuer {
		t.Errorf("got %v", q)
	}
}

func TestLongStateComesBackUnchanged(t *testing.T) {
	state := strings.Repeat("a&b=c +%20#?/", 300)
	w := newWorld(t).wallet()
	if q := w.landed(w.answer(w.authorize(w.push("state", state)), "yes")); q.Get("state") != state {
		t.Errorf("got %q", q.Get("state"))
	}
}

func TestRefusalsGoBackToTheWallet(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		cases := map[string]struct {
			refuse      func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder
			code, tells string
		}{
			"B10 the person says no": {func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
				return w.answer(page, "no")
			}, "access_denied", "did not agree"},
			"a no needs no session": {func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
				w.person.session = nil
				return w.answer(page, "no")
			}, "access_denied", "did not agree"},
			"the sign-in is cancelled": {func(w *wallet, _ *httptest.ResponseRecorder) *httptest.ResponseRecorder {
				return w.get(w.person.need.CancelTo + "?reason=cancelled")
			}, "access_denied", "did not agree"},
			"the level cannot be reached": {func(w *wallet, _ *httptest.ResponseRecorder) *httptest.ResponseRecorder {
				return w.get(w.person.need.CancelTo + "?reason=level")
			}, "unmet_authentication_requirements", "level high"},
			"a sign-in that is too low, whatever it says": {func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
				w.person.session.Level = minid.LevelSubstantial
				return w.answer(page, "yes")
			}, "unmet_authentication_requirements", "level high"},
		}
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				w := worldOn(t, db).wallet()
				uri := w.push("scope", "student pid")
				q := w.landed(c.refuse(w, w.authorize(uri)))
				if q.Get("error") != c.code || q.Get("iss") != issuer || q.Get("state") != "the state" || q.Has("code") {
					t.Errorf("got %v, want %s", q, c.code)
				}
				if d := q.Get("error_description"); !strings.Contains(d, c.tells) || strings.ContainsAny(d, "\"\\") {
					t.Errorf("error_description %q, want %q in it", d, c.tells)
				}
				wantPage(t, w.authorize(uri), 400, "invalid_request")
			})
		}
	})
}

func TestNeedOfTheSignIn(t *testing.T) {
	details := `[{"type":"openid_credential","credential_configuration_id":"age_mdoc"}]`
	for name, c := range map[string]struct {
		change []string
		level  minid.Level
		age    time.Duration
	}{
		"one at substantial":               {nil, minid.LevelSubstantial, 0},
		"the highest and the youngest win": {[]string{"scope", "student pid", "authorization_details", details}, minid.LevelHigh, 5 * time.Minute},
		"by authorization_details":         {[]string{"scope", "", "authorization_details", details}, minid.LevelSubstantial, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).wallet()
			w.person.session = nil
			rec := w.authorize(w.push(c.change...))
			need := w.person.need
			if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/login" {
				t.Fatalf("%d %v", rec.Code, rec.Header())
			}
			if need.Level != c.level || need.MaxAge != c.age || need.Service != "Lommeboka" {
				t.Errorf("need %+v", need)
			}
			w.person.session = &minid.Session{ID: "new", PersonID: "p", PID: pid, Level: minid.LevelHigh}
			if q := w.landed(w.answer(w.get(need.ReturnTo), "yes")); q.Get("code") == "" {
				t.Errorf("after the sign-in: %v", q)
			}
		})
	}
}

func TestAuthorizeNeedsAPushedRequest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		for name, query := range map[string]string{
			"B02 the parameters themselves": parForm().Encode(),
			"B02 nothing":                   "",
			"no client_id":                  "request_uri=" + w.push(),
			"unknown request_uri":           "client_id=wallet&request_uri=urn:ietf:params:oauth:request_uri:" + strings.Repeat("A", 43),
			"B05 https request_uri":         "client_id=wallet&request_uri=https://127.0.0.1/x",
			"another client":                "client_id=other&request_uri=" + w.push(),
		} {
			t.Run(name, func(t *testing.T) { wantPage(t, w.get("/authorize?"+query), 400, "invalid_request") })
		}
		t.Run("too old", func(t *testing.T) {
			uri := w.push()
			w.now = w.now.Add(90 * time.Second)
			wantPage(t, w.authorize(uri), 400, "invalid_request")
		})
	})
}

func TestParametersBesideARequestURIAreIgnored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		query := url.Values{
			"client_id": {"wallet"}, "request_uri": {w.push()}, "redirect_uri": {"https://evil.example"}, "state": {"evil"}, "scope": {"pid"}, "response_type": {"token"},
		}
		page := w.get("/authorize?" + query.Encode())
		if w.person.need.Level != minid.LevelSubstantial {
			t.Errorf("B02: the scope of the query counted: %v", w.person.need)
		}
		if q := w.landed(w.answer(page, "yes")); q.Get("state") != "the state" {
			t.Errorf("B02: %v", q)
		}
	})
}

func TestRequestBelongsToOneBrowser(t *testing.T) {
	w := newWorld(t).wallet()
	uri := w.push()
	page := w.authorize(uri)
	w.consentForm(w.authorize(uri)) // a reload
	other := w.world.wallet()
	wantPage(t, other.authorize(uri), 400, "invalid_request")
	other.authorize(other.push()) // now the other has a cookie, of its own
	id := requestID(t, w, page)
	_, token := w.consentForm(page)
	for name, r := range map[string]*http.Request{
		"reads the page": httptest.NewRequest(http.MethodGet, issuer+"/authorize/consent/"+id, nil),
		"cancels":        httptest.NewRequest(http.MethodGet, issuer+"/authorize/cancel/"+id, nil),
		"says yes":       post("/authorize/consent/"+id, url.Values{"answer": {"yes"}, "token": {token}}),
		"says no":        post("/authorize/consent/"+id, url.Values{"answer": {"no"}, "token": {token}}),
	} {
		t.Run(name, func(t *testing.T) { wantPage(t, other.browse(r), 400, "invalid_request") })
	}
	if q := w.landed(w.answer(page, "yes")); q.Get("code") == "" {
		t.Fatalf("its own browser: %v", q)
	}
	wantPage(t, w.authorize(uri), 400, "invalid_request")
	wantPage(t, w.answer(page, "yes"), 400, "invalid_request")
}

func TestTheBrowserMayTakeHalfAnHour(t *testing.T) {
	w := newWorld(t).wallet()
	uri := w.push()
	page := w.authorize(uri)
	w.now = w.now.Add(29 * time.Minute)
	w.consentForm(w.authorize(uri))
	w.now = w.now.Add(time.Minute)
	wantPage(t, w.answer(page, "yes"), 400, "invalid_request")
}

func TestConsentIsOnlyTheBrowsersOwn(t *testing.T) {
	cases := map[string]func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder{
		"another site, by Sec-Fetch-Site": func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
			return w.answer(page, "yes", "Sec-Fetch-Site", "cross-site")
		},
		"a no from another site": func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
			return w.answer(page, "no", "Sec-Fetch-Site", "cross-site")
		},
		"another site, by Origin": func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
			return w.answer(page, "yes", "Origin", "https://evil.example")
		},
		"no token": func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
			action, _ := w.consentForm(page)
			return w.browse(post(action, url.Values{"answer": {"yes"}}))
		},
		"the token of another request": func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
			action, _ := w.consentForm(page)
			_, token := w.consentForm(w.authorize(w.push()))
			return w.browse(post(action, url.Values{"answer": {"yes"}, "token": {token}}))
		},
		"another person has signed in since": func(w *wallet, page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
			w.person.session = &minid.Session{ID: "another", PersonID: "another", Level: minid.LevelHigh}
			return w.answer(page, "yes")
		},
	}
	for name, attack := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).wallet()
			page := w.authorize(w.push())
			wantPage(t, attack(w, page), 403, "access_denied")
		})
	}
	t.Run("a form of another kind", func(t *testing.T) {
		w := newWorld(t).wallet()
		action, _ := w.consentForm(w.authorize(w.push()))
		r := post(action, nil)
		r.Header.Set("Content-Type", "text/plain")
		wantPage(t, w.browse(r), 400, "invalid_request")
	})
	t.Run("the session has ended", func(t *testing.T) {
		w := newWorld(t).wallet()
		page := w.authorize(w.push())
		w.person.session = nil
		if rec := w.answer(page, "yes"); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/login" {
			t.Errorf("%d %v", rec.Code, rec.Header())
		}
	})
}

func TestCookieOfTheBrowser(t *testing.T) {
	w := newWorld(t).wallet()
	rec := w.authorize(w.push())
	cookies := rec.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].MaxAge != 1800 {
		t.Fatalf("cookies %v", cookies)
	}
	w.authorize(w.push())
	if w.cookies[0].Value != cookies[0].Value {
		t.Error("two requests of one browser do not share its cookie")
	}
	planted := w.world.wallet()
	planted.cookies = []*http.Cookie{{Name: cookies[0].Name, Value: "short"}}
	planted.authorize(planted.push())
	if planted.cookies[0].Value == "short" {
		t.Error("a cookie that is no secret of ours was kept")
	}
}

func TestServerWithAPath(t *testing.T) {
	w := newWorld(t, func(s *authserver.Server) { s.Issuer = issuer + "/tenant" }).wallet()
	rec := w.do(post("/tenant/par", parForm()))
	if rec.Code != http.StatusCreated {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	uri := strings.Split(rec.Body.String(), `"`)[3]
	page := w.get("/tenant/authorize?client_id=wallet&request_uri=" + uri)
	if q := w.landed(w.answer(page, "yes")); q.Get("iss") != issuer+"/tenant" || q.Get("code") == "" {
		t.Errorf("got %v", q)
	}
	if !strings.HasPrefix(w.person.need.ReturnTo, "/tenant/authorize/consent/") {
		t.Errorf("need %+v", w.person.need)
	}
}
