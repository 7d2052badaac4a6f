package server_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lommebok.example/minid"
	"lommebok.example/web/webtest"
)

// A teacher at one browser and a pupil at another: the code comes in the fragment of the address, and the teacher's page
// notices by itself what the pupil does.
func TestSchoolInABrowser(t *testing.T) {
	desk, phone := webtest.Browser(t), webtest.Browser(t)
	s := newService(t)
	s.authorised(t)
	teacher := s.staff(t, kateter, "/school")
	code := teacher.vouch("Rolig Furu")
	desk.Use(t, s.url, teacher.jar)
	desk.Axe(t, s.url+teacher.path)
	desk.PictureHere(t, "school_code")

	// The address of the QR code. It is no part of what the browser asks the server for, and leaves the address at once.
	phone.Do(t, chromedp.Navigate(s.url+"/enrol#"+strings.ReplaceAll(code, "-", "")), chromedp.WaitVisible("#pid"))
	if got := webtest.Eval[string](t, phone, `document.getElementById("code").value + " " + location.hash`); got != strings.ReplaceAll(code, "-", "")+" " {
		t.Errorf("code and fragment: %q", got)
	}
	// It goes along to another language.
	phone.Do(t, chromedp.Click(`.lb-languages a[hreflang=nn]`), chromedp.WaitVisible(`//h1[contains(., "Lag din MinID")]`), chromedp.WaitVisible(`html[lang=nn]`))
	if got := webtest.Eval[string](t, phone, `document.getElementById("code").value`); got != strings.ReplaceAll(code, "-", "") {
		t.Errorf("code in another language: %q", got)
	}
	phone.AxeHere(t, "number")
	phone.PictureHere(t, "school_number")
	phone.Do(t, chromedp.Click(`.lb-languages a[hreflang=nb]`), chromedp.WaitVisible(`html[lang=nb]`),
		chromedp.SendKeys("#pid", furu), chromedp.Click(`form[action="/enrol"] button`), chromedp.WaitVisible("#new"))
	desk.Do(t, chromedp.WaitVisible(`//p[contains(., "holder på å registrere seg")]`))
	desk.AxeHere(t, "under way")
	desk.PictureHere(t, "school_code_under_way")

	phone.Do(t, chromedp.SendKeys("#new", pupilPassword), chromedp.WaitVisible(`//p[@data-strength-text and contains(., "Passordet er")]`))
	phone.AxeHere(t, "details")
	phone.PictureHere(t, "school_details")
	phone.Do(t, chromedp.Click("#factor-totp"), chromedp.Click(`form[action="/enrol/details"] button[data-variant=primary]`), chromedp.WaitVisible("#otp"))
	phone.AxeHere(t, "confirm")
	phone.PictureHere(t, "school_confirm_totp")
	secret := webtest.Eval[string](t, phone, `document.getElementById("totp-key").textContent.replaceAll("-", "")`)
	right, err := minid.TOTPConfig{}.TOTPCode(secret, s.now())
	check(t, err)
	phone.Do(t, chromedp.SendKeys("#otp", right), chromedp.Click(`form[action="/enrol/confirm"] button`), chromedp.WaitVisible(`//h1[contains(., "Du har fått MinID")]`))
	phone.AxeHere(t, "done")
	phone.PictureHere(t, "school_done")
	desk.Do(t, chromedp.WaitVisible("#outcome"))
	if got := webtest.Eval[string](t, desk, `document.getElementById("outcome").textContent`); !strings.Contains(got, "Eleven er registrert") {
		t.Errorf("the teacher sees %q", got)
	}
	desk.AxeHere(t, "finished")
	desk.PictureHere(t, "school_code_finished")
}

// The other pages of MinID in schools, narrow and wide, light and dark.
func TestSchoolPagesInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	look := func(p *person, path, name string) {
		t.Helper()
		b.Use(t, s.url, p.jar)
		b.Axe(t, s.url+path)
		b.PictureHere(t, name)
	}
	owner := s.authorised(t)
	look(owner, "/school/owner", "school_owner")
	look(owner, "/school/owner/314600568", "school_authorise")
	owner.submit("/school/owner/314600568/authorise", "teacher", owner.valueOf(option, "Munter Trapp"))
	look(owner, "/school/owner/314600568", "school_authorise_error")
	teacher := s.staff(t, kateter, "/school")
	look(teacher, "/school", "school_classes")
	pupil := s.person(t, furu)
	pupil.enrol(teacher.vouch("Rolig Furu"))
	look(teacher, "/school/classes/314600568/10A", "school_pupils")
	teacher.get("/school/classes/314600568/10A")
	teacher.submit("/school/classes/314600568/10A", "pupil", teacher.valueOf(radio, "Lystig Bekk"))
	look(teacher, teacher.path, "school_pupils_error")
	teacher.vouch("Lystig Bekk")
	s.add(5 * time.Minute)
	look(teacher, teacher.path, "school_code_expired")
	teacher.post("/school/classes/314600568/10A", url.Values{"token": {hiddenInput.FindStringSubmatch(teacher.body)[2]}, "pupil": {"x"}, "present": {"1"}})
	owner.get("/school/owner/314600568/10A")
	look(owner, "/school/owner/314600568/10A", "school_vouched")
	look(owner, revokeEnrolment.FindStringSubmatch(owner.body)[1], "school_revoke")
	look(s.staff(t, list, "/school"), "/school", "school_not_teacher")

	code := teacher.vouch("Lystig Bekk")
	p := s.person(t, bekk)
	p.get("/enrol")
	p.submit("/enrol", "code", code, "pid", furu)
	look(p, "/enrol", "school_number_error")
	p.submit("/enrol", "code", code, "pid", bekk)
	p.submit("/enrol/details", "new", "kort", "factor", "sms", "phone", "12", "email", "a")
	look(p, "/enrol", "school_details_error")
	p.submit("/enrol/details", "new", pupilPassword, "factor", "sms", "phone", "99900321")
	p.submit("/enrol/confirm", "otp", "1")
	look(p, "/enrol", "school_confirm_sms_error")
	jar, err := cookiejar.New(nil)
	check(t, err)
	b.Use(t, s.url, jar)
	for name, words := range map[string]string{"has_account": "school_has", "cannot_enrol": "school_cannot"} {
		u, err := url.Parse(s.url)
		check(t, err)
		jar.SetCookies(u, []*http.Cookie{{Name: "lommebok_issuer_school_notice", Value: name + ".0", Path: "/"}})
		look(&person{jar: jar}, "/enrol", words)
	}
}
