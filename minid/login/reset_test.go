package login_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"lommebok.example/minid"
)

// nonces are what differs on every page: tokens of forms, and of scripts.
var nonces = regexp.MustCompile(`(nonce|value)="[^"]*"`)

func (s *service) atOnce() { s.core.Later = func(work func()) { work() } }

func TestForgottenPassword(t *testing.T) {
	s := newService(t)
	s.atOnce()
	p := s.atMinID(t)
	secret := p.addTOTP(s)
	p = s.person(t)
	p.get("/service")
	p.sees(`href="/login/forgot"`)
	p.get("/login/forgot")
	p.submit("/login/forgot", "pid", "123")
	p.sees("Fødselsnummer må ha 11 siffer")
	p.submit("/login/forgot", "pid", befal)
	p.sees("Kode fra SMS", "Kode fra e-post", "du har tre forsøk")
	sms, email := s.post.code(t, minid.ChannelSMS), s.post.code(t, minid.ChannelEmail)
	p.submit("/login/reset", "sms", sms, "email", notCode(email))
	p.sees("En av kodene er feil eller virker ikke lenger")
	p.submit("/login/reset", "sms", sms[:3]+" "+sms[3:], "email", email)
	p.sees("autentiseringsappen")
	code, err := s.core.TOTPConfig.TOTPCode(secret, s.clock.now())
	check(t, err)
	p.submit("/login/totp", "code", code) // was used when the app was added
	p.sees("Engangskoden er feil eller allerede brukt")
	s.clock.add(30 * time.Second)
	code, err = s.core.TOTPConfig.TOTPCode(secret, s.clock.now())
	check(t, err)
	p.submit("/login/totp", "code", code)
	p.sees("Lag nytt passord", `autocomplete="new-password"`)
	p.submit("/login/new-password", "new", "kort")
	p.sees("Nytt passord må ha minst 12 tegn")
	p.submit("/login/new-password", "new", "kaktus i vinduskarmen")
	p.sees("Passordet er byttet. Logg inn med det nye.", "Du logger inn til Lånekassen")
	p.submit("/login/password", "pid", befal, "password", "kaktus i vinduskarmen")
	p.sees("autentiseringsappen")
}

// A07: with a number that nobody has, or whose person has no phone, page after page is the same.
func TestResetPagesAreTheSameForEverybody(t *testing.T) {
	s := newService(t)
	s.atOnce()
	s.registerSMS(t)
	var want []string
	for _, pid := range []string{befal, karies, nobody, "11111111111"} {
		p := s.person(t)
		p.get("/service")
		p.get("/login/forgot")
		var got []string
		see := func() {
			p.is(http.StatusOK)
			got = append(got, nonces.ReplaceAllString(p.body, ""))
		}
		p.submit("/login/forgot", "pid", pid)
		see()
		for range 4 {
			p.submit("/login/reset", "sms", "abc", "email", "def")
			see()
		}
		if want == nil {
			want = got
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s, page %d is another", pid[:6], i)
			}
		}
	}
}
