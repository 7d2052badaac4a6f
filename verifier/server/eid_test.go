package server_test

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	issuerserver "lommebok.example/issuer/server"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/minid/testpeople"
	"lommebok.example/web/webtest"
)

const stjerne = "14846599313"

// eidHouse is the verifier with the real OpenID Provider beside it, and a test person at a browser.
type eidHouse struct {
	*service
	b        *browser
	provider string
	beside   *database.DB // the provider's
	person   testpeople.Credentials
	body     string
	path     string
}

func newEIDHouse(t *testing.T) *eidHouse {
	t.Helper()
	return newEIDHouseOn(t, dbtest.SQLite)
}

func newEIDHouseOn(t *testing.T, empty func(testing.TB) string) *eidHouse {
	t.Helper()
	h := &eidHouse{service: newServiceOn(t, dbtest.Open(t, empty(t)))}
	h.b = h.browser(t)
	var provider *issuerserver.Server
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { provider.Handler.ServeHTTP(w, r) }))
	t.Cleanup(listener.Close)
	h.provider = listener.URL
	h.beside = dbtest.Open(t, empty(t))
	data, demo := t.TempDir(), t.TempDir()
	var err error
	provider, err = issuerserver.New(context.Background(), issuerserver.Config{
		URL: h.provider, DataDir: data, DemoServicesURL: h.url, DemoServicesDir: demo, WalletLoginURL: h.url,
		Services:          []authserver.Service{registration("loans", minid.LevelSubstantial), registration("tax", minid.LevelHigh)},
		InsecureAllowHTTP: true, InsecureTestPeople: true, InsecureAllowLoopback: true, InsecureAllowAnyClient: true,
	}, issuerserver.Deps{DB: h.beside, Now: h.now, Log: slog.New(slog.DiscardHandler), Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1}})
	check(t, err)
	raw, err := os.ReadFile(filepath.Join(data, "test-people.json"))
	check(t, err)
	var people []testpeople.Credentials
	check(t, json.Unmarshal(raw, &people))
	for _, p := range people {
		if p.PID == stjerne {
			h.person = p
		}
	}
	h.cfg.MinIDURL, h.cfg.DemoServicesDir = h.provider, demo
	h.start(t)
	return h
}

func (h *eidHouse) do(method, address string, form url.Values) {
	h.b.t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	check(h.b.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := h.b.client.Do(r)
	check(h.b.t, err)
	raw, err := io.ReadAll(res.Body)
	check(h.b.t, err)
	check(h.b.t, res.Body.Close())
	h.body, h.path = html.UnescapeString(string(raw)), res.Request.URL.Path
}

func (h *eidHouse) get(path string) { h.b.t.Helper(); h.do(http.MethodGet, h.url+path, nil) }

func (h *eidHouse) sees(texts ...string) {
	h.b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(h.body, text) {
			h.b.t.Fatalf("%s lacks %q:\n%s", h.path, text, h.body)
		}
	}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// submit sends the page's form with its hidden fields and these.
func (h *eidHouse) submit(address string, pairs ...string) {
	h.b.t.Helper()
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(h.body, -1) {
		form.Set(m[1], m[2])
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	h.do(http.MethodPost, address, form)
}

func (h *eidHouse) signIn() {
	h.b.t.Helper()
	h.do(http.MethodGet, h.provider+h.path+"?with=minid", nil)
	h.submit(h.provider+"/login/password", "pid", h.person.PID, "password", h.person.Password)
	h.add(30 * time.Second)
	code, err := minid.TOTPConfig{}.TOTPCode(h.person.TOTPSecret, h.now())
	check(h.b.t, err)
	h.submit(h.provider+"/login/totp", "code", code)
}

var frame = regexp.MustCompile(`<iframe src="([^"]+)"`)

// A person logs in at one demonstration, is known at the other, and leaves both by leaving one.
func TestDemonstrationServices(t *testing.T) {
	h := newEIDHouse(t)
	h.get("/")
	h.sees("/eid/demo_lanekassen", "/eid/demo_skatteetaten")
	h.get("/eid/demo_lanekassen")
	h.submit(h.url + "/eid/demo_lanekassen/login")
	h.sees("Lånekassen (demonstrasjon)")
	h.signIn()
	if h.path != "/eid/demo_lanekassen" {
		t.Fatalf("at %s:\n%s", h.path, h.body)
	}
	h.sees(stjerne, "idporten-loa-substantial", "Minid-TOTP", "Du er logget inn")
	h.get("/eid/demo_skatteetaten")
	h.submit(h.url + "/eid/demo_skatteetaten/login")
	h.sees("Skatteetaten (demonstrasjon)", stjerne)

	h.submit(h.provider + "/endsession")
	if h.path != "/eid/demo_skatteetaten" {
		t.Fatalf("after logout at %s:\n%s", h.path, h.body)
	}
	h.sees("Du er logget ut")
	h.get("/eid/demo_lanekassen")
	h.sees("Logg inn med ID-porten")

	h.submit(h.url + "/eid/demo_lanekassen/login")
	h.signIn()
	h.get("/eid/demo_skatteetaten")
	h.submit(h.url + "/eid/demo_skatteetaten/login")
	h.get("/eid/demo_lanekassen")
	h.submit(h.provider + "/endsession")
	m := frame.FindStringSubmatch(h.body)
	if m == nil {
		t.Fatalf("no frame:\n%s", h.body)
	}
	h.do(http.MethodGet, m[1], nil)
	h.get("/eid/demo_skatteetaten")
	h.sees("Logg inn med ID-porten")
}

// What does not answer a request of this browser is refused, and so is a logout that nobody signed.
func TestDemonstrationServicesRefuse(t *testing.T) {
	h := newEIDHouse(t)
	h.get("/eid/demo_lanekassen/callback?code=x&state=made+up&iss=" + url.QueryEscape(h.provider))
	h.sees("eid_answer")
	h.do(http.MethodPost, h.url+"/eid/demo_lanekassen/backchannel", url.Values{"logout_token": {"e30.e30.e30"}})
	h.sees("invalid_request")
	h.get("/eid/demo_skatteetaten/frontchannel?sid=x&iss=https://other.example")
	h.sees("expected iss and sid")
}

func TestDemonstrationServicesInABrowser(t *testing.T) {
	tab := webtest.Browser(t)
	h := newEIDHouse(t)
	tab.Use(t, h.url, h.b.jar)
	tab.Axe(t, h.url+"/eid/demo_lanekassen")
	tab.PictureHere(t, "eid_login")
	h.get("/eid/demo_lanekassen")
	h.submit(h.url + "/eid/demo_lanekassen/login")
	tab.Use(t, h.provider, h.b.jar)
	tab.Axe(t, h.provider+h.path)
	tab.PictureHere(t, "openid_choice")
	h.signIn()
	tab.Use(t, h.url, h.b.jar)
	tab.Axe(t, h.url+"/eid/demo_lanekassen")
	tab.PictureHere(t, "eid_claims")
	tab.Use(t, h.provider, h.b.jar)
	tab.Axe(t, h.provider+"/endsession")
	tab.PictureHere(t, "authserver_logout")
}

// Chromium holds form-action against each redirect after a form: the login must pass from the service to MinID, through
// the password's form and back, and the logout through its page with a frame.
func TestDemonstrationLoginInABrowser(t *testing.T) {
	tab := webtest.Browser(t)
	h := newEIDHouse(t)
	const submit = `main form button[type=submit]`
	tab.Do(t, chromedp.Navigate(h.url+"/eid/demo_skatteetaten"), chromedp.WaitVisible(submit), chromedp.Click(submit),
		chromedp.WaitVisible(`a[href$="with=minid"]`), chromedp.Click(`a[href$="with=minid"]`), chromedp.WaitVisible("#pid"), chromedp.SendKeys("#pid", h.person.PID), chromedp.SendKeys("#password", h.person.Password),
		chromedp.Click("form .ds-button[data-variant=primary]"), chromedp.WaitVisible("#code"))
	code, err := minid.TOTPConfig{}.TOTPCode(h.person.TOTPSecret, h.now())
	check(t, err)
	tab.Do(t, chromedp.SendKeys("#code", code), chromedp.Click("form .ds-button[data-variant=primary]"), chromedp.WaitVisible(".lb-facts"))
	tab.Do(t, chromedp.Navigate(h.url+"/eid/demo_lanekassen"), chromedp.WaitVisible(submit), chromedp.Click(submit), chromedp.WaitVisible(".lb-facts"))
	tab.Do(t, chromedp.Click(submit), chromedp.WaitVisible("p[role=status]"))
	if got := webtest.Eval[string](t, tab, "location.pathname"); got != "/eid/demo_lanekassen" {
		t.Errorf("after logout at %s", got)
	}
	tab.Do(t, chromedp.Navigate(h.url+"/eid/demo_skatteetaten"), chromedp.WaitVisible(submit))
	if got := webtest.Eval[string](t, tab, `document.querySelector("main form button").textContent`); got != "Logg inn med ID-porten" {
		t.Errorf("the other service says %q", got)
	}

	// With the wallet on another device the page goes on by itself, through both providers, when it has shown who it is.
	tab.Do(t, chromedp.Click(submit), chromedp.WaitVisible(`a[href$="with=wallet"]`), chromedp.Click(`a[href$="with=wallet"]`), chromedp.WaitReady("#request-address"))
	w := h.open(t, webtest.Eval[string](t, tab, `document.querySelector("#request-address").textContent`))
	w.showMinID(stjerne)
	tab.Do(t, chromedp.WaitVisible(".lb-facts"))
	if got := webtest.Eval[string](t, tab, `document.querySelector(".lb-facts").textContent`); !strings.Contains(got, "EUDIW") || !strings.Contains(got, stjerne) {
		t.Errorf("the service knows %q", got)
	}
}
