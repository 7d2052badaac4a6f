package login_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/minid"
)

const (
	havn  = "03848812160" // in the register, without an account
	fasan = "11821465526" // too young until 2027
)

type register map[string]minid.Resident

func (r register) Resident(_ context.Context, pid string) (*minid.Resident, error) {
	one, ok := r[pid]
	if !ok {
		return nil, minid.ErrNotFound
	}
	return &one, nil
}

// printer is a LetterSender that keeps what it was given.
type printer struct {
	mu      sync.Mutex
	letters []minid.Letter
}

func (p *printer) SendLetter(_ context.Context, l minid.Letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letters = append(p.letters, l)
	return nil
}

func (p *printer) last(t testing.TB) minid.Letter {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.letters) == 0 {
		t.Fatal("no letter")
	}
	return p.letters[len(p.letters)-1]
}

// letters makes the service send letters.
func (s *service) letters() *printer {
	prints := &printer{}
	s.atOnce()
	address := []string{"Furuveien 1", "9999 Florø"}
	s.core.Letters = prints
	s.core.Population = register{
		havn:   {PID: havn, Name: "Tålmodig Havn", BirthDate: "1988-04-03", Address: address},
		fasan:  {PID: fasan, Name: "Nysgjerrig Fasan", BirthDate: "2014-02-11", Address: address},
		karies: {PID: karies, Name: "Eksakt Karies", BirthDate: "1953-06-12", Address: address},
		busk:   {PID: busk, Name: "Gylden Busk", BirthDate: "1966-07-10", Address: address},
	}
	return prints
}

func (p *person) orderLetter(s *service, pid string) {
	p.t.Helper()
	p.get("/letter")
	p.submit("/letter", "pid", pid, "phone", "99990077")
	p.submit("/letter/code", "code", s.post.code(p.t, minid.ChannelSMS))
}

func TestRegistrationByLetter(t *testing.T) {
	s := newService(t)
	prints := s.letters()
	p := s.person(t)
	p.get("/service")
	p.sees(`href="/letter"`, `href="/register"`)
	p.get("/letter")
	p.sees("det året du fyller 13", "Folkeregisteret")
	p.submit("/letter", "pid", "1", "phone", "99990077")
	p.sees("Fødselsnummer må ha 11 siffer")
	p.submit("/letter", "pid", havn, "phone", "123")
	p.sees("Mobilnummer må ha 8 siffer")
	p.submit("/letter", "pid", havn, "phone", "99990077")
	code := s.post.code(t, minid.ChannelSMS)
	p.submit("/letter/code", "code", notCode(code))
	p.sees("Engangskoden er feil", "<title>Feil:")
	p.submit("/letter/code", "code", code)
	p.sees("Bestillingen er mottatt")
	if p.path != "/letter/ordered" {
		t.Errorf("at %s", p.path)
	}
	p.get("/letter/code")
	p.is(http.StatusGone)
	p.sees("Bestillingen er avsluttet", `href="/letter"`)

	letter := prints.last(t)
	p.get("/register")
	p.sees("Steg 1 av 4", "data-from-fragment")
	p.submit("/register", "pid", havn, "code", "AAAA-AAAA-AAAA")
	p.sees("Fødselsnummer eller aktiveringskode er feil")
	p.submit("/register", "pid", havn[:6]+" "+havn[6:], "code", strings.ToLower(letter.Code))
	p.sees("Steg 2 av 4", "Lag passord")
	p.submit("/register/password", "new", "kort")
	p.sees("Nytt passord må ha minst 12 tegn")
	p.submit("/register/password", "new", "tålmodig havn og båt")
	p.sees("Nytt passord kan ikke inneholde MinID, navnet ditt")
	p.submit("/register/password", "new", "kaktus i vinduskarmen")
	p.sees("Steg 3 av 4", "slutter på 77")
	p.seesNot("99990077")
	p.submit("/register/phone", "code", notCode(s.post.code(t, minid.ChannelSMS)))
	p.sees("Engangskoden er feil")
	p.submit("/register/phone/again")
	p.submit("/register/phone", "code", s.post.code(t, minid.ChannelSMS))
	p.sees("Steg 4 av 4")
	p.submit("/register/email", "email", "havn")
	p.sees("E-postadresse må skrives som")
	p.submit("/register/email", "email", "havn@example.com")
	p.submit("/register/email/code", "code", s.post.code(t, minid.ChannelEmail))
	p.sees("MinID er klar", "Du logger inn til Lånekassen", `href="/login"`)
	p.get("/login")
	p.submit("/login/password", "pid", havn, "password", "kaktus i vinduskarmen")
	p.submit("/login/sms", "code", s.post.code(t, minid.ChannelSMS))
	p.sees("Logg inn tryggere")
	for _, private := range []string{havn, letter.Code, code, "Havn", "99990077", "havn@example.com", "kaktus"} {
		if strings.Contains(s.log.String(), private) {
			t.Errorf("the log holds %q", private)
		}
	}
	p.get("/register/step")
	p.is(http.StatusGone)
	p.sees("Registreringen er avsluttet")
}

// A07: page by page and header by header the same, whoever the number belongs to.
func TestLetterPagesAreTheSameForEverybody(t *testing.T) {
	s := newService(t)
	prints := s.letters()
	locked, err := s.core.Store.PersonByPID(t.Context(), busk)
	check(t, err)
	_, err = s.core.Store.SetState(t.Context(), locked.ID, []minid.State{minid.StateNormal}, minid.StateLocked, audit.Service("test"), s.core.Now())
	check(t, err)
	check(t, s.core.Quarantine(t.Context(), karies, "operator"))
	var want []string
	for _, pid := range []string{havn, karies, busk, fasan, nobody, "03848812161", "11111111111"} {
		p := s.person(t)
		var got []string
		see := func() {
			p.is(http.StatusOK)
			header := p.header.Clone()
			for _, own := range []string{"Date", "Content-Security-Policy", "Content-Length", "Set-Cookie"} {
				header.Del(own)
			}
			var lines []string
			for name, values := range header {
				lines = append(lines, name+": "+strings.Join(values, ","))
			}
			slices.Sort(lines)
			got = append(got, nonces.ReplaceAllString(p.body, "")+strings.Join(lines, "\n"))
		}
		p.get("/letter")
		p.submit("/letter", "pid", pid, "phone", "99990077")
		see()
		p.submit("/letter/code", "code", "abc")
		see()
		p.submit("/letter/code", "code", s.post.code(t, minid.ChannelSMS))
		see()
		p.get("/register")
		for range 7 {
			p.submit("/register", "pid", pid, "code", "AAAA-AAAA-AAAA")
			see()
		}
		if want == nil {
			want = got
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s, page %d is another", pid[:6], i)
			}
		}
		s.clock.add(24 * time.Hour)
	}
	if n := len(prints.letters); n != 2 { // to who has none, and to who is locked out
		t.Errorf("%d letters", n)
	}
}

// A09: the addresses of later steps do nothing before their time.
func TestRegistrationPagesCannotBeSkipped(t *testing.T) {
	s := newService(t)
	prints := s.letters()
	p := s.person(t)
	p.orderLetter(s, havn)
	p.get("/register")
	p.submit("/register", "pid", havn, "code", prints.last(t).Code)
	p.sees("Lag passord")
	token := tokenInput.FindStringSubmatch(p.body)[1]
	for path, form := range map[string]url.Values{
		"/register/phone": {"code": {"123456"}}, "/register/phone/again": {}, "/register/email": {"email": {"a@example.com"}},
		"/register/email/code": {"code": {"123456"}},
	} {
		form.Set("token", token)
		p.post(path, form)
		p.sees("Lag passord")
		form.Set("token", "wrong")
		p.post(path, form)
		p.is(http.StatusForbidden)
	}
	other := s.person(t)
	other.get("/register/step")
	other.is(http.StatusGone)
	if _, err := s.core.Store.PersonByPID(t.Context(), havn); err == nil {
		t.Error("an account was made")
	}
}

func TestLetterIsRefusedByWhoDidNotOrderIt(t *testing.T) {
	s := newService(t)
	prints := s.letters()
	p := s.person(t)
	p.orderLetter(s, havn)
	p.get("/register")
	p.submit("/register", "pid", havn, "code", prints.last(t).Code)
	p.submit("/register/refuse")
	p.sees("Brevet er avbestilt")
	p.get("/register")
	p.submit("/register", "pid", havn, "code", prints.last(t).Code)
	p.sees("brevet virker ikke lenger")
	p.orderLetter(s, havn)
	if len(prints.letters) != 2 {
		t.Errorf("%d letters", len(prints.letters))
	}
}

func TestNoLettersWhereNobodyPostsThem(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/letter")
	p.is(http.StatusNotFound)
	p.get("/service")
	p.seesNot(`href="/letter"`)
}

func TestNewAddressForMail(t *testing.T) {
	s := newService(t)
	p := s.atMinID(t)
	p.sees("Vi sender varsler til b***@example.com")
	p.submit("/minid/email", "email", "tull")
	p.sees("E-postadresse må skrives som")
	p.submit("/minid/email", "email", "ny@example.com")
	code := s.post.code(t, minid.ChannelEmail)
	p.submit("/minid/email/confirm", "code", notCode(code))
	p.sees("Engangskoden er feil eller virker ikke lenger")
	p.submit("/minid/email/confirm", "code", code)
	p.sees("E-postadressen er endret", "Vi sender varsler til n***@example.com")
}

func TestMinIDIsClosed(t *testing.T) {
	s := newService(t)
	p := s.atMinID(t)
	p.get("/minid/close")
	p.submit("/minid/close")
	p.sees("Kryss av for at du vil avslutte MinID")
	p.submit("/minid/close", "sure", "1")
	p.sees("MinID er avsluttet")
	p.get("/minid")
	p.submit("/login/password", "pid", befal, "password", password)
	p.sees("Feil fødselsnummer eller passord")
}

func TestContactIsAskedForOnTheWay(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	s.clock.add(366 * 24 * time.Hour)
	p.signIn(s, busk, "substantial")
	p.sees("Bekreft kontakt\u00adopplysninger", "Ikke registrert", "Ikke nå", `href="/service?level=substantial"`)
	p.submit("/login/contact")
	p.sees("Takk. Vi spør igjen om et år.", `href="/service?level=substantial"`)
	p = s.person(t)
	p.signIn(s, busk, "substantial")
	p.sees("signed in at substantial")
	p.get("/login/contact")
	p.sees("front page")
}

func TestOperatorBlocksAnAccount(t *testing.T) {
	s := newService(t)
	s.core.Staff = []minid.Staff{{PID: karies, Roles: []minid.Role{minid.RoleOperator}}}
	victim := s.person(t)
	victim.signIn(s, busk, "substantial")
	p := s.person(t)
	p.get("/operator/accounts")
	p.submit("/login/password", "pid", karies, "password", password)
	p.submit("/login/totp", "code", s.code(t))
	p.sees("Sperr eller åpne en konto")
	p.submit("/operator/accounts", "pid", "1", "act", "quarantine")
	p.sees("Fødselsnummer må ha 11 siffer")
	p.submit("/operator/accounts", "pid", nobody, "act", "quarantine")
	p.sees("Det er ingen konto med dette fødselsnummeret")
	p.submit("/operator/accounts", "pid", busk, "act", "quarantine")
	p.sees("Kontoen er sperret")
	victim.get("/service")
	victim.sees("Logg inn med MinID")
	victim.submit("/login/password", "pid", busk, "password", password)
	victim.sees("Feil fødselsnummer eller passord")
	victim.get("/operator/accounts")
	victim.seesNot("Sperr eller åpne en konto")
	p.submit("/operator/accounts", "pid", busk, "act", "release")
	p.sees("Kontoen er åpnet")
	victim.signIn(s, busk, "substantial")
	victim.sees("signed in")
	victim.get("/operator/accounts")
	victim.is(http.StatusForbidden)
}
