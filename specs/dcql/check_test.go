package dcql

import (
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func presentedPID(t testing.TB) Presented {
	return Presented{Format: FormatSDJWTVC, VCT: pidVCT, HolderBound: true, AuthorityKeyIDs: []string{"AAAA"},
		Claims: claimsOf(t, `{"vct":"`+pidVCT+`","family_name":"Skog","nationalities":["NO"],"grid":[["a"]],"postal_code":"8006"}`)}
}

func TestSection86OnePresentation(t *testing.T) {
	ok := func(*Presented) {}
	cases := []struct {
		name, rest string
		change     func(*Presented)
		lacking    string // "" : all checks hold
	}{
		{"no claims asked for", ``, ok, ""},
		{"claims came", `"claims":[{"path":["family_name"]},{"path":["nationalities",null]}]`, ok, ""},
		{"a claim did not come", `"claims":[{"path":["family_name"]},{"path":["birthdate"]}]`, ok, "birthdate"},
		{"a wanted value", `"claims":[{"path":["postal_code"],"values":["8006"]}]`, ok, ""},
		{"another value", `"claims":[{"path":["postal_code"],"values":["0001"]}]`, ok, "postal_code"},
		{"an element that moved forward, for others were kept back", `"claims":[{"path":["nationalities",2]}]`, ok, ""},
		{"it moved, with a wanted value", `"claims":[{"path":["nationalities",2],"values":["NO"]}]`, ok, ""},
		{"it moved, with another value", `"claims":[{"path":["nationalities",2],"values":["SE"]}]`, ok, "nationalities/2"},
		{"moved twice", `"claims":[{"path":["grid",1,3]}]`, ok, ""},
		{"an index into what is no array", `"claims":[{"path":["family_name",0]}]`, ok, "family_name/0"},
		{"second claim set", `"claims":[{"id":"a","path":["birthdate"]},{"id":"b","path":["family_name"]}],"claim_sets":[["a"],["b"]]`, ok, ""},
		{"no claim set", `"claims":[{"id":"a","path":["birthdate"]},{"id":"b","path":["family_name"]}],"claim_sets":[["a","b"]]`, ok, "claim_sets"},
		{"another type", ``, func(p *Presented) { p.VCT = otherVCT }, "vct"},
		{"another format", ``, func(p *Presented) { p.Format = FormatMdoc }, "format"},
		{"not bound", ``, func(p *Presented) { p.HolderBound = false }, "holder binding"},
		{"not bound, and need not be", `"require_cryptographic_holder_binding":false`, func(p *Presented) { p.HolderBound = false }, ""},
		{"authority", `"trusted_authorities":[{"type":"aki","values":["AAAA"]}]`, ok, ""},
		{"another authority", `"trusted_authorities":[{"type":"aki","values":["BBBB"]}]`, ok, "trusted_authorities"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.rest != "" {
				c.rest = "," + c.rest
			}
			q := mustParse(t, `{"credentials":[`+vctQuery("pid", pidVCT, c.rest)+`]}`)
			p := presentedPID(t)
			c.change(&p)
			findings := q.Check(map[string][]Presented{"pid": {p}})
			if Satisfied(findings) != (c.lacking == "") {
				t.Fatalf("got %+v", findings)
			}
			if c.lacking != "" && !told(findings, "pid", c.lacking) {
				t.Fatalf("no finding speaks of %q: %+v", c.lacking, findings)
			}
		})
	}
}

func told(findings []Finding, id, word string) bool {
	for _, f := range findings {
		if !f.OK && f.CredentialQueryID == id && strings.Contains(f.Reason, word) {
			return true
		}
	}
	return false
}

func TestSection86MdocIndexIsExact(t *testing.T) {
	q := mustParse(t, credential(mdocDoc+`,"claims":[{"path":["ns","e"]}]`))
	p := Presented{Format: FormatMdoc, DocType: "x.y.z", HolderBound: true, Claims: map[string]any{"ns": map[string]any{"e": 1}}}
	if f := q.Check(map[string][]Presented{"c": {p}}); !Satisfied(f) {
		t.Errorf("got %+v", f)
	}
	p.Claims = map[string]any{"ns": map[string]any{"f": 1}}
	if f := q.Check(map[string][]Presented{"c": {p}}); Satisfied(f) {
		t.Errorf("got %+v", f)
	}
}

func TestSection86TheWholeAnswer(t *testing.T) {
	pid, card := vctQuery("pid", pidVCT, ""), vctQuery("card", cardVCT, `,"multiple":true`)
	good := presentedPID(t)
	goodCard := Presented{Format: FormatSDJWTVC, VCT: cardVCT, HolderBound: true}
	bad := good
	bad.VCT = otherVCT
	cases := []struct {
		name, sets string
		got        map[string][]Presented
		id, word   string // of a negative finding; word "" : satisfied
	}{
		{"both came", "", map[string][]Presented{"pid": {good}, "card": {goodCard}}, "", ""},
		{"several, where multiple is asked for", "", map[string][]Presented{"pid": {good}, "card": {goodCard, goodCard}}, "", ""},
		{"several, where one is asked for", "", map[string][]Presented{"pid": {good, good}, "card": {goodCard}}, "pid", "2 presentations"},
		{"one of several is wrong", "", map[string][]Presented{"pid": {good}, "card": {goodCard, bad}}, "card", "presentation 2"},
		{"one is missing", "", map[string][]Presented{"pid": {good}}, "card", "did not come"},
		{"nothing came", "", nil, "pid", "did not come"},
		{"an empty array", "", map[string][]Presented{"pid": {}, "card": {goodCard}}, "pid", "empty"},
		{"one nobody asked for", "", map[string][]Presented{"pid": {good}, "card": {goodCard}, "x": {good}}, "", "no Credential Query"},
		{"one option", `[{"options":[["card"],["pid"]]}]`, map[string][]Presented{"pid": {good}}, "", ""},
		{"half an option", `[{"options":[["card","pid"]]}]`, map[string][]Presented{"pid": {good}}, "", "credential_sets[0]"},
		{"an option whose presentation fails", `[{"options":[["pid"]]}]`, map[string][]Presented{"pid": {bad}}, "", "credential_sets[0]"},
		{"an optional set stays open", `[{"options":[["pid"]]},{"options":[["card"]],"required":false}]`, map[string][]Presented{"pid": {good}}, "", ""},
		{"only optional sets, nothing came", `[{"options":[["card"]],"required":false}]`, nil, "", ""},
		{"the required set stays open", `[{"options":[["pid"]],"required":false},{"options":[["card"]]}]`, map[string][]Presented{"pid": {good}}, "", "credential_sets[1]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			raw := `{"credentials":[` + pid + `,` + card + `]`
			if c.sets != "" {
				raw += `,"credential_sets":` + c.sets
			}
			findings := mustParse(t, raw+"}").Check(c.got)
			if Satisfied(findings) != (c.word == "") {
				t.Fatalf("got %+v", findings)
			}
			if c.word != "" && !told(findings, c.id, c.word) {
				t.Fatalf("no finding speaks of %q: %+v", c.word, findings)
			}
		})
	}
	if Satisfied(nil) {
		t.Error("no finding satisfies nothing")
	}
}

// What the wallet chooses satisfies the verifier, when exactly the chosen top-level
// claims are disclosed.
func TestWalletSatisfiesVerifier(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	rapid.Check(t, func(t *rapid.T) {
		held := map[string]any{}
		for _, n := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]).Draw(t, "held") {
			held[n] = rapid.SampledFrom([]string{"1", "2"}).Draw(t, "value")
		}
		c := CredentialQuery{ID: "c", Format: FormatSDJWTVC, Meta: Meta{VCTValues: []string{"x"}}}
		for _, n := range names {
			claim := ClaimsQuery{ID: n, Path: []any{n}}
			if rapid.Bool().Draw(t, "with value") {
				claim.Values = []any{"1"}
			}
			c.Claims = append(c.Claims, claim)
		}
		c.ClaimSets = rapid.SliceOfN(rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]), 1, 3).Draw(t, "sets")
		q := &Query{Credentials: []CredentialQuery{c}}
		if err := q.Validate(); err != nil {
			t.Fatal(err)
		}
		chosen, err := q.Select([]Candidate{{ID: "k", Format: FormatSDJWTVC, VCT: []string{"x"}, Claims: held, HolderBound: true}})
		sent := map[string]any{}
		if err == nil {
			for _, p := range chosen[0].Paths {
				sent[p[0].(string)] = held[p[0].(string)]
			}
		} else {
			maps.Copy(sent, held)
		}
		findings := q.Check(map[string][]Presented{"c": {{Format: FormatSDJWTVC, VCT: "x", Claims: sent, HolderBound: true}}})
		if Satisfied(findings) != (err == nil) {
			t.Fatalf("the wallet says %v, the verifier %+v", err, findings)
		}
	})
}
