package server_test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lommebok.example/internal/database"
	"lommebok.example/issuer/cases"
	"lommebok.example/specs/statuslist"
	"lommebok.example/web/webtest"
)

const (
	worker = "04897399712" // a case worker
	other  = "29836599118" // another
)

// atCases is somebody who has logged in at the pages of case workers.
func (s *service) atCases(t testing.TB, pid string) *person {
	t.Helper()
	p := s.person(t, pid)
	p.get("/cases")
	p.signInWithCode()
	return p
}

var bulkForm = regexp.MustCompile(`action="(/cases/bulks/[A-Z2-7]+)/approve"`)

// A case worker finds a person, with a reason, and suspends, restores and revokes; each is in the audit log, and the person's number
// in no address and no log.
func TestACaseWorkerChangesACredential(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
		texts, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 2)

		c := s.atCases(t, worker)
		c.is(http.StatusOK)
		for wrong, form := range map[string]url.Values{
			"Velg en grunn":            {"pid": {stjerne}},
			"Ingen med dette nummeret": {"pid": {"24902499901"}, "reason": {"request"}},
		} {
			c.post("/cases/find", form)
			c.is(http.StatusUnprocessableEntity)
			c.sees(wrong)
		}
		c.post("/cases/find", url.Values{"pid": {stjerne[:6] + " " + stjerne[6:]}, "reason": {"misuse"}})
		c.is(http.StatusOK)
		c.sees("MinID-bevis", "Gyldig", walletID, "Misbruk")
		if strings.Contains(c.body, stjerne) {
			t.Error("the whole number is on the page")
		}
		act := func(to string, wants ...string) {
			t.Helper()
			c.submit("/cases/act", "to", to, "reason", "misuse")
			c.sees(wants...)
		}
		sealed := hiddenInput.FindStringSubmatch(c.body)[2]
		act("suspend", "Beviset er sperret.", "Sperret")
		wantStatus(t, s, statuslist.Suspended, texts...)
		p.get("/mine")
		p.sees("En saksbehandler har sperret beviset.")
		act("restore", "Beviset er åpnet igjen.")
		wantStatus(t, s, statuslist.Valid, texts...)
		c.submit("/cases/act", "to", "revoke")
		c.is(http.StatusUnprocessableEntity) // without a reason
		act("revoke", "Beviset er tilbakekalt for godt.")
		wantStatus(t, s, statuslist.Invalid, texts...)

		// Another case worker cannot go on where this one was: the search is not theirs.
		second := s.atCases(t, other)
		second.post("/cases/act", url.Values{"case": {sealed}, "to": {"restore"}, "reason": {"request"}})
		second.is(http.StatusUnprocessableEntity)
		var kinds []string
		check(t, s.db.R.Raw("SELECT kind FROM issuer_audit_entries WHERE kind LIKE 'case.%' OR kind IN ('issuance.suspend', 'issuance.restore', 'issuance.revoke') ORDER BY seq").Scan(&kinds).Error)
		if got := strings.Join(kinds, " "); got != "case.search case.search issuance.suspend issuance.restore issuance.revoke" {
			t.Errorf("audit log: %s", got)
		}
	})
}

// lookAtCases looks at the pages of a case worker. The page of a person is the answer to a form, so the browser fills it in.
func lookAtCases(t *testing.T, s *service, b *webtest.Tab, pid string) {
	t.Helper()
	c := s.atCases(t, worker)
	c.post("/cases/bulks", url.Values{"configuration": {mpid}, "from": {"2026-11-23"}, "until": {"2026-11-23"}, "to": {"revoke"}, "reason": {"key_compromised"}})
	second := s.atCases(t, other)
	b.Use(t, s.url, second.jar)
	b.Axe(t, s.url+"/cases")
	b.PictureHere(t, "issuer_cases")
	b.Do(t, chromedp.SetValue("#configuration", mpid), chromedp.SetValue("#from", "2026-11-23"), chromedp.SetValue("#until", "2026-11-23"),
		chromedp.SetValue("#reason-bulk", "key_compromised"), chromedp.Click(`form[action="/cases/bulks/count"] button`), chromedp.WaitVisible(`form[action="/cases/bulks"]`))
	b.AxeHere(t, "issuer_bulk")
	b.PictureHere(t, "issuer_bulk")
	b.Do(t, chromedp.Navigate(s.url+"/cases"), chromedp.SendKeys("#pid", pid), chromedp.SetValue("#reason-find", "lost"),
		chromedp.Click(`form[action="/cases/find"] button`), chromedp.WaitVisible("dl.lb-facts"))
	b.AxeHere(t, "issuer_case")
	b.PictureHere(t, "issuer_case")
	o := s.person(t, operator)
	o.get("/operator/trust")
	o.signInWithCode()
	b.Use(t, s.url, o.jar)
	b.Axe(t, s.url+"/operator/trust")
	b.PictureHere(t, "issuer_trust")
}

// What went to the wallets of one provider is revoked, whichever type it is, and what one key signed, whichever wallet it went to.
func TestManyAreChosenByProviderAndByKey(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p := s.person(t, stjerne)
		get := func(w *wallet) []string {
			t.Helper()
			token := w.token(p, byScope("eudiw:no:minid:mpid eudiw:no:aldersbevis"), p.signInWithCode)
			sdjwt, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
			w.credentials(token.AccessToken, "credential_configuration_id", "proof_of_age", 1)
			return sdjwt
		}
		attested, plain := get(s.attestedWallet(t, s.provider(t))), get(s.wallet(t))
		revokedMDocs := func(want int64) {
			t.Helper()
			var n int64
			check(t, db.R.Raw("SELECT count(*) FROM issuer_issuances WHERE configuration_id = 'proof_of_age' AND revoked_at <> 0").Scan(&n).Error)
			if n != want {
				t.Errorf("%d proofs of age are revoked, want %d", n, want)
			}
		}
		c, second := s.atCases(t, worker), s.atCases(t, other)
		carry := func(by, value, hits string) {
			t.Helper()
			form := url.Values{"from": {"2026-11-23"}, "until": {"2026-11-23"}, "to": {"revoke"}, "reason": {"key_compromised"}, by: {value}}
			c.post("/cases/bulks/count", form)
			c.sees("Alle bevistyper: Tilbakekall", value, hits)
			c.submit("/cases/bulks")
			second.get("/cases")
			second.sees(value)
			second.post(bulkForm.FindStringSubmatch(second.body)[1]+"/approve", nil)
			second.sees("Gjennomført")
		}
		c.post("/cases/bulks/count", url.Values{"from": {"2026-11-23"}, "until": {"2026-11-23"}, "to": {"revoke"}, "reason": {"key_compromised"}})
		c.is(http.StatusUnprocessableEntity) // of everything
		provider, key := choice(t, c.body, "provider"), choice(t, c.body, "signer")
		if !strings.Contains(provider, "CN=Lommeboksimulator leverandør") || !strings.HasPrefix(key, "document-signer/2026") {
			t.Fatalf("provider %q, key %q", provider, key)
		}
		carry("provider", provider, "2 bevis")
		wantStatus(t, s, statuslist.Invalid, attested...)
		revokedMDocs(1)
		carry("signer", key, "Ett bevis")
		wantStatus(t, s, statuslist.Valid, plain...)
		revokedMDocs(2)

		// What was issued before key and provider were kept is told of.
		const unknown = "Ett bevis i tidsrommet er utstedt før vi tok vare på leverandør og nøkkel."
		form := url.Values{"from": {"2026-11-23"}, "until": {"2026-11-23"}, "to": {"revoke"}, "reason": {"key_compromised"}, "provider": {provider}}
		c.post("/cases/bulks/count", form)
		if strings.Contains(c.body, unknown) {
			t.Error("all keys are known, and one is said not to be")
		}
		check(t, db.W.Exec("UPDATE issuer_issuances SET signer = '', wallet_provider = '' WHERE revoked_at = 0").Error)
		c.post("/cases/bulks/count", form)
		c.sees(unknown)
	})
}

// choice is the first of a field that is not for all.
func choice(t testing.TB, body, field string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + field + `"><option value="">[^<]*</option><option>([^<]+)<`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("nothing to choose as %s:\n%s", field, body)
	}
	return html.UnescapeString(m[1])
}

// Who has another role, or none, sees nothing.
func TestCasesAreForCaseWorkers(t *testing.T) {
	s := newService(t)
	for _, pid := range []string{stjerne, "10876698493"} {
		p := s.atCases(t, pid)
		p.is(http.StatusForbidden)
		p.post("/cases/find", url.Values{"pid": {karies}, "reason": {"request"}})
		p.is(http.StatusForbidden)
		for _, path := range []string{"/cases/bulks", "/cases/bulks/count"} {
			p.post(path, url.Values{})
			p.is(http.StatusForbidden)
		}
	}
	var searches int64
	check(t, s.db.R.Raw("SELECT count(*) FROM issuer_audit_entries WHERE kind LIKE 'case.%'").Scan(&searches).Error)
	if searches != 0 {
		t.Errorf("%d entries", searches)
	}
}

// Many at once: proposed by one, who cannot approve it, and approved by another.
func TestManyAreRevokedByTwo(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		var texts []string
		for _, pid := range []string{stjerne, karies} {
			p, w := s.person(t, pid), s.wallet(t)
			token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
			more, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
			texts = append(texts, more...)
		}
		c := s.atCases(t, worker)
		form := url.Values{"configuration": {mpid}, "from": {"2026-11-23"}, "until": {"2026-11-23"}, "to": {"revoke"}, "reason": {"key_compromised"}}
		for _, change := range [][2]string{{"reason", "x"}, {"from", "23.11.2026"}, {"until", "2026-11-22"}, {"configuration", "x"}, {"to", "restore"}} {
			bad := url.Values{}
			for name, v := range form {
				bad[name] = v
			}
			bad.Set(change[0], change[1])
			for _, path := range []string{"/cases/bulks", "/cases/bulks/count"} {
				c.post(path, bad)
				c.is(http.StatusUnprocessableEntity)
			}
		}
		// Free text that nothing is called is not written down.
		bad := maps.Clone(form)
		bad.Set("client", "Kari, "+karies)
		c.post("/cases/bulks", bad)
		c.is(http.StatusUnprocessableEntity)
		c.post("/cases/bulks/count", form)
		c.sees("2 bevis blir endret hvis forslaget blir godkjent.", "Nøkkel på avveie")
		if n := entriesOf(t, db, cases.KindPropose); n != 0 {
			t.Fatal("counting proposed something")
		}
		c.submit("/cases/bulks")
		c.sees("Forslaget er lagret.", "Venter på godkjenning", "Du har foreslått dette.")
		if bulkForm.MatchString(c.body) {
			t.Fatal("who proposed can approve")
		}
		p := s.person(t, stjerne)
		p.get("/mine")
		p.signInWithCode()
		p.get("/mine")
		p.get(revokeLink(t, p, 1))
		p.submit(p.path)
		second := s.atCases(t, other)
		second.sees("Bevis da det ble foreslått</dt><dd>2<", "Bevis som passer nå</dt><dd>1<")
		path := bulkForm.FindStringSubmatch(second.body)[1]
		c.post(path+"/approve", nil)
		c.is(http.StatusConflict)
		c.sees("Du kan ikke avgjøre dette forslaget")
		wantStatus(t, s, statuslist.Valid, texts[1])
		second.post(path+"/approve", nil)
		second.sees("Forslaget er godkjent", "Gjennomført")
		if strings.Contains(second.body, "Bevis som passer nå") {
			t.Error("what is decided is counted still")
		}
		wantStatus(t, s, statuslist.Invalid, texts...)
		second.post(path+"/refuse", nil)
		second.is(http.StatusConflict)
		check(t, s.RunBulks(t.Context())) // nothing is left
	})
}
