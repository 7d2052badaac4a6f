package sdjwt

import (
	"errors"
	"strings"
	"testing"
)

func TestParseKeepsTheParts(t *testing.T) {
	claim, element := disclosure(`["salt", "name" ,{"a":[1,null]}]`), disclosure(`["salt2","value"]`)
	text := unsigned(`{}`, claim, element) + "kb.kb.kb"
	s, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if s.String() != text || s.KeyBinding != "kb.kb.kb" || len(s.Disclosures) != 2 {
		t.Fatalf("got %+v", s)
	}
	first, second := s.Disclosures[0], s.Disclosures[1]
	if first.Name != "name" || first.Salt != "salt" || first.ArrayElement || first.Encoded != claim {
		t.Errorf("claim: %+v", first)
	}
	if second.Value != "value" || second.Salt != "salt2" || !second.ArrayElement {
		t.Errorf("element: %+v", second)
	}
}

func TestParseRefuses(t *testing.T) {
	good := disclosure(`["salt","name","value"]`)
	jwt := strings.TrimSuffix(unsigned(`{}`), "~")
	for rule, c := range map[string]struct {
		text string
		want error
	}{
		"empty":                              {"", ErrMalformed},
		"no tilde at all":                    {jwt, ErrMalformed},
		"no final tilde":                     {jwt + "~" + good, ErrMalformed},
		"no issuer JWT":                      {"~" + good + "~", ErrMalformed},
		"issuer part is not a JWT":           {"a.b~" + good + "~", ErrMalformed},
		"issuer part with four parts":        {"a.b.c.d~", ErrMalformed},
		"issuer part with an empty part":     {"a..c~", ErrMalformed},
		"two tildes together":                {jwt + "~~", ErrMalformed},
		"two tildes between":                 {jwt + "~" + good + "~~" + good + "~", ErrMalformed},
		"key binding that is not a JWT":      {jwt + "~kb", ErrMalformed},
		"disclosure not base64url":           {unsigned(`{}`, "a+b/"), ErrDisclosure},
		"disclosure with padding":            {unsigned(`{}`, disclosure(`["s","n",1] `)+"="), ErrDisclosure},
		"disclosure not canonical":           {unsigned(`{}`, "WyJzIiwxXR"), ErrDisclosure}, // last bits not zero
		"disclosure with a line break":       {unsigned(`{}`, good[:8]+"\n"+good[8:]), ErrDisclosure},
		"disclosure is not JSON":             {unsigned(`{}`, disclosure(`["s","n"`)), ErrDisclosure},
		"disclosure with trailing data":      {unsigned(`{}`, disclosure(`["s","n",1] 2`)), ErrDisclosure},
		"disclosure with duplicate members":  {unsigned(`{}`, disclosure(`["s","n",{"a":1,"a":2}]`)), ErrDisclosure},
		"disclosure not UTF-8":               {unsigned(`{}`, disclosure("[\"s\",\"n\",\"\xff\"]")), ErrDisclosure},
		"disclosure is an object":            {unsigned(`{}`, disclosure(`{"s":1}`)), ErrDisclosure},
		"disclosure of one element":          {unsigned(`{}`, disclosure(`["s"]`)), ErrDisclosure},
		"disclosure of four elements":        {unsigned(`{}`, disclosure(`["s","n",1,2]`)), ErrDisclosure},
		"salt is a number":                   {unsigned(`{}`, disclosure(`[1,"n",1]`)), ErrDisclosure},
		"claim name is a number":             {unsigned(`{}`, disclosure(`["s",1,1]`)), ErrDisclosure},
		"disclosure nested too deeply":       {unsigned(`{}`, disclosure(`["s",`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`]`)), ErrDisclosure},
		"513 disclosures":                    {jwt + strings.Repeat("~"+good, 513) + "~", ErrTooLarge},
		"100 000 disclosures":                {jwt + strings.Repeat("~"+good, 100_000) + "~", ErrTooLarge},
		"100 000 tildes":                     {jwt + strings.Repeat("~", 100_000), ErrTooLarge},
		"larger than 256 KiB":                {jwt + "~" + strings.Repeat("A", MaxSize) + "~", ErrTooLarge},
		"100 000 disclosures, key binding":   {jwt + strings.Repeat("~a", 100_000) + "~kb.kb.kb", ErrTooLarge},
		"white space before":                 {" ~" + good + "~", ErrMalformed},
		"disclosure where the JWT should be": {good + "~" + good + "~", ErrMalformed},
	} {
		if _, err := Parse(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
}

// A refusal by size looks at no disclosure: it allocates no more than its error.
func TestManyDisclosuresAreRefusedBeforeTheyAreRead(t *testing.T) {
	text := unsigned(`{}`) + strings.Repeat("~", 100_000)
	if n := testing.AllocsPerRun(10, func() { _, _ = Parse(text) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
}
