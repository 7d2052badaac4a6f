package server_test

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/minid"
	"lommebok.example/specs/openid4vci"
)

// codes are those of the newest messages that say something, the newest first. Some are sent beside the answer, so that they
// are waited for.
func (p *person) codes(n int, says string) []string {
	p.t.Helper()
	found := regexp.MustCompile(says + `[^<]*er (\d{6})\.`)
	for deadline := time.Now().Add(20 * time.Second); ; {
		p.get("/dev/outbox")
		var codes []string
		for _, m := range found.FindAllStringSubmatch(html.UnescapeString(p.body), n) {
			codes = append(codes, m[1])
		}
		if len(codes) == n {
			return codes
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%d of %d codes in the outbox:\n%s", len(codes), n, p.body)
		}
	}
}

// totp fills the form for a code from the app for codes.
func (p *person) totp() {
	p.t.Helper()
	p.s.add(30 * time.Second)
	code, err := minid.TOTPConfig{}.TOTPCode(p.s.people[p.pid].TOTPSecret, p.s.now())
	check(p.t, err)
	p.submit("/login/totp", "code", code)
}

func (p *person) isIn() {
	p.t.Helper()
	p.get("/minid")
	p.is(http.StatusOK)
	if p.path != "/minid" {
		p.t.Fatalf("not signed in, but at %s:\n%s", p.path, p.body)
	}
}

// A sign-in by each factor, and one that changes its mind halfway: on PostgreSQL each step is taken by another issuer than the
// step before.
func TestEachWayToSignIn(t *testing.T) {
	const login = "for å logge inn"
	for name, signIn := range map[string]func(p *person){
		"TOTP": func(p *person) { p.totp() },
		"SMS": func(p *person) {
			p.submit("/login/method", "factor", "sms")
			code := p.codes(1, login)[0]
			p.get("/login")
			p.submit("/login/sms", "code", code)
		},
		"the app": func(p *person) {
			p.submit("/login/method", "factor", "app")
			p.signInWithApp()
		},
		"the app, then SMS, then TOTP": func(p *person) {
			p.submit("/login/method", "factor", "app")
			p.submit("/login/method", "factor", "sms")
			p.submit("/login/method", "factor", "totp")
			pending, err := p.phone.Pending(context.Background())
			if check(p.t, err); len(pending) != 0 {
				p.t.Errorf("%d attempts wait in the app for a sign-in that goes another way", len(pending))
			}
			p.totp()
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *database.DB) {
				s := newServiceOn(t, db)
				p := s.person(t, karies)
				p.pair()
				p.get("/minid")
				p.password()
				if !strings.Contains(p.body, `action="/login/totp"`) {
					p.submit("/login/method", "factor", "totp")
				}
				signIn(p)
				p.isIn()
				p.submit("/logout")
				if p.get("/minid"); !strings.HasPrefix(p.path, "/login") {
					t.Errorf("still signed in: %s", p.path)
				}
			})
		})
	}
}

// A new password is made with codes on both channels and the second factor, and is the one from then on.
func TestForgottenPasswordToNewSession(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p := s.person(t, stjerne)
		p.get("/minid")
		p.get("/login/forgot")
		p.submit("/login/forgot", "pid", stjerne)
		codes := p.codes(2, "for å lage nytt passord")
		p.get("/login")
		p.submit("/login/reset", "sms", codes[1], "email", codes[0])
		if !strings.Contains(p.body, `action="/login/totp"`) {
			p.get("/login")
			p.submit("/login/reset", "sms", codes[0], "email", codes[1]) // the outbox does not say which is which
		}
		p.totp()
		const fresh = "kaktus i vinduskarmen"
		p.submit("/login/new-password", "new", fresh)
		p.submit("/login/password", "pid", stjerne, "password", s.people[stjerne].Password)
		p.sees("Feil fødselsnummer eller passord")
		p.submit("/login/password", "pid", stjerne, "password", fresh)
		p.totp()
		p.isIn()
	})
}

// One of sixteen browsers opens a pushed request, and one of sixteen copies of a request is served whose proof is taken once.
func TestPushedRequestsAndTheirProofsAreRaced(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		w := s.wallet(t)
		address := w.authorize(byScope("eudiw:no:minid:mpid"))
		browsers := make([]*person, racers)
		var wg sync.WaitGroup
		for i := range browsers {
			browsers[i] = s.person(t, stjerne)
			wg.Go(func() { browsers[i].get(address) })
		}
		wg.Wait()
		opened := 0
		for _, p := range browsers {
			if strings.HasPrefix(p.path, "/login") {
				opened++
			} else if p.status != http.StatusBadRequest || !strings.Contains(p.body, "<code>invalid_request</code>") {
				t.Errorf("%s: %d", p.path, p.status)
			}
		}
		if opened != 1 {
			t.Errorf("request_uri: %d browsers opened it", opened)
		}

		attested := s.attestedWallet(t, s.provider(t))
		for name, one := range map[string]*wallet{"jti of DPoP": w, "jti of the wallet attestation": attested} {
			one.cNonce()
			first := one.prepared("/par", form, one.parForm(byScope("eudiw:no:minid:mpid")).Encode(), "")
			if one.unit != nil {
				first.Header.Del("DPoP")
				one.unit.attest(t, first, one.nonce)
			}
			requests := make([]*http.Request, racers)
			for i := range requests {
				requests[i] = one.prepared("/par", form, one.parForm(byScope("eudiw:no:minid:mpid")).Encode(), "")
				requests[i].Header = first.Header.Clone()
			}
			count := map[string]int{}
			for _, a := range atOnce(t, requests) {
				if a.status == http.StatusCreated {
					count["served"]++
				} else {
					count[a.code(t)]++
				}
			}
			refusal := map[bool]string{false: "invalid_dpop_proof", true: "invalid_client_attestation"}[one.unit != nil]
			if count["served"] != 1 || count[refusal] != racers-1 {
				t.Errorf("%s: %v", name, count)
			}
		}
	})
}

// Three transaction codes are compared, however many are tried at once and wherever; then the right one comes too late.
func TestTransactionCodesAreRaced(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		offer := p.ready(mpid)
		tx := p.txCode()
		wrong := "000000"
		if tx == wrong {
			wrong = "000001"
		}
		body := "grant_type=" + openid4vci.GrantPreAuthorizedCode + "&client_id=" + walletID + "&tx_code=" + wrong +
			"&pre-authorized_code=" + offer.Grants.PreAuthorizedCode.PreAuthorizedCode
		if served := w.raced("/token", form, body, "", "invalid_grant"); len(served) != 0 {
			t.Fatalf("%d served", len(served))
		}
		var tries int
		check(t, db.R.Raw("SELECT tries FROM authserver_preauthorized").Scan(&tries).Error)
		if a := w.redeem(offer, tx); a.code(t) != "invalid_grant" || tries != 3 {
			t.Errorf("%d codes were compared; the right one then: %d %s", tries, a.status, a.body)
		}
	})
}

// A code by SMS, and an approval in the app, let one browser in, once.
func TestSecondFactorsAreRaced(t *testing.T) {
	sessions := func(t *testing.T, db *database.DB) (n int) {
		check(t, db.R.Raw("SELECT count(*) FROM minid_sessions").Scan(&n).Error)
		return n
	}
	t.Run("SMS", func(t *testing.T) {
		each(t, func(t *testing.T, db *database.DB) {
			s := newServiceOn(t, db)
			p := s.person(t, karies)
			p.get("/minid")
			p.password()
			p.submit("/login/method", "factor", "sms")
			code := p.codes(1, "for å logge inn")[0]
			p.get("/login")
			tabs := make([]*person, racers) // of the same browser
			var wg sync.WaitGroup
			for i := range tabs {
				tab := *p
				tabs[i] = &tab
				wg.Go(func() { tab.submit("/login/sms", "code", code) })
			}
			wg.Wait()
			if n := sessions(t, db); n != 1 {
				t.Errorf("%d sessions", n)
			}
		})
	})
	t.Run("the app", func(t *testing.T) {
		each(t, func(t *testing.T, db *database.DB) {
			s := newServiceOn(t, db)
			p := s.person(t, karies)
			p.pair()
			p.get("/minid")
			p.password()
			if !strings.Contains(p.body, "lb-number") {
				p.submit("/login/method", "factor", "app")
			}
			number := appNumber.FindStringSubmatch(p.body)
			pending, err := p.phone.Pending(context.Background())
			if check(t, err); number == nil || len(pending) != 1 {
				t.Fatalf("%d attempts wait on %s:\n%s", len(pending), p.path, p.body)
			}
			approved := make([]error, racers)
			var wg sync.WaitGroup
			for i := range approved {
				wg.Go(func() { _, approved[i] = p.phone.Answer(context.Background(), pending[0], number[1], true) })
			}
			wg.Wait()
			won := 0
			for _, err := range approved {
				if err == nil {
					won++
				}
			}
			tabs := make([]*person, racers)
			for i := range tabs {
				tab := *p
				tabs[i] = &tab
				wg.Go(func() { tab.get("/login") })
			}
			wg.Wait()
			if n := sessions(t, db); won != 1 || n != 1 {
				t.Errorf("%d approvals, %d sessions", won, n)
			}
		})
	})
}
