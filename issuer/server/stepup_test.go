package server_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
)

// sessionSecret is what the browser's session cookie holds.
func (p *person) sessionSecret() string {
	u, err := url.Parse(p.s.url)
	check(p.t, err)
	for _, c := range p.jar.Cookies(u) {
		if strings.HasSuffix(c.Name, "_session") {
			return c.Value
		}
	}
	return ""
}

// Issue 3: asked for high in mid-session, the person is asked for what is missing and nothing else; A18: each level has a
// session secret of its own, and the one from before is dead.
func TestStepUpInMidSession(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s, student, tax := withServices(t, db)
		p := s.person(t, karies)
		p.pair()
		p.get(student.push("acr_values", "idporten-loa-substantial"))
		p.signInWithCode()
		login := s.now().Unix()
		_, _, before := student.redeem(student.landed(p))
		low := p.sessionSecret()

		s.add(time.Minute)
		p.get(student.push("acr_values", "idporten-loa-high"))
		if strings.Contains(p.body, `action="/login/password"`) || strings.Contains(p.body, `action="/login/totp"`) {
			t.Fatalf("what was proved is asked for again:\n%s", p.body)
		}
		p.signInWithApp()
		_, _, after := student.redeem(student.landed(p))
		high := p.sessionSecret()
		if before["acr"] != "idporten-loa-substantial" || after["acr"] != "idporten-loa-high" || after["sid"] != before["sid"] ||
			after["auth_time"] != float64(login) {
			t.Errorf("stepped up from %v to %v", before, after)
		}
		if amr, _ := after["amr"].([]any); len(amr) != 2 || !slices.Contains(amr, any("Minid-APP")) {
			t.Errorf("amr %v", after["amr"])
		}
		if low == "" || high == "" || low == high {
			t.Errorf("the session's secret was %q and is %q", low, high)
		}
		for _, secret := range []string{low, high} {
			if _, err := s.Core().Session(t.Context(), secret); (err == nil) != (secret == high) {
				t.Errorf("the session of %s: %v", map[string]string{low: "before", high: "after"}[secret], err)
			}
		}
		p.get(tax.push("acr_values", "idporten-loa-high")) // and the other service has it without a question
		if _, _, claims := tax.redeem(tax.landed(p)); claims["acr"] != "idporten-loa-high" {
			t.Errorf("at the other service: %v", slices.Collect(maps.Keys(claims)))
		}
	})
}

// The same for who cannot: told why not, with the ways on; the session from before is as it was.
func TestStepUpThatCannotBe(t *testing.T) {
	s, student, _ := withServices(t, sqlite(t))
	p := s.person(t, stjerne)
	p.get(student.push())
	p.signInWithCode()
	student.redeem(student.landed(p))
	before := p.sessionSecret()
	p.get(student.push("acr_values", "idporten-loa-high"))
	p.sees("Sikkerhetsnivået ditt er for lavt", "student-loans nb", "høyt", "betydelig", "Møt opp på et servicekontor", `href="/login/desk"`)
	p.get("/login/cancel")
	if q := student.landed(p); q.Get("error") != "unmet_authentication_requirements" || q.Get("code") != "" {
		t.Errorf("the service hears %v", q)
	}
	p.get(student.push("prompt", "none"))
	if _, _, claims := student.redeem(student.landed(p)); claims["acr"] != "idporten-loa-substantial" || p.sessionSecret() != before {
		t.Errorf("the session is no longer what it was: %v", claims)
	}
}
