package oauth2

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestWellKnown(t *testing.T) {
	tests := []struct{ rule, issuer, want string }{
		{"host alone", "https://h.example", "https://h.example/.well-known/x"},
		{"path (RFC 8414 section 3.1)", "https://h.example/tenant/1", "https://h.example/.well-known/x/tenant/1"},
		{"port", "http://localhost:8080/a", "http://localhost:8080/.well-known/x/a"},
		{"terminating slash", "https://h.example/", "https://h.example/.well-known/x"},
		{"terminating slash of a path", "https://h.example/a/", "https://h.example/.well-known/x/a"},
		{"escaped path", "https://h.example/a%2Fb", "https://h.example/.well-known/x/a%2Fb"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			if got, err := WellKnown(tt.issuer, "x"); err != nil || got != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
	refused := []struct{ rule, issuer string }{
		{"empty", ""},
		{"no scheme", "h.example"},
		{"another scheme", "ftp://h.example"},
		{"no host", "https:///a"},
		{"opaque", "https:h.example"},
		{"query", "https://h.example?a=b"},
		{"empty query", "https://h.example?"},
		{"fragment", "https://h.example#a"},
		{"empty fragment", "https://h.example#"},
		{"user", "https://u@h.example"},
		{"not a URL", "https://h.example/%zz"},
	}
	for _, tt := range refused {
		t.Run(tt.rule, func(t *testing.T) {
			if got, err := WellKnown(tt.issuer, "x"); !errors.Is(err, ErrIssuer) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestServerMetadataNames(t *testing.T) {
	raw, err := json.Marshal(ServerMetadata{
		Issuer: "https://h.example", AuthorizationEndpoint: "a", TokenEndpoint: "b", ResponseTypesSupported: []string{"code"},
		PushedAuthorizationRequestEndpoint: "c", RequirePushedAuthorizationRequests: true,
		AuthorizationResponseIssParameterSupported: true, AuthorizationDetailsTypesSupported: []string{TypeOpenIDCredential},
		DPoPSigningAlgValuesSupported: []string{"ES256"}, CodeChallengeMethodsSupported: []string{MethodS256},
		GrantTypesSupported: []string{GrantAuthorizationCode}, ScopesSupported: []string{"s"},
		TokenEndpointAuthMethodsSupported: []string{"none"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"issuer":"https://h.example","authorization_endpoint":"a","token_endpoint":"b","scopes_supported":["s"],` +
		`"response_types_supported":["code"],"grant_types_supported":["authorization_code"],` +
		`"token_endpoint_auth_methods_supported":["none"],"code_challenge_methods_supported":["S256"],` +
		`"pushed_authorization_request_endpoint":"c","require_pushed_authorization_requests":true,` +
		`"authorization_response_iss_parameter_supported":true,"authorization_details_types_supported":["openid_credential"],` +
		`"dpop_signing_alg_values_supported":["ES256"]}`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
}

func TestResponseNames(t *testing.T) {
	raw, err := json.Marshal([]any{
		PARResponse{RequestURI: "urn:x", ExpiresIn: 60},
		TokenResponse{AccessToken: "a", TokenType: TokenTypeDPoP, ExpiresIn: 300, Scope: "s",
			AuthorizationDetails: []AuthorizationDetail{{Type: TypeOpenIDCredential, CredentialConfigurationID: "c", CredentialIdentifiers: []string{"i"}}}},
		TokenResponse{AccessToken: "a", TokenType: TokenTypeDPoP},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"request_uri":"urn:x","expires_in":60},` +
		`{"access_token":"a","token_type":"DPoP","expires_in":300,"scope":"s","authorization_details":[` +
		`{"type":"openid_credential","credential_configuration_id":"c","credential_identifiers":["i"]}]},` +
		`{"access_token":"a","token_type":"DPoP"}]`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
}
