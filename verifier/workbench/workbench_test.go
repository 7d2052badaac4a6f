package workbench_test

import (
	"slices"
	"strings"
	"testing"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/dcql"
	"lommebok.example/verifier/workbench"
)

func examples(t *testing.T) []workbench.Example {
	t.Helper()
	all, err := workbench.Examples()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The examples have the claims that the issuer gives credentials of their type, each of them and no other.
func TestExamplesAreAsTheIssuerMakesThem(t *testing.T) {
	types, err := credentials.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	all := examples(t)
	if len(all) < 5 {
		t.Fatalf("%d examples", len(all))
	}
	for _, e := range all {
		i := slices.IndexFunc(types.All(), func(k *credentials.Type) bool {
			return k.Format == e.Format && k.DocType == e.DocType && (k.VCT == "" || slices.Contains(e.VCT, k.VCT))
		})
		if i < 0 {
			t.Errorf("%s is of no type that is issued", e.ID)
			continue
		}
		known := map[string]bool{}
		for _, c := range types.All()[i].Claims {
			path := make([]any, len(c.Path))
			for i, name := range c.Path {
				path[i] = name
			}
			known[c.Path[len(c.Path)-1]] = true
			if _, err := dcql.Resolve(path, e.Claims); err != nil && c.Mandatory && !c.OfFormat() {
				t.Errorf("%s lacks %v", e.ID, c.Path)
			}
		}
		claims := e.Claims
		if e.Format == dcql.FormatMdoc {
			claims = claims[e.DocType].(map[string]any)
		}
		for name := range claims {
			if !known[name] {
				t.Errorf("%s has %s, which is not issued", e.ID, name)
			}
		}
	}
}

func TestRunTellsWhyNot(t *testing.T) {
	q, err := dcql.Parse([]byte(`{"credentials":[
		{"id":"pid","format":"dc+sd-jwt","meta":{"vct_values":["urn:eudi:pid:1"]},"claims":[{"path":["given_name"]},{"path":["nationalities",null],"values":["SE"]}]},
		{"id":"age","format":"mso_mdoc","meta":{"doctype_value":"eu.europa.ec.av.1"},"claims":[{"path":["eu.europa.ec.av.1","age_over_18"],"values":[true]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := workbench.Run(q, examples(t))
	if len(got.Sent) != 0 || len(got.Missing) == 0 || len(got.Queries) != 2 {
		t.Fatalf("%+v", got)
	}
	try := func(query int, example string) workbench.Try {
		tries := got.Queries[query].Tries
		return tries[slices.IndexFunc(tries, func(one workbench.Try) bool { return one.Example.ID == example })]
	}
	if one := try(0, "pid_sd_jwt"); !strings.Contains(one.Why, "nationalities") || !slices.Equal(one.Claims, []workbench.ClaimTry{{"given_name", true}, {"nationalities/*", false}}) {
		t.Errorf("%+v", one)
	}
	if one := try(0, "minid"); !strings.Contains(one.Why, "vct") || one.Claims != nil {
		t.Errorf("%+v", one)
	}
	if one := try(1, "proof_of_age"); one.Why != "" || len(one.Claims) != 1 || !one.Claims[0].OK {
		t.Errorf("%+v", one)
	}
	q.Credentials = q.Credentials[1:]
	if got = workbench.Run(q, examples(t)); len(got.Missing) != 0 || len(got.Sent) != 1 || got.Sent[0].CandidateID != "proof_of_age" {
		t.Errorf("%+v", got)
	}
}
