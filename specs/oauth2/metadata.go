package oauth2

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// WellKnownSuffix is where a server's metadata stands (RFC 8414 section 7.3).
const WellKnownSuffix = "oauth-authorization-server"

// ServerMetadata is what an authorization server tells of itself (RFC 8414
// section 2). Members of other specifications name them.
type ServerMetadata struct {
	Issuer                            string   `json:"issuer"`
	AuthorizationEndpoint             string   `json:"authorization_endpoint,omitempty"`
	TokenEndpoint                     string   `json:"token_endpoint,omitempty"`
	JWKSURI                           string   `json:"jwks_uri,omitempty"`
	ScopesSupported                   []string `json:"scopes_supported,omitempty"`
	ResponseTypesSupported            []string `json:"response_types_supported"`
	ResponseModesSupported            []string `json:"response_modes_supported,omitempty"`
	GrantTypesSupported               []string `json:"grant_types_supported,omitempty"`
	TokenEndpointAuthMethodsSupported []string `json:"token_endpoint_auth_methods_supported,omitempty"`
	// Token Status List section 9.2.
	StatusListAggregationEndpoint string   `json:"status_list_aggregation_endpoint,omitempty"`
	ServiceDocumentation          string   `json:"service_documentation,omitempty"`
	UILocalesSupported            []string `json:"ui_locales_supported,omitempty"`
	CodeChallengeMethodsSupported []string `json:"code_challenge_methods_supported,omitempty"`

	// RFC 9126 section 5
	PushedAuthorizationRequestEndpoint string `json:"pushed_authorization_request_endpoint,omitempty"`
	RequirePushedAuthorizationRequests bool   `json:"require_pushed_authorization_requests,omitempty"`

	// RFC 9207 section 3
	AuthorizationResponseIssParameterSupported bool `json:"authorization_response_iss_parameter_supported,omitempty"`

	// RFC 9396 section 10
	AuthorizationDetailsTypesSupported []string `json:"authorization_details_types_supported,omitempty"`

	// RFC 9449 section 5.1
	DPoPSigningAlgValuesSupported []string `json:"dpop_signing_alg_values_supported,omitempty"`

	// RFC 8414 section 2, with private_key_jwt
	TokenEndpointAuthSigningAlgValuesSupported []string `json:"token_endpoint_auth_signing_alg_values_supported,omitempty"`

	// draft-ietf-oauth-attestation-based-client-auth-10 sections 6.1 and 8
	ChallengeEndpoint                          string   `json:"challenge_endpoint,omitempty"`
	ClientAttestationSigningAlgValuesSupported []string `json:"client_attestation_signing_alg_values_supported,omitempty"`
	ClientAttestationPoPSigningAlgValues       []string `json:"client_attestation_pop_signing_alg_values_supported,omitempty"`
	ClientAttestationPoPMethodsSupported       []string `json:"client_attestation_pop_methods_supported,omitempty"`

	// OpenID4VCI 1.0 section 12.3
	PreAuthorizedGrantAnonymousAccessSupported bool `json:"pre-authorized_grant_anonymous_access_supported,omitempty"`
}

// Methods of client authentication, for TokenEndpointAuthMethodsSupported.
const (
	AuthNone            = "none"                        // RFC 7591 section 2
	AuthPrivateKeyJWT   = "private_key_jwt"             // OpenID Connect Core 1.0 section 9
	AuthAttestation     = "attest_jwt_client_auth"      // draft-ietf-oauth-attestation-based-client-auth-10 section 8
	AuthAttestationDPoP = "attest_jwt_client_auth_dpop" // the same: the DPoP proof is the proof of possession
)

// How a client proves that an attestation is its own, for ClientAttestationPoPMethodsSupported
// (draft-ietf-oauth-attestation-based-client-auth-10 section 7.6).
const (
	PoPMethodJWT  = "attestation_pop_jwt"
	PoPMethodDPoP = "dpop_combined"
	PoPMethodNone = "none"
)

// ErrIssuer is why an issuer identifier is refused.
var ErrIssuer = errors.New("issuer identifier not accepted")

// WellKnown is the URL of an issuer's metadata: /.well-known/ and the suffix
// stand between host and path (RFC 8414 section 3.1, OpenID4VCI 1.0 section
// 12.2.2). The issuer is a URL with a host, without query and fragment; whether
// http will do is for the caller to say. Errors: ErrIssuer.
func WellKnown(issuer, suffix string) (string, error) {
	u, err := url.Parse(issuer)
	if err != nil {
		return "", fmt.Errorf("%w: expected a URL", ErrIssuer)
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return "", fmt.Errorf("%w: expected a URL with a host", ErrIssuer)
	}
	if strings.ContainsAny(issuer, "?#") {
		return "", fmt.Errorf("%w: expected no query and no fragment (RFC 8414 section 2)", ErrIssuer)
	}
	origin := u.Scheme + "://" + u.Host
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	return origin + "/.well-known/" + suffix + path, nil
}
