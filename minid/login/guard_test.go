package login_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// A19: forms from elsewhere.
func TestFormsFromElsewhere(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, karies, "substantial")
	session := p.cookie("session")
	p.get("/service?level=high")
	signIn := p.cookie("signin")
	for _, path := range []string{"/login/password", "/login/totp", "/login/method", "/logout", "/minid/pair"} {
		secret := signIn
		if path == "/logout" || path == "/minid/pair" {
			secret = session
		}
		right := web.FormToken(secret)
		other := map[string]string{signIn: session, session: signIn}[secret]
		for name, c := range map[string]struct {
			token  string
			header []string
		}{
			"right token, cross-site":   {right, []string{"Sec-Fetch-Site", "cross-site"}},
			"right token, same site":    {right, []string{"Sec-Fetch-Site", "same-site"}},
			"right token, other origin": {right, []string{"Origin", "https://evil.example"}},
			"right token, null origin":  {right, []string{"Origin", "null"}},
			"no token":                  {"", nil},
			"other secret's token":      {web.FormToken(other), nil},
			"the secret itself":         {secret, nil},
			"token of nothing":          {web.FormToken(""), nil},
		} {
			form := url.Values{"token": {c.token}, "pid": {karies}, "password": {password}, "code": {"123456"}, "factor": {"app"}}
			p.post(path, form, c.header...)
			if p.status != http.StatusForbidden {
				t.Errorf("%s, %s: status %d, want 403", path, name, p.status)
			}
		}
	}
	if p.cookie("session") != session {
		t.Error("the session is another")
	}
}

func TestFormWithoutCookies(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	for _, path := range []string{"/login/password", "/logout"} {
		p.post(path, url.Values{"token": {web.FormToken("")}})
		p.is(http.StatusForbidden)
	}
}

func TestFormThatIsTooLarge(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service")
	p.post("/login/password", url.Values{"token": {web.FormToken(p.cookie("signin"))}, "password": {strings.Repeat("x", 64<<10)}})
	p.is(http.StatusRequestEntityTooLarge)
}

// A20: forty spellings of another host, as address to return to and to cancel to.
func TestOpenRedirect(t *testing.T) {
	spellings := []string{
		"https://evil.example", "http://evil.example/", "HTTPS://evil.example", "https:evil.example", "https:/evil.example", "https:///evil.example",
		"//evil.example", "///evil.example", "////evil.example", "//evil.example/%2e%2e", `/\evil.example`, `\/evil.example`, `\\evil.example`, `/\/evil.example`,
		"/%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/%5Cevil.example", "/%09/evil.example", "/\t/evil.example", "/\n/evil.example", "/\r\nevil.example",
		"\t//evil.example", " //evil.example", " https://evil.example", "/ /evil.example", "/%00/evil.example", "/%0d%0aLocation:https://evil.example",
		"javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "/.//evil.example", "/..//evil.example", "/x/..//evil.example", "/%2e%2e//evil.example",
		"/./evil.example", "/%252fevil.example", "evil.example", "./evil.example", "?goto=//evil.example", "#evil", "/ok#//evil.example", "/\u2044evil.example", "/\u3002evil.example", "/login/../..//evil.example",
	}
	s := newService(t)
	for _, parameter := range []string{"goto", "cancel"} {
		for _, spelling := range spellings {
			p := s.person(t)
			p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			p.get("/service?" + url.Values{parameter: {spelling}}.Encode())
			if p.status != http.StatusBadRequest || p.header.Get("Location") != "" || p.cookie("signin") != "" {
				t.Errorf("%s=%q: status %d, Location %q", parameter, spelling, p.status, p.header.Get("Location"))
			}
			if strings.Contains(p.body, "evil") && !strings.Contains(p.body, "lang=") {
				t.Errorf("%s=%q: the page repeats it", parameter, spelling)
			}
		}
	}
}

// A21: headers of every page.
func TestHeadersOfEveryPage(t *testing.T) {
	s := newService(t, func(_ *minid.PasswordConfig, cfg *web.Config) { cfg.Secure = true })
	p := s.securePerson(t)
	see := func(page string) {
		t.Helper()
		if !strings.Contains(p.body, "<h1") {
			t.Fatalf("%s is no page: %d %s", page, p.status, p.body)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
			"X-Frame-Options": "DENY", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := p.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", page, name, got, want)
			}
		}
		policy := p.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self';", "script-src 'nonce-", "style-src 'self';"} {
			if !strings.Contains(policy+";", want) {
				t.Errorf("%s: the policy lacks %s: %s", page, want, policy)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", page, policy)
		}
	}
	p.get("/service?level=high")
	see("password")
	p.submit("/login/password", "pid", karies, "password", "feil")
	see("password with an error")
	p.submit("/login/password", "pid", karies, "password", password)
	see("code")
	p.submit("/login/totp", "code", s.code(t))
	see("unreachable")
	p.get("/login/help")
	see("help")
	p.signIn(s, karies, "substantial")
	p.get("/minid")
	see("my MinID")
	p.get("/nowhere")
	see("not found")
	p.post("/login/password", url.Values{})
	see("refused form")
}

func TestCookies(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := newService(t, func(_ *minid.PasswordConfig, cfg *web.Config) { cfg.Secure = secure })
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(s.server.URL + "/service")
		check(t, err)
		check(t, resp.Body.Close())
		if len(resp.Cookies()) == 0 {
			t.Fatal("no cookie")
		}
		for _, c := range resp.Cookies() {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != secure || strings.HasPrefix(c.Name, "__Host-") != secure {
				t.Errorf("secure %t: %v", secure, c)
			}
		}
	}
}

// securePerson sends Secure cookies over the test's plain http, as if https were in front.
func (s *service) securePerson(t *testing.T) *person {
	t.Helper()
	p := s.person(t)
	p.client.Jar = &plainJar{Jar: p.jar}
	return p
}

type plainJar struct{ *cookiejar.Jar }

func (j *plainJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	https := *u
	https.Scheme = "https"
	j.Jar.SetCookies(&https, cookies)
}

func (j *plainJar) Cookies(u *url.URL) []*http.Cookie {
	https := *u
	https.Scheme = "https"
	return j.Jar.Cookies(&https)
}
