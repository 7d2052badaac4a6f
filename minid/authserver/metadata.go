package authserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/attestation"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/web"
)

const wellKnownPath = "/.well-known/" + oauth2.WellKnownSuffix

// dpopAlgs are the algorithms that a DPoP proof may be signed with.
var dpopAlgs = []string{string(jose.ES256)}

// makeMetadata gives the ready bytes of the metadata (RFC 8414 section 2; FAPI 2.0 section 5.3.2.1).
func (s *Server) makeMetadata() ([]byte, error) {
	grants, _ := s.grantTypes()
	m := oauth2.ServerMetadata{
		Issuer:                                     s.Issuer,
		AuthorizationEndpoint:                      s.Issuer + "/authorize",
		TokenEndpoint:                              s.Issuer + "/token",
		PushedAuthorizationRequestEndpoint:         s.Issuer + "/par",
		RequirePushedAuthorizationRequests:         true,
		ScopesSupported:                            s.Catalog.Scopes(),
		ResponseTypesSupported:                     []string{"code"},
		ResponseModesSupported:                     []string{"query"},
		GrantTypesSupported:                        grants,
		UILocalesSupported:                         web.Offered,
		CodeChallengeMethodsSupported:              []string{oauth2.MethodS256},
		AuthorizationDetailsTypesSupported:         []string{oauth2.TypeOpenIDCredential},
		DPoPSigningAlgValuesSupported:              dpopAlgs,
		AuthorizationResponseIssParameterSupported: true,
		StatusListAggregationEndpoint:              s.StatusLists,
		PreAuthorizedGrantAnonymousAccessSupported: s.Offers != nil && s.InsecureAllowAnonymousPreAuthorized,
	}
	s.describeAuth(&m)
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("%w: metadata: %w", ErrConfig, err)
	}
	return body, nil
}

// describeAuth tells how a wallet authenticates itself (RFC 8414 section 2, ABCA section 8).
func (s *Server) describeAuth(m *oauth2.ServerMetadata) {
	algs := make([]string, len(attestation.Algs))
	for i, alg := range attestation.Algs {
		algs[i] = string(alg)
	}
	if s.Providers != nil {
		m.TokenEndpointAuthMethodsSupported = []string{oauth2.AuthAttestation, oauth2.AuthAttestationDPoP}
		m.ChallengeEndpoint = s.Issuer + challengePath
		m.ClientAttestationSigningAlgValuesSupported, m.ClientAttestationPoPSigningAlgValues = algs, algs
		m.ClientAttestationPoPMethodsSupported = []string{oauth2.PoPMethodJWT, oauth2.PoPMethodDPoP}
	}
	if slices.ContainsFunc(s.Clients, func(c Client) bool { return c.Auth == oauth2.AuthPrivateKeyJWT }) {
		m.TokenEndpointAuthMethodsSupported = append(m.TokenEndpointAuthMethodsSupported, oauth2.AuthPrivateKeyJWT)
		m.TokenEndpointAuthSigningAlgValuesSupported = algs
	}
	if s.InsecureAllowAnyClient {
		m.TokenEndpointAuthMethodsSupported = append(m.TokenEndpointAuthMethodsSupported, oauth2.AuthNone)
		if s.Providers != nil {
			m.ClientAttestationPoPMethodsSupported = append(m.ClientAttestationPoPMethodsSupported, oauth2.PoPMethodNone)
		}
	}
}

func (s *Server) getMetadata(c *gin.Context) {
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "application/json", s.metadata)
}
