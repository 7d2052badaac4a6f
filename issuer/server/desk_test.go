package server_test

import (
	"errors"
	"strings"
	"testing"

	"lommebok.example/issuer/server"
)

const deskFile = "address: Storgata 1, 0155 Oslo\nhours: {nb: mandag 9–15, nn: måndag 9–15, en: Monday 9–15}\n"

func TestParseDesk(t *testing.T) {
	place, err := server.ParseDesk([]byte(deskFile))
	check(t, err)
	for name, change := range map[string][2]string{
		"no address":                 {"address: Storgata 1, 0155 Oslo", ""},
		"a language is missing":      {", en: Monday 9–15", ""},
		"an unknown language":        {"en:", "de:"},
		"an empty text":              {"mandag 9–15", `""`},
		"a member that there is not": {"hours:", "phone: x\nhours:"},
		"not YAML":                   {deskFile, "["},
	} {
		if _, err := server.ParseDesk([]byte(strings.Replace(deskFile, change[0], change[1], 1))); !errors.Is(err, server.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := newService(t)
	p := s.person(t, stjerne)
	p.get("/login/desk")
	p.sees("Dette er en demonstrasjon: det finnes ikke noe kontor")
	s.cfg.Desk = place
	s.start(t)
	p.get("/login/desk?lang=nn")
	p.sees("Storgata 1", "måndag 9–15")
	if strings.Contains(p.body, "demonstrasjon: ") {
		t.Error("the demonstration's place is still there")
	}
}
