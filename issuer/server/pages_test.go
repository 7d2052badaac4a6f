package server_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/web/webtest"
)

func TestFrontPageShowsEachType(t *testing.T) {
	s := newService(t)
	p := s.person(t, stjerne)
	for lang, words := range map[string][]string{
		"nb": {"Hent bevis", "Norsk ID-bevis", "MinID-bevis", "Elevbevis", "Aldersbevis", "høyt", "betydelig", "365 dager"},
		"nn": {"Vel beviset du vil ha", "høgt", "betydeleg", "365 dagar"},
		"en": {"Get a credential", "Norwegian ID credential", "Proof of age", "high", "substantial", "14 days"},
	} {
		p.get("/?lang=" + lang)
		p.is(http.StatusOK)
		p.sees(words...)
	}
	p.get("/?lang=nb&reason=level")
	p.sees("Beviset krever et høyere sikkerhetsnivå")
	p.get("/?reason=cancelled")
	p.sees("Du avbrøt innloggingen.")
}

func TestOfferPage(t *testing.T) {
	s := newService(t)
	p := s.person(t, stjerne)
	p.get("/")
	p.submit("/offers", "configuration", "proof_of_age")
	p.is(http.StatusOK)
	first, offer := p.path, offerOn(t, p)
	p.sees("Hent Aldersbevis", "<svg", "Kan du ikke skanne?", "betydelig", "30 minutter")
	reference := url.QueryEscape(s.url + first + "/credential-offer")
	p.sees("haip-vci://?credential_offer_uri="+reference, "http://localhost:8082/offer?credential_offer_uri="+reference)
	value := regexp.MustCompile(`id="offer-value">([^<]+)<`).FindStringSubmatch(html.UnescapeString(p.body))
	if value == nil {
		t.Fatalf("no offer by value:\n%s", p.body)
	}
	byValue, _, err := openid4vci.ParseOfferLink(value[1], rules)
	check(t, err)
	if !reflect.DeepEqual(byValue, offer) || offer.Grants.AuthorizationCode.IssuerState == "" || offer.Grants.PreAuthorizedCode != nil {
		t.Errorf("by value %+v, by reference %+v", byValue, offer)
	}
	p.get(first)
	if !reflect.DeepEqual(offerOn(t, p), offer) {
		t.Error("the offer changed when it was read again")
	}
	p.post("/offers", url.Values{"configuration": {"proof_of_age"}})
	if p.path == first {
		t.Error("two offers have the same issuer_state")
	}
	p.post("/offers", url.Values{"configuration": {"proof_of_age", mpid}})
	p.sees("Aldersbevis", "MinID-bevis")
	if ids := offerOn(t, p).CredentialConfigurationIDs; !slices.Equal(ids, []string{"proof_of_age", mpid}) {
		t.Errorf("offered %v", ids)
	}
	s.add(30 * time.Minute)
	for _, path := range []string{first, first + "/credential-offer"} {
		p.get(path)
		p.is(http.StatusNotFound)
	}
}

func TestOfferRefused(t *testing.T) {
	s := newService(t)
	p := s.person(t, stjerne)
	for _, ids := range [][]string{{"no.such"}, nil, {mpid, mpid}, {mpid, "no.such"}} {
		p.post("/offers", url.Values{"configuration": ids})
		p.is(http.StatusBadRequest)
		p.sees("Vi utsteder ikke dette beviset", "unknown_credential_configuration")
	}
	for _, path := range []string{"/offers/short", "/offers/" + strings.Repeat("A", 120)} {
		p.get(path)
		p.is(http.StatusNotFound)
		p.sees("Tilbudet gjelder ikke lenger", "offer_over")
	}
	// A wallet, which names no pages, reads why; a browser that was led there shows a page.
	for _, path := range []string{"/offers/short/credential-offer", "/credential-offers/" + strings.Repeat("A", 43)} {
		for accept, wantJSON := range map[string]bool{
			"": true, "*/*": true, "application/json": true, "image/png": true, "text/html;q=0": true,
			"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
		} {
			r, err := http.NewRequest(http.MethodGet, s.url+path, nil)
			check(t, err)
			if accept != "" {
				r.Header.Set("Accept", accept)
			}
			a := do(t, r)
			var told struct {
				Error       string `json:"error"`
				Description string `json:"error_description"`
			}
			isJSON := json.Unmarshal(a.body, &told) == nil
			if a.status != http.StatusNotFound || isJSON != wantJSON || isJSON && (told.Error != "offer_over" || told.Description == "") {
				t.Errorf("%s for Accept %q: %d %s", path, accept, a.status, a.body)
			}
		}
	}
	p.post("/offers", url.Values{"configuration": {"proof_of_age"}}, "Sec-Fetch-Site", "cross-site")
	p.is(http.StatusForbidden)
}

func TestMineIsMine(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	p.get("/mine")
	if !strings.HasPrefix(p.path, "/login") {
		t.Fatalf("not asked to sign in but at %s", p.path)
	}
	p.signInWithCode()
	if p.path != "/mine" {
		t.Fatalf("came to %s", p.path)
	}
	p.sees("Vi har ikke utstedt noen bevis til deg.")
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
	p.get("/mine")
	p.sees("MinID-bevis", "23.11.2026")
	if p.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control %q", p.header.Get("Cache-Control"))
	}
	link := revokeLink(t, p, 1)

	other := s.person(t, karies)
	other.get("/mine")
	other.signInWithCode()
	if strings.Contains(other.body, "MinID-bevis") {
		t.Error("somebody else sees it")
	}
	other.get(link)
	other.is(http.StatusNotFound)
	other.post(link, nil)
	other.is(http.StatusNotFound)

	p.post(link, nil, "Sec-Fetch-Site", "cross-site")
	p.is(http.StatusForbidden)
	p.get("/mine")
	if !strings.Contains(p.body, link) {
		t.Fatal("revoked by a form from elsewhere")
	}
	p.post(link, nil)
	p.sees("Tilbakekalt")
	p.post(link, nil)
	p.is(http.StatusNotFound)
	p.get(link)
	p.is(http.StatusNotFound)
}

func TestMineShowsWhatHasExpired(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
	s.add(31 * 24 * time.Hour)
	p.get("/mine")
	p.signInWithCode()
	p.sees("Utløpt")
	if strings.Contains(p.body, "/revoke") {
		t.Error("what has expired can be revoked")
	}
}

func TestPublicAnswers(t *testing.T) {
	s := newService(t)
	p := s.person(t, stjerne)
	p.get("/health")
	p.is(http.StatusOK)
	p.get("/trust/iaca.pem")
	if p.body != string(s.Anchor) || !strings.Contains(p.body, "BEGIN CERTIFICATE") {
		t.Errorf("anchor:\n%s", p.body)
	}
	check(t, s.Sweep(t.Context()))
}

// The issuer's own pages in Chromium: narrow and wide, light and dark.
func TestPagesInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	look := func(path, name string) {
		t.Helper()
		b.Use(t, s.url, p.jar)
		b.Axe(t, s.url+path)
		b.PictureHere(t, name)
	}
	look("/", "issuer_index")
	p.get("/")
	p.submit("/offers", "configuration", mpid)
	look(p.path, "issuer_offer")
	p.get("/pre-authorized?configuration=" + mpid + "&configuration=proof_of_age")
	p.signInWithCode()
	look(p.path, "issuer_ready")
	p.post("/pre-authorized", url.Values{"configuration": {mpid, "proof_of_age"}})
	look(p.path, "issuer_handover")
	p = s.person(t, stjerne)
	p.get(w.authorize(byScope("eudiw:no:minid:mpid")))
	p.signInWithCode()
	look(p.path, "authserver_consent")
	token := w.token(p, byScope("eudiw:no:minid:mpid no:sikt:vitnemal"), p.signInWithCode)
	if a := w.ask(token, diploma); a.status != http.StatusAccepted {
		t.Fatalf("%d %s", a.status, a.body)
	}
	w.credentials(token.AccessToken, "credential_configuration_id", mpid, 2)
	w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
	var id string
	check(t, s.db.R.Raw("SELECT id FROM issuer_issuances WHERE copies = 2").Scan(&id).Error)
	if a := w.send("/notification", "application/json", `{"notification_id":"`+id+`","event":"credential_accepted"}`, token.AccessToken); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	p.get("/mine")
	check(t, s.db.W.Exec(`INSERT INTO minid_devices (id, person_id, thumbprint, public_key, paired_at, used_at)
		SELECT 'phone', id, 'phone', x'00', 0, 0 FROM minid_people WHERE pid = ?`, stjerne).Error)
	look("/mine/lost", "issuer_lost")
	lookAtCases(t, s, b, p.pid)
	p.get("/mine")
	p.post(holdLink(t, p), nil)
	p.get("/mine")
	revoke := revokeLink(t, p, 2)
	look(revoke, "issuer_revoke")
	p.post(revoke, nil)
	look("/mine?said=revoked", "issuer_mine")
}
