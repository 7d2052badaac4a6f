package authserver

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/web"
)

const wellKnownPath = "/.well-known/" + oauth2.WellKnownSuffix

// dpopAlgs are the algorithms that a DPoP proof may be signed with.
var dpopAlgs = []string{string(jose.ES256)}

// makeMetadata gives the ready bytes of the metadata (RFC 8414 section 2; FAPI 2.0 section 5.3.2.1).
func (s *Server) makeMetadata() ([]byte, error) {
	body, err := json.Marshal(oauth2.ServerMetadata{
		Issuer:                                     s.Issuer,
		AuthorizationEndpoint:                      s.Issuer + "/authorize",
		TokenEndpoint:                              s.Issuer + "/token",
		PushedAuthorizationRequestEndpoint:         s.Issuer + "/par",
		RequirePushedAuthorizationRequests:         true,
		ScopesSupported:                            s.Catalog.Scopes(),
		ResponseTypesSupported:                     []string{"code"},
		ResponseModesSupported:                     []string{"query"},
		GrantTypesSupported:                        []string{oauth2.GrantAuthorizationCode},
		TokenEndpointAuthMethodsSupported:          []string{"none"},
		UILocalesSupported:                         web.Offered,
		CodeChallengeMethodsSupported:              []string{oauth2.MethodS256},
		AuthorizationDetailsTypesSupported:         []string{oauth2.TypeOpenIDCredential},
		DPoPSigningAlgValuesSupported:              dpopAlgs,
		AuthorizationResponseIssParameterSupported: true,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: metadata: %w", ErrConfig, err)
	}
	return body, nil
}

func (s *Server) getMetadata(c *gin.Context) {
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "application/json", s.metadata)
}
