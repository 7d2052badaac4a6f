package server_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/verifier/presentation"
	"lommebok.example/web/webtest"
)

// The verifier's pages in Chromium: narrow and wide, light and dark.
func TestPagesInABrowser(t *testing.T) {
	tab := webtest.Browser(t)
	s, _, tax := newLogins(t, onSQLite(t))
	recording(t, s)
	b := s.browserAt(t, "lanekassen")
	look := func(path, name string) {
		t.Helper()
		tab.Use(t, s.url, b.jar)
		tab.Axe(t, s.url+path)
		tab.PictureHere(t, name)
	}
	look("/", "verifier_index")
	look("/workbench", "verifier_workbench")
	look(b.tx, "verifier_waiting")

	w := s.open(t, b.transaction().QR)
	person := s.issuer.issueSDJWT(&w.key.PublicKey, func(m *sdjwtvc.Template) { m.VCT = "no:minid:mpid:1" })
	w.send(map[string][]string{"person": {w.bind(person, "person", binding{nonce: "anothernonceanothernonce"})}, "student": {"hello"}})
	look(b.tx, "verifier_failed")

	recorded := strings.TrimPrefix(b.transaction().Record, s.url)
	s.FlushTransactions(t.Context())
	look(recorded, "verifier_record")
	webtest.Eval[bool](t, tab, `document.querySelectorAll("details").forEach((d) => { d.open = true }) || true`)
	tab.AxeHere(t, "opened")
	tab.PictureHere(t, "verifier_record_opened")
	tab.Axe(t, s.url+recorded+"?lang=nn")
	tab.Axe(t, s.url+recorded+"?lang=en")
	tab.PictureHere(t, "verifier_record_en")
	tab.Axe(t, s.url+recorded+"?lang=nb")

	b.start("skatteetaten-mdoc")
	w = s.open(t, b.transaction().QR)
	raw := w.device(s.issuer.issueMdoc(&w.key.PublicKey), pidType, []string{"given_name", "family_name", "birth_date"})
	w.send(map[string][]string{"pid": {jose.EncodeBase64URL(raw)}})
	look(b.tx, "verifier_accepted")

	b.start("aldersgrense")
	for range presentation.MaxRenewals + 1 {
		b.get(b.tx)
		s.add(presentation.RequestLifetime)
	}
	look(b.tx, "verifier_expired")

	look("/demo/lanekassen", "verifier_demo")
	cross, _ := b.askedOn("skatteetaten")
	look("/demo/skatteetaten/answer", "verifier_demo_waiting")
	w = s.open(t, cross)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	look("/demo/skatteetaten/answer", "verifier_demo_accepted")
	cross, _ = b.askedOn("skatteetaten")
	w = s.open(t, cross)
	w.send(map[string][]string{"pid_sd_jwt": {"hello"}})
	look("/demo/skatteetaten/answer", "verifier_demo_failed")

	v := newVisitor(t)
	v.get(tax.push())
	tab.Use(t, s.url, v.jar)
	tab.Axe(t, v.at)
	tab.PictureHere(t, "openid_waiting")
	w = s.open(t, v.qr())
	id := w.asked("urn:eudi:pid:1")
	w.send(map[string][]string{id: {w.bind(s.issuer.minID(&w.key.PublicKey, karies), id, binding{})}})
	tab.Axe(t, v.at)
	tab.PictureHere(t, "openid_refused")
}

// With the script the page asks for its state, and turns to the verdict by itself.
func TestLiveStateInABrowser(t *testing.T) {
	tab := webtest.Browser(t)
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	tab.Use(t, s.url, b.jar)
	tab.Do(t, chromedp.Navigate(s.url+b.tx), chromedp.WaitVisible("[data-poll-text]"))
	w := s.open(t, b.transaction().QR)
	webtest.Eval[bool](t, tab, `new Promise(done => { const text = document.querySelector("[data-poll-text]");
		if (text.textContent !== "Venter på lommeboka") done(true);
		new MutationObserver(() => done(true)).observe(text, {childList: true, characterData: true, subtree: true}); })`)
	if got := webtest.Eval[string](t, tab, `document.querySelector("[data-poll-text]").textContent`); got != "Lommeboka har hentet forespørselen. Svar der." {
		t.Errorf("the state reads %q", got)
	}
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	tab.Do(t, chromedp.WaitVisible("#shown"))
	if got := webtest.Eval[string](t, tab, `document.querySelector("h1").textContent`); got != "Vellykket" {
		t.Errorf("the page says %q", got)
	}
}
