package login_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lommebok.example/minid"
	"lommebok.example/web/webtest"
)

// The pages in Chromium, each narrow and wide, light and dark. Pictures are for people to look at.
func TestPagesInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	p := s.person(t)
	look := func(path, name string) {
		t.Helper()
		b.Use(t, s.server.URL, p.jar)
		b.Axe(t, s.server.URL+path)
		if got := webtest.Eval[string](t, b, "location.pathname"); got != before(path, "?") {
			t.Errorf("%s: the browser is at %s", name, got)
		}
		b.PictureHere(t, name)
	}
	p.get("/service")
	look("/login", "login_password")
	p.submit("/login/password", "pid", "1", "password", "")
	look("/login", "login_password_errors")
	p.get("/login?lang=nn")
	p.submit("/login/password", "pid", karies, "password", password)
	look("/login", "login_totp")
	p.submit("/login/totp", "code", "1")
	look("/login", "login_totp_error")
	p.get("/login?lang=nb")
	p.submit("/login/totp", "code", s.code(t))
	look("/minid", "login_minid_desk")
	app := s.phone(t, s.deskCode)
	p = s.person(t)
	p.signIn(s, busk, "substantial")
	look("/minid", "login_minid")
	p.get("/minid")
	p.submit("/minid/pair")
	look("/minid", "login_minid_pair")
	look("/login/help", "login_help")
	look("/nowhere", "problem")
	look("/tilgjengelighet", "accessibility")
	look("/login/help?lang=se", "login_help_se")

	p = s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", karies, "password", password)
	look("/login", "login_totp_methods")

	p = s.person(t)
	p.get("/service?level=high")
	p.submit("/login/password", "pid", karies, "password", password)
	look("/login", "login_app")
	p.get("/login")
	p.submit("/login/app/again")
	p.submit("/login/app/again")
	p.submit("/login/app/again")
	look("/login", "login_app_help")
	check(t, app.answer(t, "", false))
	look("/login", "login_app_rejected")

	p = s.person(t)
	p.signIn(s, busk, "substantial")
	look("/minid/recovery", "login_recovery_none")
	p.get("/minid/recovery")
	// The codes are shown once: the picture is of a page that a second form made.
	b.Use(t, s.server.URL, p.jar)
	b.Do(t, chromedp.Navigate(s.server.URL+"/minid/recovery"), chromedp.Click(`form[action="/minid/recovery"] button`), chromedp.WaitVisible("#recovery-codes"))
	b.AxeHere(t, "login_recovery_codes")
	b.PictureHere(t, "login_recovery_codes")
	look("/minid/recovery", "login_recovery_left")
	p = s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", busk, "password", password)
	p.submit("/login/method", "factor", "recovery")
	p.submit("/login/recovery", "code", "x")
	look("/login", "login_recovery_error")

	s.registerSMS(t)
	p = s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", befal, "password", password)
	look("/login", "login_sms")
	for range 3 {
		p.submit("/login/sms", "code", notCode(s.post.code(t, minid.ChannelSMS)))
	}
	look("/login", "login_sms_spent")
	p.submit("/login/method", "factor", "sms")
	p.submit("/login/sms", "code", s.post.code(t, minid.ChannelSMS))
	look("/login/invitation", "login_invite")
	p.get("/minid")
	look("/minid", "login_minid_sms")
	p.submit("/minid/totp")
	look("/minid/totp", "login_new_totp")
	p.submit("/minid/totp/confirm", "code", "1")
	look("/minid/totp", "login_new_totp_error")
	p.get("/minid")
	p.submit("/minid/phone", "phone", "99990055")
	look("/minid/phone", "login_new_phone")
	p.get("/minid/password")
	p.submit("/minid/password", "password", password, "new", "kort")
	look("/minid/password", "login_change_password_error")
	p.submit("/minid/password", "password", password, "new", "kaktus i vinduskarmen")
	look("/minid", "login_minid_done")

	s.atOnce()
	p = s.person(t)
	p.get("/service")
	look("/login/forgot", "login_forgot")
	p.get("/login/forgot")
	p.submit("/login/forgot", "pid", befal)
	p.submit("/login/reset", "sms", "1", "email", "2")
	look("/login", "login_reset")
	p.submit("/login/reset", "sms", s.post.code(t, minid.ChannelSMS), "email", s.post.code(t, minid.ChannelEmail))
	look("/login", "login_new_password")
	p.submit("/login/new-password", "new", "gitar i vinduskarmen")
	look("/login", "login_password_done")

	p = s.person(t)
	p.signIn(s, busk, "high")
	look("/login", "login_unreachable")
	look("/operator/logins", "operator_logins")
}

func before(s, separator string) string {
	s, _, _ = strings.Cut(s, separator)
	return s
}

// A person with JavaScript: the password shown and hidden, the approval noticed without a touch.
func TestSignInInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	app := s.phone(t, s.deskCode)

	b.Do(t, chromedp.Navigate(s.server.URL+"/service?level=high"), chromedp.WaitVisible("#pid"),
		chromedp.SendKeys("#pid", karies), chromedp.SendKeys("#password", password), chromedp.Click("[data-reveal]"))
	if got := webtest.Eval[string](t, b, `document.getElementById("password").type + " " + document.querySelector("[data-reveal]").textContent`); got != "text Skjul passord" {
		t.Errorf("password shown: %q", got)
	}
	b.Do(t, chromedp.Click("[data-reveal]"))
	if got := webtest.Eval[string](t, b, `document.getElementById("password").type + " " + document.querySelector("[data-reveal]").textContent`); got != "password Vis passord" {
		t.Errorf("password hidden: %q", got)
	}
	b.Do(t, chromedp.Click("form .ds-button[data-variant=primary]"), chromedp.WaitVisible(".lb-number"))
	number := webtest.Eval[string](t, b, `document.querySelector(".lb-number").textContent`)
	if got := webtest.Eval[string](t, b, `document.querySelector("[data-left]").textContent`); got < "2:00" || got > "3:00" {
		t.Errorf("time left: %q", got)
	}
	check(t, app.answer(t, number, true))
	b.Do(t, chromedp.WaitNotPresent(".lb-number"))
	if got := webtest.Eval[string](t, b, `document.body.textContent`); got != "signed in at high" {
		t.Errorf("after the approval: %q", got)
	}
}

// Chromium holds form-action against redirects after a form: cancelling is a link so that a service may send the person
// on to a wallet at another origin.
func TestCancelMayLeadToAnotherOrigin(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	wallet := http.NewServeMux()
	wallet.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if _, err := w.Write([]byte("<p id=wallet>" + r.URL.Query().Get("error"))); err != nil {
			t.Error(err)
		}
	})
	s.onward(t, wallet)
	b.Do(t, chromedp.Navigate(s.server.URL+"/service?cancel=/onward"), chromedp.WaitVisible("#pid"),
		chromedp.Click(`a[href="/login/cancel"]`), chromedp.WaitVisible("#wallet"))
	if got := webtest.Eval[string](t, b, `document.getElementById("wallet").textContent`); got != "cancelled" {
		t.Errorf("the wallet got %q", got)
	}
}
