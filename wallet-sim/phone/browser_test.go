package phone_test

import (
	"encoding/json"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/wallet"
	"lommebok.example/web/webtest"
)

// Every page of the wallet and the telephone in Chromium: narrow and wide, light and dark.
func TestPagesInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	w := newTown(t)
	jar, err := cookiejar.New(nil)
	check(t, err)
	look := func(path, name string) {
		t.Helper()
		b.Use(t, w.home, jar)
		b.Axe(t, w.home+path)
		b.PictureHere(t, name)
	}
	look("/", "wallet_empty")
	look("/phone", "wallet_phone_no_app")
	s := w.surfer(karies)
	s.pair(karies)
	s.fetch(mpid, "MinID-bevis")
	s.fetch("pid_sd_jwt_vc", "Norsk ID-bevis")
	s.fetch("no.sikt.vitnemal_sd_jwt_vc", "Vitnemål")
	all, err := w.face.Wallet.Store.List()
	check(t, err)
	look("/?stored="+all[0].ID, "wallet_index")
	look("/credentials/"+all[0].ID, "wallet_credential")
	link, err := openid4vci.OfferURI("x://", openid4vci.Offer{CredentialIssuer: w.issuer, CredentialConfigurationIDs: []string{mpid}}, openid4vci.Rules{InsecureAllowHTTP: true})
	check(t, err)
	look("/offer"+strings.TrimPrefix(link, "x://"), "wallet_offer")
	offering := w.surfer(stjerne)
	offerPage(offering)
	offering.press("/offer", "look", "1")
	look(offering.page.URL.RequestURI(), "wallet_offer_code")
	look("/offer?credential_offer_uri="+url.QueryEscape(w.issuer+"/o"), "wallet_offer_reference")
	look(ask(s, "skatteetaten"), "wallet_present")
	look(ask(s, "aldersgrense"), "wallet_present_none")
	look("/callback?state=x&code=y", "wallet_refused")
	look("/phone/pair", "wallet_pair")

	w.asks(karies)
	look("/phone?said=paired", "wallet_phone")
	devices, err := w.face.Devices.List()
	check(t, err)
	look("/phone/approvals/"+devices[0].ID, "wallet_approval")
	other := slices.IndexFunc(w.people, func(p phone.Person) bool { return p.Name != karies && p.AppCode != "" })
	code := w.people[other].AppCode
	b.Do(t, chromedp.Navigate(w.home+"/phone/pair"), chromedp.SendKeys("#code", code), chromedp.Click("form .ds-button[data-variant=primary]"), chromedp.WaitVisible("#pair-person"))
	b.AxeHere(t, "wallet_pair_confirm")
	b.PictureHere(t, "wallet_pair_confirm")
	w.overBrowser(t, b)
}

// standIn takes the place of the browser's Digital Credentials API and of the platform behind it: the first question ends without a
// wallet, the next ones are handed to the test, which answers them as the simulator does.
const standIn = `window.DigitalCredential = class {};
	let questions = 0;
	window.asked = new Promise((hand) => {
		navigator.credentials.get = (options) => questions++ === 0
			? Promise.reject(new DOMException('nobody', 'NotAllowedError'))
			: new Promise((answer) => { window.answer = answer; hand(JSON.stringify(options)); });
	});`

// overBrowser shows a PID by the verifier's page, its script and the browser's API.
func (w *town) overBrowser(t *testing.T, b *webtest.Tab) {
	t.Helper()
	b.BeforeEachPage(t, standIn)
	const button = `[data-credentials] button`
	b.Do(t, chromedp.Navigate(w.verifier+"/?lang=nb"), chromedp.Click(`form[action="/services/skatteetaten/start"] button`), chromedp.WaitVisible(button))
	b.AxeHere(t, "verifier_waiting_api")
	b.Do(t, chromedp.Click(button), chromedp.WaitVisible(`//p[contains(., "fikk ikke noe svar")]`), chromedp.WaitVisible(button+":not([disabled])"), chromedp.Click(button))
	var asked struct {
		Digital struct{ Requests []openid4vp.DCAPIMessage }
	}
	check(t, json.Unmarshal([]byte(webtest.Eval[string](t, b, `window.asked`)), &asked))
	answer, err := w.face.Wallet.AnswerAPI(w.verifier, asked.Digital.Requests[0], func(*wallet.Request) bool { return true })
	check(t, err)
	raw, err := json.Marshal(answer)
	check(t, err)
	webtest.Eval[bool](t, b, `window.answer(`+string(raw)+`) === undefined`)
	b.Do(t, chromedp.WaitVisible("#shown"))
	if got := webtest.Eval[string](t, b, `document.querySelector("h1").textContent`); got != "Vellykket" {
		t.Errorf("the page says %q", got)
	}
}

// With JavaScript: the approval comes to the page that is open, is answered there, and what is being typed stays when the
// codes change.
func TestALoginComesToThePageInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	w := newTown(t)
	w.surfer(karies).pair(karies)
	b.Do(t, chromedp.Navigate(w.home+"/phone"), chromedp.WaitVisible("#codes"))
	webtest.Eval[bool](t, b, `window.stayed = true`)
	_, number := w.asks(karies)
	b.Do(t, chromedp.WaitVisible("#app input[name=number]"), chromedp.SendKeys("#app input[name=number]", number))
	b.AxeHere(t, "wallet_phone_waiting")
	b.PictureHere(t, "wallet_phone_waiting")
	if got := webtest.Eval[string](t, b, `window.stayed + " " + document.querySelector("[data-poll-text]").textContent + " " + document.querySelector("#app input[name=number]").value`); got != "true En pålogging venter på svar "+number {
		t.Errorf("the page: %q", got)
	}
	b.Do(t, chromedp.Click(`#app button[value=approve]`), chromedp.WaitVisible(`.ds-alert[data-color=success]`))
	if got := webtest.Eval[string](t, b, `document.querySelector("#app .lb-history").textContent`); !strings.Contains(got, "Godkjent") {
		t.Errorf("the history: %q", got)
	}
}

// ask starts a presentation and gives the path of the wallet's page for it.
func ask(s *surfer, service string) string {
	s.open(s.w.verifier + "/")
	s.press("/services/" + service + "/start")
	words := walletLink(s)
	for _, l := range s.page.Links {
		if l.Text == words {
			return strings.TrimPrefix(l.Href, s.w.home)
		}
	}
	return ""
}
