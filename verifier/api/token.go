package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/oauth2"
	"lommebok.example/verifier/presentation"
)

// TokenLife is how long an access token opens the API.
const TokenLife = 10 * time.Minute

// Issuer is the issuer identifier of the token endpoint (RFC 8414 section 2).
func (a *API) Issuer() string { return a.Base + Prefix }

// metadata gives the ready bytes (RFC 8414 section 2).
func (a *API) metadata() ([]byte, error) {
	return json.Marshal(oauth2.ServerMetadata{
		Issuer: a.Issuer(), TokenEndpoint: a.Issuer() + "/token", ResponseTypesSupported: []string{},
		GrantTypesSupported:                        []string{oauth2.GrantClientCredentials},
		TokenEndpointAuthMethodsSupported:          authserver.MachineMethods(),
		TokenEndpointAuthSigningAlgValuesSupported: authserver.MachineAlgs(),
		ServiceDocumentation:                       a.Base + "/openapi.yaml",
	})
}

// token gives an access token for the credentials of a client (RFC 6749 section 4.4).
func (a *API) token(c *gin.Context) {
	machines := &authserver.Machines{
		Find: func(id string) *authserver.Machine { return a.Clients[id] }, Proofs: a.Store, Now: a.Now,
		Audiences: []string{a.Issuer(), a.Issuer() + "/token"},
	}
	machine, form, refusal, err := machines.Request(c.Writer, c.Request)
	switch {
	case err != nil:
		a.tokenFault(c, err)
		return
	case refusal != nil:
	case form.Get("grant_type") == "":
		refusal = oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "grant_type is missing (RFC 6749 section 4.4.2)")
	case form.Get("grant_type") != oauth2.GrantClientCredentials:
		refusal = oauth2.NewError(http.StatusBadRequest, oauth2.UnsupportedGrantType, "expected the grant type client_credentials (RFC 6749 section 5.2)")
	case form.Get("scope") != "":
		refusal = oauth2.NewError(http.StatusBadRequest, oauth2.InvalidScope, "expected no scope: a token opens what the client may (RFC 6749 section 3.3)")
	}
	if refusal != nil {
		a.refuseToken(c, refusal)
		return
	}
	token := presentation.NewBrowser()
	if err := a.Store.AddToken(c.Request.Context(), hash("token", token), machine.ID(), a.Now().Add(TokenLife)); err != nil {
		a.tokenFault(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, oauth2.TokenResponse{AccessToken: token, TokenType: oauth2.TokenTypeBearer, ExpiresIn: int64(TokenLife.Seconds())})
}

func (a *API) refuseToken(c *gin.Context, e *oauth2.Error) {
	ctx := c.Request.Context()
	observe.Refused(ctx, e.Code)
	a.Log.InfoContext(ctx, "refused", "trace_id", observe.TraceID(ctx), "code", e.Code, "description", e.Description)
	if e.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", "Basic") // RFC 6749 section 5.2
	}
	oauth2.WriteError(c.Writer, e)
}

func (a *API) tokenFault(c *gin.Context, err error) {
	ctx := c.Request.Context()
	a.Log.ErrorContext(ctx, "failure", "trace_id", observe.TraceID(ctx), "cause", err.Error())
	a.refuseToken(c, oauth2.NewError(http.StatusInternalServerError, oauth2.ServerError, "the service failed"))
}
