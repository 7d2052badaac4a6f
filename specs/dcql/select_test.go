package dcql

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	pidVCT     = "urn:example:pid"
	otherVCT   = "urn:example:other-pid"
	nameVCT    = "urn:example:name"
	addressVCT = "urn:example:address"
	cardVCT    = "urn:example:library-card"
	mdlDoc     = "org.iso.18013.5.1.mDL"
	mdlNS      = "org.iso.18013.5.1"
)

func sdJWTCandidate(t testing.TB, id, vct, claims string) Candidate {
	return Candidate{ID: id, Format: FormatSDJWTVC, VCT: []string{vct}, Claims: claimsOf(t, claims), HolderBound: true}
}

func wallet(t testing.TB) []Candidate {
	return []Candidate{
		sdJWTCandidate(t, "pid", pidVCT, `{"family_name":"Skog","given_name":"Kari","birthdate":"2001-02-03","address":{"street_address":"Storgata 1","postal_code":"8006"}}`),
		sdJWTCandidate(t, "name", nameVCT, `{"family_name":"Skog","given_name":"Kari"}`),
		sdJWTCandidate(t, "address", addressVCT, `{"postal_code":"8006","town":"Bodø"}`),
		{ID: "mdl", Format: FormatMdoc, DocType: mdlDoc, HolderBound: true, Claims: map[string]any{
			mdlNS: map[string]any{"family_name": "Skog", "age_over_18": true, "height": uint64(171)}}},
	}
}

func ids(matches []Match) (out []string) {
	for _, m := range matches {
		out = append(out, m.CredentialQueryID+"="+m.CandidateID)
	}
	return out
}

func vctQuery(id, vct, rest string) string {
	return `{"id":"` + id + `","format":"dc+sd-jwt","meta":{"vct_values":["` + vct + `"]}` + rest + `}`
}

func TestSection642Credentials(t *testing.T) {
	pid := vctQuery("pid", pidVCT, `,"claims":[{"path":["given_name"]},{"path":["family_name"]},{"path":["address","street_address"]}]`)
	other := vctQuery("other", otherVCT, `,"claims":[{"path":["given_name"]}]`)
	name := vctQuery("name", nameVCT, `,"claims":[{"path":["family_name"]},{"path":["given_name"]}]`)
	address := vctQuery("address", addressVCT, `,"claims":[{"path":["postal_code"]},{"path":["town"]}]`)
	card := vctQuery("card", cardVCT, `,"claims":[{"path":["number"]}]`)
	mdl := `{"id":"mdl","format":"mso_mdoc","meta":{"doctype_value":"` + mdlDoc + `"},"claims":[{"path":["` + mdlNS + `","family_name"]}]}`
	query := func(sets string, creds ...string) string {
		if sets != "" {
			sets = `,"credential_sets":` + sets
		}
		return `{"credentials":[` + strings.Join(creds, ",") + `]` + sets + `}`
	}
	cases := []struct {
		name, query string
		want        []string // nil: ErrNoMatch
	}{
		{"one credential", query("", pid), []string{"pid=pid"}},
		{"all of several, in both formats", query("", pid, mdl), []string{"pid=pid", "mdl=mdl"}},
		{"one of several is missing: nothing", query("", pid, card), nil},
		{"two queries, one credential", query("", pid, vctQuery("again", pidVCT, ``)), []string{"pid=pid", "again=pid"}},
		{"the first option that can be had", query(`[{"options":[["other"],["name","address"],["pid"]]}]`, pid, other, name, address), []string{"name=name", "address=address"}},
		{"an optional set that cannot be had is left out", query(`[{"options":[["pid"]]},{"required":false,"options":[["card"]]}]`, pid, card), []string{"pid=pid"}},
		{"an optional set that can be had comes along", query(`[{"options":[["pid"]]},{"required":false,"options":[["card"],["mdl"]]}]`, pid, card, mdl), []string{"pid=pid", "mdl=mdl"}},
		{"a query in no set is not sent", query(`[{"options":[["name"]]}]`, pid, name), []string{"name=name"}},
		{"sets that share a credential", query(`[{"options":[["pid"]]},{"options":[["pid","name"]]}]`, pid, name), []string{"pid=pid", "name=name"}},
		{"the order is that of credentials", query(`[{"options":[["mdl","pid"]]}]`, pid, mdl), []string{"pid=pid", "mdl=mdl"}},
		{"a required set that cannot be had: nothing", query(`[{"options":[["pid"]]},{"options":[["card"],["other","pid"]]}]`, pid, card, other), nil},
		{"only optional sets, none to be had", query(`[{"required":false,"options":[["card"]]}]`, card), nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := mustParse(t, c.query).Select(wallet(t))
			if c.want == nil {
				if !errors.Is(err, ErrNoMatch) || got != nil || len(Reasons(err)) == 0 {
					t.Fatalf("got %v, %v", ids(got), err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(ids(got), c.want) {
				t.Fatalf("got %v, %v; want %v", ids(got), err, c.want)
			}
		})
	}
}

func TestSection641Claims(t *testing.T) {
	held := claimsOf(t, `{"a":"1","b":"2","list":["no","se","no"],"deep":[{"x":"p"},{"x":"q"}],"n":6}`)
	five := `"claims":[{"id":"a","path":["a"]},{"id":"b","path":["b"]},{"id":"c","path":["c"]},{"id":"v","path":["b"],"values":["9"]},{"id":"w","path":["b"],"values":["2"]}]`
	cases := []struct {
		name, rest string
		want       [][]any
		match      bool
	}{
		{"no claims: none to disclose", ``, nil, true},
		{"all claims listed", `"claims":[{"path":["a"]},{"path":["list",null]}]`, [][]any{{"a"}, {"list", nil}}, true},
		{"one claim missing", `"claims":[{"path":["a"]},{"path":["c"]}]`, nil, false},
		{"a duplicate is ignored", `"claims":[{"path":["a"]},{"path":["a"]}]`, [][]any{{"a"}}, true},
		{"a duplicate is ignored with its values", `"claims":[{"path":["a"]},{"path":["a"],"values":["9"]}]`, [][]any{{"a"}}, true},
		{"the wanted value", `"claims":[{"path":["n"],"values":[5,6]}]`, [][]any{{"n"}}, true},
		{"another value counts as absent", `"claims":[{"path":["n"],"values":["6"]}]`, nil, false},
		{"wanted elements of an array alone", `"claims":[{"path":["list",null],"values":["no"]}]`, [][]any{{"list", 0}, {"list", 2}}, true},
		{"wanted elements in depth", `"claims":[{"path":["deep",null,"x"],"values":["q"]}]`, [][]any{{"deep", 1, "x"}}, true},
		{"the first set", five + `,"claim_sets":[["a","b"],["a"]]`, [][]any{{"a"}, {"b"}}, true},
		{"the first set that can be had", five + `,"claim_sets":[["a","c"],["b"],["a"]]`, [][]any{{"b"}}, true},
		{"a value rules a set out", five + `,"claim_sets":[["a","v"],["w","a"]]`, [][]any{{"b"}, {"a"}}, true},
		{"the same path under two ids", five + `,"claim_sets":[["b","w"]]`, [][]any{{"b"}}, true},
		{"no set can be had", five + `,"claim_sets":[["c"],["v"]]`, nil, false},
		{"an empty set asks for none", five + `,"claim_sets":[["c"],[]]`, nil, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			members := sdJWT
			if c.rest != "" {
				members += "," + c.rest
			}
			q := mustParse(t, credential(members))
			paths, err := q.Credentials[0].Match(Candidate{Format: FormatSDJWTVC, VCT: []string{"urn:example:x"}, Claims: held, HolderBound: true})
			if (err == nil) != c.match || !reflect.DeepEqual(paths, c.want) {
				t.Fatalf("got %v, %v; want %v", paths, err, c.want)
			}
			if err != nil && !errors.Is(err, ErrNoMatch) {
				t.Fatal(err)
			}
		})
	}
}

func TestSection61Match(t *testing.T) {
	plain := credential(sdJWT)
	mdoc := credential(mdocDoc)
	aki := credential(sdJWT + `,"trusted_authorities":[{"type":"etsi_tl","values":["https://list.example"]},{"type":"aki","values":["AAAA","BBBB"]}]`)
	etsi := credential(sdJWT + `,"trusted_authorities":[{"type":"etsi_tl","values":["BBBB"]}]`)
	unbound := credential(sdJWT + `,"require_cryptographic_holder_binding":false`)
	x := []string{"urn:example:x"}
	cases := []struct {
		name, query string
		k           Candidate
		match       bool
	}{
		{"type", plain, Candidate{Format: FormatSDJWTVC, VCT: x, HolderBound: true}, true},
		{"a type it extends (B.3.5)", plain, Candidate{Format: FormatSDJWTVC, VCT: []string{"urn:example:narrow", x[0]}, HolderBound: true}, true},
		{"another type", plain, Candidate{Format: FormatSDJWTVC, VCT: []string{"urn:example:X"}, HolderBound: true}, false},
		{"no type", plain, Candidate{Format: FormatSDJWTVC, HolderBound: true}, false},
		{"another format", plain, Candidate{Format: FormatMdoc, VCT: x, HolderBound: true}, false},
		{"doctype (B.2.3)", mdoc, Candidate{Format: FormatMdoc, DocType: "x.y.z", HolderBound: true}, true},
		{"another doctype", mdoc, Candidate{Format: FormatMdoc, DocType: "x.y", HolderBound: true}, false},
		{"a format without rules", credential(`"id":"c","format":"ldp_vc","meta":{}`), Candidate{Format: "ldp_vc", HolderBound: true}, false},
		{"not bound", plain, Candidate{Format: FormatSDJWTVC, VCT: x}, false},
		{"not bound, and need not be", unbound, Candidate{Format: FormatSDJWTVC, VCT: x}, true},
		{"bound, and need not be", unbound, Candidate{Format: FormatSDJWTVC, VCT: x, HolderBound: true}, true},
		{"an authority of the chain (6.1.1.1)", aki, Candidate{Format: FormatSDJWTVC, VCT: x, HolderBound: true, AuthorityKeyIDs: []string{"CCCC", "BBBB"}}, true},
		{"no authority of the chain", aki, Candidate{Format: FormatSDJWTVC, VCT: x, HolderBound: true, AuthorityKeyIDs: []string{"CCCC"}}, false},
		{"no chain", aki, Candidate{Format: FormatSDJWTVC, VCT: x, HolderBound: true}, false},
		{"a type of authority not supported", etsi, Candidate{Format: FormatSDJWTVC, VCT: x, HolderBound: true, AuthorityKeyIDs: []string{"BBBB"}}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := mustParse(t, c.query).Credentials[0].Match(c.k); (err == nil) != c.match {
				t.Fatal(err)
			}
		})
	}
}

func TestSection61Multiple(t *testing.T) {
	cands := []Candidate{
		sdJWTCandidate(t, "1", cardVCT, `{"number":1}`),
		sdJWTCandidate(t, "2", cardVCT, `{}`),
		sdJWTCandidate(t, "3", cardVCT, `{"number":3}`),
	}
	rest := `,"claims":[{"path":["number"]}]`
	got, err := mustParse(t, `{"credentials":[`+vctQuery("c", cardVCT, rest)+`]}`).Select(cands)
	if err != nil || !slices.Equal(ids(got), []string{"c=1"}) {
		t.Errorf("one is asked for: %v, %v", ids(got), err)
	}
	got, err = mustParse(t, `{"credentials":[`+vctQuery("c", cardVCT, rest+`,"multiple":true`)+`]}`).Select(cands)
	if err != nil || !slices.Equal(ids(got), []string{"c=1", "c=3"}) {
		t.Errorf("multiple: %v, %v", ids(got), err)
	}
}

func TestReasonsTellWhatFailed(t *testing.T) {
	q := mustParse(t, `{"credentials":[`+vctQuery("pid", pidVCT, `,"claims":[{"path":["address","postal_code"],"values":["0001"]}]`)+`]}`)
	_, err := q.Select(wallet(t))
	reasons := Reasons(err)
	if len(reasons) != len(wallet(t)) {
		t.Fatalf("got %v", reasons)
	}
	if r := reasons[0]; r.CredentialQueryID != "pid" || r.CandidateID != "pid" || !strings.Contains(r.Text, "address/postal_code") {
		t.Errorf("got %+v", r)
	}
	if !strings.Contains(err.Error(), "pid: the vct") || strings.Contains(err.Error(), "8006") || strings.Contains(err.Error(), "Skog") {
		t.Errorf("got %q", err)
	}
	if _, err := q.Select(nil); !strings.Contains(err.Error(), "the wallet is empty") {
		t.Errorf("got %v", err)
	}
	if Reasons(ErrNoMatch) != nil {
		t.Error("reasons out of nothing")
	}
}
