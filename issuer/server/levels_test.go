package server_test

import (
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"lommebok.example/issuer/server"
	"lommebok.example/minid"
)

const levelsFile = `
proofing: {letter: substantial, school: substantial, passport: substantial, in_person: high}
authentication:
  - {factors: [password], level: low}
  - {factors: [password, totp], level: substantial}
  - {factors: [password, sms], level: substantial}
  - {factors: [password, recovery], level: substantial}
  - {factors: [password, app], level: high}
`

func TestParseLevels(t *testing.T) {
	table, err := server.ParseLevels([]byte(levelsFile))
	check(t, err)
	if !reflect.DeepEqual(table, minid.DefaultLevels()) {
		t.Errorf("%+v, want the default table", table)
	}
	for name, c := range map[string]struct{ old, new, says string }{
		"a level that there is not":  {"in_person: high", "in_person: top", `"top"`},
		"a level in capitals":        {"level: low", "level: Low", `"Low"`},
		"a number for a level":       {"level: low", "level: 1", `"1"`},
		"a basis that there is not":  {"letter:", "pigeon:", `"pigeon"`},
		"a basis twice":              {"school:", "letter:", "letter"},
		"a factor that there is not": {"totp", "hunch", `"hunch"`},
		"a member that there is not": {"level: low}", "level: low, note: x}", "note"},
		"high by TOTP":               {"[password, totp], level: substantial", "[password, totp], level: high", "SMS and TOTP can carry substantial, not high"},
		"high by SMS":                {"[password, sms], level: substantial", "[password, sms], level: high", "SMS and TOTP can carry substantial, not high"},
		"high by recovery code":      {"[password, recovery], level: substantial", "[password, recovery], level: high", "high takes the app"},
		"a rule without level":       {", level: low", "", "got none"},
		"nothing":                    {levelsFile, "", ""},
		"not YAML":                   {levelsFile, "proofing: [", ""},
	} {
		raw := strings.Replace(levelsFile, c.old, c.new, 1)
		if _, err := server.ParseLevels([]byte(raw)); !errors.Is(err, server.ErrConfig) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.says)
		}
	}
}

func FuzzParseLevels(f *testing.F) {
	f.Add([]byte(levelsFile))
	f.Add([]byte(`{"proofing": {}, "authentication": [{"factors": ["password"], "level": "high"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		table, err := server.ParseLevels(raw)
		if err != nil {
			return
		}
		if err := table.Check(); err != nil {
			t.Errorf("taken, and against the rules: %v", err)
		}
		for _, weak := range [][]minid.Factor{{"password"}, {"password", "totp", "sms"}} {
			if table.OfFactors(weak) > minid.LevelSubstantial {
				t.Errorf("%v reaches high", weak)
			}
		}
	})
}

func TestTheIssuerDoesNotStartOnATableThatGivesTooMuch(t *testing.T) {
	s := newService(t)
	cfg := s.cfg
	cfg.Levels = minid.DefaultLevels()
	cfg.Levels.Authentication[1].Level = minid.LevelHigh
	_, err := server.New(t.Context(), cfg, server.Deps{DB: s.db, Now: s.now, Log: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, minid.ErrLevels) || !strings.Contains(err.Error(), "SMS and TOTP") {
		t.Errorf("started: %v", err)
	}
}

// The table of the configuration is the one that sign-ins go by.
func TestAConfiguredTableDecides(t *testing.T) {
	s := newService(t)
	s.cfg.Levels = minid.DefaultLevels()
	s.cfg.Levels.Proofing[minid.BasisLetter] = minid.LevelLow
	s.start(t)
	p := s.person(t, stjerne)
	p.get("/minid")
	p.signInWithCode()
	p.sees("Sikkerhetsnivået ditt er for lavt", "Andre måter å logge inn på hjelper derfor ikke")
}
