package phone_test

import (
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"lommebok.example/specs/openid4vci"
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
	all, err := w.face.Wallet.Store.List()
	check(t, err)
	look("/?stored="+all[0].ID, "wallet_index")
	look("/credentials/"+all[0].ID, "wallet_credential")
	link, err := openid4vci.OfferURI("x://", openid4vci.Offer{CredentialIssuer: w.issuer, CredentialConfigurationIDs: []string{mpid}}, openid4vci.Rules{InsecureAllowHTTP: true})
	check(t, err)
	look("/offer"+strings.TrimPrefix(link, "x://"), "wallet_offer")
	look("/offer?credential_offer_uri="+url.QueryEscape(w.issuer+"/o"), "wallet_offer_reference")
	look(ask(s, "skatteetaten"), "wallet_present")
	look(ask(s, "aldersgrense"), "wallet_present_none")
	look("/callback?state=x&code=y", "wallet_refused")
	look("/phone/pair", "wallet_pair")

	login := w.surfer(karies)
	login.Person.TOTPSecret = ""
	login.open(w.issuer + "/mine")
	login.press("/login/password", "pid", login.Person.PID, "password", login.Person.Password)
	login.press("/login/method", "factor", "app")
	look("/phone?said=paired", "wallet_phone")
	devices, err := w.face.Devices.List()
	check(t, err)
	look("/phone/approvals/"+devices[0].ID, "wallet_approval")
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
