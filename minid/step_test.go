package minid

import (
	"slices"
	"testing"
)

func TestNext(t *testing.T) {
	pw, totp, app, sms := FactorPassword, FactorTOTP, FactorApp, FactorSMS
	set := func(f ...Factor) []Factor { return f }
	for name, c := range map[string]struct {
		in     standing
		step   Step
		others []Factor
		axis   Unreachable
	}{
		"nothing yet":                  {standing{need: LevelLow}, StepPassword, nil, ""},
		"a second factor is no first":  {standing{need: LevelLow, basis: BasisInPerson, passed: set(totp)}, StepPassword, nil, ""},
		"none needs the password":      {standing{need: LevelNone}, StepPassword, nil, ""},
		"none with the password":       {standing{need: LevelNone, passed: set(pw)}, StepDone, nil, ""},
		"low":                          {standing{LevelLow, BasisLetter, set(pw), set(totp), "", "", false, false}, StepDone, nil, ""},
		"substantial asks for a code":  {standing{LevelSubstantial, BasisLetter, set(pw), set(totp), "", "", false, false}, StepTOTP, nil, ""},
		"substantial, least first":     {standing{LevelSubstantial, BasisLetter, set(pw), set(app, totp), "", "", false, false}, StepTOTP, set(app), ""},
		"substantial, app chosen":      {standing{LevelSubstantial, BasisLetter, set(pw), set(app, totp), app, "", false, false}, StepApp, set(totp), ""},
		"substantial, app preferred":   {standing{LevelSubstantial, BasisLetter, set(pw), set(totp, app), "", app, false, false}, StepApp, set(totp), ""},
		"the choice before the wish":   {standing{LevelSubstantial, BasisLetter, set(pw), set(totp, sms, app), sms, app, false, false}, StepSMS, set(totp, app), ""},
		"a wish that is not enough":    {standing{LevelHigh, BasisInPerson, set(pw), set(sms, app), "", sms, false, false}, StepApp, nil, ""},
		"substantial by SMS":           {standing{LevelSubstantial, BasisLetter, set(pw), set(sms), "", "", false, false}, StepSMS, nil, ""},
		"SMS is substantial":           {standing{LevelSubstantial, BasisInPerson, set(pw, sms), set(sms), "", "", false, false}, StepDone, nil, ""},
		"SMS is never high":            {standing{LevelHigh, BasisInPerson, set(pw, sms), set(sms), "", "", false, false}, StepUnreachable, nil, UnreachableFactor},
		"SMS and TOTP are never high":  {standing{LevelHigh, BasisInPerson, set(pw, totp, sms), set(totp, sms), "", "", false, false}, StepUnreachable, nil, UnreachableFactor},
		"a new password was asked for": {standing{LevelNone, "", nil, nil, "", "", true, false}, StepReset, nil, ""},
		"reset, the second factor":     {standing{LevelNone, BasisLetter, set(FactorReset), set(totp, sms, app), "", "", false, false}, StepTOTP, set(app), ""},
		"reset, app chosen":            {standing{LevelNone, BasisLetter, set(FactorReset), set(totp, sms, app), app, "", false, false}, StepApp, set(totp), ""},
		"reset, SMS is none":           {standing{LevelNone, BasisLetter, set(FactorReset), set(sms), "", "", false, false}, StepNewPassword, nil, ""},
		"reset, factor passed":         {standing{LevelNone, BasisLetter, set(FactorReset, totp), set(totp), "", "", false, false}, StepNewPassword, nil, ""},
		"substantial with a code":      {standing{LevelSubstantial, BasisLetter, set(pw, totp), set(totp), "", "", false, false}, StepDone, nil, ""},
		"substantial with the app":     {standing{LevelSubstantial, BasisSchool, set(pw, app), set(app), "", "", false, false}, StepDone, nil, ""},
		"high asks the app alone":      {standing{LevelHigh, BasisInPerson, set(pw), set(app, totp), "", "", false, false}, StepApp, nil, ""},
		"high, code chosen":            {standing{LevelHigh, BasisInPerson, set(pw), set(app, totp), totp, "", false, false}, StepApp, nil, ""},
		"high after a code":            {standing{LevelHigh, BasisInPerson, set(pw, totp), set(app, totp), "", "", false, false}, StepApp, nil, ""},
		"high with the app":            {standing{LevelHigh, BasisInPerson, set(pw, app), set(app, totp), "", "", false, false}, StepDone, nil, ""},
		"proofing too low, best first": {standing{LevelHigh, BasisLetter, set(pw), set(app, totp), "", "", false, false}, StepApp, set(totp), ""},
		"proofing too low, told":       {standing{LevelHigh, BasisLetter, set(pw, app), set(app, totp), "", "", false, false}, StepUnreachable, nil, UnreachableProofing},
		"passport is substantial":      {standing{LevelHigh, BasisPassport, set(pw, app), set(app), "", "", false, false}, StepUnreachable, nil, UnreachableProofing},
		"factor too low, first ask":    {standing{LevelHigh, BasisInPerson, set(pw), set(totp), "", "", false, false}, StepTOTP, nil, ""},
		"factor too low, told":         {standing{LevelHigh, BasisInPerson, set(pw, totp), set(totp), "", "", false, false}, StepUnreachable, nil, UnreachableFactor},
		"no second factor":             {standing{LevelSubstantial, BasisInPerson, set(pw), nil, "", "", false, false}, StepUnreachable, nil, UnreachableFactor},
		"both too low":                 {standing{LevelHigh, BasisLetter, set(pw, totp), set(totp), "", "", false, false}, StepUnreachable, nil, UnreachableProofing},
		"recovery, the last way":       {standing{LevelSubstantial, BasisLetter, set(pw), set(app, totp), "", "", false, true}, StepTOTP, set(app, FactorRecovery), ""},
		"recovery is no wish":          {standing{LevelSubstantial, BasisLetter, set(pw), set(totp), "", FactorRecovery, false, true}, StepTOTP, set(FactorRecovery), ""},
		"recovery, chosen":             {standing{LevelSubstantial, BasisLetter, set(pw), set(totp, app), FactorRecovery, "", false, true}, StepRecovery, set(totp, app), ""},
		"recovery, nothing else works": {standing{LevelSubstantial, BasisLetter, set(pw), nil, "", "", false, true}, StepRecovery, nil, ""},
		"recovery is substantial":      {standing{LevelSubstantial, BasisLetter, set(pw, FactorRecovery), set(app), "", "", false, true}, StepDone, nil, ""},
		"recovery is never high":       {standing{LevelHigh, BasisInPerson, set(pw), set(app), "", "", false, true}, StepApp, nil, ""},
		"recovery, high, chosen":       {standing{LevelHigh, BasisInPerson, set(pw), set(app), FactorRecovery, "", false, true}, StepApp, nil, ""},
		"recovery before the password": {standing{LevelSubstantial, "", nil, nil, "", "", false, true}, StepPassword, nil, ""},
		"recovery, low needs none":     {standing{LevelLow, BasisLetter, set(pw), set(app), "", "", false, true}, StepDone, nil, ""},
		"reset, recovery":              {standing{LevelNone, BasisLetter, set(FactorReset), set(app), "", "", false, true}, StepApp, set(FactorRecovery), ""},
		"reset, recovery passed":       {standing{LevelNone, BasisLetter, set(FactorReset, FactorRecovery), set(app), "", "", false, true}, StepNewPassword, nil, ""},
		"reset, SMS and recovery":      {standing{LevelNone, BasisLetter, set(FactorReset), set(sms), "", "", false, true}, StepNewPassword, nil, ""},
		"unknown basis, first ask":     {standing{LevelLow, "hearsay", set(pw), set(totp), "", "", false, false}, StepTOTP, nil, ""},
		"unknown basis, told":          {standing{LevelLow, "hearsay", set(pw, totp), set(totp), "", "", false, false}, StepUnreachable, nil, UnreachableProofing},
	} {
		d := DefaultLevels().next(c.in)
		if d.step != c.step || !slices.Equal(d.others, c.others) || d.unreachable != c.axis {
			t.Errorf("%s: got %s, others %v, axis %q; want %s, %v, %q", name, d.step, d.others, d.unreachable, c.step, c.others, c.axis)
		}
	}
}

// A table where high takes all three factors: they are asked for one after the other.
func TestNextWhenSeveralFactorsAreNeededTogether(t *testing.T) {
	table := DefaultLevels()
	table.Authentication = []AuthRule{
		{[]Factor{FactorPassword}, LevelLow},
		{[]Factor{FactorPassword, FactorTOTP, FactorApp}, LevelHigh},
	}
	s := standing{need: LevelHigh, basis: BasisInPerson, passed: []Factor{FactorPassword}, second: []Factor{FactorApp, FactorTOTP}}
	var asked []Factor
	for range 3 {
		d := table.next(s)
		if d.step == StepDone {
			break
		}
		asked = append(asked, d.factor)
		s.passed = append(s.passed, d.factor)
	}
	if d := table.next(s); d.step != StepDone || len(asked) != 2 {
		t.Errorf("asked %v, then %s", asked, d.step)
	}
}

func TestLevelText(t *testing.T) {
	for level, text := range map[Level]string{
		LevelNone: "none", LevelLow: "low", LevelSubstantial: "substantial", LevelHigh: "high",
	} {
		raw, err := level.MarshalText()
		if err != nil || string(raw) != text {
			t.Errorf("%v: %q %v", level, raw, err)
		}
		var back Level
		if err := back.UnmarshalText(raw); err != nil || back != level {
			t.Errorf("%q: %v %v", text, back, err)
		}
	}
	for _, text := range []string{"", "High", "3", "level(7)"} {
		if _, err := ParseLevel(text); err == nil {
			t.Errorf("%q is a level", text)
		}
	}
	if _, err := Level(7).MarshalText(); err == nil {
		t.Error("level 7 was written")
	}
}

func TestQuarantineWait(t *testing.T) {
	q := DefaultLimits().Quarantine
	for failures, minutes := range []int{0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60} {
		if got := int(q.Wait(failures).Minutes()); got != minutes {
			t.Errorf("after %d: %d minutes, want %d", failures, got, minutes)
		}
	}
}
