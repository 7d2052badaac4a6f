package login_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lommebok.example/minid"
	"lommebok.example/web/webtest"
)

const (
	clerkA = "19877296701"
	clerkB = "06815896732"
)

type residents struct{}

func (residents) Resident(_ context.Context, pid string) (*minid.Resident, error) {
	return &minid.Resident{PID: pid, Name: "GYLDEN BUSK", BirthDate: "1966-07-10"}, nil
}

// desk makes a service desk with two clerks, who are signed in.
func (s *service) desk(t testing.TB) (a, b *person) {
	t.Helper()
	s.core.Population = residents{}
	for pid, name := range map[string]string{clerkA: "OPPLYST BLOKKFLØYTE", clerkB: "TILGIVENDE KONTINGENT"} {
		_, err := s.core.Register(context.Background(), minid.Registration{
			PID: pid, Name: name, BirthDate: "1972-07-19", Proofing: minid.Proofing{Basis: minid.BasisLetter, At: s.clock.now()},
			Password: password, TOTPSecret: s.secret,
		})
		check(t, err)
		s.core.Staff = append(s.core.Staff, minid.Staff{PID: pid, Roles: []minid.Role{minid.RoleServiceDesk}})
	}
	a, b = s.person(t), s.person(t)
	for p, pid := range map[*person]string{a: clerkA, b: clerkB} {
		p.get("/desk")
		p.submit("/login/password", "pid", pid, "password", password)
		p.submit("/login/totp", "code", s.code(t))
		p.is(http.StatusOK)
	}
	return a, b
}

// propose finds busk and says that person and document agree.
func (p *person) propose() (casePath string) {
	p.t.Helper()
	p.get("/desk")
	p.submit("/desk/find", "pid", "108766 98493")
	casePath = p.path
	p.submit(casePath+"/propose", "document", "passport", "reference", "x9y8", "picture", "1", "agrees", "1")
	return casePath
}

var pairingCode = regexp.MustCompile(`id="pairing-code">([A-Z2-7-]+)<`)

// Issue 3 item 5: a person who needs level high is told why not, goes to the desk, and gets there.
func TestAPersonIsRaisedAtTheServiceDesk(t *testing.T) {
	s := newService(t)
	a, b := s.desk(t)
	visitor := s.person(t)
	visitor.signIn(s, busk, "high")
	visitor.sees("Sikkerhetsnivået ditt er for lavt", "høyt", "betydelig", "Møt opp på et servicekontor")
	visitor.get("/login/desk")
	visitor.sees("Gyldig pass", "Åpningstider", "Tilbake til innloggingen")

	path := a.propose()
	if strings.Contains(path, busk) || !strings.HasPrefix(path, "/desk/cases/") || a.path != path {
		t.Fatalf("the clerk is at %s", a.path)
	}
	a.sees("OPPLYST BLOKKFLØYTE, 02.03.2026", "GYLDEN BUSK", "1966-07-10", "108766 *****", "En annen ansatt må se personen", "X9Y8")
	a.seesNot(busk, path+"/approve", path+"/refuse", path+"/code")
	b.get("/desk")
	b.sees("Venter på deg", "108766 *****", "Første ansatt: OPPLYST BLOKKFLØYTE")
	b.seesNot(busk)
	b.get(path)
	b.submit(path + "/approve")
	b.sees("Kryss av for at du selv har sett personen og dokumentet")
	b.submit(path+"/approve", "seen", "1")
	b.sees("Identiteten er bekreftet ved oppmøte")
	a.get(path)
	a.submit(path + "/code")
	code := pairingCode.FindStringSubmatch(a.body)
	if code == nil || a.path != path+"/code" || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("no code at %s with %v", a.path, a.header)
	}
	a.sees("Kode til MinID-appen", "Til GYLDEN BUSK", "til og med 01.04.2026")
	for _, p := range []*person{a, b} {
		p.get(path)
		p.seesNot(path+"/code", code[1])
		p.sees("Kode utlevert", "TILGIVENDE KONTINGENT, 02.03.2026")
	}
	if strings.Contains(a.cookie("pairing")+b.cookie("pairing"), strings.ReplaceAll(code[1], "-", "")) {
		t.Error("the code is in a cookie")
	}

	app := s.phone(t, code[1])
	visitor = s.person(t)
	visitor.get("/service?level=high")
	visitor.submit("/login/password", "pid", busk, "password", password)
	number := regexp.MustCompile(`lb-number">([^<]+)<`).FindStringSubmatch(visitor.body)
	check(t, app.answer(t, number[1], true))
	visitor.get("/login")
	visitor.sees("signed in at high")
	for _, personal := range []string{busk, code[1], strings.ReplaceAll(code[1], "-", "")} {
		if strings.Contains(s.log.String(), personal) {
			t.Errorf("%q is in the log", personal)
		}
	}
}

func TestTheServiceDeskRefuses(t *testing.T) {
	s := newService(t)
	a, b := s.desk(t)
	for _, pid := range []string{"1", ""} {
		a.get("/desk")
		a.submit("/desk/find", "pid", pid)
		a.sees("Fødselsnummer må ha 11 siffer")
	}
	a.submit("/desk/find", "pid", nobody)
	a.sees("har ingen MinID")
	a.submit("/desk/find", "pid", clerkA)
	a.sees("Du kan ikke registrere deg selv")
	a.submit("/desk/find", "pid", busk)
	path := a.path
	for _, c := range []struct {
		fields []string
		says   string
	}{
		{[]string{"reference", "X9Y8", "picture", "1", "agrees", "1"}, "Velg hvilket dokument"},
		{[]string{"document", "library_card", "reference", "X9Y8", "picture", "1", "agrees", "1"}, "Velg hvilket dokument"},
		{[]string{"document", "passport", "reference", "X9Y87", "picture", "1", "agrees", "1"}, "Skriv de fire siste tegnene"},
		{[]string{"document", "passport", "reference", "X9Y8", "picture", "1"}, "Kryss av for begge"},
	} {
		a.submit(path+"/propose", c.fields...)
		a.sees(c.says)
	}
	b.get(path)
	b.seesNot(path + "/propose")
	token := tokenOf(t, a)
	a.submit(path+"/propose", "document", "passport", "reference", "X9Y8", "picture", "1", "agrees", "1")
	a.post(path+"/approve", url.Values{"token": {token}, "seen": {"1"}}) // the form is not offered, and is sent all the same
	a.sees("Dette kan ikke gjøres i saken nå, eller ikke av deg", "En annen ansatt må se personen")
	b.get(path)
	b.submit(path + "/refuse")
	b.sees("Skriv en begrunnelse")
	b.submit(path+"/refuse", "reason", "Bildet ligner ikke")
	b.sees("Saken er avslått", "Bildet ligner ikke")
	a.get("/desk/cases/0123456789abcdef")
	a.is(http.StatusNotFound)
	a.sees("Vi finner ikke saken")
	a.get("/desk/cases/%2F%2Fevil.example")
	if a.status == http.StatusOK {
		t.Error("a case of no identifier was shown")
	}
	a.post(path+"/approve", url.Values{"seen": {"1"}})
	a.is(http.StatusForbidden)

	visitor := s.person(t)
	visitor.signIn(s, busk, "substantial")
	visitor.get("/desk")
	visitor.is(http.StatusForbidden)
	visitor.get(path)
	visitor.is(http.StatusForbidden)
	visitor.get("/minid")
	visitor.post(path+"/approve", url.Values{"token": {tokenOf(t, visitor)}, "seen": {"1"}})
	visitor.is(http.StatusForbidden)

	path = a.propose()
	s.clock.add(16 * time.Minute)
	b.get(path)
	b.sees("Tiden for saken er ute")
	b.seesNot(path + "/approve")
	s.clock.add(15 * time.Minute) // the clerk's login is too old now
	b.get("/desk")
	b.sees("Logg inn med MinID")
}

func tokenOf(t testing.TB, p *person) string {
	t.Helper()
	token := tokenInput.FindStringSubmatch(p.body)
	if token == nil {
		t.Fatalf("no form on %s", p.path)
	}
	return token[1]
}

func TestAClerkSearchesSoOften(t *testing.T) {
	s := newService(t)
	s.core.Limits.DeskSearches = 2
	a, _ := s.desk(t)
	for range 3 {
		a.get("/desk")
		a.submit("/desk/find", "pid", nobody)
	}
	a.sees("Du har gjort dette mange ganger på kort tid. Prøv igjen om 60 min.")
}

// The pages of the service desk in Chromium, each narrow and wide, light and dark.
func TestTheServiceDeskInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	first, other := s.desk(t)
	look := func(p *person, path, name string) {
		t.Helper()
		b.Use(t, s.server.URL, p.jar)
		b.Axe(t, s.server.URL+path)
		if got := webtest.Eval[string](t, b, "location.pathname"); got != path {
			t.Errorf("%s: the browser is at %s", name, got)
		}
		b.PictureHere(t, name)
	}
	first.get("/desk")
	first.submit("/desk/find", "pid", "1")
	look(first, "/desk", "desk_front_error")
	first.submit("/desk/find", "pid", busk)
	path := first.path
	look(first, path, "desk_case")
	first.submit(path + "/propose")
	look(first, path, "desk_case_error")
	path = first.propose()
	look(first, path, "desk_case_waiting")
	look(other, "/desk", "desk_front")
	look(other, path, "desk_case_decide")
	other.get(path)
	other.submit(path + "/refuse")
	look(other, path, "desk_case_decide_error")
	other.submit(path+"/approve", "seen", "1")
	look(other, path, "desk_case_approved")
	look(first, "/login/desk", "desk_visit")

	// The slip stands in the answer to a form alone, so the browser presses the button itself.
	b.Use(t, s.server.URL, other.jar)
	b.Axe(t, s.server.URL+path)
	b.Do(t, chromedp.Click("form[action$='/code'] button"), chromedp.WaitVisible("#pairing-code"))
	b.AxeHere(t, "the slip with the code")
	if got := webtest.Eval[string](t, b, "location.pathname"); got != path+"/code" {
		t.Fatalf("the browser is at %s", got)
	}
	b.PictureHere(t, "desk_code")
}
