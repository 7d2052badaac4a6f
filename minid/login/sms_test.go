package login_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"lommebok.example/minid"
)

const befal = "04897399712" // has SMS alone

// post is a Sender that keeps what it was given.
type post struct {
	mu   sync.Mutex
	sent []minid.Message
}

func (p *post) Send(_ context.Context, m minid.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, m)
	return nil
}

// code is the one in the newest message of a channel.
func (p *post) code(t testing.TB, channel minid.Channel) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.sent) - 1; i >= 0; i-- {
		if p.sent[i].Channel == channel && p.sent[i].Code != "" {
			return p.sent[i].Code
		}
	}
	t.Fatal("no code was sent by " + channel)
	return ""
}

func (s *service) registerSMS(t testing.TB) {
	t.Helper()
	_, err := s.core.Register(context.Background(), minid.Registration{
		PID: befal, Name: "REALISTISK BEFAL", BirthDate: "1973-09-04", Phone: "+4799990004", Email: "befal@example.com",
		Proofing: minid.Proofing{Basis: minid.BasisLetter, At: s.clock.now()}, Password: password,
	})
	check(t, err)
}

func notCode(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestCodeBySMS(t *testing.T) {
	s := newService(t)
	s.registerSMS(t)
	p := s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", befal, "password", password)
	p.sees("Vennligst tast inn engangskoden vi har tilsendt din mobil", "slutter på 04", "Send ny kode", `autocomplete="one-time-code"`)
	p.seesNot("+4799990004", "Endre innloggingsmetode")
	p.submit("/login/sms", "code", "")
	p.sees("Engangskode må fylles ut")
	code := s.post.code(t, minid.ChannelSMS)
	p.submit("/login/sms", "code", notCode(code))
	p.sees("Engangskoden er feil. Kontroller meldingen", "<title>Feil:")
	p.submit("/login/sms", "code", notCode(code))
	p.submit("/login/sms", "code", notCode(code))
	p.sees("Du har tastet feil tre ganger", "Be om en ny kode")
	p.seesNot(`name="code"`)
	p.submit("/login/method", "factor", "sms")
	s.clock.add(5 * time.Minute)
	p.get("/login")
	p.sees("Tidsfristen har gått ut", "Send ny kode")
	p.submit("/login/method", "factor", "sms")
	p.submit("/login/method", "factor", "sms")
	p.sees("Du har bedt om mange koder. Du kan be om en ny om 10 minutter")
	code = s.post.code(t, minid.ChannelSMS)
	p.submit("/login/sms", "code", code[:3]+" "+code[3:])
	p.sees("Logg inn tryggere neste gang", "Ta i bruk MinID-appen", "Ikke nå, gå videre", `href="/service?level=substantial"`)
	p.get("/service?level=substantial")
	p.sees("signed in at substantial")

	p = s.person(t) // the invitation was declined, and is not repeated
	s.clock.add(15 * time.Minute)
	p.get("/service")
	p.submit("/login/password", "pid", befal, "password", password)
	p.submit("/login/sms", "code", s.post.code(t, minid.ChannelSMS))
	p.sees("signed in at substantial")
}

func TestInvitationLeadsOnlyHome(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/login/invitation")
	if p.path != "/" {
		t.Errorf("without an invitation: %s", p.path)
	}
	r, err := http.NewRequest(http.MethodGet, p.base+"/login/invitation", nil)
	check(t, err)
	r.Header.Set("Cookie", "lommebok_issuer_onward=sms:aHR0cHM6Ly9ldmlsLmV4YW1wbGUv") // https://evil.example/
	p.do(r)
	if p.path != "/" {
		t.Errorf("with a planted address: %s", p.path)
	}
}

func TestSMSIsNeverHigh(t *testing.T) {
	s := newService(t)
	s.registerSMS(t)
	p := s.person(t)
	p.get("/service?level=high")
	p.submit("/login/password", "pid", befal, "password", password)
	p.submit("/login/sms", "code", s.post.code(t, minid.ChannelSMS))
	p.sees("Sikkerhetsnivået ditt er for lavt")
}

func TestMethodIsRemembered(t *testing.T) {
	s := newService(t)
	app := s.phone(t, s.deskCode)

	p := s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Neste gang du logger deg inn")
	p.submit("/login/method", "factor", "app", "remember", "1")
	pending, err := s.core.PendingAttempts(context.Background(), app.device)
	check(t, err)
	check(t, app.answer(t, pending[0].Number, true))
	p.get("/login")
	p.sees("signed in at high")

	p = s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", karies, "password", password)
	p.sees("Venter på godkjenning", "Bruk kode fra autentiseringsapp")
}

func TestPINCodesAreGone(t *testing.T) {
	s := newService(t)
	_, err := s.core.Register(context.Background(), minid.Registration{
		PID: befal, BirthDate: "1973-09-04", Proofing: minid.Proofing{Basis: minid.BasisLetter, At: s.clock.now()},
		PasswordRecord: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", HadPINCodes: true,
	})
	check(t, err)
	p := s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", befal, "password", "U*U")
	p.sees("PIN-kodene dine fra før er ikke lenger i bruk", "servicekontor")
	p = s.person(t)
	p.get("/service?level=low")
	p.submit("/login/password", "pid", befal, "password", "U*U")
	p.sees("PIN-kodene er ikke lenger i bruk", "Ikke nå, gå videre")
}
