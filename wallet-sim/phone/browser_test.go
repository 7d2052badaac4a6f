package phone_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/wallet"
	"lommebok.example/web/webtest"
)

// Every page of the wallet and the telephone in Chromium: narrow and wide, light and dark.
func TestPagesInABrowser(t *testing.T) {
	w := newTown(t)
	camera := filepath.Join(t.TempDir(), "camera.y4m")
	check(t, os.WriteFile(camera, filmed(t, "openid-credential-offer://?credential_offer_uri="+url.QueryEscape(w.issuer+"/o")), 0o600))
	b := webtest.Browser(t, webtest.Camera(camera)...)
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
	look("/credentials/"+all[0].ID+"/delete", "wallet_delete")
	look("/receive", "wallet_receive")
	w.byCamera(t, b)
	look(offerOf(t, w.issuer), "wallet_offer")
	offering := w.surfer(stjerne)
	offerPage(offering)
	offering.press("/offer", "look", "1")
	look(offering.page.URL.RequestURI(), "wallet_offer_code")
	look("/offer?credential_offer_uri="+url.QueryEscape(w.issuer+"/o"), "wallet_offer_reference")
	look(ask(s, "skatteetaten"), "wallet_present")
	look(ask(s, "aldersgrense"), "wallet_present_none")
	w.pass(time.Minute) // for another one-time code
	w.surfer(stjerne).fetch("org.iso.18013.5.1.mDL_mso_mdoc", "Førerkort")
	all, err = w.face.Wallet.Store.List()
	check(t, err)
	look("/credentials/"+all[0].ID, "wallet_credential_portrait")
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
	w.byClickingOnly(t, b)
	look("/history", "wallet_history")
	look("/timeline", "wallet_timeline")
}

// byClickingOnly receives a credential and presents it, narrow and wide, by links that are pasted. What is kept back is not sent, and
// each request stands in the timeline beside the phone.
func (w *town) byClickingOnly(t *testing.T, b *webtest.Tab) {
	t.Helper()
	w.storeCard(t)
	request, posted := w.asker(t)
	paste := func(link string) {
		b.Do(t, chromedp.Navigate(w.home+"/?lang=nb"), chromedp.Click(`.lb-display a[href="/receive"]`), chromedp.WaitVisible("#link"))
		b.Paste(t, "#link", link)
		b.Do(t, chromedp.Click(`//section[@aria-labelledby="paste"]//button`))
	}
	for _, width := range []int64{320, 1280} {
		b.Look(t, webtest.View{Width: width})
		w.pass(time.Hour)
		offering := w.surfer(stjerne)
		offerPage(offering)
		paste("openid-credential-offer://?" + offering.page.URL.RawQuery)
		b.Do(t, chromedp.Click(`button[name=look]`), chromedp.WaitVisible("#tx_code"), chromedp.SendKeys("#tx_code", txCode(w)),
			chromedp.Click(`form[method=post][action="/offer"] button`), chromedp.WaitVisible(`.ds-alert[data-color=success]`))
		if got := webtest.Eval[bool](t, b, `document.querySelector(".lb-beside").checkVisibility()`); got != (width == 1280) {
			t.Errorf("at %d the timeline is beside the phone: %v", width, got)
		}
		paste(request)
		b.Do(t, chromedp.WaitVisible(`input[name=show]`))
		if width == 320 {
			b.AxeHere(t, "wallet_present_choice")
			b.PictureHere(t, "wallet_present_choice")
			b.Look(t, webtest.View{Width: width})
		}
		b.Do(t, chromedp.Click(`//label[contains(., "family_name")]`), chromedp.Click(`button[value=share]`), chromedp.WaitVisible(`.ds-alert[data-color=success]`))
		if got := <-posted; got == "" {
			t.Error("nothing was posted")
		}
		history, err := w.face.Wallet.Store.History()
		check(t, err)
		if claims := history[0].Given[0].Claims; len(claims) != 1 || claims[0].Key() != "given_name" {
			t.Errorf("shared %v", claims)
		}
	}
	w.aScriptIsText(t, b)
	w.theTimelineFollows(t, b)
}

// byCamera is refused the camera, turns it on and off, and scans what it sees.
func (w *town) byCamera(t *testing.T, b *webtest.Tab) {
	t.Helper()
	const start, stop = `[data-camera] [data-start]`, `[data-camera] [data-stop]`
	says := func(words string) { b.Do(t, chromedp.WaitVisible(`//p[@data-say][contains(., "`+words+`")]`)) }
	b.Do(t, chromedp.Navigate(w.home+"/receive?lang=nb"), chromedp.WaitVisible(start))
	webtest.Eval[bool](t, b, `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')), true`)
	b.Do(t, chromedp.Click(start))
	says("Vi fikk ikke bruke kameraet")
	b.Do(t, chromedp.Navigate(w.home+"/receive"))
	webtest.Eval[bool](t, b, `window.fetch = async () => new Response('{"text":"verken"}'), true`)
	b.Do(t, chromedp.Click(start))
	says("verken")
	b.AxeHere(t, "wallet_receive_camera")
	b.PictureHere(t, "wallet_receive_camera")
	b.Do(t, chromedp.Click(stop), chromedp.WaitVisible(start))
	if got := webtest.Eval[string](t, b, `document.activeElement.textContent + document.querySelector("video").srcObject.getTracks()[0].readyState`); got != "Bruk kameraetended" {
		t.Errorf("after the camera is turned off: %s", got)
	}
	b.Do(t, chromedp.Navigate(w.home+"/receive"), chromedp.Click(start), chromedp.WaitVisible(`button[name=look]`))
	if got := webtest.Eval[string](t, b, `location.pathname + document.querySelector(".lb-display").textContent`); !strings.HasPrefix(got, "/offer") || !strings.Contains(got, strings.TrimPrefix(w.issuer, "http://")) {
		t.Errorf("the camera led to %s", got)
	}
}

// aScriptIsText looks at a claim that holds a script.
func (w *town) aScriptIsText(t *testing.T, b *webtest.Tab) {
	t.Helper()
	b.Do(t, chromedp.Navigate(w.home+"/"), chromedp.Click(`//article[contains(., "no:test:card")]//a`), chromedp.WaitVisible("#decoded"))
	b.AxeHere(t, "wallet_credential_script")
	if got := webtest.Eval[string](t, b, `String(window.ran) + document.querySelector("[aria-labelledby=says]").textContent`); !strings.HasPrefix(got, "undefined") || !strings.Contains(got, evil) {
		t.Errorf("the page says %s", got)
	}
	b.Do(t, chromedp.Click(`a[href$="/delete"]`), chromedp.Click(`form[action$="/delete"] button`), chromedp.WaitVisible(`.ds-alert[data-color=info]`))
	all, err := w.face.Wallet.Store.List()
	check(t, err)
	if slices.ContainsFunc(all, func(c *wallet.Credential) bool { return c.Type == "no:test:card" }) {
		t.Error("it was not deleted")
	}
}

// theTimelineFollows opens a row, and sees another come without a new page and without losing it; then reads the HAR.
func (w *town) theTimelineFollows(t *testing.T, b *webtest.Tab) {
	t.Helper()
	b.Look(t, webtest.View{Width: 1280})
	b.Do(t, chromedp.Navigate(w.home+"/history"), chromedp.Click(".lb-beside summary"), chromedp.WaitVisible(".lb-beside details[open] pre"))
	b.AxeHere(t, "wallet_timeline_open")
	b.PictureHere(t, "wallet_timeline_open")
	b.Look(t, webtest.View{Width: 1280})
	first := webtest.Eval[string](t, b, `document.querySelector("#timeline > li").id`)
	_, err := w.face.Wallet.Configurations(t.Context(), w.issuer)
	check(t, err)
	b.Do(t, chromedp.WaitVisible(`//ol[@id="timeline"]/li[2][@id="`+first+`"]//details[@open]`))
	if got := webtest.Eval[string](t, b, `document.querySelector("#timeline > li").textContent`); !strings.Contains(got, "/.well-known/openid-credential-issuer") || !strings.Contains(got, "OpenID4VCI 1.0 section 12.2.2") || !strings.Contains(got, `"credential_endpoint": "`+w.issuer+`/credential"`) || !strings.Contains(got, "curl -i -X GET '"+w.issuer) {
		t.Errorf("the row says %s", got)
	}
	webtest.Eval[bool](t, b, `(() => {
		const real = EventSource;
		window.streams = [];
		window.EventSource = function (address) { const one = new real(address); streams.push(one); return one; };
		window.turn = (hidden) => { Object.defineProperty(document, "hidden", { value: hidden, configurable: true }); document.dispatchEvent(new Event("visibilitychange")); };
		turn(false); // a stream that is seen here
		turn(true);
		return true;
	})()`)
	if got := webtest.Eval[string](t, b, `streams.map((one) => one.readyState).join()`); got != "2" {
		t.Errorf("the streams of a page that nobody sees: %s", got)
	}
	_, err = w.face.Wallet.Configurations(t.Context(), w.issuer)
	check(t, err)
	webtest.Eval[bool](t, b, `turn(false) === undefined`)
	b.Do(t, chromedp.WaitVisible(`//ol[@id="timeline"]/li[3][@id="`+first+`"]//details[@open]`))
	res, err := http.Get(w.home + "/timeline.har")
	check(t, err)
	var har struct {
		Log struct {
			Entries []struct {
				Request struct{ Method, URL string }
			}
		}
	}
	check(t, errors.Join(json.NewDecoder(res.Body).Decode(&har), res.Body.Close()))
	if n := len(har.Log.Entries); n < 20 || har.Log.Entries[n-1].Request.URL != w.issuer+"/.well-known/openid-credential-issuer" {
		t.Errorf("%d entries in the HAR", n)
	}
}

const evil = `<script>window.ran = true</script>`

// storeCard puts a credential of another issuer into the wallet, whose family name is a script.
func (w *town) storeCard(t *testing.T) {
	t.Helper()
	newKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		check(t, err)
		return key
	}
	root, leaf, holder, at := newKey(), newKey(), newKey(), w.now()
	subject := x5c.Subject{Country: "NO", Organization: "Prøve", CommonName: "Prøverot", URI: "https://issuer.example"}
	ca, err := x5c.NewRoot(root, subject, at.Add(-time.Hour), 9000*time.Hour)
	check(t, err)
	subject.CommonName = "Prøve"
	cert, err := x5c.Issue(x5c.CredentialIssuer, ca, root, leaf.Public(), subject, at.Add(-time.Hour), 8000*time.Hour)
	check(t, err)
	signer, err := sdjwtvc.NewSigner(leaf, []*x509.Certificate{cert})
	check(t, err)
	text, err := signer.Issue(sdjwtvc.Template{
		VCT: "no:test:card", Holder: &holder.PublicKey, Issuer: "https://issuer.example", IssuedAt: at, Expires: at.Add(1000 * time.Hour),
		Claims: map[string]any{"given_name": sdjwt.SD{Value: "Flat"}, "family_name": sdjwt.SD{Value: evil}},
	})
	check(t, err)
	check(t, w.face.Wallet.Store.Add(&wallet.Credential{
		Format: openid4vci.FormatSDJWTVC, Type: "no:test:card", Issuer: "https://issuer.example", Stored: at, Expires: at.Add(1000 * time.Hour),
		Copies: []wallet.Copy{{Credential: text, Key: wallet.Key{PrivateKey: holder}}},
	}))
}

// asker is a verifier whom nobody vouches for, that can do without the family name: the link of its request, and what is posted to it.
func (w *town) asker(t *testing.T) (link string, posted <-chan string) {
	t.Helper()
	came := make(chan string, 2)
	at, open := place(t)
	open(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		came <- r.PostFormValue("vp_token")
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write([]byte("{}"))
	}))
	q := url.Values{
		"client_id": {"redirect_uri:" + at}, "response_uri": {at}, "response_type": {"vp_token"}, "response_mode": {"direct_post"}, "nonce": {"n-0123456789abcdef0123456789"},
		"client_metadata": {`{"vp_formats_supported":{"dc+sd-jwt":{}}}`},
		"dcql_query": {`{"credentials":[{"id":"card","format":"dc+sd-jwt","meta":{"vct_values":["no:test:card"]},
			"claims":[{"id":"g","path":["given_name"]},{"id":"f","path":["family_name"]}],"claim_sets":[["g","f"],["g"]]}]}`},
	}
	return "openid4vp://?" + q.Encode(), came
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

// filmed is a film of one picture with a QR code (YUV4MPEG2, 4:2:0).
func filmed(t *testing.T, text string) []byte {
	t.Helper()
	const width, height = 640, 640
	code, err := png.Decode(bytes.NewReader(drawn(t, text)))
	check(t, err)
	film := bytes.NewBufferString(fmt.Sprintf("YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\nFRAME\n", width, height))
	frame := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for at := range frame.Y {
		frame.Y[at] = 235
		if p := image.Pt(at%width-70, at/width-70); p.In(code.Bounds()) {
			if r, _, _, _ := code.At(p.X, p.Y).RGBA(); r == 0 {
				frame.Y[at] = 16
			}
		}
	}
	for at := range frame.Cb {
		frame.Cb[at], frame.Cr[at] = 128, 128
	}
	for _, plane := range [][]byte{frame.Y, frame.Cb, frame.Cr} {
		film.Write(plane)
	}
	return film.Bytes()
}
