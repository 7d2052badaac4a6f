package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database"
	"lommebok.example/web"
	"lommebok.example/web/webtest/leak"
)

// routes are all routes of the service, so that a new one is in the tests below without being named.
func (s *service) routes(t testing.TB) gin.RoutesInfo {
	t.Helper()
	engine, ok := s.Handler.(*gin.Engine)
	if !ok {
		t.Fatal("the handler is no gin.Engine")
	}
	routes := engine.Routes()
	if len(routes) < 40 {
		t.Fatalf("only %d routes", len(routes))
	}
	return routes
}

var parameter = regexp.MustCompile(`[:*][a-z]+`)

// A21: every GET route, signed in or not, answers with the headers of a page when it answers with a page. The service says
// that it is reached by https.
func TestHeadersOfEveryRoute(t *testing.T) {
	s := newService(t)
	p := s.person(t, karies)
	pages := 0
	see := func(route string) {
		if !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") {
			return
		}
		pages++
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY", "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
		} {
			if got := p.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", route, name, got, want)
			}
		}
		policy := p.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %s: %s", route, want, policy)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", route, policy)
		}
	}
	p.get("/minid")
	p.signInWithCode()
	p.get("/")
	s.cfg.URL = "https://" + strings.TrimPrefix(s.url, "http://") // from now on
	s.start(t)
	routes := s.routes(t)
	for _, signedIn := range []bool{true, false} {
		for _, route := range routes {
			if route.Method == http.MethodGet {
				p.get(parameter.ReplaceAllString(route.Path, "x"))
				see(fmt.Sprintf("GET %s, signed in %t", route.Path, signedIn))
			}
		}
		p = s.person(t, karies)
	}
	if pages < 15 {
		t.Errorf("only %d pages were seen", pages)
	}
}

// called are POST routes that programs call, which carry no cookie of ours and prove who calls in their own way. A service's
// page may send a person to /endsession with POST (OpenID Connect RP-Initiated Logout 1.0 section 2), which asks and ends nothing.
var called = []string{
	"/par", "/token", "/nonce", "/credential", "/notification", "/deferred-credential", "/minid/app/", "/userinfo", "/introspect", "/revoke", "/endsession", "/challenge",
}

// A19: every form that another site sends is refused with 403, and changes nothing; a route is in this test by being there.
func TestCrossSitePostToEveryRoute(t *testing.T) {
	s := newService(t)
	p := s.person(t, karies)
	p.get("/minid")
	p.signInWithCode()
	forms := 0
	for _, route := range s.routes(t) {
		if route.Method != http.MethodPost || isCalled(route.Path) {
			continue
		}
		forms++
		path := parameter.ReplaceAllString(route.Path, "x")
		for name, header := range map[string][]string{
			"cross-site": {"Sec-Fetch-Site", "cross-site"}, "same site": {"Sec-Fetch-Site", "same-site"},
			"other origin": {"Origin", "https://evil.example"}, "null origin": {"Origin", "null"},
		} {
			p.post(path, url.Values{"pid": {stjerne}, "password": {"x"}, "code": {"123456"}}, header...)
			// The token of the form, which is wrong as well, must not be what stops it.
			if p.status != http.StatusForbidden || strings.Contains(p.body, "form_token") {
				t.Errorf("POST %s, %s: status %d, want 403 for where it comes from", route.Path, name, p.status)
			}
		}
	}
	if forms < 15 {
		t.Errorf("only %d forms were sent", forms)
	}
	p.get("/minid")
	p.is(http.StatusOK)
	if p.path != "/minid" {
		t.Errorf("the session is gone: %s", p.path)
	}
}

func isCalled(path string) bool {
	for _, c := range called {
		if strings.HasPrefix(path, c) {
			return true
		}
	}
	return false
}

// A25: a person goes all ways, right and wrong, and the service fails and panics on the way. Nothing that tells who it was, and
// no secret, is in the log, the metrics, an address, a Referer or an error. That the search finds is shown with a leak that
// is planted in each place.
func TestPrivacySweep(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		for _, pid := range []string{karies, stjerne} {
			p := s.person(t, pid)
			p.get("/minid")
			p.submit("/login/password", "pid", pid, "password", "feil passord her")
			p.submit("/login/password", "pid", "12345", "password", s.people[pid].Password) // looked at before the core
			p.get("/login/forgot")
			p.submit("/login/forgot", "pid", pid)
			p.submit("/login/reset", "sms", "000000", "email", "000000")
			p = s.person(t, pid)
			p.get("/minid")
			p.signInWithCode()
			p.get("/minid/totp")
			p.submitIf("/minid/phone", "phone", "+4799999999")
			p.post("/login/password", url.Values{"pid": {pid}, "password": {s.people[pid].Password}}) // without a token
			s.get(t, "/authorize?request_uri="+pid)                                                   // these addresses are the caller's own doing
			s.get(t, "/nowhere/"+pid+"?password="+url.QueryEscape(s.people[pid].Password))
			s.status(t, "/par", "client_id="+pid)
			s.status(t, "/token", "grant_type="+pid+"&code="+pid)
		}
		w := s.wallet(t)
		person := s.person(t, stjerne)
		token := w.token(person, byScope("eudiw:no:minid:mpid"), person.signInWithCode).AccessToken
		s.log.Know("an access token", token)
		w.credentials(token, "credential_configuration_id", "no.minid.mpid_sd_jwt_vc", 1)
		s.breakDown(t) // every statement fails from here
		for _, path := range []string{"/minid", "/login", "/mine"} {
			person.get(path)
		}
		metrics := s.get(t, "/operator/metrics")
		if s.twin != nil {
			metrics += s.get(t, "/operator/metrics") // each counts what it did
		}
		if !strings.Contains(metrics, `lommebok_events_total{detail="totp",event="login"}`) || !strings.Contains(metrics, `lommebok_refusals_total{code="form_token"}`) {
			t.Errorf("the metrics tell nothing:\n%s", metrics)
		}
		known := s.log.Known()
		leak.Search(t, "the metrics", metrics, known)
		if !strings.Contains(s.log.String(), `"failure"`) {
			t.Error("the log tells of no failure")
		}
		planted := s.people[stjerne]
		for where, text := range map[string]string{"the metrics": metrics, "the log": s.log.String()} {
			for _, leaked := range []string{planted.PID, planted.Password, planted.TOTPSecret, token, "28926899513"} {
				if len(leak.Found(text+"\nx=\""+leaked+"\"", known)) == 0 {
					t.Errorf("a leak that was planted in %s was not found: %d bytes", where, len(leaked))
				}
			}
		}
	})
}

// A26: what a caller writes begins no line of the log, whatever it holds.
func TestLogInjection(t *testing.T) {
	s := newService(t)
	evil := "x\r\n{\"level\":\"ERROR\",\"msg\":\"forged\"}\n\x1b[31mred\x1b[0m\u2028\u0085forged"
	p := s.person(t, karies)
	p.get("/minid")
	form := url.Values{}
	for _, field := range []string{"pid", "password", "code", "factor", "token", "name", "phone", "new", "sms", "email", "session", "client_id", "redirect_uri",
		"grant_type", "scope", "state", "request_uri", "login_hint", evil} {
		form.Set(field, evil)
	}
	home, err := url.Parse(s.url)
	check(t, err)
	signIn := p.jar.Cookies(home)[0]
	form.Set("token", web.FormToken(signIn.Value)) // so that the forms of the sign-in are read
	for _, route := range s.routes(t) {
		path := parameter.ReplaceAllString(route.Path, url.PathEscape(evil))
		r := httptest.NewRequest(route.Method, path+"?"+form.Encode(), strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("User-Agent", "x\x1b[31m forged")
		r.Header.Set("Traceparent", "00-forged")
		r.Header.Set("Authorization", "Bearer forged")
		r.Header.Set("DPoP", "forged.forged.forged")
		r.AddCookie(signIn)
		s.next().Handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	lines := 0
	for line := range strings.Lines(s.log.String()) {
		lines++
		if !strings.HasPrefix(line, `{"time":"`) || strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\r\n\x1b\u2028\u0085") {
			t.Errorf("a line that is not the service's own: %q", line)
		}
		if strings.HasPrefix(line, `{"level":"ERROR","msg":"forged"`) {
			t.Errorf("a forged line: %q", line)
		}
	}
	if lines < 60 {
		t.Errorf("only %d lines", lines)
	}
}

// breakDown takes the tables away, as a database does that is lost.
func (s *service) breakDown(t testing.TB) {
	t.Helper()
	check(t, s.db.W.Exec("ALTER TABLE minid_sessions RENAME TO minid_sessions_lost").Error)
	check(t, s.db.W.Exec("ALTER TABLE minid_sign_ins RENAME TO minid_sign_ins_lost").Error)
}

func (s *service) get(t testing.TB, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.next().Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, s.under+path, nil))
	return w.Body.String()
}

// status posts a form as a program does, and holds the refusal against what is known.
func (s *service) status(t testing.TB, path, body string) int {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, s.under+path, strings.NewReader(body))
	r.Header.Set("Content-Type", form)
	s.next().Handler.ServeHTTP(w, r)
	s.nothingPersonal(t, "the refusal of "+path, w.Body.String())
	return w.Code
}

// submitIf sends a form when the page has it.
func (p *person) submitIf(action string, fields ...string) {
	p.t.Helper()
	if strings.Contains(p.body, `action="`+action+`"`) {
		p.submit(action, fields...)
	}
}
