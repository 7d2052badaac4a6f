package login_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/web"
)

func TestMyMinIDAndTheApp(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, busk, "substantial")
	p.get("/minid")
	p.sees("108766 *****", "betydelig", "Kode fra autentiseringsapp", "ved brev til den registrerte adressen din", "Lag tilkoblingskode")
	p.seesNot(busk, "servicekontoret")
	p.submit("/minid/pair")
	code := regexp.MustCompile(`id="pairing-code">([A-Z2-7-]+)<`).FindStringSubmatch(p.body)
	if code == nil {
		t.Fatalf("no pairing code:\n%s", p.body)
	}
	p.sees("<svg", "QR-kode med tilkoblingskoden")
	owner, err := s.core.Store.PersonByPID(t.Context(), busk)
	check(t, err)
	if app := s.phone(t, code[1]); app.device.PersonID != owner.ID {
		t.Error("paired with another person")
	}
}

// Who was proofed in person gets the first code at the service desk, and pairs the next phone with the app itself.
func TestPairingAtTheServiceDesk(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, karies, "substantial")
	for _, c := range []struct{ lang, says, ownWay string }{
		{"nn", "Koda til appen får du på servicekontoret", "Lag tilkoplingskode"},
		{"en", "The code for the app is given at the service desk", "Make a pairing code"},
		{"nb", "Koden til appen får du på servicekontoret", "Lag tilkoblingskode"},
	} {
		p.get("/minid?lang=" + c.lang)
		p.sees(`id="pair-at-desk"`, c.says)
		p.seesNot(c.ownWay, `action="/minid/pair"`)
	}
	p.post("/minid/pair", url.Values{"token": {web.FormToken(p.cookie("session"))}})
	p.is(http.StatusOK)
	p.sees("128653 *****", "Koden til appen får du på servicekontoret")
	if p.cookie("pairing") != "" || !slices.Equal(p.via, []string{"/minid"}) {
		t.Errorf("pairing cookie %q, by way of %v", p.cookie("pairing"), p.via)
	}

	app := s.phone(t, s.deskCode)
	p = s.person(t)
	p.approve(app)
	p.get("/minid")
	p.seesNot("servicekontoret")
	s.clock.add(15 * time.Minute)
	p.submit("/minid/pair")
	p.approveHere(app) // an old login is renewed at its own level
	p.submit("/minid/pair")
	p.sees("pairing-code")
	code, _, _ := strings.Cut(p.cookie("pairing"), ".")
	s.phone(t, code)
}

// approve signs karies in at high.
func (p *person) approve(app phone) {
	p.t.Helper()
	p.get("/service?level=high")
	p.approveHere(app)
	p.sees("signed in at high")
}

// approveHere goes on from the page that asks for the password.
func (p *person) approveHere(app phone) {
	p.t.Helper()
	p.submit("/login/password", "pid", karies, "password", password)
	number := regexp.MustCompile(`class="lb-number">(\d\d)<`).FindStringSubmatch(p.body)
	if number == nil {
		p.t.Fatalf("no number for the app:\n%s", p.body)
	}
	check(p.t, app.answer(p.t, number[1], true))
	p.get("/login")
}

func TestSignInWithTheApp(t *testing.T) {
	s := newService(t)
	app := s.phone(t, s.deskCode)
	p := s.person(t)
	p.signIn(s, karies, "substantial")
	p.get("/service?level=high")
	p.sees("Bekreft innlogging", "Venter på godkjenning", `data-poll="/login/app"`, `<noscript><meta http-equiv="refresh"`, `role="status"`)
	number := regexp.MustCompile(`class="lb-number">(\d\d)<`).FindStringSubmatch(p.body)
	p.get("/login/app", "Accept", "application/json")
	var state web.PollAnswer
	check(t, json.Unmarshal([]byte(p.body), &state))
	if p.header.Get("Cache-Control") != "no-store" {
		t.Error("the state may be kept")
	}
	if state.Done || state.Text != "Venter på godkjenning" || state.Note != "" {
		t.Errorf("waiting: %+v", state)
	}
	check(t, app.answer(t, number[1], true))
	p.get("/login/app")
	p.sees(`"done":true`)
	session := p.cookie("session")
	p.get("/login")
	p.sees("signed in at high")
	if p.cookie("session") == session {
		t.Error("the session kept its secret at a new level")
	}
}

func TestAppSaysNoOrNothing(t *testing.T) {
	s := newService(t)
	app := s.phone(t, s.deskCode)
	p := s.person(t)
	p.get("/service?level=high")
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Venter på godkjenning")
	check(t, app.answer(t, "", false))
	p.get("/login")
	p.sees("Innloggingen ble avvist i appen", "Send nytt varsel")
	p.seesNot("data-poll", `http-equiv="refresh"`)
	p.submit("/login/method", "factor", "app")
	p.sees("Venter på godkjenning")
	s.clock.add(3 * time.Minute)
	p.get("/login")
	p.sees("Tidsfristen har gått ut", "Send nytt varsel")
	p.submit("/login/method", "factor", "app")
	p.sees("Venter på godkjenning")
	s.clock.add(3 * time.Minute)
	p.get("/login")
	p.submit("/login/method", "factor", "app")
	p.sees("Appen får ingen flere varsler nå", "minutter")
}

func TestPairingWithAnOldLoginAsksForANewOne(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, busk, "substantial")
	p.get("/minid")
	s.clock.add(15 * time.Minute)
	p.submit("/minid/pair")
	p.sees("Logg inn med MinID", "Du logger inn til Min MinID")
	p.submit("/login/password", "pid", busk, "password", password)
	p.submit("/login/totp", "code", s.code(t))
	p.sees("Lag tilkoblingskode")
	if p.cookie("pairing") != "" {
		t.Error("a code was made")
	}
	p.submit("/minid/pair")
	p.sees("pairing-code")
}

func TestAnotherMethod(t *testing.T) {
	s := newService(t)
	s.phone(t, s.deskCode)
	p := s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Endre innloggingsmetode", "Bruk MinID-appen", "Engangskode")
	p.submit("/login/method", "factor", "app")
	p.sees("Venter på godkjenning", "Bruk kode fra autentiseringsapp")
	p.submit("/login/method", "factor", "totp")
	p.submit("/login/totp", "code", s.code(t))
	p.sees("signed in at substantial")
}
