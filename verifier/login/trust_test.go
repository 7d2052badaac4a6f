package login

import (
	"errors"
	"testing"

	"lommebok.example/minid"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/fnr"
	"lommebok.example/verifier/presentation"
)

func TestOnlyWhatSufficesIsAskedFor(t *testing.T) {
	for level, want := range map[minid.Level][]string{
		minid.LevelHigh:        {pidSDJWT, pidMdoc},
		minid.LevelSubstantial: {pidSDJWT, pidMdoc, "no:minid:mpid:1"},
		minid.LevelLow:         {pidSDJWT, pidMdoc, "no:minid:mpid:1"},
	} {
		q, err := DefaultTrust().Query(level)
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Validate(); err != nil {
			t.Error(err)
		}
		var got []string
		for _, c := range q.Credentials {
			got = append(got, append(c.Meta.VCTValues, c.Meta.DoctypeValue)[0])
			if len(c.Claims) != 1 || c.Claims[0].Path[len(c.Claims[0].Path)-1] != number {
				t.Errorf("%s is asked for %v", c.ID, c.Claims)
			}
		}
		if len(got) != len(want) || len(q.CredentialSets) != 1 || len(q.CredentialSets[0].Options) != len(want) {
			t.Errorf("%s: %v, want one of %v", level, q, want)
		}
	}
	if _, err := (Trust{{dcql.FormatSDJWTVC, "x", minid.LevelLow}}).Query(minid.LevelHigh); !errors.Is(err, ErrTrust) {
		t.Errorf("nothing suffices: %v", err)
	}
}

func TestTrustRefused(t *testing.T) {
	if got, err := ParseTrust([]byte(`[{format: mso_mdoc, type: eu.europa.ec.eudi.pid.1, level: high}]`)); err != nil || len(got) != 1 || got[0].Level != minid.LevelHigh {
		t.Fatalf("%v, %v", got, err)
	}
	if err := DefaultTrust().Check(); err != nil {
		t.Error(err)
	}
	for name, raw := range map[string]string{
		"nothing":                    `[]`,
		"high without being a PID":   `[{format: dc+sd-jwt, type: "no:minid:mpid:1", level: high}]`,
		"no level":                   `[{format: dc+sd-jwt, type: "urn:eudi:pid:1"}]`,
		"level of another name":      `[{format: dc+sd-jwt, type: "urn:eudi:pid:1", level: highest}]`,
		"no type":                    `[{format: dc+sd-jwt, level: low}]`,
		"a format that nobody reads": `[{format: jwt_vc_json, type: x, level: low}]`,
		"a member that is unknown":   `[{format: dc+sd-jwt, type: x, level: low, claim: y}]`,
		"twice":                      `[{format: dc+sd-jwt, type: x, level: low}, {format: dc+sd-jwt, type: x, level: substantial}]`,
	} {
		if _, err := ParseTrust([]byte(raw)); !errors.Is(err, ErrTrust) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const (
	stjerne = "14846599313"
	karies  = "12865398148"

	ordinary = "15023990064" // born in 2039, so nobody's
	nav      = "21483609245"
)

func TestPersonOfAVerdict(t *testing.T) {
	mpid := presentation.Credential{Format: dcql.FormatSDJWTVC, Type: "no:minid:mpid:1", Claims: map[string]any{
		number: stjerne, "level": "high", "acr": "idporten-loa-high", // what it says of itself is nothing to us
	}}
	pid := presentation.Credential{Format: dcql.FormatMdoc, Type: pidMdoc, Claims: map[string]any{pidMdoc + "." + number: stjerne}}
	other := presentation.Credential{Format: dcql.FormatSDJWTVC, Type: pidSDJWT, Claims: map[string]any{number: karies}}
	with := func(c presentation.Credential, value any) presentation.Credential {
		c.Claims = map[string]any{number: value}
		return c
	}
	for name, c := range map[string]struct {
		shown []presentation.Credential
		level minid.Level // LevelNone: nobody
	}{
		"the MinID credential":          {[]presentation.Credential{mpid}, minid.LevelSubstantial},
		"a PID":                         {[]presentation.Credential{pid}, minid.LevelHigh},
		"both":                          {[]presentation.Credential{pid, mpid}, minid.LevelSubstantial},
		"of two people":                 {[]presentation.Credential{mpid, other}, minid.LevelNone},
		"a type that lets nobody in":    {[]presentation.Credential{{Format: dcql.FormatSDJWTVC, Type: "x", Claims: mpid.Claims}}, minid.LevelNone},
		"the type in another format":    {[]presentation.Credential{{Format: dcql.FormatMdoc, Type: pidSDJWT, Claims: mpid.Claims}}, minid.LevelNone},
		"no number":                     {[]presentation.Credential{with(mpid, nil)}, minid.LevelNone},
		"a number that is no number":    {[]presentation.Credential{with(mpid, "14846599314")}, minid.LevelNone},
		"a number that is not a string": {[]presentation.Credential{with(mpid, 14846599313)}, minid.LevelNone},
		"an ordinary number":            {[]presentation.Credential{with(mpid, ordinary)}, minid.LevelNone},
		"a number of another series":    {[]presentation.Credential{with(mpid, nav)}, minid.LevelNone},
		"nothing":                       {nil, minid.LevelNone},
	} {
		got, err := DefaultTrust().Person(&presentation.Verdict{Accepted: true, Credentials: c.shown}, fnr.Policy{})
		switch {
		case c.level == minid.LevelNone:
			if !errors.Is(err, ErrPerson) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		case err != nil || got.PID != stjerne || got.Level != c.level:
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	shown := &presentation.Verdict{Accepted: true, Credentials: []presentation.Credential{with(mpid, nav)}}
	if got, err := DefaultTrust().Person(shown, fnr.Policy{Synthetic: []fnr.Series{fnr.NAV}}); err != nil || got.PID != nav {
		t.Errorf("a series that the operator takes in: %+v, %v", got, err)
	}
	for name, v := range map[string]*presentation.Verdict{"none": nil, "refused": {Credentials: []presentation.Credential{pid}}} {
		if _, err := DefaultTrust().Person(v, fnr.Policy{}); !errors.Is(err, ErrPerson) {
			t.Errorf("verdict %s: %v", name, err)
		}
	}
	if got := DefaultTrust().Shown(&presentation.Verdict{Credentials: []presentation.Credential{{Type: "x"}, mpid}}); got != minid.LevelSubstantial {
		t.Errorf("shown %s", got)
	}
}
