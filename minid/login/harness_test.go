package login_test

import (
	"bytes"
	"context"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database/dbtest"
	"lommebok.example/internal/peer"
	"lommebok.example/minid"
	"lommebok.example/minid/login"
	"lommebok.example/minid/store"
	"lommebok.example/web"
	"lommebok.example/web/webtest/leak"
)

// Synthetic identity numbers.
const (
	karies = "12865398148" // proofed in person
	busk   = "10876698493" // proofed by letter
	nobody = "28926899513" // not registered
)

const password = "blå himmel over Bodø"

// clock is the time of a test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// service is one that signs people in: /service asks for ?level= and answers with the level that was reached, and
// /service?goto= and ?cancel= take the addresses to return to.
type service struct {
	core   *minid.Core
	clock  *clock
	server *httptest.Server
	secret []byte // of everybody's authenticator app
	log    *leak.Log
	wallet string // where /onward leads

	deskCode string // the code for the app that karies got at the service desk
	post     *post
	proxies  peer.Proxies
}

// onward makes /onward lead to another origin, with the reason as error.
func (s *service) onward(t testing.TB, h http.Handler) {
	t.Helper()
	wallet := httptest.NewServer(h)
	t.Cleanup(wallet.Close)
	s.wallet = wallet.URL
}

type option func(*minid.PasswordConfig, *web.Config)

func newService(t testing.TB, options ...option) *service {
	t.Helper()
	ctx := context.Background()
	s := &service{clock: &clock{at: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}, secret: bytes.Repeat([]byte{7}, 20), log: leak.NewLog(t), post: &post{}}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	passwords := minid.PasswordConfig{Pepper: bytes.Repeat([]byte{1}, 32), Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1}}
	site := web.Config{Service: "issuer", Log: log}
	s.log.Know("the password", password)
	s.log.Know("the secret of codes", minid.EncodeTOTPSecret(s.secret))
	for _, o := range options {
		o(&passwords, &site)
	}
	db := dbtest.Open(t, dbtest.SQLite(t))
	st, err := store.New(ctx, db)
	check(t, err)
	pool, err := minid.NewPasswordPool(passwords)
	check(t, err)
	seal, err := minid.NewSealer(bytes.Repeat([]byte{2}, 32))
	check(t, err)
	s.core = &minid.Core{Store: st, Passwords: pool, Seal: seal, Now: s.clock.now, Log: log, Sender: s.post}
	karies := s.register(t, karies, minid.BasisInPerson)
	s.deskCode, _, err = s.core.HandOutPairingCode(ctx, karies.ID)
	check(t, err)
	s.register(t, busk, minid.BasisLetter)
	s.server = httptest.NewServer(s.routes(t, site))
	t.Cleanup(s.server.Close)
	return s
}

func (s *service) routes(t testing.TB, cfg web.Config) http.Handler {
	t.Helper()
	site, err := web.New(cfg)
	check(t, err)
	gin.SetMode(gin.TestMode)
	r := gin.New()
	site.Mount(r)
	pages := &login.Pages{Core: s.core, Site: site, Proxies: s.proxies}
	pages.Mount(r)
	(&login.Operator{Core: s.core, Site: site, InsecureOpen: true}).Mount(r)
	r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "front page") })
	r.GET("/back", func(c *gin.Context) {
		c.String(http.StatusOK, "reason %s of %s", c.Query("reason"), c.Query("request"))
	})
	r.GET("/onward", func(c *gin.Context) {
		c.Redirect(http.StatusSeeOther, s.wallet+"/?error="+url.QueryEscape(c.Query("reason")))
	})
	r.GET("/service", func(c *gin.Context) {
		level, err := minid.ParseLevel(c.DefaultQuery("level", "substantial"))
		check(t, err)
		need := minid.Need{
			Service: "Lånekassen", Level: level,
			ReturnTo: c.DefaultQuery("goto", "/service?level="+level.String()), CancelTo: c.DefaultQuery("cancel", "/back?request=7"),
		}
		if session, ok := pages.SignedIn(c, need); ok {
			c.String(http.StatusOK, "signed in at %s", session.Level)
		}
	})
	return r
}

func (s *service) register(t testing.TB, pid string, basis minid.Basis) *minid.Person {
	t.Helper()
	registered, err := s.core.Register(context.Background(), minid.Registration{
		PID: pid, BirthDate: "1953-06-12", Proofing: minid.Proofing{Basis: basis, At: s.clock.now()}, Password: password, TOTPSecret: s.secret,
	})
	check(t, err)
	return registered
}

// code is what the authenticator app shows. Each call is a period later, so that no code is used twice.
func (s *service) code(t testing.TB) string {
	t.Helper()
	s.clock.add(30 * time.Second)
	code, err := s.core.TOTPConfig.TOTPCode(minid.EncodeTOTPSecret(s.secret), s.clock.now())
	check(t, err)
	s.log.Know("a code", code)
	return code
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// person is a browser without JavaScript: it follows links and redirects, and sends the forms of the page it is on.
type person struct {
	t      testing.TB
	base   string
	log    *leak.Log
	client *http.Client
	jar    *cookiejar.Jar

	status int
	header http.Header
	path   string // of the page
	body   string
	via    []string // addresses of the redirects that led here
}

func (s *service) person(t testing.TB) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	p := &person{t: t, base: s.server.URL, log: s.log, jar: jar}
	p.client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		p.via = append(p.via, r.URL.RequestURI())
		return nil
	}}
	return p
}

func (p *person) do(r *http.Request) {
	p.t.Helper()
	p.via = nil
	resp, err := p.client.Do(r)
	check(p.t, err)
	body, err := io.ReadAll(resp.Body)
	check(p.t, err)
	check(p.t, resp.Body.Close())
	p.status, p.header, p.body, p.path = resp.StatusCode, resp.Header, string(body), resp.Request.URL.RequestURI()
	known := p.log.Known()
	leak.Search(p.t, "an address", strings.Join(append(p.via, p.header.Get("Location"), resp.Request.Referer()), "\n"), known)
	if p.status >= 400 {
		leak.Search(p.t, "a refusal", p.body, known)
	}
	for _, name := range []string{"signin", "session", "pairing"} {
		if secret := p.cookie(name); secret != "" && !slices.Contains(slices.Collect(maps.Values(known)), secret) {
			p.log.Know("the cookie "+name, secret)
		}
	}
}

func (p *person) get(path string, header ...string) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.base+path, nil)
	check(p.t, err)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	p.do(r)
}

func (p *person) post(path string, form url.Values, header ...string) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodPost, p.base+path, strings.NewReader(form.Encode()))
	check(p.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	p.do(r)
}

var (
	formElement = regexp.MustCompile(`(?s)<form method="post" action="([^"]+)"[^>]*>(.*?)</form>`)
	tokenInput  = regexp.MustCompile(`<input type="hidden" name="token" value="([^"]*)">`)
)

// submit sends the form of the page that goes to action, with its own token and these fields. Fields must be on the page.
func (p *person) submit(action string, fields ...string) {
	p.t.Helper()
	for _, form := range formElement.FindAllStringSubmatch(p.body, -1) {
		if form[1] != action {
			continue
		}
		token := tokenInput.FindStringSubmatch(form[2])
		if token == nil {
			p.t.Fatalf("the form to %s has no token", action)
		}
		values := url.Values{"token": {html.UnescapeString(token[1])}}
		for i := 0; i+1 < len(fields); i += 2 {
			if !strings.Contains(form[2], `name="`+fields[i]+`"`) {
				p.t.Fatalf("the form to %s has no field %s", action, fields[i])
			}
			values.Set(fields[i], fields[i+1])
		}
		p.post(action, values)
		return
	}
	p.t.Fatalf("no form to %s on %s:\n%s", action, p.path, p.body)
}

// sees fails the test when the page lacks one of the texts.
func (p *person) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(html.UnescapeString(p.body), text) {
			p.t.Fatalf("%s (%d) lacks %q:\n%s", p.path, p.status, text, p.body)
		}
	}
}

func (p *person) seesNot(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if strings.Contains(html.UnescapeString(p.body), text) {
			p.t.Fatalf("%s (%d) has %q", p.path, p.status, text)
		}
	}
}

func (p *person) is(status int) {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("%s: status %d, want %d\n%s", p.path, p.status, status, p.body)
	}
}

func (p *person) cookie(name string) string {
	u, err := url.Parse(p.base)
	check(p.t, err)
	for _, c := range p.jar.Cookies(u) {
		if strings.HasSuffix(c.Name, name) {
			return c.Value
		}
	}
	return ""
}

// signIn goes through number, password and code to the service.
func (p *person) signIn(s *service, pid, level string) {
	p.t.Helper()
	p.get("/service?level=" + level)
	p.submit("/login/password", "pid", pid, "password", password)
	p.submit("/login/totp", "code", s.code(p.t))
}

// phone is a paired MinID app, as the core sees it.
type phone struct {
	s      *service
	device *minid.Device
}

func (s *service) phone(t testing.TB, pairingCode string) phone {
	t.Helper()
	d, err := s.core.Pair(context.Background(), pairingCode, "thumbprint-"+pairingCode, []byte("key"))
	check(t, err)
	return phone{s: s, device: d}
}

func (ph phone) answer(t testing.TB, number string, approve bool) error {
	t.Helper()
	pending, err := ph.s.core.PendingAttempts(context.Background(), ph.device)
	check(t, err)
	if len(pending) != 1 {
		t.Fatalf("%d login attempts wait, want 1", len(pending))
	}
	_, err = ph.s.core.AnswerAttempt(context.Background(), ph.device, minid.Answer{
		AttemptID: pending[0].ID, Service: pending[0].Service, Number: number, Approve: approve,
	})
	return err
}
