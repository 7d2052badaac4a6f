package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lommebok.example/internal/database"
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

// Who has another role, or none, sees nothing.
func TestCasesAreForCaseWorkers(t *testing.T) {
	s := newService(t)
	for _, pid := range []string{stjerne, "10876698493"} {
		p := s.atCases(t, pid)
		p.is(http.StatusForbidden)
		p.post("/cases/find", url.Values{"pid": {karies}, "reason": {"request"}})
		p.is(http.StatusForbidden)
		p.post("/cases/bulks", url.Values{})
		p.is(http.StatusForbidden)
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
			c.post("/cases/bulks", bad)
			c.is(http.StatusUnprocessableEntity)
		}
		c.post("/cases/bulks", form)
		c.sees("Forslaget er lagret.", "Venter på godkjenning", "Du har foreslått dette.")
		if bulkForm.MatchString(c.body) {
			t.Fatal("who proposed can approve")
		}
		second := s.atCases(t, other)
		path := bulkForm.FindStringSubmatch(second.body)[1]
		c.post(path+"/approve", nil)
		c.is(http.StatusConflict)
		c.sees("Du kan ikke avgjøre dette forslaget")
		wantStatus(t, s, statuslist.Valid, texts...)
		second.post(path+"/approve", nil)
		second.sees("Forslaget er godkjent", "Gjennomført")
		wantStatus(t, s, statuslist.Invalid, texts...)
		second.post(path+"/refuse", nil)
		second.is(http.StatusConflict)
		check(t, s.RunBulks(t.Context())) // nothing is left
	})
}
