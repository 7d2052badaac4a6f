package login_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lommebok.example/web/webtest"
)

func TestMain(m *testing.M) {
	os.Exit(webtest.Main(m, "login", "operator", "common", "accessibility", "desk"))
}

func TestStepsTellHowFarAPersonHasCome(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service?level=low")
	p.sees("Steg 1 av 2", `<li aria-current="step">Fødselsnummer og passord</li>`)
	p.get("/service?lang=nn")
	p.sees("Steg 1 av 3", "Stadfest")
	p.get("/login?lang=nb")
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Steg 2 av 3", `<li aria-current="step">Bekreft</li>`, "(gjort)")
}

// WCAG 2.2, 2.2.1: each page tells when its time is up, in Norwegian time.
func TestPagesTellTheirTimeLimit(t *testing.T) {
	s := newService(t) // 10:00 UTC is 11:00 in Norway
	p := s.person(t)
	p.get("/service")
	p.sees("Du må være ferdig med innloggingen kl. 11:10.", `data-countdown="600"`)
	s.clock.add(time.Minute)
	app := s.phone(t, s.deskCode)
	p.submit("/login/password", "pid", karies, "password", password)
	p.submit("/login/method", "factor", "app")
	p.sees("Du må svare i appen innen kl. 11:04.", `data-countdown="180"`)
	s.clock.add(8 * time.Minute)
	p.get("/login")
	p.sees("Du må være ferdig med innloggingen kl. 11:10.", `data-countdown="60"`)
	_ = app

	p = s.person(t)
	p.signIn(s, busk, "substantial")
	p.get("/minid")
	p.sees("Du blir logget ut kl. 11:39 hvis du ikke bruker sidene.")
	p.submit("/minid/pair")
	p.sees("Steg 2 av 3", "Koden virker til kl. 11:19.")
	s.clock.add(time.Minute)
	p.get("/minid")
	p.sees(`data-countdown="540"`)
	s.clock.add(9 * time.Minute)
	p.get("/minid")
	p.sees("Steg 1 av 3")
	p.seesNot("Koden virker til")
}

// When the time is up the way on is to begin again at the service, wherever the person came from.
func TestSignInThatIsOverLeadsToItsStart(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service?level=low")
	s.clock.add(10 * time.Minute)
	p.get("/login")
	p.is(http.StatusGone)
	p.sees("Innloggingen er avsluttet", "Du kan rette dette selv.", "sign_in_over", `href="/service?level=low">Gå til start</a>`)
	p.get("/service?level=low")
	p.sees("Steg 1 av 2")

	stranger := s.person(t)
	stranger.get("/login")
	stranger.seesNot("Gå til start")
	for _, crafted := range []string{"aHR0cHM6Ly9ldmlsLmV4YW1wbGU", "Ly9ldmlsLmV4YW1wbGU", "?"} { // https://evil.example, //evil.example
		stranger.get("/login", "Cookie", "lommebok_issuer_start="+crafted)
		stranger.seesNot("evil.example", "Gå til start")
	}
}

// Northern Sami is offered, and marked where it is: the rest of the page is bokmål and says so.
func TestNorthernSamiIsPartial(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service?lang=se")
	p.sees(`<html lang="nb"`, "Nordsamisk er foreløpig bare delvis på plass", `lang="se">Čájet sátnesuodji</button>`, `data-hide="Čiehka sátnesuodji"`,
		`lang="se" hreflang="se" aria-current="true">Davvisámegiella`)
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Nordsamisk er foreløpig", "Engangskode")
	p.get("/login?lang=nb")
	p.seesNot("Nordsamisk er foreløpig", "Čájet")
}

// tabTo presses Tab until the selector has the focus, and expects the focus to be seen wherever it stops. The link past the
// header is seen by that alone that it is there: without focus it is not. A checkbox has its ring around the field.
func tabTo(t *testing.T, b *webtest.Tab, selector string) {
	t.Helper()
	for range 40 {
		b.Press(t, kb.Tab)
		if seen := webtest.Eval[string](t, b, `(() => { const e = document.activeElement, style = getComputedStyle;
			return e === document.body || e.matches(".ds-skip-link") || [e, e.closest(".ds-field")].some(on =>
				on && (style(on).outlineStyle !== "none" || style(on).boxShadow !== "none")) ? "" : e.outerHTML; })()`); seen != "" {
			t.Errorf("the focus is not seen on %s", seen)
		}
		if webtest.Eval[bool](t, b, `document.activeElement.matches(`+"`"+selector+"`"+`)`) {
			return
		}
	}
	t.Fatalf("Tab does not come to %s", selector)
}

const loaded = `document.readyState === "complete"`

// until waits, a frame at a time, for the page to be as told.
func until(t *testing.T, b *webtest.Tab, condition string) {
	t.Helper()
	webtest.Eval[bool](t, b, `new Promise(done => { const look = () => `+condition+` ? done(true) : requestAnimationFrame(look); look(); })`)
}

// WCAG 2.2, 2.1.1 and 2.4.7: past the header, number and password, another method and back, the code.
func TestSignInByKeyboardAlone(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	s.phone(t, s.deskCode)
	press := func(keys string) { t.Helper(); b.Press(t, keys) }

	b.Do(t, chromedp.Navigate(s.server.URL+"/service"), chromedp.WaitVisible("#pid"))
	until(t, b, loaded)
	tabTo(t, b, ".ds-skip-link")
	press(kb.Enter)
	until(t, b, `document.activeElement.id === "main"`)
	tabTo(t, b, "#pid")
	press("1" + kb.Enter)
	b.Do(t, chromedp.WaitVisible("#errors"))
	until(t, b, `document.activeElement.id === "errors"`)
	tabTo(t, b, `#errors a`)
	press(kb.Enter)
	until(t, b, `document.activeElement.id === "pid"`)
	press(karies)
	tabTo(t, b, "#password")
	press(password)
	tabTo(t, b, "form .ds-button[data-variant=primary]")
	press(kb.Enter)
	b.Do(t, chromedp.WaitVisible("#code"))
	until(t, b, loaded)
	tabTo(t, b, "#remember")
	press(" ")
	tabTo(t, b, `button[name=factor][value=app]`)
	press(kb.Enter)
	b.Do(t, chromedp.WaitVisible(".lb-number"))
	until(t, b, loaded)
	tabTo(t, b, `button[name=factor][value=totp]`)
	press(kb.Enter)
	b.Do(t, chromedp.WaitVisible("#code"))
	until(t, b, loaded)
	tabTo(t, b, "#code")
	press(s.code(t) + kb.Enter)
	b.Do(t, chromedp.WaitNotPresent("#code"))
	if got := webtest.Eval[string](t, b, "document.body.textContent"); got != "signed in at substantial" {
		t.Errorf("in the end: %q", got)
	}
}

// Without JavaScript: another method and back, the code, and an approval that the page finds by reloading itself.
func TestSignInWithoutJavaScript(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	app := s.phone(t, s.deskCode)
	b.Scripts(t, false)
	const next = "form .ds-button[data-variant=primary]"
	b.Do(t, chromedp.Navigate(s.server.URL+"/service"), chromedp.WaitVisible("#pid"))
	if !webtest.Eval[bool](t, b, `document.querySelector("[data-reveal]").hidden && document.querySelector("[data-left]").textContent === ""`) {
		t.Fatal("a script has run")
	}
	b.Do(t, chromedp.SendKeys("#pid", karies), chromedp.SendKeys("#password", password), chromedp.Click(next), chromedp.WaitVisible("#code"),
		chromedp.Click(`button[name=factor][value=app]`), chromedp.WaitVisible(".lb-number"),
		chromedp.Click(`button[name=factor][value=totp]`), chromedp.WaitVisible("#code"),
		chromedp.SendKeys("#code", s.code(t)), chromedp.Click(next), chromedp.WaitNotPresent("#code"))
	if got := webtest.Eval[string](t, b, "document.body.textContent"); got != "signed in at substantial" {
		t.Fatalf("with a code: %q", got)
	}
	b.Do(t, chromedp.Navigate(s.server.URL+"/service?level=high"), chromedp.WaitVisible(".lb-number"))
	check(t, app.answer(t, webtest.Eval[string](t, b, `document.querySelector(".lb-number").textContent`), true))
	b.Do(t, chromedp.WaitNotPresent(".lb-number"))
	if got := webtest.Eval[string](t, b, "document.body.textContent"); got != "signed in at high" {
		t.Errorf("after the approval: %q", got)
	}
}

// spoken waits until the countdown says words that are others than before, and gives them.
func spoken(t *testing.T, b *webtest.Tab, before string) string {
	t.Helper()
	return webtest.Eval[string](t, b, `new Promise(done => { const say = document.querySelector("[data-say]");
		const look = () => { if (say.textContent !== "`+before+`") done(say.textContent); };
		new MutationObserver(look).observe(say, {childList: true, characterData: true, subtree: true}); look(); })`)
}

// The countdown speaks twice: a minute before the end, and at the end, where it leads to the start.
func TestCountdownWarnsAndLeadsOn(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	b.Do(t, chromedp.Navigate(s.server.URL+"/service?level=low"), chromedp.WaitVisible("#pid"))
	if got := webtest.Eval[string](t, b, `document.querySelector("[data-left]").textContent`); !strings.HasPrefix(got, "9:") && got != "10:00" {
		t.Errorf("time left: %q", got)
	}
	s.clock.add(8*time.Minute + 58*time.Second)
	b.Do(t, chromedp.Navigate(s.server.URL+"/login"), chromedp.WaitVisible("#pid"))
	const soon = "Du har mindre enn ett minutt igjen."
	if got := spoken(t, b, ""); got != soon {
		t.Errorf("before the end: %q", got)
	}
	b.Do(t, chromedp.WaitVisible("[data-way] a"))
	s.clock.add(time.Minute)
	b.Do(t, chromedp.Navigate(s.server.URL+"/login"), chromedp.WaitVisible("[data-way] a"))
	if got := spoken(t, b, soon); got != "Tidsfristen har gått ut. Du må starte på nytt." {
		t.Errorf("at the end: %q", got)
	}
	s.clock.add(2 * time.Second)
	b.AxeHere(t, "login_password_over")
	b.PictureHere(t, "login_password_over")
	b.Do(t, chromedp.Click("[data-way] a"), chromedp.WaitNotPresent("[data-countdown='2']"), chromedp.WaitVisible("#pid"))
	if got := webtest.Eval[string](t, b, `document.querySelector("[data-countdown]").dataset.countdown`); got != "600" {
		t.Errorf("after starting again the page counts from %s", got)
	}
}
