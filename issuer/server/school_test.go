package server_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/minid"
	"lommebok.example/minid/testpeople"
)

const (
	schoolOwner = "29917398036"
	kateter     = "11853349366" // works at Lillevik
	list        = "28926899513" // works there too, and is never authorised
	furu        = "07831161080" // a pupil of 10A
	bekk        = "19851173326" // another
	ullgenser   = "02891164192" // of 10B
)

const pupilPassword = "kaktus i vinduskarmen"

var (
	radio           = regexp.MustCompile(`(?s)<input class="ds-input" type="radio" id="pupil-\d+" name="pupil" value="([^"]+)"[^>]*>\s*<label[^>]*>([^<]+)</label>`)
	option          = regexp.MustCompile(`<option value="([^"]+)">([^<]+)</option>`)
	schoolCode      = regexp.MustCompile(`id="school-code">([^<]+)<`)
	revokeEnrolment = regexp.MustCompile(`href="(/school/enrolments/[^"]+/revoke)"`)

	totpKey = regexp.MustCompile(`id="totp-key">([^<]+)<`)
)

// valueOf is the value of the choice with this name.
func (p *person) valueOf(choices *regexp.Regexp, name string) string {
	p.t.Helper()
	for _, m := range choices.FindAllStringSubmatch(p.body, -1) {
		if html.UnescapeString(m[2]) == name {
			return m[1]
		}
	}
	p.t.Fatalf("no choice %q on %s:\n%s", name, p.path, p.body)
	return ""
}

// staff is somebody of the test people who logs in to a page.
func (s *service) staff(t testing.TB, pid, path string) *person {
	t.Helper()
	p := s.person(t, pid)
	p.get(path)
	p.signInWithCode()
	return p
}

// authorised is the owner, who has let SAMTIDIG KATETER vouch in 10A.
func (s *service) authorised(t testing.TB) *person {
	t.Helper()
	owner := s.staff(t, schoolOwner, "/school/owner")
	owner.sees("Lillevik ungdomsskole")
	owner.get("/school/owner/314600568")
	owner.submit("/school/owner/314600568/authorise", "teacher", owner.valueOf(option, "Samtidig Kateter"), "class", "10A", "until", "2027-06-30")
	owner.is(http.StatusOK)
	owner.sees("Fullmakten er gitt.", "Klasse 10A, til og med 30.06.2027")
	return owner
}

// vouch makes a code for a pupil of 10A and gives it; the teacher's page then shows it.
func (p *person) vouch(name string) (code string) {
	p.t.Helper()
	p.get("/school/classes/314600568/10A")
	p.submit("/school/classes/314600568/10A", "pupil", p.valueOf(radio, name), "present", "1")
	p.is(http.StatusOK)
	p.sees("Kode til "+name, "Venter på at eleven skanner koden")
	return schoolCode.FindStringSubmatch(p.body)[1]
}

// enrol goes the pupil's way with an authenticator app, and gives its secret.
func (p *person) enrol(code string) (secret string) {
	p.t.Helper()
	p.get("/enrol")
	p.sees("Steg 1 av 3")
	p.submit("/enrol", "code", code, "pid", p.pid)
	p.sees("Steg 2 av 3")
	p.submit("/enrol/details", "new", pupilPassword, "factor", "totp")
	p.sees("Steg 3 av 3")
	secret = strings.ReplaceAll(totpKey.FindStringSubmatch(p.body)[1], "-", "")
	right, err := minid.TOTPConfig{}.TOTPCode(secret, p.s.now())
	check(p.t, err)
	p.submit("/enrol/confirm", "otp", right)
	p.sees("Du har fått MinID")
	return secret
}

func TestAPupilGetsMinIDAtSchool(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		owner := s.authorised(t)
		teacher := s.staff(t, kateter, "/school")
		teacher.sees("Klasse 10A")
		code := teacher.vouch("Rolig Furu")
		codePage := teacher.path
		pupil := s.person(t, furu)
		secret := pupil.enrol(code)
		// Without a script the teacher's page is loaded anew.
		teacher.get(codePage)
		teacher.sees("Eleven er registrert")
		for what, private := range map[string]string{"password": pupilPassword, "key": secret, "number": furu, "code": code} {
			if strings.Contains(teacher.body, private) {
				t.Errorf("the teacher sees the pupil's %s", what)
			}
		}
		// The pupil logs in, and reaches substantial and no more.
		s.people[furu] = testpeople.Credentials{PID: furu, Password: pupilPassword, TOTPSecret: secret}
		pupil.get("/minid")
		pupil.signInWithCode()
		pupil.is(http.StatusOK)
		pupil.sees("betydelig")
		// The owner sees who vouched for whom, and takes it back: the pupil is out.
		owner.get("/school/owner/314600568/10A")
		owner.sees("Rolig Furu", "SAMTIDIG KATETER", "Registrert")
		revoke := revokeEnrolment.FindStringSubmatch(owner.body)[1]
		owner.get(revoke)
		owner.sees("Trekke tilbake registreringen av Rolig Furu?")
		owner.submit(revoke)
		owner.sees("Registreringen er trukket tilbake, og eleven har fått beskjed.", "Trukket tilbake")
		pupil.get("/minid")
		pupil.password()
		pupil.sees("Feil fødselsnummer eller passord")
		if strings.Contains(s.log.String(), furu) || strings.Contains(s.log.String(), "Furu") || strings.Contains(s.log.String(), strings.ReplaceAll(code, "-", "")) {
			t.Error("the log holds the pupil's number or name, or the code")
		}
	})
}

// C11: a teacher for a pupil outside the group gets 403, and it is kept who asked.
func TestATeacherOutsideTheClassIsRefused(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		owner := s.authorised(t)
		teacher := s.staff(t, kateter, "/school/classes/314600568/10A")
		key := func(pid string) string { return s.Core().Seal.Recognise("school person", pid) }
		token := hiddenInput.FindStringSubmatch(teacher.body)[2]
		for name, c := range map[string]struct{ path, pid string }{
			"a pupil of another class":      {"/school/classes/314600568/10A", ullgenser},
			"a class without authorisation": {"/school/classes/314600568/10B", ullgenser},
			"the teacher":                   {"/school/classes/314600568/10A", kateter},
			"an adult":                      {"/school/classes/314600568/10A", karies},
			"a school that there is not":    {"/school/classes/999999999/10A", ullgenser},
		} {
			teacher.post(c.path, url.Values{"token": {token}, "pupil": {key(c.pid)}, "present": {"1"}})
			if teacher.status != http.StatusForbidden {
				t.Errorf("%s: %d", name, teacher.status)
			}
			teacher.sees("school_forbidden")
		}
		teacher.post("/school/classes/314600568/10A", url.Values{"pupil": {key(furu)}, "present": {"1"}})
		if teacher.status != http.StatusForbidden || !strings.Contains(teacher.body, "form_token") {
			t.Errorf("a form without token: %d", teacher.status)
		}
		owner.get("/school/owner/314600568/10A")
		if n := strings.Count(owner.body, "Avvist forsøk"); n != 3 {
			t.Errorf("the owner sees %d refusals in 10A, want 3", n)
		}
		teacher.get("/school/classes/314600568/10B")
		teacher.is(http.StatusForbidden)
		teacher.get("/school/owner")
		teacher.is(http.StatusForbidden)
		other := s.staff(t, list, "/school")
		other.is(http.StatusForbidden)
		other.sees("Du har ikke fullmakt til å registrere elever")
		code := teacher.vouch("Rolig Furu")
		if strings.Contains(teacher.path, code) {
			t.Error("the code stands in the address")
		}
		other.get(teacher.path)
		other.is(http.StatusNotFound)
		owner.get("/school/owner/999999999")
		owner.is(http.StatusForbidden)
	})
}

// What the pupil's page answers is the same for a code that there is not, a wrong number, and a code that is used.
func TestTheCodeAndTheNumberAreToldApartToNobody(t *testing.T) {
	s := newService(t)
	s.authorised(t)
	teacher := s.staff(t, kateter, "/school")
	code := teacher.vouch("Rolig Furu")
	answer := func(code, pid string) string {
		p := s.person(t, pid)
		p.get("/enrol")
		p.submit("/enrol", "code", code, "pid", pid)
		p.is(http.StatusOK)
		p.sees("Koden og fødselsnummeret hører ikke sammen")
		return regexp.MustCompile(`value="[A-Z2-7]{8}"`).ReplaceAllString(regexp.MustCompile(`nonce="[^"]+"`).ReplaceAllString(p.body, ""), "")
	}
	wrongNumber := answer(code, bekk)
	hasAccount := answer(code, stjerne) // somebody with MinID
	forged := answer("AAAA-AAAA", furu)
	if wrongNumber != forged || hasAccount != forged {
		t.Error("the pages differ")
	}
	p := s.person(t, furu)
	p.enrol(code)
	if used := answer(code, furu); used != forged {
		t.Error("a used code is told apart")
	}
	p.get("/enrol")
	p.sees("Du har fått MinID")
}

func TestAPupilTypesOnlyWhatIsWrong(t *testing.T) {
	s := newService(t)
	s.authorised(t)
	teacher := s.staff(t, kateter, "/school")
	teacher.get("/school/classes/314600568/10A")
	teacher.submit("/school/classes/314600568/10A", "present", "1")
	teacher.sees("Velg en elev")
	teacher.submit("/school/classes/314600568/10A", "pupil", teacher.valueOf(radio, "Lystig Bekk"))
	teacher.sees("Kryss av for at du kjenner eleven")
	code := teacher.vouch("Lystig Bekk")
	p := s.person(t, bekk)
	p.get("/enrol")
	p.submit("/enrol", "code", "x", "pid", bekk)
	p.sees("Kode fra læreren må ha 8 tegn")
	p.submit("/enrol", "code", code, "pid", "1")
	p.sees("Fødselsnummer må ha 11 siffer", `value="`+strings.ReplaceAll(code, "-", "")+`"`)
	p.submit("/enrol", "code", code, "pid", bekk)
	p.submit("/enrol/details", "new", "kort", "factor", "sms", "phone", "12", "email", "a@b@c")
	p.sees("Nytt passord må ha minst 12 tegn", "Mobilnummer må ha 8 siffer", "E-post må være en adresse")
	p.submit("/enrol/details", "new", "kort", "factor", "sms", "phone", "999 00 321", "email", "elev@example.com")
	p.sees(`value="999 00 321"`, `value="elev@example.com"`, "Passordet må du skrive på nytt")
	p.submit("/enrol/details", "new", pupilPassword, "factor", "sms", "phone", "999 00 321")
	p.sees("Vi har sendt en kode på SMS til nummeret som slutter på 21")
	p.submit("/enrol/confirm", "otp", "1")
	p.sees("Engangskoden er feil")
	p.submit("/enrol/back")
	p.sees("Steg 2 av 3")
	p.post("/enrol/strength", url.Values{"token": {hiddenInput.FindStringSubmatch(p.body)[2]}, "new": {"Lystig i skogen 1"}})
	p.sees("Nytt passord kan ikke inneholde")
	p.post("/enrol/details", url.Values{"new": {pupilPassword}, "factor": {"totp"}})
	p.sees("Tiden er ute") // a form without its token begins anew
	p.get("/enrol")
	p.submit("/enrol", "code", code, "pid", bekk)
	p.sees("hører ikke sammen")
	// The teacher's page tells that the pupil is under way, and lets the code be renewed and cancelled.
	teacher.get(teacher.path)
	teacher.sees("holder på å registrere seg")
	teacher.get(teacher.path + "/state?seen=claimed")
	teacher.sees(`"done":false`)
	teacher.get(strings.TrimSuffix(teacher.path, "claimed") + "offered")
	teacher.sees(`"done":true`)
	code = teacher.vouch("Lystig Bekk")
	page := teacher.path
	teacher.submit(page + "/renew")
	teacher.sees("Venter på")
	if schoolCode.FindStringSubmatch(teacher.body)[1] == code || teacher.path == page {
		t.Error("the code was not renewed")
	}
	page = teacher.path
	teacher.submit(page + "/cancel")
	teacher.sees("Hvem skal få MinID?")
	teacher.get(page)
	teacher.sees("Koden er avbrutt")
}

func TestWhoHasMinIDIsToldSoAndTheTeacherIsNot(t *testing.T) {
	s := newService(t)
	s.authorised(t)
	teacher := s.staff(t, kateter, "/school")
	code := teacher.vouch("Rolig Furu")
	_, err := s.Core().Register(context.Background(), minid.Registration{
		PID: furu, Name: "Rolig Furu", BirthDate: "2011-03-07", Password: "kaffe i koppen hver dag",
		Proofing: minid.Proofing{Basis: minid.BasisLetter, At: s.now()},
	})
	check(t, err)
	p := s.person(t, furu)
	p.get("/enrol")
	p.submit("/enrol", "code", code, "pid", furu)
	p.sees("Du har MinID fra før", "ingenting er endret")
	teacher.get(teacher.path)
	teacher.sees("Eleven trenger ikke eller kan ikke registreres her")
	if strings.Contains(teacher.body, "har MinID") {
		t.Error("the teacher is told that the pupil has MinID")
	}
	s.add(31 * time.Minute)
	teacher.get("/school")
	if !strings.HasPrefix(teacher.path, "/login") {
		t.Errorf("a login of 31 minutes still opens %s", teacher.path)
	}
}
