package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
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
		o.sees("Hvem ville avvise oss", "http://127.0.0.1", "document-signer", "Signerer nå", "MinID-bevis", "Vitnemål", "Revisjonsloggen har")
		got := outcomes(o)
		for words, want := range map[string]string{
			"Lommebøker henter bare": "danger", "Lommebøker må kunne": "danger", // http
			"De som kontrollerer": "success", "Et sertifikat må": "success", "Statuslistene må kunne": "success", "Revisjonsloggen må kunne": "success",
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
