package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

var now = time.Date(2026, time.November, 23, 12, 0, 10, 0, time.UTC)

const secret = "GPD3V5W3BFIZOYMPTPLXUGHWB2X4RFCF"

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// login is a sign-in that knows its browser by a cookie, as pages that the browser has never seen.
type login struct {
	t        *testing.T
	server   *httptest.Server
	at       time.Time
	used     map[string]bool // codes
	wrong    bool            // a code was refused
	second   string          // "totp", "app" or "unreachable"
	approved bool
	consent  url.Values
}

const back = "https://wallet.example/callback"

func newLogin(t *testing.T, second string) *login {
	l := &login{t: t, at: now, second: second, used: map[string]bool{}}
	l.server = httptest.NewServer(l)
	t.Cleanup(l.server.Close)
	return l
}

func page(out http.ResponseWriter, body string) {
	out.Header().Set("Content-Type", "text/html")
	_, _ = fmt.Fprint(out, "<!doctype html><title>x</title><main>"+body+"</main>")
}

func (l *login) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	check(l.t, r.ParseForm())
	to := func(path string) { http.Redirect(out, r, path, http.StatusSeeOther) }
	if r.Method == http.MethodPost && r.PostForm.Get("token") != "t" {
		l.t.Errorf("%s without the form's hidden field", r.URL.Path)
	}
	if r.URL.Path == "/authorize" {
		http.SetCookie(out, &http.Cookie{Name: "s", Value: "1", Path: "/"})
		to("/login")
		return
	}
	if c, err := r.Cookie("s"); err != nil || c.Value != "1" {
		l.t.Errorf("%s without the cookie", r.URL.Path)
	}
	switch r.URL.Path {
	case "/login":
		page(out, `<h1>Log in</h1><form method="post" action="/password"><input type="hidden" name="token" value="t">
			<input name="pid"><input name="password" type="password"><button type="button" name="no" value="no">Show</button><button>Next</button></form>`)
	case "/password":
		if r.PostForm.Get("pid") != "12865398148" || r.PostForm.Get("password") != "geheim" {
			page(out, `<div class="ds-error-summary"><a href="#pid">Wrong number or password</a></div><form method="post" action="/password"><input type="hidden" name="token" value="t"><input name="pid"><input name="password"></form>`)
			return
		}
		to("/" + l.second)
	case "/totp":
		l.totp(out, r, to)
	case "/method":
		to("/" + r.PostForm.Get("factor"))
	case "/app":
		if l.approved {
			to("/consent")
			return
		}
		page(out, `<h1>Confirm</h1><p>Number <strong class="lb-number"> 4 2 </strong></p>`)
	case "/unreachable":
		page(out, `<h1>Too low</h1><p>Visit  an
			office.</p><a href="/login/cancel">Back</a>`)
	case "/login/cancel":
		to(back + "?error=unmet_authentication_requirements&state=s")
	case "/consent":
		if r.Method == http.MethodPost {
			l.consent = r.PostForm
			to(back + "?code=c&state=s")
			return
		}
		page(out, `<h1>Agree?</h1><form method="post" action="/consent"><input type="hidden" name="token" value="t">
			<button name="answer" value="yes">Yes</button><button name="answer" value="no">No</button></form>`)
	}
}

func (l *login) totp(out http.ResponseWriter, r *http.Request, to func(string)) {
	problem := ""
	if r.Method == http.MethodPost {
		want, err := totp.GenerateCode(secret, l.at)
		check(l.t, err)
		if code := r.PostForm.Get("code"); code == want && !l.used[code] {
			l.used[code] = true
			to("/consent")
			return
		}
		l.wrong = true
		problem = `<div class="ds-error-summary"><a href="#code">The code is wrong</a></div>`
	}
	page(out, problem+`<h1>Confirm</h1><form method="post" action="/totp"><input type="hidden" name="token" value="t"><input name="code"><button>Next</button></form>
		<form method="post" action="/method"><input type="hidden" name="token" value="t"><button name="factor" value="app">MinID app</button></form>`)
}

func (l *login) browser(p Person) *Browser {
	b, err := New(nil, p, func() time.Time { return l.at })
	check(l.t, err)
	return b
}

var karies = Person{PID: "12865398148", Password: "geheim", TOTPSecret: secret}

func TestFromTheRequestToTheReturn(t *testing.T) {
	l := newLogin(t, "totp")
	r, err := l.browser(karies).Authorize(t.Context(), l.server.URL+"/authorize", back)
	check(t, err)
	if r.Query.Get("code") != "c" || !slices.Equal(r.Factors, []string{"password", "totp"}) || len(r.Notices) != 0 {
		t.Errorf("%+v", r)
	}
	if l.consent.Get("answer") != "yes" || len(l.consent) != 2 {
		t.Errorf("consent %v", l.consent)
	}
}

func TestTheAppIsChosenByWhoHasNoSecret(t *testing.T) {
	l := newLogin(t, "totp")
	p := karies
	p.TOTPSecret = ""
	p.Approve = func(_ context.Context, number string) error {
		if number != "4 2" {
			t.Errorf("number %q", number)
		}
		l.approved = true
		return nil
	}
	r, err := l.browser(p).Authorize(t.Context(), l.server.URL+"/authorize", back)
	if err != nil || !slices.Equal(r.Factors, []string{"password", "app"}) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestALevelOutOfReachIsToldAndLeft(t *testing.T) {
	l := newLogin(t, "unreachable")
	r, err := l.browser(karies).Authorize(t.Context(), l.server.URL+"/authorize", back)
	check(t, err)
	want := Notice{Heading: "Too low", Texts: []string{"Visit an office."}}
	if r.Query.Get("error") != "unmet_authentication_requirements" || len(r.Notices) != 1 || r.Notices[0].Heading != want.Heading || !slices.Equal(r.Notices[0].Texts, want.Texts) {
		t.Errorf("%+v", r)
	}
}

// A code that somebody has used is refused; the next one is waited for, once.
func TestAUsedCodeIsReplacedByTheNext(t *testing.T) {
	l := newLogin(t, "totp")
	code, err := totp.GenerateCode(secret, l.at)
	check(t, err)
	l.used[code] = true
	b := l.browser(karies)
	waited := time.Duration(0)
	b.Wait = func(_ context.Context, d time.Duration) error {
		waited += d
		l.at = l.at.Add(d)
		return nil
	}
	r, err := b.Authorize(t.Context(), l.server.URL+"/authorize", back)
	if err != nil || r.Query.Get("code") != "c" || !l.wrong {
		t.Errorf("%+v, %v", r, err)
	}
	if waited < 20*time.Second || waited > 21*time.Second {
		t.Errorf("waited %s, the next code comes in 20 s", waited)
	}
}

func TestWhatCannotGoOn(t *testing.T) {
	for name, c := range map[string]struct {
		second string
		person func(*Person)
		says   string
	}{
		"wrong password":       {"totp", func(p *Person) { p.Password = "x" }, "Wrong number or password"},
		"no password":          {"totp", func(p *Person) { p.Password = "" }, "none to give"},
		"secret that is none":  {"totp", func(p *Person) { p.TOTPSecret = "1" }, "TOTP secret"},
		"secret of another":    {"totp", func(p *Person) { p.TOTPSecret = "JBSWY3DPEHPK3PXP" }, "The code is wrong"},
		"no app":               {"app", func(*Person) {}, "there is none"},
		"app that says no":     {"app", func(p *Person) { p.Approve = func(context.Context, string) error { return errors.New("flat battery") } }, "flat battery"},
		"app that does little": {"app", func(p *Person) { p.Approve = func(context.Context, string) error { return nil } }, "again"},
		"page without a form":  {"elsewhere", func(*Person) {}, "does not lead on"},
	} {
		l := newLogin(t, c.second)
		p := karies
		c.person(&p)
		b := l.browser(p)
		b.Wait = func(context.Context, time.Duration) error { return nil }
		if _, err := b.Authorize(t.Context(), l.server.URL+"/authorize", back); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheReturnIsNotOpened(t *testing.T) {
	for location, arrives := range map[string]bool{
		back: true, back + "?code=c": true, back + "#x": true,
		back + "2": false, back + "/x": false, "https://wallet.example/": false,
	} {
		u, err := url.Parse(location)
		check(t, err)
		if isAt(u, back) != arrives {
			t.Errorf("%s: %t", location, !arrives)
		}
	}
}

func TestEndlessRedirects(t *testing.T) {
	s := httptest.NewServer(http.RedirectHandler("/", http.StatusFound))
	defer s.Close()
	b, err := New(nil, Person{}, time.Now)
	check(t, err)
	if _, err := b.Open(t.Context(), s.URL, ""); !errors.Is(err, ErrPage) {
		t.Errorf("%v", err)
	}
}

func TestFormsAsABrowserSendsThem(t *testing.T) {
	u, err := url.Parse("https://x.example/a")
	check(t, err)
	p, err := parsePage(u, 200, []byte(`<main><h1>A <b>b</b></h1><form action="/f" method="POST">
		<input name="a" value="1"><input type="checkbox" name="b" value="2"><input type="checkbox" name="c" value="3" checked>
		<textarea name="d"></textarea><button name="e" value="5">Go</button></form><p id="i">one<br>two</p>
		<a href="/x" aria-describedby="i">link</a><script>no</script></main>`))
	check(t, err)
	f := p.FormTo("/f")
	if p.Heading != "A b" || f == nil || f.Method != http.MethodPost || f.Fields.Encode() != "a=1&c=3&d=" || f.Buttons[0] != (Button{"e", "5", "Go"}) {
		t.Errorf("%q, %+v", p.Heading, f)
	}
	if p.Links[0] != (Link{"/x", "link", "one two"}) || p.TextOf("none") != "" || p.Form("a", "z") != nil {
		t.Errorf("%+v", p.Links)
	}
}

func TestAChoiceByItsWords(t *testing.T) {
	p, err := parsePage(&url.URL{}, 200, []byte(`<main><select name="s"><option value="">None<option value="7">Class  <b>7</b></select>
		<input type="radio" id="r" name="n" value="8"><label for="r">Eight</label><label for="no">Nothing</label></main>`))
	check(t, err)
	for words, want := range map[string]string{"Class 7": "s=7", "Eight": "n=8", "None": "s=", "Nothing": "=", "Seven": "="} {
		if name, value := p.Choice(words); name+"="+value != want {
			t.Errorf("%s: %s=%s, want %s", words, name, value, want)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`<main><form action="/x"><input name="pid"><input name="password"></form><strong class="lb-number">1</strong></main>`))
	f.Add([]byte(`<a href="x" aria-describedby="x" id="x">`))
	f.Fuzz(func(t *testing.T, body []byte) {
		u := &url.URL{Scheme: "https", Host: "x.example", Path: "/"}
		p, err := parsePage(u, 200, body)
		if err != nil {
			return
		}
		_ = p.Says()
		_ = p.Form("pid", "password")
		_ = p.TextOfClass("lb-number")
		_, _ = p.Choice("a")
	})
}
