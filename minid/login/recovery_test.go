package login_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"lommebok.example/minid"
)

var recoveryCode = regexp.MustCompile(`<li class="lb-code">([A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4})</li>`)

// codes are the recovery codes on the page.
func (p *person) codes() []string {
	p.t.Helper()
	var codes []string
	for _, m := range recoveryCode.FindAllStringSubmatch(html.UnescapeString(p.body), -1) {
		codes = append(codes, m[1])
	}
	return codes
}

// Who has made recovery codes and lost the phone gets in with one, and is led to a new factor at once.
func TestRecoveryFromALostPhone(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, busk, "substantial")
	p.get("/minid")
	p.sees("Du har ingen koder.")
	p.get("/minid/recovery")
	p.submit("/minid/recovery")
	if got := p.header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control %q", got)
	}
	codes := p.codes()
	if len(codes) != 10 || p.path != "/minid/recovery" {
		t.Fatalf("%d codes at %s", len(codes), p.path)
	}
	for _, via := range p.via {
		if strings.Contains(via, codes[0][:4]) {
			t.Errorf("a code stands in an address: %s", via)
		}
	}
	p.get("/minid/recovery")
	p.seesNot(codes[0])
	p.sees("Du har 10 koder igjen.")

	p = s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", busk, "password", password)
	p.sees("Mistet telefonen?")
	p.submit("/login/method", "factor", "recovery")
	p.submit("/login/recovery", "code", "")
	p.sees("Engangskode må fylles ut")
	p.submit("/login/recovery", "code", "AAAA-BBBB-CCCC")
	p.sees("Gjenopprettingskoden er feil eller allerede brukt")
	p.submit("/login/recovery", "code", strings.ToLower(codes[4]))
	if p.path != "/login/invitation" {
		t.Fatalf("at %s", p.path)
	}
	p.sees("Legg til en ny innloggingsmetode", "har 9 igjen", `href="/minid#totp"`, `href="/service?level=substantial"`)
	p.get("/minid")
	p.submit("/minid/totp")
	p.submit("/minid/totp/confirm", "code", s.codeOf(t, p))
	p.sees("Autentiseringsappen er klar til bruk.")

	p = s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", busk, "password", password)
	p.submit("/login/method", "factor", "recovery")
	p.submit("/login/recovery", "code", codes[4])
	p.sees("feil eller allerede brukt")
	if log := s.log.String(); strings.Contains(log, codes[0]) || strings.Contains(log, strings.ReplaceAll(codes[4], "-", "")) {
		t.Error("a code stands in the log")
	}
}

var keyOnPage = regexp.MustCompile(`id="totp-key">([A-Z2-7-]+)<`)

// codeOf is what an authenticator app shows that has scanned the page.
func (s *service) codeOf(t testing.TB, p *person) string {
	t.Helper()
	key := keyOnPage.FindStringSubmatch(p.body)
	if key == nil {
		t.Fatalf("no key at %s", p.path)
	}
	s.clock.add(30 * time.Second)
	code, err := s.core.TOTPConfig.TOTPCode(strings.ReplaceAll(key[1], "-", ""), s.clock.now())
	check(t, err)
	return code
}

// Who adds an authenticator app and has no recovery codes is led to them; who has some is not.
func TestANewFactorLeadsToRecoveryCodes(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, busk, "substantial")
	for _, want := range []string{"/minid/recovery", "/minid"} {
		p.get("/minid")
		p.submit("/minid/totp")
		p.submit("/minid/totp/confirm", "code", s.codeOf(t, p))
		p.sees("Autentiseringsappen er klar til bruk.")
		if p.path != want {
			t.Fatalf("at %s, want %s", p.path, want)
		}
		if want == "/minid/recovery" {
			p.submit("/minid/recovery")
		}
	}
}

// A login that is not fresh makes no codes, and neither does a form from elsewhere.
func TestRecoveryCodesAreRefused(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, busk, "substantial")
	p.get("/minid/recovery")
	s.clock.add(6 * time.Minute)
	p.submit("/minid/recovery")
	if p.path != "/login" {
		t.Errorf("with an old login at %s", p.path)
	}
	p.post("/minid/recovery", nil)
	p.is(403)
	if left, err := s.core.Store.RecoveryLeft(t.Context(), "", 10); err != nil || left != 0 {
		t.Errorf("%d codes, %v", left, err)
	}
}

// "Fikk du ikke varsel?" tells what to do, and the button asks anew, with another number; when it was asked too often
// the approval that waits goes on.
func TestTheNoticeThatDidNotCome(t *testing.T) {
	s := newService(t)
	app := s.phone(t, s.deskCode)
	p := s.person(t)
	p.get("/service?level=high")
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Vi har sendt et varsel om godkjenning til MinID-appen", "Fikk du ikke varsel?", "Åpne MinID-appen selv")
	for range 2 {
		p.submit("/login/app/again")
		p.sees("Venter på godkjenning")
	}
	p.submit("/login/app/again")
	p.sees("Venter på godkjenning", "Vi sender ikke flere varsler til appen nå. Prøv igjen om 15 minutter")
	number := regexp.MustCompile(`lb-number">(\d\d)<`).FindStringSubmatch(p.body)
	check(t, app.answer(t, number[1], true))
	p.get("/login")
	p.sees("signed in at high")
}

// "It was not me" on the phone: the browser offers other ways and sends no notice.
func TestNotMeInTheBrowser(t *testing.T) {
	s := newService(t)
	app := s.phone(t, s.deskCode)
	p := s.person(t)
	p.get("/service?level=high")
	p.submit("/login/password", "pid", karies, "password", password)
	pending, err := s.core.PendingAttempts(t.Context(), app.device)
	check(t, err)
	_, err = s.core.AnswerAttempt(t.Context(), app.device, minid.Answer{AttemptID: pending[0].ID, NotMe: true})
	check(t, err)
	p.get("/login")
	p.sees("Innloggingen ble avvist i appen")
	p.submit("/login/method", "factor", "app")
	p.sees("Appen får ingen flere varsler nå", "Prøv igjen om 60 minutter")
}

// The code to pair with is shown as long as it can be used, and not after.
func TestAPairingCodeThatWasUsedIsNotShown(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, busk, "substantial")
	p.get("/minid")
	p.submit("/minid/pair")
	code := regexp.MustCompile(`id="pairing-code">([A-Z2-7-]+)<`).FindStringSubmatch(p.body)
	if code == nil {
		t.Fatal("no code is shown")
	}
	p.get("/minid")
	p.sees(code[1])
	s.phone(t, code[1])
	p.get("/minid")
	p.seesNot(code[1], "pairing-code")
	p.sees("MinID-appen er koblet til. Koden kan ikke brukes mer.", "Ikke brukt ennå")
	p.get("/minid")
	p.seesNot("Koden kan ikke brukes mer")
	if p.cookie("pairing") != "" {
		t.Error("the browser keeps the code")
	}
}
