package dcql

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// A query that uses every member of sections 6.1 to 6.3.
const wholeQuery = `{
 "credentials": [
  {"id": "id_1", "format": "dc+sd-jwt", "multiple": true,
   "meta": {"vct_values": ["urn:example:student", "urn:example:pupil"], "later": 1},
   "trusted_authorities": [{"type": "aki", "values": ["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}, {"type": "etsi_tl", "values": ["https://list.example"]}],
   "require_cryptographic_holder_binding": false,
   "claims": [
    {"id": "a", "path": ["school", "name"]},
    {"id": "b", "path": ["grades", null, 0], "values": ["A", 6, true, -3]}
   ],
   "claim_sets": [["a", "b"], ["a"]]},
  {"id": "ID-2", "format": "mso_mdoc", "meta": {"doctype_value": "org.iso.18013.5.1.mDL"},
   "claims": [{"path": ["org.iso.18013.5.1", "portrait"], "intent_to_retain": true}]}
 ],
 "credential_sets": [{"options": [["id_1"], ["ID-2"]], "required": false}, {"options": [["id_1", "ID-2"]]}],
 "unknown": {"anything": []}
}`

func mustParse(t testing.TB, raw string) *Query {
	t.Helper()
	q, err := Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestSection6EveryMember(t *testing.T) {
	q := mustParse(t, wholeQuery)
	yes, no := true, false
	want := &Query{
		Credentials: []CredentialQuery{
			{ID: "id_1", Format: FormatSDJWTVC, Multiple: true, RequireHolderBinding: &no,
				Meta: Meta{VCTValues: []string{"urn:example:student", "urn:example:pupil"}},
				TrustedAuthorities: []TrustedAuthority{
					{TypeAKI, []string{"s9tIpPmhxdiuNkHMEWNpYim8S8Y"}},
					{"etsi_tl", []string{"https://list.example"}}},
				Claims: []ClaimsQuery{
					{ID: "a", Path: []any{"school", "name"}},
					{ID: "b", Path: []any{"grades", nil, 0}, Values: []any{"A", json.Number("6"), true, json.Number("-3")}}},
				ClaimSets: [][]string{{"a", "b"}, {"a"}}},
			{ID: "ID-2", Format: FormatMdoc, Meta: Meta{DoctypeValue: "org.iso.18013.5.1.mDL"},
				Claims: []ClaimsQuery{{Path: []any{"org.iso.18013.5.1", "portrait"}, IntentToRetain: &yes}}},
		},
		CredentialSets: []CredentialSetQuery{
			{Options: [][]string{{"id_1"}, {"ID-2"}}, Required: &no},
			{Options: [][]string{{"id_1", "ID-2"}}}},
	}
	if !reflect.DeepEqual(q, want) {
		t.Fatalf("got  %+v\nwant %+v", q, want)
	}
	if q.Credentials[0].HolderBindingRequired() || !q.Credentials[1].HolderBindingRequired() {
		t.Error("holder binding is required unless the query says otherwise (section 6.1)")
	}
	if q.CredentialSets[0].IsRequired() || !q.CredentialSets[1].IsRequired() {
		t.Error("a set is required unless the query says otherwise (section 6.2)")
	}
}

func TestQueryReadsBack(t *testing.T) {
	q := mustParse(t, wholeQuery)
	raw, err := json.Marshal(map[string]any{"dcql_query": q})
	if err != nil {
		t.Fatal(err)
	}
	var outer struct {
		Query *Query `json:"dcql_query"`
	}
	if err := json.Unmarshal(raw, &outer); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(outer.Query, q) {
		t.Fatalf("%s", raw)
	}
	if err := json.Unmarshal([]byte(`{"dcql_query":{"credentials":[]}}`), &outer); !errors.Is(err, ErrEmpty) {
		t.Fatalf("a query inside another value passed unchecked: %v", err)
	}
}

// credential stands in for a query with one Credential Query of these members.
func credential(members string) string { return `{"credentials":[{` + members + `}]}` }

const (
	sdJWT   = `"id":"c","format":"dc+sd-jwt","meta":{"vct_values":["urn:example:x"]}`
	mdocDoc = `"id":"c","format":"mso_mdoc","meta":{"doctype_value":"x.y.z"}`
)

func TestSection6Refusals(t *testing.T) {
	claims := func(c string) string { return credential(sdJWT + `,"claims":` + c) }
	sets := func(s string) string {
		return `{"credentials":[{` + sdJWT + `}],"credential_sets":` + s + `}`
	}
	cases := []struct {
		name, raw string
		want      error
	}{
		{"6 empty text", ``, ErrMalformed},
		{"6 array", `[]`, ErrMalformed},
		{"6 null", `null`, ErrMalformed},
		{"6 trailing data", credential(sdJWT) + `{}`, ErrMalformed},
		{"6 duplicate member", `{"credentials":[{` + sdJWT + `,"format":"dc+sd-jwt"}]}`, ErrMalformed},
		{"6 no credentials", `{}`, ErrMember},
		{"6 credentials null", `{"credentials":null}`, ErrMember},
		{"6 credentials empty", `{"credentials":[]}`, ErrEmpty},
		{"6 credentials of strings", `{"credentials":["c"]}`, ErrMember},
		{"6 credential_sets empty", sets(`[]`), ErrEmpty},
		{"6 credential_sets null", sets(`null`), ErrMember},
		{"6 credential_sets object", sets(`{}`), ErrMember},
		{"6.1 no id", credential(`"format":"dc+sd-jwt","meta":{"vct_values":["x"]}`), ErrMember},
		{"6.1 id empty", credential(`"id":"","format":"dc+sd-jwt","meta":{"vct_values":["x"]}`), ErrEmpty},
		{"6.1 id number", credential(`"id":1,"format":"dc+sd-jwt","meta":{"vct_values":["x"]}`), ErrMember},
		{"6.1 id with a dot", credential(`"id":"a.b","format":"dc+sd-jwt","meta":{"vct_values":["x"]}`), ErrID},
		{"6.1 id not ASCII", credential(`"id":"å","format":"dc+sd-jwt","meta":{"vct_values":["x"]}`), ErrID},
		{"6.1 id twice", `{"credentials":[{` + sdJWT + `},{` + mdocDoc + `}]}`, ErrDuplicate},
		{"6.1 no format", credential(`"id":"c","meta":{}`), ErrMember},
		{"6.1 no meta", credential(`"id":"c","format":"dc+sd-jwt"`), ErrMember},
		{"6.1 meta null", credential(`"id":"c","format":"dc+sd-jwt","meta":null`), ErrMember},
		{"6.1 multiple text", credential(sdJWT + `,"multiple":"true"`), ErrMember},
		{"6.1 multiple null", credential(sdJWT + `,"multiple":null`), ErrMember},
		{"6.1 holder binding number", credential(sdJWT + `,"require_cryptographic_holder_binding":0`), ErrMember},
		{"6.1 claims empty", claims(`[]`), ErrEmpty},
		{"6.1 claims null", claims(`null`), ErrMember},
		{"6.1 claim_sets empty", claims(`[{"id":"a","path":["x"]}],"claim_sets":[]`), ErrEmpty},
		{"6.1 claim_sets of strings", claims(`[{"id":"a","path":["x"]}],"claim_sets":["a"]`), ErrMember},
		{"6.1 claim_sets of numbers", claims(`[{"id":"a","path":["x"]}],"claim_sets":[[1]]`), ErrMember},
		{"6.1 claim_sets unknown id", claims(`[{"id":"a","path":["x"]}],"claim_sets":[["a","b"]]`), ErrReference},
		{"6.1.1 authorities empty", credential(sdJWT + `,"trusted_authorities":[]`), ErrEmpty},
		{"6.1.1 no type", credential(sdJWT + `,"trusted_authorities":[{"values":["x"]}]`), ErrMember},
		{"6.1.1 no values", credential(sdJWT + `,"trusted_authorities":[{"type":"aki"}]`), ErrMember},
		{"6.1.1 values empty", credential(sdJWT + `,"trusted_authorities":[{"type":"aki","values":[]}]`), ErrEmpty},
		{"6.1.1 value number", credential(sdJWT + `,"trusted_authorities":[{"type":"aki","values":[1]}]`), ErrMember},
		{"6.2 no options", sets(`[{}]`), ErrMember},
		{"6.2 options empty", sets(`[{"options":[]}]`), ErrEmpty},
		{"6.2 an option empty", sets(`[{"options":[[]]}]`), ErrEmpty},
		{"6.2 an option text", sets(`[{"options":["c"]}]`), ErrMember},
		{"6.2 unknown id", sets(`[{"options":[["c"],["d"]]}]`), ErrReference},
		{"6.2 empty id", sets(`[{"options":[[""]]}]`), ErrReference},
		{"6.2 required text", sets(`[{"options":[["c"]],"required":"no"}]`), ErrMember},
		{"6.3 claim without id, claim_sets there", claims(`[{"path":["x"]}],"claim_sets":[["a"]]`), ErrMember},
		{"6.3 claim id twice", claims(`[{"id":"a","path":["x"]},{"id":"a","path":["y"]}]`), ErrDuplicate},
		{"6.3 claim id with a space", claims(`[{"id":"a b","path":["x"]}]`), ErrID},
		{"6.3 claim id empty", claims(`[{"id":"","path":["x"]}]`), ErrEmpty},
		{"6.3 values empty", claims(`[{"path":["x"],"values":[]}]`), ErrEmpty},
		{"6.3 values text", claims(`[{"path":["x"],"values":"a"}]`), ErrMember},
		{"6.3 value null", claims(`[{"path":["x"],"values":[null]}]`), ErrValues},
		{"6.3 value object", claims(`[{"path":["x"],"values":[{}]}]`), ErrValues},
		{"6.3 value array", claims(`[{"path":["x"],"values":[["a"]]}]`), ErrValues},
		{"6.3 value fraction", claims(`[{"path":["x"],"values":[1.5]}]`), ErrValues},
		{"6.3 value exponent", claims(`[{"path":["x"],"values":[1e3]}]`), ErrValues},
		{"6.4.1 claim_sets without claims", credential(sdJWT + `,"claim_sets":[["a"]]`), ErrClaimSets},
		{"7 no path", claims(`[{"id":"a"}]`), ErrMember},
		{"7 path empty", claims(`[{"path":[]}]`), ErrEmpty},
		{"7 path text", claims(`[{"path":"x"}]`), ErrMember},
		{"7 path negative", claims(`[{"path":["x",-1]}]`), ErrPath},
		{"7 path minus zero", claims(`[{"path":["x",-0]}]`), ErrPath},
		{"7 path fraction", claims(`[{"path":["x",1.0]}]`), ErrPath},
		{"7 path beyond int", claims(`[{"path":["x",99999999999999999999]}]`), ErrPath},
		{"7 path boolean", claims(`[{"path":["x",true]}]`), ErrPath},
		{"7 path object", claims(`[{"path":[{}]}]`), ErrPath},
		{"7.2 mdoc one string", credential(mdocDoc + `,"claims":[{"path":["x"]}]`), ErrPath},
		{"7.2 mdoc three strings", credential(mdocDoc + `,"claims":[{"path":["x","y","z"]}]`), ErrPath},
		{"7.2 mdoc index", credential(mdocDoc + `,"claims":[{"path":["x",0]}]`), ErrPath},
		{"7.2 mdoc null", credential(mdocDoc + `,"claims":[{"path":[null,"y"]}]`), ErrPath},
		{"B.2.3 no doctype_value", credential(`"id":"c","format":"mso_mdoc","meta":{}`), ErrMeta},
		{"B.2.3 doctype_value array", credential(`"id":"c","format":"mso_mdoc","meta":{"doctype_value":["x"]}`), ErrMember},
		{"B.2.3 doctype_value empty", credential(`"id":"c","format":"mso_mdoc","meta":{"doctype_value":""}`), ErrEmpty},
		{"B.2.4 intent_to_retain text", credential(mdocDoc + `,"claims":[{"path":["x","y"],"intent_to_retain":"no"}]`), ErrMember},
		{"B.3.5 no vct_values", credential(`"id":"c","format":"dc+sd-jwt","meta":{}`), ErrMeta},
		{"B.3.5 vct_values empty", credential(`"id":"c","format":"dc+sd-jwt","meta":{"vct_values":[]}`), ErrEmpty},
		{"B.3.5 vct_values text", credential(`"id":"c","format":"dc+sd-jwt","meta":{"vct_values":"x"}`), ErrMember},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			q, err := Parse([]byte(c.raw))
			if !errors.Is(err, c.want) || q != nil {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestSection6Accepted(t *testing.T) {
	cases := []struct{ name, raw string }{
		{"6.1 only what is required", credential(sdJWT)},
		{"6.1 another format, meta empty", credential(`"id":"c","format":"jwt_vc_json","meta":{}`)},
		{"6.3 id without claim_sets", credential(sdJWT + `,"claims":[{"id":"a","path":["x"]},{"path":["y"]}]`)},
		{"6.3 the same claim twice is the wallet's to ignore", credential(sdJWT + `,"claims":[{"path":["x"]},{"path":["x"]}]`)},
		{"6.3 the same claim id in two Credential Queries", `{"credentials":[{` + sdJWT + `,"claims":[{"id":"a","path":["x"]}]},` +
			`{"id":"d","format":"dc+sd-jwt","meta":{"vct_values":["y"]},"claims":[{"id":"a","path":["x"]}]}]}`},
		{"7 an empty name is a name", credential(sdJWT + `,"claims":[{"path":[""]}]`)},
		{"B.2.4 of mdoc only", credential(sdJWT + `,"claims":[{"path":["x"],"intent_to_retain":"whatever"}]`)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { mustParse(t, c.raw) })
	}
}

func TestValidateIsForThoseWhoSend(t *testing.T) {
	twice := mustParse(t, credential(sdJWT+`,"claims":[{"path":["x",0,null]},{"path":["y"]},{"path":["x",0,null],"values":["a"]}]`))
	if err := twice.Validate(); !errors.Is(err, ErrDuplicate) {
		t.Errorf("the same claim twice: %v", err)
	}
	if err := mustParse(t, wholeQuery).Validate(); err != nil {
		t.Error(err)
	}
	built := &Query{Credentials: []CredentialQuery{{ID: "c", Format: FormatMdoc}}}
	if err := built.Validate(); !errors.Is(err, ErrMeta) {
		t.Errorf("a query without doctype_value: %v", err)
	}
	built.Credentials[0].Meta.DoctypeValue = "x"
	built.Credentials[0].Claims = []ClaimsQuery{{Path: []any{"a", "b"}, Values: []any{func() {}}}}
	if err := built.Validate(); !errors.Is(err, ErrMalformed) {
		t.Errorf("a query that is no JSON: %v", err)
	}
}

func TestErrorsTellWhere(t *testing.T) {
	_, err := Parse([]byte(`{"credentials":[{` + sdJWT + `,"claims":[{"path":["x"]},{"path":[-1]}]}]}`))
	if err == nil || !strings.Contains(err.Error(), "credentials[0].claims[1].path") {
		t.Fatal(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(wholeQuery))
	f.Add([]byte(credential(mdocDoc + `,"claims":[{"path":["x","y"],"values":[1]}]`)))
	f.Add([]byte(`{"credentials":[{"id":"c","format":"dc+sd-jwt","meta":{"vct_values":[]}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		q, err := Parse(raw)
		if err != nil {
			return
		}
		out, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(out)
		if err != nil || !reflect.DeepEqual(again, q) {
			t.Fatalf("%v\n%s", err, out)
		}
		_, _ = q.Select([]Candidate{{Format: FormatSDJWTVC, VCT: []string{"urn:example:x"}, HolderBound: true,
			Claims: map[string]any{"x": []any{map[string]any{"y": "z"}, json.Number("1")}}}})
		q.Check(map[string][]Presented{"c": {{Format: FormatMdoc}}})
	})
}
