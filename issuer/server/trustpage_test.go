package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/keys"
)

const operator = "10876698493"

var trustTag = regexp.MustCompile(`(?s)data-color="(\w+)">[^<]+</span>\s*([^<]+)</p>`)

// outcomes are those of the checks on the page, by the first words of what each means.
func outcomes(p *person) map[string]string {
	all := map[string]string{}
	for _, m := range trustTag.FindAllStringSubmatch(p.body, -1) {
		words := strings.Join(strings.Fields(m[2])[:3], " ")
		if m[1] != "success" || all[words] == "" {
			all[words] = m[1]
		}
	}
	return all
}

// The operator sees what others would say of us, and it changes with what is so.
func TestTheOperatorSeesWhoWouldRefuseUs(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid no:sikt:vitnemal"), p.signInWithCode)
		w.credentials(token.AccessToken, "credential_configuration_id", mpid, 2)
		w.ask(token, diploma)
		o := s.person(t, operator)
		o.get("/operator/trust")
		o.signInWithCode()
		o.is(http.StatusOK)
		o.sees("Hvem ville avvise oss", "http://127.0.0.1", "document-signer", "Signerer nå", "MinID-bevis", "Vitnemål", "Revisjonsloggen",
			"Ingen er planlagt", "document-signer/2026")
		got := outcomes(o)
		for words, want := range map[string]string{
			"Lommebøker henter bare": "danger", "Lommebøker må kunne": "danger", // http
			"De som kontrollerer": "success", "Et sertifikat må": "success", "Statuslistene må kunne": "success", "De som følger": "success", "Revisjonsloggen må kunne": "success",
			"Uten en lommebokleverandør": "warning", "Lommebøker som ikke": "warning", "Testpersonene har konto": "warning",
		} {
			if got[words] != want {
				t.Errorf("%s: %s, want %s", words, got[words], want)
			}
		}
		s.provider(t)
		o.get("/operator/trust")
		if got := outcomes(o); got["Uten en lommebokleverandør"] != "success" {
			t.Errorf("with a wallet provider: %v", got)
		}
		// What was refused is counted by its code alone, and a key that is to come is told of.
		w.ask(token, "unknown")
		_, err := keys.Files{Dir: filepath.Join(s.cfg.DataDir, "keys")}.Make("document-signer", s.now().Add(48*time.Hour))
		check(t, err)
		check(t, s.RefreshKeys())
		if s.twin != nil {
			check(t, s.twin.RefreshKeys())
		}
		o.get("/operator/trust")
		if s.twin != nil && !strings.Contains(o.body, "unknown_credential_configuration") {
			o.get("/operator/trust") // it was the other process that refused
		}
		o.sees("Er laget, og tar over 2026-11-25T14:", "Tar over når tiden kommer", "unknown_credential_configuration")

		check(t, s.Checkpoint(t.Context()))
		o.submit("/operator/trust/audit")
		o.sees("Loggen er hel: ", "1 kontrollpunkter stemmer.", "Det siste signerte kontrollpunktet dekker de første")
		check(t, s.db.W.Exec("UPDATE issuer_audit_entries SET outcome = 'x' WHERE seq = 1").Error)
		o.submit("/operator/trust/audit")
		o.sees("Loggen er ikke hel:", "the entry was altered")

		// What cannot be read is not told as a log that was tampered with.
		check(t, s.db.W.Exec("ALTER TABLE issuer_audit_entries RENAME COLUMN outcome TO result").Error)
		o.submit("/operator/trust/audit")
		o.sees("Loggen ble ikke kontrollert ferdig", "reading the audit log")
		if strings.Contains(o.body, "Loggen er ikke hel") {
			t.Error("a log that cannot be read is said not to be whole")
		}

		// The log is gone: nothing would be issued, and the page is where the operator sees it.
		check(t, s.db.W.Exec("ALTER TABLE issuer_audit_entries RENAME TO gone").Error)
		o.get("/operator/trust")
		o.is(http.StatusOK)
		if got := outcomes(o); got["Revisjonsloggen må kunne"] != "danger" {
			t.Errorf("without an audit log: %v", got)
		}
	})
}

func TestTrustIsForTheOperator(t *testing.T) {
	s := newService(t)
	p := s.person(t, worker)
	p.get("/operator/trust")
	p.signInWithCode()
	p.is(http.StatusForbidden)
	p.post("/operator/trust/audit", nil)
	p.is(http.StatusForbidden)
}

// The list of revoked certificates is looked at as the service gives it: a file in its folder that is no certificate stops it.
func TestTheOperatorSeesThatRevocationsCannotBeTold(t *testing.T) {
	s := newService(t)
	dir := filepath.Join(s.cfg.DataDir, "revoked")
	check(t, os.MkdirAll(dir, 0o700))
	check(t, os.WriteFile(filepath.Join(dir, "broken.pem"), []byte("broken"), 0o600))
	o := s.person(t, operator)
	o.get("/operator/trust")
	o.signInWithCode()
	if got := outcomes(o)["De som følger"]; got != "danger" {
		t.Errorf("the list cannot be made, and the page says %s", got)
	}
}

// Each page of the operator leads to the others, and says which it is.
func TestTheOperatorsPagesLeadToEachOther(t *testing.T) {
	s := newService(t)
	o := s.person(t, operator)
	o.get("/operator/trust")
	o.signInWithCode()
	for _, path := range []string{"/operator/trust", "/operator/logins", "/operator/accounts"} {
		o.get(path)
		o.is(http.StatusOK)
		for _, to := range []string{"/operator/trust", "/operator/logins", "/operator/accounts"} {
			current := ""
			if to == path {
				current = ` aria-current="page"`
			}
			o.sees(`href="` + to + `"` + current + `>`)
		}
		if strings.Contains(o.body, `href="/operator/transactions"`) {
			t.Error("leads to a page that is not there")
		}
	}
	o.get("/")
	if strings.Contains(o.body, "/operator/") {
		t.Error("everybody is led to the operator's pages")
	}
}

// A certificate that would end before the credentials it signs is told of before it is so, and then refused.
func TestTheOperatorSeesWhatEnds(t *testing.T) {
	s := newService(t)
	o := s.person(t, operator)
	o.get("/operator/trust")
	o.signInWithCode()
	for _, step := range []struct {
		after time.Duration
		want  string
	}{{0, "success"}, {65 * 24 * time.Hour, "warning"}, {30 * 24 * time.Hour, "danger"}} {
		s.add(step.after)
		o = s.person(t, operator)
		o.get("/operator/trust")
		o.signInWithCode()
		if got := outcomes(o)["Et sertifikat må"]; got != step.want {
			t.Errorf("%s later: %s, want %s", step.after, got, step.want)
		}
	}
}
