package login_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lommebok.example/minid"
	"lommebok.example/web/webtest"
)

// The pages of letters and of the account's life in Chromium, each narrow and wide, light and dark.
func TestLetterPagesInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	prints := s.letters()
	p := s.person(t)
	look := func(path, name string) {
		t.Helper()
		b.Use(t, s.server.URL, p.jar)
		b.Axe(t, s.server.URL+path)
		if got := webtest.Eval[string](t, b, "location.pathname"); got != path {
			t.Errorf("%s: the browser is at %s", name, got)
		}
		b.PictureHere(t, name)
	}
	p.get("/service")
	look("/login", "login_password_letters")
	look("/login/help", "login_help_letters")
	p.get("/letter")
	look("/letter", "login_letter")
	p.submit("/letter", "pid", havn, "phone", "1")
	look("/letter", "login_letter_error")
	p.submit("/letter", "pid", havn, "phone", "99990077")
	p.submit("/letter/code", "code", "1")
	look("/letter/code", "login_letter_code")
	p.submit("/letter/code", "code", s.post.code(t, minid.ChannelSMS))
	look("/letter/ordered", "login_letter_ordered")
	p.get("/register")
	p.submit("/register", "pid", havn, "code", "1")
	look("/register", "login_register")
	p.submit("/register", "pid", havn, "code", prints.last(t).Code)
	look("/register/step", "login_register_password")
	p.submit("/register/password", "new", "kaktus i vinduskarmen")
	look("/register/step", "login_register_phone")
	s.clock.add(6 * time.Minute)
	look("/register/step", "login_register_phone_expired")
	p.get("/register/step")
	p.submit("/register/phone/again")
	p.submit("/register/phone", "code", s.post.code(t, minid.ChannelSMS))
	look("/register/step", "login_register_email")
	p.submit("/register/email", "email", "havn@example.com")
	p.submit("/register/email", "email", "havn")
	look("/register/step", "login_register_email_code")
	p.submit("/register/email/code", "code", s.post.code(t, minid.ChannelEmail))
	look("/register/done", "login_register_done")
	look("/register/refused", "login_register_refused")
	look("/register/step", "login_register_over")

	p = s.atMinID(t)
	look("/minid", "login_minid_mail")
	p.submit("/minid/email", "email", "ny@example.com")
	look("/minid/email", "login_new_email")
	p.get("/minid/close")
	p.submit("/minid/close")
	look("/minid/close", "login_close")
	p.submit("/minid/close", "sure", "1")
	look("/login/closed", "login_closed")

	s.core.Staff = []minid.Staff{{PID: karies, Roles: []minid.Role{minid.RoleOperator}}}
	s.clock.add(366 * 24 * time.Hour)
	p = s.person(t)
	p.signIn(s, karies, "substantial")
	look("/login/contact", "login_contact")
	p.submit("/login/contact")
	look("/login/contact", "login_contact_thanks")
	look("/operator/accounts", "operator_accounts")
}

// The QR code leads to the page with the code filled in, and the code does not stay in the address.
func TestActivationCodeFromTheFragmentInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	prints := s.letters()
	p := s.person(t)
	p.orderLetter(s, havn)
	code := prints.last(t).Code
	b.Do(t, chromedp.Navigate(s.server.URL+"/register#"+code), chromedp.WaitVisible("#code"), chromedp.SendKeys("#pid", havn))
	if got := webtest.Eval[string](t, b, `document.getElementById("code").value + " " + location.href`); got != code+" "+s.server.URL+"/register" {
		t.Errorf("filled in and left: %q", got)
	}
	b.Do(t, chromedp.Click("form .ds-button[data-variant=primary]"), chromedp.WaitVisible("#new"), chromedp.SendKeys("#new", "kaktus i vinduskarmen"))
	b.Do(t, chromedp.WaitVisible(`[data-strength-text]:not(:empty)`))
	if got := webtest.Eval[string](t, b, `document.querySelector("[data-strength-text]").textContent`); got != "Passordet er svært sterkt." {
		t.Errorf("the meter says %q", got)
	}
	b.Do(t, chromedp.Click("form .ds-button[data-variant=primary]"), chromedp.WaitVisible("#again"))
}

// With JavaScript off nothing is missing but the code from the fragment and the meter.
func TestRegistrationWithoutJavaScriptInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	prints := s.letters()
	s.person(t).orderLetter(s, havn)
	b.WithoutScript(t)
	send := chromedp.Click("form .ds-button[data-variant=primary]")
	b.Do(t, chromedp.Navigate(s.server.URL+"/register#"+prints.last(t).Code), chromedp.WaitVisible("#code"))
	if got := webtest.Eval[string](t, b, `document.getElementById("code").value`); got != "" {
		t.Fatalf("a script ran: %q", got)
	}
	b.Do(t, chromedp.SendKeys("#pid", havn), chromedp.SendKeys("#code", prints.last(t).Code), send,
		chromedp.WaitVisible("#new"), chromedp.SendKeys("#new", "kaktus i vinduskarmen"), send, chromedp.WaitVisible(".lb-code-input"))
	b.Do(t, chromedp.SendKeys("#code", s.post.code(t, minid.ChannelSMS)), send,
		chromedp.WaitVisible("#email"), chromedp.SendKeys("#email", "havn@example.com"), send, chromedp.WaitVisible(".lb-code-input"))
	b.Do(t, chromedp.SendKeys("#code", s.post.code(t, minid.ChannelEmail)), send, chromedp.WaitVisible(`a[href="/minid"]`))
	if got := webtest.Eval[string](t, b, `document.querySelector("h1").textContent`); got != "MinID er klar" {
		t.Errorf("at the end: %q", got)
	}
}
