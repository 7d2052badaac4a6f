package login_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"lommebok.example/internal/peer"
	"lommebok.example/web"
)

// A03, A05, N6: thirty wrong passwords from one connection, whatever it writes about where it comes from. The thirty-first
// is answered with 429, when to come back, and a page that explains; nobody's account has counted it.
func TestTooManyFailuresFromOneAddress(t *testing.T) {
	s := newService(t)
	p := s.person(t)
	p.get("/service")
	token := web.FormToken(p.cookie("signin"))
	try := func(i int, pid, password string) {
		t.Helper()
		spoofed := fmt.Sprintf("198.51.100.%d", i)
		p.post("/login/password", url.Values{"token": {token}, "pid": {pid}, "password": {password}},
			"X-Forwarded-For", spoofed, "X-Real-IP", spoofed, "Forwarded", "for="+spoofed, "X-Forwarded-Host", "evil.example", "CF-Connecting-IP", spoofed)
	}
	for i := range 30 {
		try(i, fmt.Sprintf("%011d", 17_000_000_000+i), "feil passord")
		p.is(http.StatusOK)
		p.sees("Fødselsnummer")
	}
	for i, pid := range []string{karies, nobody} {
		try(100+i, pid, password)
		p.is(http.StatusTooManyRequests)
		p.sees("mislykkede forsøk fra nettverket ditt", "Vent 5 min", "ikke kontoen din")
		p.seesNot("evil.example", karies)
		if n, err := strconv.Atoi(p.header.Get("Retry-After")); err != nil || n < 1 || n > 300 {
			t.Errorf("Retry-After %q", p.header.Get("Retry-After"))
		}
	}
	s.clock.add(5 * time.Minute)
	try(200, karies, password)
	p.is(http.StatusOK)
	p.sees("Bekreft innlogging")
}

// A05: a proxy that is named is believed, and a limit is then its callers' and not its own.
func TestFailuresBehindATrustedProxy(t *testing.T) {
	s := newService(t)
	proxies, err := peer.ParseProxies("127.0.0.1, ::1")
	check(t, err)
	s.proxies = proxies
	s.server.Config.Handler = s.routes(t, web.Config{Service: "issuer", Log: slog.New(slog.DiscardHandler)})
	p := s.person(t)
	p.get("/service")
	token := web.FormToken(p.cookie("signin"))
	try := func(from, pid string) int {
		p.post("/login/password", url.Values{"token": {token}, "pid": {pid}, "password": {"feil passord"}}, "X-Forwarded-For", from)
		return p.status
	}
	for i := range 31 {
		want := http.StatusOK
		if i == 30 {
			want = http.StatusTooManyRequests
		}
		// What stands before the proxy's own entry is the caller's invention.
		if got := try(fmt.Sprintf("203.0.113.%d, 198.51.100.1", i), fmt.Sprintf("%011d", 17_000_000_000+i)); got != want {
			t.Errorf("try %d: status %d, want %d", i+1, got, want)
		}
	}
	if got := try("198.51.100.2", nobody); got != http.StatusOK {
		t.Errorf("another caller of the proxy: status %d", got)
	}
}
