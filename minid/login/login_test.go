package login_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/minid"
	"lommebok.example/web"
)

func TestPasswordAndCode(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service")
	p.sees("Logg inn med MinID", "Du logger inn til Lånekassen", "11 siffer", "Glemt passord?", `autocomplete="username"`, `autocomplete="current-password"`)
	before := p.cookie("signin")
	p.submit("/login/password", "pid", " 128653 98148 ", "password", password)
	p.sees("Bekreft innlogging", `autocomplete="one-time-code"`, `inputmode="numeric"`)
	p.seesNot("Endre innloggingsmetode", "maxlength")
	code := s.code(t)
	p.submit("/login/totp", "code", code[:3]+" "+code[3:])
	p.sees("signed in at substantial")
	if before == "" || p.cookie("signin") != "" || p.cookie("session") == "" || p.cookie("session") == before {
		t.Errorf("cookies after sign-in: signin %q, session %q", p.cookie("signin"), p.cookie("session"))
	}
	p.get("/service")
	p.sees("signed in at substantial")
	if len(p.via) != 0 {
		t.Errorf("a session that meets the need was sent to %v", p.via)
	}
	p.get("/login")
	p.is(http.StatusGone)
}

func TestEveryFormIsAnsweredWith303(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	see := func(action, to string, fields ...string) {
		t.Helper()
		p.get("/login")
		if action == "/logout" || action == "/minid/pair" {
			p.get("/minid")
		}
		p.submit(action, fields...)
		if p.status != http.StatusSeeOther || p.header.Get("Location") != to || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d to %q, want 303 to %q", action, p.status, p.header.Get("Location"), to)
		}
	}
	p.get("/service")
	if p.status != http.StatusSeeOther || p.header.Get("Location") != "/login" {
		t.Errorf("service: %d to %q", p.status, p.header.Get("Location"))
	}
	see("/login/password", "/login", "pid", "", "password", "")
	see("/login/password", "/login", "pid", nobody, "password", password)
	see("/login/password", "/login", "pid", busk, "password", password)
	see("/login/totp", "/login", "code", "")
	see("/login/totp", "/login", "code", "000000")
	see("/login/totp", "/service?level=substantial", "code", s.code(t))
	see("/minid/pair", "/minid#pair")
	see("/logout", "/")
}

func TestWhatIsWrongIsToldAtItsField(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", "1286539814", "password", "")
	p.sees("<title>Feil: Logg inn med MinID", `href="#pid">Fødselsnummer må ha 11 siffer`, `href="#password">Passord må fylles ut`,
		`aria-describedby="pid-hint pid-error" aria-invalid="true"`, `id="password-error">Passord`)
	p.submit("/login/password", "pid", "", "password", "x")
	p.sees(`href="#pid"`)
	p.seesNot(`href="#password"`)
	p.submit("/login/password", "pid", karies, "password", "")
	p.sees(`href="#password"`)
	p.seesNot(`href="#pid"`)
	p.submit("/login/password", "pid", karies, "password", "feil")
	p.sees("Feil fødselsnummer eller passord")
	p.seesNot(karies, "feil\"")
	p.submit("/login/password", "pid", karies, "password", password)
	p.seesNot("Feil:")
	p.submit("/login/totp", "code", "  ")
	p.sees("Engangskode må fylles ut")
	p.submit("/login/totp", "code", "123")
	p.sees("Engangskoden er feil", `aria-describedby="code-hint code-error" aria-invalid="true"`)
	p.submit("/login/totp", "code", s.code(t))
	p.sees("signed in at substantial")
}

// A07: who is registered cannot be told from an answer, its headers or the page it leads to, before and in quarantine.
func TestUnknownPersonGetsTheSameAnswer(t *testing.T) {
	s := newService(t)
	random := regexp.MustCompile(`value="[A-Za-z0-9_-]{43}"|nonce[-=]"?[A-Z2-7]+|\d\d:\d\d:\d\d`)
	var answers []string
	for _, pid := range []string{karies, nobody, "12865398149", "00000000000"} {
		p := s.person(t)
		follow := p.client.CheckRedirect
		p.get("/service")
		for range 6 {
			p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			p.submit("/login/password", "pid", pid, "password", "feil passord")
			answer := fmt.Sprint(p.status, p.header, p.body)
			p.client.CheckRedirect = follow
			p.get("/login")
			answers = append(answers, random.ReplaceAllString(answer+fmt.Sprint(p.status, p.header, p.body), ""))
		}
		p.sees("Du er sperret på grunn av gjentatte mislykkede innloggingsforsøk. Prøv igjen om 1 minutt.")
	}
	for i, answer := range answers {
		if answer != answers[i%6] {
			t.Errorf("answer %d to person %d differs:\n%s\n%s", i%6, i/6, answer, answers[i%6])
		}
	}
}

func TestQuarantineHoldsAlsoForTheRightPassword(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service")
	for range 7 {
		p.submit("/login/password", "pid", karies, "password", "feil passord")
	}
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Du er sperret")
	p.get("/login?lang=nn")
	p.sees("Du er sperra på grunn av gjentekne mislukka innloggingsforsøk. Prøv igjen om 1 minutt.")
	s.clock.add(time.Minute)
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Stadfest innlogginga")
}

// slowStore holds the first look-up of a person until it is let go.
type slowStore struct {
	minid.Store
	once         sync.Once
	entered, let chan struct{}
}

func (s *slowStore) PersonByPID(ctx context.Context, pid string) (*minid.Person, error) {
	s.once.Do(func() {
		close(s.entered)
		<-s.let
	})
	return s.Store.PersonByPID(ctx, pid)
}

// One slot that is held, and a queue of one: of two more logins one waits and the other is told to come back.
func TestBusyIs503WithRetryAfter(t *testing.T) {
	s := newService(t, func(pc *minid.PasswordConfig, _ *web.Config) { pc.Slots, pc.Queue = 1, 1 })
	slow := &slowStore{Store: s.core.Store, entered: make(chan struct{}), let: make(chan struct{})}
	s.core.Store = slow
	answers := make(chan *person, 3)
	logIn := func() {
		p := s.person(t)
		p.get("/service")
		go func() {
			defer func() { answers <- p }() // also when submit ends the goroutine
			p.submit("/login/password", "pid", karies, "password", password)
		}()
	}
	logIn()
	<-slow.entered
	logIn()
	logIn()
	p := <-answers
	p.is(http.StatusServiceUnavailable)
	p.sees("Mange logger inn akkurat nå", `href="/login"`, ">busy<")
	if p.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	close(slow.let)
	for range 2 {
		(<-answers).sees("Bekreft innlogging")
	}
	p.get("/login")
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Bekreft innlogging")
}

func TestLevelThatCannotBeReached(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, busk, "high")
	p.sees("Sikkerhetsnivået ditt er for lavt", "Lånekassen krever", "høyt", "betydelig", "servicekontor")
	p.seesNot("Ta i bruk MinID-appen")
	p.get("/login/cancel")
	p.sees("reason level of 7")
	if p.cookie("signin") != "" || p.cookie("session") != "" {
		t.Error("the sign-in left a cookie")
	}

	p = s.person(t)
	p.signIn(s, karies, "high")
	p.sees("Sikkerhetsnivået ditt er for lavt", "Ta i bruk MinID-appen", "på servicekontoret der", `href="/minid"`)
	p.seesNot("Møt opp på et servicekontor")
}

func TestCancel(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service")
	p.get("/login/cancel", "Sec-Fetch-Site", "cross-site")
	p.sees("Logg inn med MinID")
	p.get("/login/cancel", "Sec-Fetch-Site", "same-origin")
	p.sees("reason cancelled of 7")
	p.get("/login")
	p.is(http.StatusGone)
	p.get("/login/cancel")
	p.is(http.StatusGone)
}

func TestSignInThatIsOver(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/login")
	p.is(http.StatusGone)
	p.sees("Innloggingen er avsluttet", "sign_in_over")
	p.get("/service")
	s.clock.add(11 * time.Minute)
	p.submit("/login/password", "pid", karies, "password", password)
	p.is(http.StatusGone)
	if p.cookie("session") != "" {
		t.Error("a session came of it")
	}
}

// A09: no step can be left out.
func TestLaterStepsBeforeTheirTime(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service")
	token := url.Values{"token": {web.FormToken(p.cookie("signin"))}, "code": {s.code(t)}, "factor": {"app"}}
	for _, path := range []string{"/login/totp", "/login/method"} {
		p.post(path, token)
		p.sees("Logg inn med MinID")
	}
	p.get("/login/app")
	p.sees(`"done":true`)
	p.get("/service")
	p.submit("/login/password", "pid", karies, "password", password)
	old := url.Values{"token": {web.FormToken(p.cookie("signin"))}, "pid": {busk}, "password": {password}}
	p.post("/login/password", old)
	p.sees("Bekreft innlogging")
	p.post("/login/method", url.Values{"token": old["token"], "factor": {"sms"}})
	p.sees("Bekreft innlogging")
	if p.cookie("session") != "" {
		t.Error("a session without a second factor")
	}
}

func TestLogout(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, karies, "substantial")
	p.get("/minid")
	secret := p.cookie("session")
	p.submit("/logout")
	p.sees("front page")
	if p.cookie("session") != "" {
		t.Error("the cookie is still there")
	}
	if _, err := s.core.Session(t.Context(), secret); err == nil {
		t.Error("the session lives on")
	}
}

func TestLanguageIsKeptThroughTheFlow(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service", "Accept-Language", "en-GB,en;q=0.9")
	p.sees(`<html lang="en"`, "Log in with MinID")
	p.get("/login?lang=nn", "Accept-Language", "en")
	p.sees(`<html lang="nn"`, "Gløymt passord?")
	p.submit("/login/password", "pid", karies, "password", "feil")
	p.sees(`<html lang="nn"`, "Kontroller begge")
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees(`<html lang="nn"`, "Stadfest innlogginga")
	p.submit("/login/totp", "code", s.code(t))
	p.get("/minid")
	p.sees(`<html lang="nn"`, "Kople til MinID-appen")
}

func TestHelp(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/login/help")
	p.sees("testpersoner", "Gå til forsiden")
	p.get("/service")
	p.get("/login/help")
	p.sees("Tilbake til innloggingen")
}

func TestNothingPersonalInAddressesOrLog(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	var addresses []string
	p.get("/service?level=high")
	p.submit("/login/password", "pid", karies, "password", "hemmelig-og-feil")
	addresses = append(addresses, p.via...)
	p.submit("/login/password", "pid", karies, "password", password)
	addresses = append(addresses, p.via...)
	code := s.code(t)
	p.submit("/login/totp", "code", code)
	addresses = append(addresses, p.via...)
	all := strings.Join(addresses, "\n") + s.log.String()
	for _, secret := range []string{karies, password, "hemmelig-og-feil", code, p.cookie("signin")} {
		if secret == "" || strings.Contains(all, secret) {
			t.Errorf("%q in an address or in the log", secret)
		}
	}
}
