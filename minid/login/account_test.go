package login_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lommebok.example/minid"
)

// atMinID is a person with SMS alone who has just logged in to Min MinID.
func (s *service) atMinID(t testing.TB) *person {
	t.Helper()
	s.registerSMS(t)
	p := s.person(t)
	p.get("/minid")
	p.submit("/login/password", "pid", befal, "password", password)
	p.submit("/login/sms", "code", s.post.code(t, minid.ChannelSMS))
	p.get("/minid")
	return p
}

var totpKey = regexp.MustCompile(`id="totp-key">([A-Z2-7-]+)<`)

// addTOTP enrols an authenticator app and gives its secret.
func (p *person) addTOTP(s *service) string {
	p.t.Helper()
	p.submit("/minid/totp")
	p.sees("<svg", "QR-kode med nøkkelen")
	key := totpKey.FindStringSubmatch(p.body)
	if key == nil {
		p.t.Fatalf("no key:\n%s", p.body)
	}
	secret := strings.ReplaceAll(key[1], "-", "")
	code, err := s.core.TOTPConfig.TOTPCode(secret, s.clock.now())
	check(p.t, err)
	p.submit("/minid/totp/confirm", "code", notCode(code))
	p.sees("Engangskoden er feil eller virker ikke lenger")
	p.submit("/minid/totp/confirm", "code", code)
	p.sees("Autentiseringsappen er klar til bruk")
	return secret
}

func TestFactorsOfMyMinID(t *testing.T) {
	s := newService(t)
	p := s.atMinID(t)
	p.sees("Innloggingsmetoder", "Kode på SMS", "Neste gang du logger deg inn med …", "Innloggingshistorikk", "Denne nettleseren", "Gå videre til tjenesten")
	p.submit("/minid/factor/remove", "factor", "sms")
	p.sees("Du kan ikke fjerne den siste innloggingsmetoden")
	p.addTOTP(s)
	p.get("/minid")
	p.submit("/minid/factor/rename", "factor", "totp", "name", "Jobbtelefonen <b>")
	p.sees("Navnet er lagret", "Jobbtelefonen <b>")
	if strings.Contains(p.body, "Jobbtelefonen <b>") {
		t.Error("the name is not escaped")
	}
	p.submit("/minid/factor/rename", "factor", "totp", "name", strings.Repeat("x", 41))
	p.sees("opptil 40 tegn")
	p.submit("/minid/factor/prefer", "factor", "totp")
	p.sees("Valget er lagret", `value="totp" checked`)
	p.submit("/minid/factor/remove", "factor", "sms")
	p.sees("Innloggingsmetoden er fjernet")
	p.seesNot(`id="factor-sms"`)
}

func TestNewPhoneAtMyMinID(t *testing.T) {
	s := newService(t)
	p := s.atMinID(t)
	p.submit("/minid/phone", "phone", "1234")
	p.sees("Telefonnummer må ha 8 siffer", `href="#phone"`)
	p.submit("/minid/phone", "phone", "99 99 00 55")
	p.sees("Skriv den inn for å bekrefte")
	code := s.post.code(t, minid.ChannelSMS)
	p.submit("/minid/phone/confirm", "code", notCode(code))
	p.sees("Engangskoden er feil")
	p.submit("/minid/phone/confirm", "code", code)
	p.sees("Telefonnummeret er endret", "slutter på 55")
}

func TestNewPasswordAtMyMinID(t *testing.T) {
	s := newService(t)
	p := s.atMinID(t)
	p.get("/minid/password")
	const chosen = "kaktus i vinduskarmen"
	for _, c := range []struct{ current, chosen, sees string }{
		{password, "for kort", "Nytt passord må ha minst 12 tegn"},
		{password, "passordpassord", "Nytt passord er for lett å gjette"},
		{password, "min realistiske befal", "Nytt passord kan ikke inneholde MinID, navnet ditt"},
		{password, strings.Repeat("åpent vann ", 12), "Nytt passord kan ha høyst 128 tegn"},
		{"noe annet helt feil", chosen, "Nåværende passord er feil"},
	} {
		p.submit("/minid/password", "password", c.current, "new", c.chosen)
		p.sees(c.sees, "<title>Feil:")
		p.seesNot(c.chosen)
	}
	token := tokenInput.FindStringSubmatch(p.body)[1]
	p.post("/minid/password/strength", url.Values{"token": {token}, "new": {"passordpassord"}})
	p.sees("for lett å gjette")
	p.post("/minid/password/strength", url.Values{"token": {token}, "new": {chosen}})
	p.sees("Passordet er svært sterkt")
	p.get("/minid/password")
	p.submit("/minid/password", "password", password, "new", chosen)
	p.sees("Passordet er byttet. Passordet er svært sterkt.")
	if strings.Contains(s.log.String(), chosen) || strings.Contains(s.log.String(), password) {
		t.Error("the log holds a password")
	}
}

func TestSessionIsEndedFromAnotherBrowser(t *testing.T) {
	s := newService(t)
	p := s.atMinID(t)
	s.clock.add(time.Minute)
	q := s.person(t)
	q.get("/service")
	q.submit("/login/password", "pid", befal, "password", password)
	q.submit("/login/sms", "code", s.post.code(t, minid.ChannelSMS))
	p.get("/minid")
	p.sees("En annen nettleser", "Lånekassen")
	id := regexp.MustCompile(`name="session" value="([0-9a-f]+)"`).FindStringSubmatch(p.body)
	p.submit("/minid/sessions/end", "session", id[1])
	p.sees("Du er logget ut der")
	q.get("/service")
	q.sees("Logg inn med MinID")
}

// A23: with a login that is older than five minutes, every change leads to a new login and changes nothing.
func TestChangesAtMyMinIDTakeAFreshLogin(t *testing.T) {
	s := newService(t)
	p := s.atMinID(t)
	s.clock.add(5*time.Minute + time.Second)
	token := tokenInput.FindStringSubmatch(p.body)[1]
	for path, form := range map[string]url.Values{
		"/minid/totp": {}, "/minid/totp/confirm": {"code": {"123456"}}, "/minid/factor/remove": {"factor": {"sms"}},
		"/minid/phone": {"phone": {"99990055"}}, "/minid/phone/confirm": {"code": {"123456"}},
		"/minid/password": {"password": {password}, "new": {"kaktus i vinduskarmen"}},
	} {
		form.Set("token", token)
		p.post(path, form)
		p.is(http.StatusOK)
		p.sees("Logg inn med MinID", "Du logger inn til Min MinID")
	}
	for _, path := range []string{"/minid/totp", "/minid/phone", "/minid/password"} {
		p.get(path)
		p.sees("Logg inn med MinID")
	}
	p.post("/minid/factor/remove", url.Values{"factor": {"sms"}})
	p.is(http.StatusForbidden)
}
