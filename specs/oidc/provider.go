package oidc

import (
	"fmt"
	"net/url"
	"strings"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
)

// ConfigurationPath stands behind the issuer, also behind its path (Discovery 1.0 section 4).
const ConfigurationPath = "/.well-known/openid-configuration"

// Client authentication methods (Core section 9).
const (
	AuthPrivateKeyJWT = "private_key_jwt"
	AuthSecretBasic   = "client_secret_basic"
	AuthSecretPost    = "client_secret_post"
)

// AssertionType is the client_assertion_type of private_key_jwt (RFC 7523 section 2.2).
const AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// ProviderMetadata is what an OpenID Provider tells of itself (Discovery 1.0 section 3).
type ProviderMetadata struct {
	oauth2.ServerMetadata
	UserinfoEndpoint                           string   `json:"userinfo_endpoint,omitempty"`
	IntrospectionEndpoint                      string   `json:"introspection_endpoint,omitempty"` // RFC 8414 section 2
	RevocationEndpoint                         string   `json:"revocation_endpoint,omitempty"`    // RFC 8414 section 2
	EndSessionEndpoint                         string   `json:"end_session_endpoint,omitempty"`   // RP-Initiated Logout 1.0 section 2.1
	SubjectTypesSupported                      []string `json:"subject_types_supported"`
	IDTokenSigningAlgValuesSupported           []string `json:"id_token_signing_alg_values_supported"`
	TokenEndpointAuthSigningAlgValuesSupported []string `json:"token_endpoint_auth_signing_alg_values_supported,omitempty"`
	ACRValuesSupported                         []string `json:"acr_values_supported,omitempty"`
	ClaimsSupported                            []string `json:"claims_supported,omitempty"`
	PromptValuesSupported                      []string `json:"prompt_values_supported,omitempty"` // Initiating User Registration 1.0 section 3
	ClaimsParameterSupported                   bool     `json:"claims_parameter_supported"`
	RequestParameterSupported                  bool     `json:"request_parameter_supported"`
	RequestURIParameterSupported               bool     `json:"request_uri_parameter_supported"`
	FrontchannelLogoutSupported                bool     `json:"frontchannel_logout_supported,omitempty"`         // Front-Channel Logout 1.0 section 3
	FrontchannelLogoutSessionSupported         bool     `json:"frontchannel_logout_session_supported,omitempty"` // Front-Channel Logout 1.0 section 3
	BackchannelLogoutSupported                 bool     `json:"backchannel_logout_supported,omitempty"`          // Back-Channel Logout 1.0 section 2.1
	BackchannelLogoutSessionSupported          bool     `json:"backchannel_logout_session_supported,omitempty"`  // Back-Channel Logout 1.0 section 2.1
}

// ParseProvider reads a discovery document as a relying party that pushes its requests needs it. Its issuer must be the
// one that was asked, and its endpoints https, or http when insecureAllowHTTP. Errors: ErrProvider.
func ParseProvider(raw []byte, issuer string, insecureAllowHTTP bool) (*ProviderMetadata, error) {
	var m ProviderMetadata
	if err := jose.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProvider, err)
	}
	if m.Issuer != issuer {
		return nil, fmt.Errorf("%w: expected issuer %s (OpenID Connect Discovery 1.0 section 4.3)", ErrProvider, issuer)
	}
	for name, endpoint := range map[string]string{
		"authorization_endpoint": m.AuthorizationEndpoint, "token_endpoint": m.TokenEndpoint, "jwks_uri": m.JWKSURI,
		"pushed_authorization_request_endpoint": m.PushedAuthorizationRequestEndpoint, "end_session_endpoint": m.EndSessionEndpoint,
	} {
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || strings.Contains(endpoint, "#") || u.Scheme != "https" && (u.Scheme != "http" || !insecureAllowHTTP) {
			return nil, fmt.Errorf("%w: %s: expected an https URL without fragment", ErrProvider, name)
		}
	}
	return &m, nil
}
