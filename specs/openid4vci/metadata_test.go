package openid4vci

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

const wholeMetadata = `{
 "credential_issuer": "https://issuer.example/tenant",
 "authorization_servers": ["https://as.example", "https://as2.example"],
 "credential_endpoint": "https://issuer.example/credential?x=1",
 "nonce_endpoint": "https://issuer.example/nonce",
 "batch_credential_issuance": {"batch_size": 10},
 "display": [{"name": "Utsteder", "locale": "nb", "logo": {"uri": "data:image/png;base64,AA", "alt_text": "x"}}, {"name": "Issuer", "locale": "en"}],
 "credential_configurations_supported": {
  "student": {
   "format": "dc+sd-jwt", "vct": "urn:example:student", "scope": "student",
   "credential_signing_alg_values_supported": ["ES256"],
   "cryptographic_binding_methods_supported": ["jwk"],
   "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256"], "key_attestations_required": {}}},
   "credential_metadata": {
    "display": [{"name": "Studentbevis", "locale": "nb", "background_color": "#12107c", "text_color": "#FFFFFF", "background_image": {"uri": "https://issuer.example/b.png"}}],
    "claims": [
     {"path": ["name"], "mandatory": true, "display": [{"name": "Navn", "locale": "nb"}]},
     {"path": ["degrees", null, "type"]}, {"path": ["address"]}, {"path": ["address", "town"]}]}},
  "mdl": {
   "format": "mso_mdoc", "doctype": "org.iso.18013.5.1.mDL", "scope": "mdl",
   "credential_signing_alg_values_supported": [-7, -9],
   "credential_metadata": {"claims": [{"path": ["org.iso.18013.5.1", "driving_privileges", 0, "code"]}]}},
  "other": {"format": "jwt_vc_json"}},
 "later": {"x": 1}}`

func parseMetadata(t testing.TB, raw string) (*IssuerMetadata, error) {
	t.Helper()
	return ParseIssuerMetadata([]byte(raw), issuerID, Rules{})
}

func TestSection1224ReadsAndWrites(t *testing.T) {
	m, err := parseMetadata(t, wholeMetadata)
	if err != nil {
		t.Fatal(err)
	}
	student, mdl := m.CredentialConfigurationsSupported["student"], m.CredentialConfigurationsSupported["mdl"]
	if !reflect.DeepEqual(mdl.CredentialSigningAlgValuesSupported.COSE, []int64{-7, -9}) ||
		!reflect.DeepEqual(student.CredentialSigningAlgValuesSupported.JOSE, []string{"ES256"}) {
		t.Errorf("got %+v and %+v", mdl, student)
	}
	if student.ProofTypesSupported["jwt"].KeyAttestationsRequired == nil {
		t.Error("an empty key_attestations_required still means that one is required")
	}
	if p := student.CredentialMetadata.Claims[1].Path; !reflect.DeepEqual(p, Path{"degrees", nil, "type"}) {
		t.Errorf("got %v", p)
	}
	if p := mdl.CredentialMetadata.Claims[0].Path; p[2] != 0 {
		t.Errorf("got %v", p)
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), `"credential_signing_alg_values_supported":[-7,-9]`) {
		t.Errorf("COSE numbers are not written as numbers: %s", out)
	}
	for _, absent := range []string{`"deferred_credential_endpoint"`, `null,"display"`, `{"format":"jwt_vc_json",`} {
		if strings.Contains(string(out), absent) {
			t.Errorf("%s is written: %s", absent, out)
		}
	}
	again, err := parseMetadata(t, string(out))
	if err != nil || !reflect.DeepEqual(again, m) {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestSection1224Refusals(t *testing.T) {
	change := func(old, put string) string {
		if !strings.Contains(wholeMetadata, old) {
			t.Fatalf("%s is not in the metadata", old)
		}
		return strings.Replace(wholeMetadata, old, put, 1)
	}
	encryption := func(members string) string { return change(`"later"`, members+`,"later"`) }
	request := `"credential_request_encryption":{"jwks":{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b","kid":"1","alg":"ECDH-ES"}]},"enc_values_supported":["A128GCM"],"encryption_required":false}`
	cases := []struct {
		name, raw string
		want      error // nil: accepted
	}{
		{"not JSON", `x`, ErrMetadata},
		{"a member twice", change(`"later"`, `"nonce_endpoint":"https://x.example","later"`), ErrMetadata},
		{"another issuer", change(`"https://issuer.example/tenant"`, `"https://issuer.example/tenant/"`), ErrMismatch},
		{"issuer in another case", change(`"https://issuer.example/tenant"`, `"https://issuer.example/Tenant"`), ErrMismatch},
		{"no issuer", change(`"credential_issuer"`, `"x"`), ErrIssuer},
		{"server by http", change(`"https://as.example"`, `"http://as.example"`), ErrMetadata},
		{"no credential_endpoint", change(`"credential_endpoint"`, `"x"`), ErrMetadata},
		{"credential_endpoint by http", change(`https://issuer.example/credential`, `http://issuer.example/credential`), ErrMetadata},
		{"nonce_endpoint by http", change(`https://issuer.example/nonce`, `http://issuer.example/nonce`), ErrMetadata},
		{"batch_size 1", change(`"batch_size": 10`, `"batch_size": 1`), ErrMetadata},
		{"a locale of the issuer twice", change(`"locale": "en"`, `"locale": "nb"`), ErrMetadata},
		{"no configurations", change(`"credential_configurations_supported"`, `"x"`), ErrMetadata},
		{"an identifier empty", change(`"other"`, `""`), ErrMetadata},
		{"no format", change(`{"format": "jwt_vc_json"}`, `{}`), ErrMetadata},
		{"no vct (A.3.2)", change(`"vct"`, `"x"`), ErrMetadata},
		{"no doctype (A.2.2)", change(`"doctype"`, `"x"`), ErrMetadata},
		{"names for mdoc (A.2.2)", change(`[-7, -9]`, `["ES256"]`), ErrMetadata},
		{"numbers for SD-JWT VC (A.3.2)", change(`["ES256"],
   "crypt`, `[-7],
   "crypt`), ErrMetadata},
		{"names and numbers", change(`[-7, -9]`, `[-7,"ES256"]`), ErrMetadata},
		{"no algorithm", change(`[-7, -9]`, `[]`), ErrMetadata},
		{"proof types without binding methods", change(`"cryptographic_binding_methods_supported"`, `"x"`), ErrMetadata},
		{"binding methods without proof types", change(`"proof_types_supported"`, `"x"`), ErrMetadata},
		{"a proof type without algorithms", change(`"proof_signing_alg_values_supported"`, `"x"`), ErrMetadata},
		{"a display without name", change(`"name": "Studentbevis"`, `"x": 1`), ErrMetadata},
		{"a locale of the credential twice", change(`[{"name": "Studentbevis"`, `[{"name": "X", "locale": "nb"}, {"name": "Studentbevis"`), ErrMetadata},
		{"a locale of a claim twice", change(`[{"name": "Navn"`, `[{"name": "X", "locale": "nb"}, {"name": "Navn"`), ErrMetadata},
		{"the same claim twice (B.3)", change(`["address", "town"]`, `["address"]`), ErrMetadata},
		{"null and an index (B.3)", change(`["address", "town"]`, `["degrees", 0]`), ErrMetadata},
		{"an array and an object (B.3)", change(`["address", "town"]`, `["degrees", "type"]`), ErrMetadata},
		{"an object and an array (B.3)", change(`{"path": ["address"]}`, `{"path": ["address", null]}`), ErrMetadata},
		{"path empty", change(`["address"]`, `[]`), ErrMetadata},
		{"path absent", change(`{"path": ["address"]}`, `{}`), ErrMetadata},
		{"path with a negative index", change(`["address"]`, `["address", -1]`), ErrMetadata},
		{"path with true", change(`["address"]`, `["address", true]`), ErrMetadata},
		{"mdoc path of one", change(`["org.iso.18013.5.1", "driving_privileges", 0, "code"]`, `["org.iso.18013.5.1"]`), ErrMetadata},
		{"mdoc path with an index second", change(`"driving_privileges", 0, "code"`, `0`), ErrMetadata},
		{"request encryption", encryption(request), nil},
		{"request encryption without enc", encryption(strings.Replace(request, `["A128GCM"]`, `[]`, 1)), ErrMetadata},
		{"request encryption without kid", encryption(strings.Replace(request, `"kid":"1",`, ``, 1)), ErrMetadata},
		{"request encryption without alg", encryption(strings.Replace(request, `,"alg":"ECDH-ES"`, ``, 1)), ErrMetadata},
		{"response encryption alone", encryption(`"credential_response_encryption":{"alg_values_supported":["ECDH-ES"],"enc_values_supported":["A128GCM"],"encryption_required":false}`), ErrMetadata},
		{"response encryption", encryption(request + `,"credential_response_encryption":{"alg_values_supported":["ECDH-ES"],"enc_values_supported":["A128GCM"],"encryption_required":true}`), nil},
		{"response encryption without alg", encryption(request + `,"credential_response_encryption":{"enc_values_supported":["A128GCM"],"encryption_required":true}`), ErrMetadata},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, err := parseMetadata(t, c.raw)
			if c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) || (m == nil) != (c.want != nil) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestSection1222WellKnown(t *testing.T) {
	cases := []struct{ issuer, want string }{
		{"https://issuer.example/tenant", "https://issuer.example/.well-known/openid-credential-issuer/tenant"},
		{"https://tenant.issuer.example", "https://tenant.issuer.example/.well-known/openid-credential-issuer"},
		{"https://issuer.example:8443/a/b", "https://issuer.example:8443/.well-known/openid-credential-issuer/a/b"},
		{"http://issuer.example", ""},
		{"https://issuer.example?x", ""},
		{"https://issuer.example#x", ""},
		{"issuer.example", ""},
		{"", ""},
	}
	for _, c := range cases {
		got, err := Rules{}.WellKnown(c.issuer)
		if got != c.want || (err == nil) != (c.want != "") || err != nil && !errors.Is(err, ErrIssuer) {
			t.Errorf("%s: got %s, %v", c.issuer, got, err)
		}
	}
	if got, err := (Rules{InsecureAllowHTTP: true}).WellKnown("http://localhost:8080"); err != nil || got != "http://localhost:8080/.well-known/openid-credential-issuer" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestSection411OfferAndMetadata(t *testing.T) {
	m, err := parseMetadata(t, wholeMetadata)
	if err != nil {
		t.Fatal(err)
	}
	one := *m
	one.AuthorizationServers = []string{"https://as.example"}
	own := *m
	own.AuthorizationServers = nil
	cases := []struct {
		name string
		m    *IssuerMetadata
		o    Offer
		ok   bool
	}{
		{"known", m, Offer{CredentialIssuer: issuerID, CredentialConfigurationIDs: []string{"mdl"}}, true},
		{"another issuer", m, Offer{CredentialIssuer: "https://x.example", CredentialConfigurationIDs: []string{"mdl"}}, false},
		{"an unknown configuration", m, Offer{CredentialIssuer: issuerID, CredentialConfigurationIDs: []string{"mdl", "x"}}, false},
		{"a hint among several", m, Offer{CredentialIssuer: issuerID, Grants: &Grants{AuthorizationCode: &AuthorizationCodeGrant{AuthorizationServer: "https://as2.example"}}}, true},
		{"a hint that is none of them", m, Offer{CredentialIssuer: issuerID, Grants: &Grants{PreAuthorizedCode: &PreAuthorizedCodeGrant{AuthorizationServer: "https://as3.example"}}}, false},
		{"a hint where there is one", &one, Offer{CredentialIssuer: issuerID, Grants: &Grants{AuthorizationCode: &AuthorizationCodeGrant{AuthorizationServer: "https://as.example"}}}, false},
		{"a hint where there is none", &own, Offer{CredentialIssuer: issuerID, Grants: &Grants{AuthorizationCode: &AuthorizationCodeGrant{AuthorizationServer: issuerID}}}, false},
		{"no hint", &own, Offer{CredentialIssuer: issuerID, Grants: &Grants{AuthorizationCode: &AuthorizationCodeGrant{}}}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.m.CheckOffer(&c.o); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrMismatch) {
				t.Fatal(err)
			}
		})
	}
	for m, want := range map[*IssuerMetadata]string{m: "https://as.example", &own: issuerID} {
		if got, err := m.AuthorizationServer(""); err != nil || got != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}

func FuzzParseIssuerMetadata(f *testing.F) {
	f.Add([]byte(wholeMetadata))
	f.Add([]byte(`{"credential_issuer":"https://issuer.example/tenant","credential_endpoint":"https://x.example","credential_configurations_supported":{"c":{"format":"x"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ParseIssuerMetadata(raw, issuerID, Rules{})
		if err != nil {
			return
		}
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseIssuerMetadata(out, issuerID, Rules{}); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}
