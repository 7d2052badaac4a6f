package authserver

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/oauth2"
)

// postToken exchanges an authorization code for an access token (RFC 6749 section 4.1.3).
func (s *Server) postToken(c *gin.Context) {
	s.NonceHeader(c.Writer)
	v, refusal := form(c.Writer, c.Request)
	if refusal != nil {
		s.refuse(c, refusal)
		return
	}
	answer, refusal := s.exchange(c.Request, v)
	if refusal != nil {
		s.refuse(c, refusal)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, answer)
}

// exchange goes through the phases of a token request: the grant type, the client, the proof of its key, the code.
func (s *Server) exchange(r *http.Request, v url.Values) (*oauth2.TokenResponse, *oauth2.Error) {
	switch v.Get("grant_type") {
	case oauth2.GrantAuthorizationCode:
	case "":
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "grant_type is missing (RFC 6749 section 4.1.3)")
	default:
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.UnsupportedGrantType, "expected grant_type authorization_code (RFC 6749 section 5.2)")
	}
	client, refusal := s.client(v.Get("client_id"))
	if refusal != nil {
		return nil, refusal
	}
	if v.Get("code") == "" {
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "code is missing (RFC 6749 section 4.1.3)")
	}
	proof, refusal := s.takeProof(r)
	if refusal != nil {
		return nil, refusal
	}
	return s.redeem(r.Context(), Redemption{
		Code: HashOf(v.Get("code")), ClientID: client.ID, RedirectURI: known(v.Get("redirect_uri")),
		CodeChallenge: challenge(v.Get("code_verifier")), JKT: proof.JKT, At: s.Now(),
	})
}

// challenge computes the S256 code_challenge (RFC 7636 section 4.2). What is not a verifier gives "", which no code has.
func challenge(verifier string) string {
	if oauth2.CheckVerifier(verifier) != nil {
		return ""
	}
	return oauth2.S256(verifier)
}

// redeem turns the code into a token. What was wrong with the code is not told: each of it is invalid_grant (RFC 6749
// section 5.2, RFC 7636 section 4.6, RFC 9449 section 10).
func (s *Server) redeem(ctx context.Context, r Redemption) (*oauth2.TokenResponse, *oauth2.Error) {
	token := secret()
	grant, err := s.Store.RedeemCode(ctx, r, Token{Hash: HashOf(token), JKT: r.JKT, Expires: r.At.Add(tokenLife)})
	switch {
	case errors.Is(err, ErrCodeReused):
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidGrant,
			"the code has been used; tokens made from it are revoked (RFC 6749 section 4.1.2)")
	case errors.Is(err, ErrNoCode):
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidGrant,
			"expected a code that is alive, with the client_id and redirect_uri it was made for, its code_verifier and its DPoP key (RFC 6749 section 5.2)")
	case err != nil:
		return nil, s.fault(ctx, "redeem code", err)
	}
	s.logGrant(ctx, "token", grant.ID)
	return &oauth2.TokenResponse{
		AccessToken: token, TokenType: oauth2.TokenTypeDPoP, ExpiresIn: int64(tokenLife.Seconds()),
		Scope: strings.Join(grant.Scopes, " "), AuthorizationDetails: grantedDetails(grant.Authorized),
	}, nil
}

// grantedDetails is authorization_details of the token response (OpenID4VCI 1.0 section 6.2).
func grantedDetails(granted []Authorized) []oauth2.AuthorizationDetail {
	var details []oauth2.AuthorizationDetail
	for _, a := range granted {
		details = append(details, oauth2.AuthorizationDetail{
			Type: oauth2.TypeOpenIDCredential, CredentialConfigurationID: a.ConfigurationID, CredentialIdentifiers: a.Identifiers,
		})
	}
	return details
}
