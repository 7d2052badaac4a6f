package minid

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

func TestTheDefaultTableKeepsToTheRules(t *testing.T) {
	if err := DefaultLevels().Check(); err != nil {
		t.Error(err)
	}
}

// The table of issue 3: from basis and factors to a level, the lower of the two axes.
func TestDefaultLevelsCellByCell(t *testing.T) {
	pw, totp, sms, app, reset := FactorPassword, FactorTOTP, FactorSMS, FactorApp, FactorReset
	none, low, sub, high := LevelNone, LevelLow, LevelSubstantial, LevelHigh
	for _, row := range []struct {
		passed                             []Factor
		letter, school, passport, inPerson Level
	}{
		{nil, none, none, none, none},
		{[]Factor{totp}, none, none, none, none},
		{[]Factor{app}, none, none, none, none},
		{[]Factor{reset, app}, none, none, none, none},
		{[]Factor{pw}, low, low, low, low},
		{[]Factor{pw, totp}, sub, sub, sub, sub},
		{[]Factor{pw, sms}, sub, sub, sub, sub},
		{[]Factor{pw, totp, sms}, sub, sub, sub, sub},
		{[]Factor{pw, FactorRecovery}, sub, sub, sub, sub},
		{[]Factor{pw, app}, sub, sub, sub, high},
		{[]Factor{pw, totp, app}, sub, sub, sub, high},
	} {
		for b, want := range map[Basis]Level{
			BasisLetter: row.letter, BasisSchool: row.school, BasisPassport: row.passport, BasisInPerson: row.inPerson, "hearsay": none,
		} {
			if got := DefaultLevels().OfSession(b, row.passed); got != want {
				t.Errorf("%s with %v: %s, want %s", b, row.passed, got, want)
			}
		}
	}
}

func TestATableThatGivesTooMuchIsRefused(t *testing.T) {
	pw, totp, sms, app := FactorPassword, FactorTOTP, FactorSMS, FactorApp
	proof := func(b Basis, l Level) func(*LevelTable) { return func(t *LevelTable) { t.Proofing[b] = l } }
	rule := func(l Level, f ...Factor) func(*LevelTable) {
		return func(t *LevelTable) { t.Authentication = append(t.Authentication, AuthRule{f, l}) }
	}
	for name, c := range map[string]struct {
		change func(*LevelTable)
		says   string
	}{
		"high by TOTP and SMS":   {rule(LevelHigh, pw, totp, sms), "SMS and TOTP can carry substantial"},
		"substantial by one":     {func(t *LevelTable) { t.Authentication[0].Level = LevelSubstantial }, "two factors"},
		"no password":            {rule(LevelSubstantial, totp, app), "password"},
		"unknown factor":         {rule(LevelSubstantial, pw, "face"), `"face"`},
		"reset is no factor":     {rule(LevelLow, pw, FactorReset), `"reset"`},
		"a factor twice":         {rule(LevelHigh, pw, app, app), "twice"},
		"the same rule again":    {rule(LevelSubstantial, app, pw), "already"},
		"a rule worth nothing":   {rule(LevelNone, pw, totp, app), "got none"},
		"a level that is none":   {rule(Level(4), pw, totp, app), "level(4)"},
		"no rules":               {func(t *LevelTable) { t.Authentication = nil }, "at least one"},
		"high by letter":         {proof(BasisLetter, LevelHigh), "letter cannot be high"},
		"high by school":         {proof(BasisSchool, LevelHigh), "school cannot be high"},
		"unknown basis":          {proof("hearsay", LevelLow), `"hearsay"`},
		"a basis left out":       {func(t *LevelTable) { delete(t.Proofing, BasisPassport) }, "passport is missing"},
		"a basis without level":  {proof(BasisInPerson, Level(-1)), "level(-1)"},
		"TOTP raised by itself":  {func(t *LevelTable) { t.Authentication[1].Level = LevelHigh }, "SMS and TOTP"},
		"SMS raised by itself":   {func(t *LevelTable) { t.Authentication[2].Level = LevelHigh }, "SMS and TOTP"},
		"an empty rule":          {rule(LevelLow), "password"},
		"proofing is not there":  {func(t *LevelTable) { t.Proofing = nil }, "missing"},
		"high by app, TOTP, SMS": {rule(LevelHigh, pw, app, totp, sms), "-"},
		"passport at high":       {proof(BasisPassport, LevelHigh), "-"},
		"letter worth nothing":   {proof(BasisLetter, LevelNone), "-"},
	} {
		table := DefaultLevels()
		table.Proofing = maps.Clone(table.Proofing)
		c.change(&table)
		err := table.Check()
		if c.says == "-" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, ErrLevels) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.says)
		}
	}
}
