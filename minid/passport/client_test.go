package passport_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid"
	"lommebok.example/minid/passport"
	"lommebok.example/minid/passport/passporttest"
)

const holder = "14846599313"

func clientOf(s *passporttest.Service) *passport.Client {
	return &passport.Client{
		URL: s.URL, Token: s.Token, ClientID: "https://minid.example", ReturnTo: "https://minid.example/minid/passport/return",
		Key: &s.Key.PublicKey, HTTP: fetch.New(fetch.Config{InsecureAllowLoopback: true}), Now: s.Now,
	}
}

func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func TestResultIsRead(t *testing.T) {
	s := passporttest.New(t, noon)
	s.Holder = holder
	c := clientOf(s)
	address, err := c.Start(t.Context(), "the state")
	if err != nil || address != s.URL+"/check/the state" {
		t.Fatalf("%q, %v", address, err)
	}
	got, err := c.Result(t.Context(), "the state")
	if err != nil || *got != (minid.PassportResult{PID: holder, Reference: "case-7"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestResultsRefused(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, value any) func(*passporttest.Service) {
		return func(s *passporttest.Service) { s.Change = func(c map[string]any) { c[name] = value } }
	}
	without := func(name string) func(*passporttest.Service) {
		return func(s *passporttest.Service) { s.Change = func(c map[string]any) { delete(c, name) } }
	}
	for name, change := range map[string]func(*passporttest.Service){
		"another key":             func(s *passporttest.Service) { s.Signer = other },
		"another kind of token":   func(s *passporttest.Service) { s.Typ = "JWT" },
		"another service's":       set("iss", "https://other.example"),
		"for somebody else":       set("aud", "https://other.example"),
		"for us and others":       set("aud", []string{"https://minid.example", "https://other.example"}),
		"of another check":        set("nonce", "another state"),
		"without nonce":           without("nonce"),
		"expired":                 set("exp", noon().Unix()),
		"from the future":         set("iat", noon().Add(time.Minute).Unix()),
		"lives too long":          set("exp", noon().Add(11*time.Minute).Unix()),
		"without exp":             without("exp"),
		"without iat":             without("iat"),
		"the chip was not read":   set("chip", false),
		"the face was not seen":   set("face", false),
		"nothing of the chip":     without("chip"),
		"nothing of the face":     without("face"),
		"a word for yes":          set("face", "true"),
		"nobody":                  without("sub"),
		"no reference":            without("jti"),
		"a reference with blanks": set("jti", "case 7"),
		"a long reference":        set("jti", strings.Repeat("7", 65)),
	} {
		s := passporttest.New(t, noon)
		s.Holder = holder
		c := clientOf(s)
		if _, err := c.Start(t.Context(), "state"); err != nil {
			t.Fatal(err)
		}
		change(s)
		if got, err := c.Result(t.Context(), "state"); !errors.Is(err, minid.ErrPassport) || strings.Contains(err.Error(), holder) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestTheServiceRefuses(t *testing.T) {
	s := passporttest.New(t, noon)
	c := clientOf(s)
	if _, err := c.Result(t.Context(), "a state nobody started"); !errors.Is(err, minid.ErrPassport) {
		t.Errorf("no such check: %v", err)
	}
	for _, address := range []string{"https://evil.example/check", s.URL + ".evil.example/", "javascript:alert(1)", strings.Replace(s.URL, "//", "//a@", 1) + "/x"} {
		s.Address = address
		if got, err := c.Start(t.Context(), "state"); err == nil {
			t.Errorf("the person would be sent to %s", got)
		}
	}
	c.Token = "wrong"
	if _, err := c.Start(t.Context(), "state"); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with another token: %v", err)
	}
}
