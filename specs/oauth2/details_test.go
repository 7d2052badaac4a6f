package oauth2

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseAuthorizationDetails(t *testing.T) {
	in := `[{"type":"openid_credential","credential_configuration_id":"Pid","locations":["https://i.example"],` +
		`"claims":[{"path":["address",null,0],"mandatory":true}],"credential_identifiers":["x"],"unknown":{"a":1}},` +
		`{"type":"openid_credential","credential_configuration_id":"Age"}]`
	got, err := ParseAuthorizationDetails(in)
	if err != nil {
		t.Fatal(err)
	}
	want := []AuthorizationDetail{
		{Type: "openid_credential", CredentialConfigurationID: "Pid", Locations: []string{"https://i.example"},
			Claims: []ClaimDetail{{Path: []any{"address", nil, 0.0}, Mandatory: true}}},
		{Type: "openid_credential", CredentialConfigurationID: "Age"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestParseAuthorizationDetailsRefuses(t *testing.T) {
	one := func(members string) string { return `[{"type":"openid_credential",` + members + `}]` }
	id := `"credential_configuration_id":"a"`
	tests := []struct{ rule, in string }{
		{"empty", ``},
		{"not JSON", `[`},
		{"object instead of array", `{"type":"openid_credential",` + id + `}`},
		{"null", `null`},
		{"empty array", `[]`},
		{"array of text", `["openid_credential"]`},
		{"too many", "[" + strings.Repeat(`{"type":"openid_credential",`+id+`},`, 32) + `{"type":"openid_credential",` + id + `}]`},
		{"too large", one(id + `,"x":"` + strings.Repeat("x", 16<<10) + `"`)},
		{"type missing", `[{` + id + `}]`},
		{"another type", `[{"type":"payment_initiation","credential_configuration_id":1}]`},
		{"another type beside ours", `[{"type":"openid_credential",` + id + `},{"type":"x"}]`},
		{"type a number", `[{"type":1,` + id + `}]`},
		{"configuration missing", one(`"x":1`)},
		{"configuration empty", one(`"credential_configuration_id":""`)},
		{"configuration a number", one(`"credential_configuration_id":1`)},
		{"duplicate member", one(id + `,` + id)},
		{"locations a string", one(id + `,"locations":"https://i.example"`)},
		{"claims an object", one(id + `,"claims":{}`)},
		{"path missing", one(id + `,"claims":[{}]`)},
		{"path empty", one(id + `,"claims":[{"path":[]}]`)},
		{"path with a negative index", one(id + `,"claims":[{"path":[-1]}]`)},
		{"path with a fraction", one(id + `,"claims":[{"path":[1.5]}]`)},
		{"path with a boolean", one(id + `,"claims":[{"path":[true]}]`)},
		{"path with a huge index", one(id + `,"claims":[{"path":[1e300]}]`)},
		{"trailing data", one(id) + `[]`},
		{"too deep", one(id + `,"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40))},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			if got, err := ParseAuthorizationDetails(tt.in); !errors.Is(err, ErrAuthorizationDetails) || got != nil {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func FuzzParseAuthorizationDetails(f *testing.F) {
	f.Add(`[{"type":"openid_credential","credential_configuration_id":"a","claims":[{"path":["a",null,1]}]}]`)
	f.Add(`[{"type":"x"}]`)
	f.Add(fmt.Sprintf(`[{"type":%q,"credential_configuration_id":""}]`, TypeOpenIDCredential))
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := ParseAuthorizationDetails(raw)
		if (err == nil) == (len(got) == 0) {
			t.Errorf("%d elements with %v", len(got), err)
		}
		for _, d := range got {
			if d.Type != TypeOpenIDCredential || d.CredentialConfigurationID == "" || d.CredentialIdentifiers != nil {
				t.Errorf("taken: %+v", d)
			}
		}
	})
}
