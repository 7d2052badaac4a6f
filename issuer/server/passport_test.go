package server_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lommebok.example/issuer/server"
	"lommebok.example/minid"
	"lommebok.example/minid/passport/passporttest"
	"lommebok.example/specs/jose"
	"lommebok.example/web/webtest"
)

// withPassport is an issuer whose table makes a letter low and a passport substantial, and a service that checks passports.
func withPassport(t *testing.T) (*service, *passporttest.Service) {
	t.Helper()
	s := newService(t)
	elsewhere := passporttest.New(t, s.now)
	elsewhere.Holder = stjerne
	s.cfg.Levels = minid.DefaultLevels()
	s.cfg.Levels.Proofing = maps.Clone(s.cfg.Levels.Proofing)
	s.cfg.Levels.Proofing[minid.BasisLetter] = minid.LevelLow
	s.cfg.Passport = &server.Passport{URL: elsewhere.URL, Token: elsewhere.Token, Key: &elsewhere.Key.PublicKey}
	s.cfg.InsecureAllowLoopback = true
	s.start(t)
	return s, elsewhere
}

// checked goes to the service and comes back from it: its address is on another origin, where person stops.
func (p *person) checked() {
	p.t.Helper()
	p.get("/minid/passport")
	if strings.Contains(p.body, `action="/login/password"`) {
		p.password()
	}
	p.sees("Kontroll av passet ditt")
	p.submit("/minid/passport")
	if p.left == "" {
		p.t.Fatalf("not on the way to the check, but at %s: %s", p.path, p.body)
	}
	r, err := http.NewRequest(http.MethodGet, p.left, nil)
	check(p.t, err)
	p.do(r)
}

// From the page that says why not, by way of the passport, to the level.
func TestAPassportBringsAPersonToTheLevel(t *testing.T) {
	s, _ := withPassport(t)
	p := s.person(t, stjerne)
	p.get("/mine")
	p.signInWithCode()
	p.sees("Sikkerhetsnivået ditt er for lavt", "Du kan også få passet ditt kontrollert", `href="/minid/passport"`)
	p.checked()
	p.sees("Identiteten din er kontrollert")
	back := "/minid/passport/return?state="
	if p.path != "/minid/passport/done" {
		t.Errorf("came back to %s", p.path)
	}
	p.get("/mine")
	p.signInWithCode()
	p.is(http.StatusOK)
	p.sees("Mine bevis")
	p.get(back + "used")
	p.is(http.StatusConflict)

	// By the default table a passport brings nobody to high: the page does not offer it.
	s.cfg.Levels = minid.LevelTable{}
	s.start(t)
	p = s.person(t, stjerne)
	p.get("/minid")
	p.signInWithCode()
	p.get("/minid/passport")
	p.submit("/minid/passport")
	p.is(http.StatusConflict)
}

func TestAPassportThatIsNotThePersonsOwn(t *testing.T) {
	for name, change := range map[string]func(*passporttest.Service){
		"another person's": func(c *passporttest.Service) { c.Holder = karies },
		"another key":      func(c *passporttest.Service) { c.Signer = newKey(t) },
		"expired":          func(c *passporttest.Service) { c.Now = func() time.Time { return time.Unix(0, 0) } },
	} {
		s, c := withPassport(t)
		change(c)
		p := s.person(t, stjerne)
		p.checked()
		if p.status != http.StatusConflict {
			t.Errorf("%s: status %d at %s", name, p.status, p.path)
		}
		p.sees("Kontrollen av passet gjelder ikke")
		person, err := s.Core().Store.PersonByPID(t.Context(), stjerne)
		check(t, err)
		if person.Proofing.Basis != minid.BasisLetter {
			t.Errorf("%s: raised to %s", name, person.Proofing.Basis)
		}
	}
}

// Replay: the state of a check brings another person nothing, nor the same person twice.
func TestAPassportCheckIsGoodOnceForOnePerson(t *testing.T) {
	s, _ := withPassport(t)
	p := s.person(t, stjerne)
	p.get("/minid/passport")
	p.password()
	p.submit("/minid/passport")
	state := p.left[strings.LastIndex(p.left, "/")+1:]
	const official = "11853349366"
	other := s.person(t, official)
	other.get("/minid/passport")
	other.password()
	other.get("/minid/passport/return?state=" + state)
	other.is(http.StatusConflict)
	p.get("/minid/passport/return?state=" + state)
	p.sees("Identiteten din er kontrollert")
	p.get("/minid/passport/return?state=" + state)
	p.password()
	p.is(http.StatusConflict)
}

// Off by default: no page, no link.
func TestWithoutAPassportCheckThereIsNoPage(t *testing.T) {
	s := newService(t)
	p := s.person(t, stjerne)
	p.get("/minid/passport")
	p.is(http.StatusNotFound)
}

func TestParsePassport(t *testing.T) {
	s := newService(t)
	jwk, err := json.Marshal(jose.PublicJWK(&newKey(t).PublicKey))
	check(t, err)
	good := `{"url": "https://passport.example", "token": "hush", "key": ` + string(jwk) + `}`
	if got, err := server.ParsePassport([]byte(good)); err != nil || got.URL != "https://passport.example" || got.Token != "hush" {
		t.Errorf("%+v, %v", got, err)
	}
	for name, raw := range map[string]string{
		"no key":                     `{"url": "https://passport.example", "token": "hush"}`,
		"a key that is none":         `{"url": "https://passport.example", "token": "hush", "key": {"kty": "oct"}}`,
		"a member that there is not": strings.Replace(good, `"token"`, `"note": "hush", "token"`, 1),
		"a member twice":             strings.Replace(good, `"token"`, `"token": "hush", "token"`, 1),
		"not JSON":                   good[1:],
	} {
		if _, err := server.ParsePassport([]byte(raw)); !errors.Is(err, server.ErrConfig) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*server.Passport){
		"no token": func(p *server.Passport) { p.Token = "" }, "no key": func(p *server.Passport) { p.Key = nil },
		"a slash": func(p *server.Passport) { p.URL += "/" }, "a query": func(p *server.Passport) { p.URL += "?a=b" },
		"no address": func(p *server.Passport) { p.URL = "" }, "ftp": func(p *server.Passport) { p.URL = "ftp://passport.example" },
	} {
		parsed, err := server.ParsePassport([]byte(good))
		check(t, err)
		change(parsed)
		cfg := s.cfg
		cfg.Passport = parsed
		if _, err := server.New(t.Context(), cfg, server.Deps{}); !errors.Is(err, server.ErrConfig) || !strings.Contains(err.Error(), "passport") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// In Chromium: the pages, and that the form may lead to the other service and back.
func TestThePassportCheckInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s, _ := withPassport(t)
	p := s.person(t, stjerne)
	p.get("/mine")
	p.signInWithCode()
	b.Use(t, s.url, p.jar)
	b.Axe(t, s.url+"/login")
	b.PictureHere(t, "login_unreachable_passport")
	p.get("/minid/passport")
	p.password()
	b.Use(t, s.url, p.jar)
	b.Axe(t, s.url+"/minid/passport")
	b.PictureHere(t, "passport_start")
	b.Do(t, chromedp.Click("form .ds-button[data-variant=primary]"), chromedp.WaitVisible(`a[href="/minid"]`))
	if got := webtest.Eval[string](t, b, "location.pathname"); got != "/minid/passport/done" {
		t.Fatalf("the browser is at %s", got)
	}
	b.AxeHere(t, "the passport is checked")
	b.PictureHere(t, "passport_done")
}
