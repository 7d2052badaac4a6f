package relyingparty

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"lommebok.example/specs/dcql"
)

const partyWords = "{nb: a, nn: b, en: c}"

const goodParty = `
id: school
name: ` + partyWords + `
purposes: [{id: p, text: ` + partyWords + `}]
may_ask:
  - {format: dc+sd-jwt, types: [t], claims: [[role], [address, locality], [nationalities, null], [list, 1]]}
  - {format: mso_mdoc, types: [d], claims: [[n, e]]}
presets:
  pupil: {credentials: [{id: a, format: dc+sd-jwt, meta: {vct_values: [t]}, claims: [{path: [role]}]}]}
redirects: ["https://school.example/back"]
webhook: "https://school.example/hook"
client: {method: client_secret_basic}
`

func TestEmbeddedParties(t *testing.T) {
	all, err := EmbeddedParties()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"aldersgrense-demo", "lanekassen-demo", "skatteetaten-demo"} {
		p := all.ByID(id)
		if p == nil || len(p.Presets) == 0 {
			t.Errorf("%s: %+v", id, p)
		}
	}
	if all.ByID("nobody") != nil {
		t.Error("nobody is found")
	}
	if err := all.Add(fstest.MapFS{"x.yaml": {Data: []byte(strings.Replace(goodParty, "id: school", "id: lanekassen-demo", 1))}}); !errors.Is(err, ErrService) {
		t.Errorf("an id twice: %v", err)
	}
}

func TestParsePartyRefuses(t *testing.T) {
	if _, err := ParseParty([]byte(goodParty)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"an unknown member":           {"id: school", "id: school\nextra: 1"},
		"an id with other signs":      {"id: school", "id: A/.."},
		"a language missing":          {"name: " + partyWords, "name: {nb: a, nn: b}"},
		"a purpose without words":     {"text: " + partyWords, "text: {nb: a}"},
		"another format":              {"format: mso_mdoc", "format: jwt_vc_json"},
		"no type":                     {"types: [d]", "types: []"},
		"a path that is none":         {"[[n, e]]", "[[n, 1.5]]"},
		"an empty path":               {"[[n, e]]", "[[]]"},
		"a preset that asks too much": {"{path: [role]}", "{path: [grade]}"},
		"a preset with another name":  {"pupil: {cred", "Pupil: {cred"},
		"a preset that is no query":   {"{vct_values: [t]}", "{}"},
		"http in the network":         {"https://school.example/back", "http://school.example/back"},
		"a redirect with fragment":    {"https://school.example/back", "https://school.example/back#x"},
		"a redirect with #":           {"https://school.example/back", "https://school.example/back#"},
		"a webhook with #":            {"https://school.example/hook", "https://school.example/hook#"},
		"a webhook with a user":       {"https://school.example/hook", "https://a@school.example/hook"},
		"kept too long":               {"client:", "kept: 16m\nclient:"},
		"kept too short":              {"client:", "kept: 5m\nclient:"},
		"kept that is no duration":    {"client:", "kept: long\nclient:"},
		"a path to the certificate":   {"client:", "access: ../x\nclient:"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(goodParty, change[0]) {
				t.Fatalf("%q is not there to change", change[0])
			}
			_, err := ParseParty([]byte(strings.Replace(goodParty, change[0], change[1], 1)))
			if !errors.Is(err, ErrService) || strings.Contains(err.Error(), "%!") {
				t.Errorf("got %v, want ErrService", err)
			}
		})
	}
}

// A party asks for what its file allows, and the refusal names the claim.
func TestCheckNamesWhatIsTooMuch(t *testing.T) {
	p, err := ParseParty([]byte(goodParty))
	if err != nil {
		t.Fatal(err)
	}
	sdjwt := func(types, path string) string {
		return `{"credentials":[{"id":"q","format":"dc+sd-jwt","meta":{"vct_values":[` + types + `]},"claims":[{"path":` + path + `}]}]}`
	}
	for name, tt := range map[string]struct {
		query, claim string
		ok           bool
	}{
		"the claim":              {sdjwt(`"t"`, `["role"]`), "", true},
		"below the claim":        {sdjwt(`"t"`, `["role","since"]`), "", true},
		"another":                {sdjwt(`"t"`, `["birthdate"]`), "birthdate", false},
		"above the claim":        {sdjwt(`"t"`, `["address"]`), "address", false},
		"beside the claim":       {sdjwt(`"t"`, `["address","street"]`), "address/street", false},
		"every element":          {sdjwt(`"t"`, `["nationalities",null]`), "", true},
		"one element":            {sdjwt(`"t"`, `["nationalities",3]`), "", true},
		"a name for elements":    {sdjwt(`"t"`, `["nationalities","x"]`), "nationalities/x", false},
		"the element":            {sdjwt(`"t"`, `["list",1]`), "", true},
		"another element":        {sdjwt(`"t"`, `["list",2]`), "list/2", false},
		"all instead of one":     {sdjwt(`"t"`, `["list",null]`), "list/*", false},
		"another type":           {sdjwt(`"u"`, `["role"]`), "", false},
		"a type beside it":       {sdjwt(`"t","u"`, `["role"]`), "", false},
		"the type, other format": {`{"credentials":[{"id":"q","format":"mso_mdoc","meta":{"doctype_value":"t"}}]}`, "", false},
		"mdoc":                   {`{"credentials":[{"id":"q","format":"mso_mdoc","meta":{"doctype_value":"d"},"claims":[{"path":["n","e"]}]}]}`, "", true},
		"mdoc, another":          {`{"credentials":[{"id":"q","format":"mso_mdoc","meta":{"doctype_value":"d"},"claims":[{"path":["n","f"]}]}]}`, "n/f", false},
		"a format without type":  {`{"credentials":[{"id":"q","format":"ldp_vc","meta":{}}]}`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var q dcql.Query
			if err := json.Unmarshal([]byte(tt.query), &q); err != nil {
				t.Fatal(err)
			}
			err := p.Check(&q)
			var refused *NotPermittedError
			if (err == nil) != tt.ok || err != nil && !errors.As(err, &refused) {
				t.Fatalf("got %v", err)
			}
			if err != nil && (refused.Claim != tt.claim || refused.Query != "q" || len(refused.Expected) == 0 || !strings.Contains(err.Error(), tt.claim)) {
				t.Errorf("%+v", refused)
			}
		})
	}
}
