package login_test

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"lommebok.example/web"
)

func TestMyMinIDAndTheApp(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, karies, "substantial")
	p.get("/minid")
	p.sees("128653 *****", "betydelig", "Kode fra autentiseringsapp", "ved oppmøte med ID-dokument", "Lag tilkoblingskode")
	p.seesNot(karies)
	p.submit("/minid/pair")
	code := regexp.MustCompile(`id="pairing-code">([A-Z2-7-]+)<`).FindStringSubmatch(p.body)
	if code == nil {
		t.Fatalf("no pairing code:\n%s", p.body)
	}
	p.sees("<svg", "QR-kode med tilkoblingskoden")
	app := s.phone(t, code[1])

	p.get("/service?level=high")
	p.sees("Bekreft innlogging", "Venter på godkjenning", `data-poll="/login/app"`, `<noscript><meta http-equiv="refresh"`, `role="status"`)
	number := regexp.MustCompile(`class="lb-number">(\d\d)<`).FindStringSubmatch(p.body)
	p.get("/login/app", "Accept", "application/json")
	var state web.PollAnswer
	check(t, json.Unmarshal([]byte(p.body), &state))
	if p.header.Get("Cache-Control") != "no-store" {
		t.Error("the state may be kept")
	}
	if state.Done || state.Text != "Venter på godkjenning" || state.Note != "Du har 180 sekunder på deg." {
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
	p := s.person(t)
	p.signIn(s, karies, "substantial")
	p.get("/minid")
	p.submit("/minid/pair")
	app := s.phone(t, p.cookie("pairing"))

	p = s.person(t)
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
	p.sees("Appen har fått for mange varsler", "minutter")
}

func TestPairingWithAnOldLoginAsksForANewOne(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.signIn(s, karies, "substantial")
	p.get("/minid")
	s.clock.add(15 * time.Minute)
	p.submit("/minid/pair")
	p.sees("Logg inn med MinID", "Du logger inn til Min MinID")
	p.submit("/login/password", "pid", karies, "password", password)
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
	p := s.person(t)
	p.signIn(s, karies, "substantial")
	p.get("/minid")
	p.submit("/minid/pair")
	s.phone(t, p.cookie("pairing"))

	p = s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Endre innloggingsmetode", "Bruk MinID-appen", "Engangskode")
	p.submit("/login/method", "factor", "app")
	p.sees("Venter på godkjenning", "Bruk kode fra autentiseringsapp")
	p.submit("/login/method", "factor", "totp")
	p.submit("/login/totp", "code", s.code(t))
	p.sees("signed in at substantial")
}
