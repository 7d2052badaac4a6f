package server_test

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lommebok.example/minid"
	"lommebok.example/minid/app"
)

// person is somebody at a browser without JavaScript, and, once paired, with the MinID app on the phone.
type person struct {
	t      testing.TB
	s      *service
	pid    string
	client *http.Client
	jar    *cookiejar.Jar
	phone  *app.Client

	status int
	header http.Header
	path   string
	body   string
	left   string // where a redirect led that is not ours: a wallet's redirect_uri
}

func (s *service) person(t testing.TB, pid string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	p := &person{t: t, s: s, pid: pid, jar: jar}
	p.client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), s.url) {
			return nil
		}
		p.left = r.URL.String()
		return http.ErrUseLastResponse
	}}
	return p
}

func (p *person) do(r *http.Request) {
	p.t.Helper()
	p.left = ""
	res, err := p.client.Do(r)
	check(p.t, err)
	body, err := io.ReadAll(res.Body)
	check(p.t, err)
	check(p.t, res.Body.Close())
	p.status, p.header, p.body, p.path = res.StatusCode, res.Header, p.inward(string(body)), strings.TrimPrefix(res.Request.URL.RequestURI(), p.s.under)
	if p.status >= 400 {
		p.s.nothingPersonal(p.t, "the refusal of "+p.path, p.body)
	}
	p.s.nothingPersonal(p.t, "an address", p.path+"\n"+p.left+"\n"+res.Request.Referer())
	for _, cookie := range res.Cookies() {
		if len(cookie.Value) >= 40 {
			p.s.log.Know("a cookie", cookie.Value)
		}
	}
}

// localAddress is a path in a page, as any attribute may hold one.
var localAddress = regexp.MustCompile(`="(/[^/"][^"]*)?"`)

// inward is a page as it would be at the root of its host. Each path in it must begin with the one below which the issuer stands.
func (p *person) inward(page string) string {
	p.t.Helper()
	if p.s.under == "" {
		return page
	}
	for _, found := range localAddress.FindAllStringSubmatch(page, -1) {
		if found[1] != "" && !strings.HasPrefix(found[1], p.s.under+"/") {
			p.t.Errorf("a page leads to %s, which is not below %s", found[1], p.s.under)
		}
	}
	return strings.ReplaceAll(page, `="`+p.s.under+"/", `="/`)
}

func (p *person) get(path string) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.s.url+path, nil)
	check(p.t, err)
	p.do(r)
}

func (p *person) post(path string, form url.Values, header ...string) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodPost, p.s.url+path, strings.NewReader(form.Encode()))
	check(p.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	p.do(r)
}

var (
	formElement = regexp.MustCompile(`(?s)<form method="post" action="([^"]+)"[^>]*>(.*?)</form>`)
	hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
)

// submit sends the first form of the page to action whose fields hold want, with its hidden fields and these.
func (p *person) submit(action string, fields ...string) {
	p.t.Helper()
	for _, form := range formElement.FindAllStringSubmatch(p.body, -1) {
		if html.UnescapeString(form[1]) != action {
			continue
		}
		values := url.Values{}
		for _, hidden := range hiddenInput.FindAllStringSubmatch(form[2], -1) {
			values.Set(hidden[1], html.UnescapeString(hidden[2]))
		}
		for i := 0; i+1 < len(fields); i += 2 {
			values.Set(fields[i], fields[i+1])
		}
		p.post(action, values)
		return
	}
	p.t.Fatalf("no form to %s on %s (%d):\n%s", action, p.path, p.status, p.body)
}

func (p *person) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(html.UnescapeString(p.body), text) {
			p.t.Fatalf("%s (%d) lacks %q:\n%s", p.path, p.status, text, p.body)
		}
	}
}

func (p *person) is(status int) {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("%s: status %d, want %d\n%s", p.path, p.status, status, p.body)
	}
}

// signInWithCode fills the forms of a sign-in under way. Each code is of a later period, so that none is used twice.
func (p *person) signInWithCode() {
	p.t.Helper()
	p.password()
	p.s.add(30 * time.Second)
	code, err := minid.TOTPConfig{}.TOTPCode(p.s.people[p.pid].TOTPSecret, p.s.now())
	check(p.t, err)
	p.submit("/login/totp", "code", code)
}

func (p *person) password() {
	p.t.Helper()
	p.submit("/login/password", "pid", p.pid, "password", p.s.people[p.pid].Password)
}

var appNumber = regexp.MustCompile(`lb-number">([^<]+)<`)

// pair pairs the MinID app, with the code from the service desk.
func (p *person) pair() {
	p.t.Helper()
	p.phone = &app.Client{Base: p.s.url, Key: newKey(p.t), HTTP: http.DefaultClient, Now: p.s.now}
	_, err := p.phone.Pair(context.Background(), p.s.people[p.pid].AppCode)
	check(p.t, err)
}

// signInWithApp fills the form of a sign-in under way as far as it is asked, and approves it on the phone.
func (p *person) signInWithApp() {
	p.t.Helper()
	if strings.Contains(p.body, `action="/login/password"`) {
		p.password()
	}
	number := appNumber.FindStringSubmatch(p.body)
	if number == nil {
		p.t.Fatalf("no number for the app on %s:\n%s", p.path, p.body)
	}
	pending, err := p.phone.Pending(context.Background())
	check(p.t, err)
	if len(pending) != 1 {
		p.t.Fatalf("%d attempts wait", len(pending))
	}
	_, err = p.phone.Answer(context.Background(), pending[0], number[1], true)
	check(p.t, err)
	p.get("/login")
}
