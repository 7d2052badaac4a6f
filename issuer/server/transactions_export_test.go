package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"lommebok.example/internal/leftout"
	"lommebok.example/web/webtest"
)

// A whole issuance is a HAR 1.2 by the schema that we wrote from its specification, and the schema can say no.
func TestHARFitsItsSchema(t *testing.T) {
	s := recording(t, newService(t))
	p, w := s.person(t, stjerne), s.wallet(t)
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	body, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
	w.send("/credential", "application/json", body, token.AccessToken)
	last := w.send("/credential", "application/json", body, token.AccessToken)
	got := s.fetch(t, s.page(t, last)+"/har")
	if got.status != http.StatusOK || !strings.Contains(got.header.Get("Content-Disposition"), ".har") {
		t.Fatalf("%d %v", got.status, got.header)
	}
	s.nothingPersonal(t, "the HAR", string(got.body))
	har, err := jsonschema.NewCompiler().Compile("../../transaction/testdata/har-1.2.json")
	check(t, err)
	fits := func(raw []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		check(t, err)
		return har.Validate(v)
	}
	check(t, fits(got.body))
	for _, change := range [][2]string{
		{`"version":"1.2"`, `"version":"1.1"`}, {`"cookies":[]`, `"cookies":null`}, {`"httpVersion":`, `"version":`}, {`"startedDateTime":"2026`, `"startedDateTime":"26`},
		{`"timings":{"send":0`, `"timings":{"sent":0`}, {`"cache":{}`, `"cache":[]`}, {`"mimeType":`, `"type":`},
	} {
		if changed := bytes.Replace(got.body, []byte(change[0]), []byte(change[1]), 1); bytes.Equal(changed, got.body) || fits(changed) == nil {
			t.Errorf("with %s it fits still, or is not there", change[1])
		}
	}
	for _, has := range []string{`"url":"` + s.url + `/credential"`, "invalid_nonce", "openid4vci-proof"} {
		if !strings.Contains(string(got.body), has) {
			t.Errorf("lacks %s", has)
		}
	}
}

// curlLine is that of the README.
var curlLine = regexp.MustCompile(`(?m)^curl .*http://localhost:8080/par.*$`)

// The line of the README gives the address of a page that says why.
func TestTheCurlLineOfTheReadme(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		leftout.For(t, "curl is not installed")
	}
	readme, err := os.ReadFile("../../README.md")
	check(t, err)
	line := curlLine.Find(readme)
	if line == nil {
		t.Fatal("the README has no such line")
	}
	s := recording(t, newService(t))
	out, err := exec.Command("sh", "-c", strings.ReplaceAll(string(line), "http://localhost:8080", s.url)).Output()
	check(t, err)
	page := regexp.MustCompile(`https?://[^\s"]+/transactions/([A-Z2-7]{26})`).FindSubmatch(out)
	if page == nil {
		t.Fatalf("no address in %s", out)
	}
	p := s.person(t, stjerne)
	p.get("/transactions/" + string(page[1]))
	p.is(http.StatusOK)
	p.sees("Avvist", "Forventet", "Kom")
}

// The pages in Chromium: a transaction with a refusal opened, and what an operator sees.
func TestTransactionsInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := recording(t, newService(t))
	p, w := s.person(t, stjerne), s.wallet(t)
	p.post("/offers", url.Values{"configuration": {mpid}})
	b.Use(t, s.url, p.jar)
	b.Axe(t, s.url+p.path)
	b.PictureHere(t, "issuer_offer_recorded")
	token := w.token(p, url.Values{"scope": {"eudiw:no:minid:mpid"}, "issuer_state": {offerOn(t, p).Grants.AuthorizationCode.IssuerState}}, p.signInWithCode)
	body, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
	w.send("/credential", "application/json", body, token.AccessToken)
	a := w.send("/credential", "application/json", body, token.AccessToken)
	s.said(t, a)
	b.Axe(t, s.url+s.page(t, a))
	b.PictureHere(t, "transaction_page")
	webtest.Eval[bool](t, b, `document.querySelectorAll("details").forEach((d) => { d.open = true }) || true`)
	b.AxeHere(t, "opened")
	b.PictureHere(t, "transaction_page_opened")
	b.Axe(t, s.url+s.page(t, a)+"?lang=nn")
	b.Axe(t, s.url+s.page(t, a)+"?lang=en")
	b.PictureHere(t, "transaction_page_en")
	b.Axe(t, s.url+s.page(t, a)+"?lang=nb")

	// It follows by itself: another request, and the page has one step more.
	steps := webtest.Eval[int](t, b, `document.querySelectorAll(".lb-timeline > li").length`)
	s.said(t, w.send("/credential", "application/json", body, token.AccessToken))
	b.Do(t, chromedp.WaitVisible(fmt.Sprintf(".lb-timeline > li:nth-child(%d)", steps+1)))

	o := s.staff(t, busk, "/operator/transactions")
	b.Use(t, s.url, o.jar)
	b.Axe(t, s.url+"/operator/transactions")
	b.PictureHere(t, "transaction_list")
}
