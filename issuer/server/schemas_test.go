package server_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schema compiles one of the schemas that we wrote from the specification.
func schema(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("../../specs/openid4vci/schemas/" + name + ".json")
	check(t, err)
	return s
}

func fits(t testing.TB, name string, raw []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	check(t, err)
	return schema(t, name).Validate(v)
}

// What the issuer and its wallet send fits the schemas of the specification.
func TestAnswersFitTheirSchemas(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	check(t, fits(t, "credential_issuer_metadata", s.fetch(t, "/.well-known/openid-credential-issuer").body))

	token := w.token(p, url.Values{"authorization_details": {`[{"type":"openid_credential","credential_configuration_id":"proof_of_age"}]`}}, p.signInWithCode)
	raw, err := json.Marshal(token)
	check(t, err)
	check(t, fits(t, "token_response", raw))

	body, _ := w.request("credential_identifier", token.AuthorizationDetails[0].CredentialIdentifiers[0], w.cNonce(), 2)
	check(t, fits(t, "credential_request", []byte(body)))
	a := w.send("/credential", "application/json", body, token.AccessToken)
	check(t, fits(t, "credential_response", a.body))
	a = w.send("/credential", "application/json", body, token.AccessToken) // the nonce is used
	check(t, fits(t, "error_response", a.body))

	p.post("/offers", url.Values{"configuration": {mpid}})
	check(t, fits(t, "credential_offer", offerBytes(t, p)))
}

// The schemas can say no.
func TestSchemasRefuse(t *testing.T) {
	for name, list := range map[string][]string{
		"credential_issuer_metadata": {
			`{"credential_issuer":"https://i.example","credential_endpoint":"https://i.example/c","nonce_endpoint":"https://i.example/n","credential_configurations_supported":{}}`,
			`{"credential_issuer":"https://i.example","credential_endpoint":"https://i.example/c","nonce_endpoint":"https://i.example/n","credential_configurations_supported":{"x":{"format":"mso_mdoc","doctype":"d","scope":"s","credential_signing_alg_values_supported":["ES256"]}}}`,
			`{"credential_issuer":"https://i.example","credential_endpoint":"https://i.example/c","nonce_endpoint":"https://i.example/n","credential_configurations_supported":{"x":{"format":"dc+sd-jwt","scope":"s"}}}`,
			`{"credential_issuer":"https://i.example","credential_endpoint":"https://i.example/c","nonce_endpoint":"https://i.example/n","credential_configurations_supported":{"x":{"format":"dc+sd-jwt","vct":"v","scope":"s","proof_types_supported":{"jwt":{"proof_signing_alg_values_supported":["ES256"]}}}}}`,
		},
		"credential_offer":    {`{"credential_issuer":"https://i.example","credential_configuration_ids":[]}`, `{"credential_issuer":"https://i.example?x","credential_configuration_ids":["a"]}`},
		"credential_request":  {`{}`, `{"credential_identifier":"a","credential_configuration_id":"b"}`, `{"credential_identifier":"a","proof":{}}`, `{"credential_identifier":"a","proofs":{"attestation":["a","b"]}}`},
		"credential_response": {`{}`, `{"credentials":[]}`, `{"transaction_id":"t"}`, `{"credential":"c"}`},
		"token_response":      {`{"access_token":"a","token_type":"Bearer","expires_in":1}`, `{"access_token":"a","token_type":"DPoP","expires_in":1,"c_nonce":"x"}`},
		"error_response":      {`{"error":"invalid_token"}`, `{"error":"invalid_proof","error_description":"på norsk"}`},
	} {
		for _, raw := range list {
			if err := fits(t, name, []byte(raw)); err == nil {
				t.Errorf("%s takes %s", name, raw)
			}
		}
	}
}
