package authserver

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/oauth2"
)

// postToken exchanges an authorization code for an access token (RFC 6749 section 4.1.3).
func (s *Server) postToken(c *gin.Context) {
	s.freshHeaders(c.Writer)
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
	service, refusal := s.service(r, v)
	if refusal != nil {
		return nil, refusal
	}
	clientID, life, unit, refusal := s.redeemer(r, v, service)
	if refusal != nil {
		return nil, refusal
	}
	if v.Get("code") == "" {
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "code is missing (RFC 6749 section 4.1.3)")
	}
	jkt, refusal := s.tokenKey(r, service)
	if refusal != nil {
		return nil, refusal
	}
	return s.redeem(r.Context(), Redemption{
		Code: HashOf(v.Get("code")), ClientID: clientID, RedirectURI: known(v.Get("redirect_uri")),
		CodeChallenge: challenge(v.Get("code_verifier")), JKT: jkt, Unit: unit, At: s.Now(),
	}, life)
}

// redeemer gives who brings the code, authenticated, and how long its token lives.
func (s *Server) redeemer(r *http.Request, v url.Values, service *Service) (clientID string, life time.Duration, unit *WalletUnit, refusal *oauth2.Error) {
	if service != nil {
		return service.ID, serviceTokenLife, nil, nil
	}
	client, unit, refusal := s.wallet(r, v)
	return client.ID, tokenLife, unit, refusal
}

// tokenKey gives the key that the token will be bound to: a wallet must have one, a service may.
func (s *Server) tokenKey(r *http.Request, service *Service) (string, *oauth2.Error) {
	if service != nil && len(r.Header.Values("DPoP")) == 0 {
		return "", nil
	}
	proof, refusal := s.takeProof(r)
	if refusal != nil {
		return "", refusal
	}
	return proof.JKT, nil
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
func (s *Server) redeem(ctx context.Context, r Redemption, life time.Duration) (*oauth2.TokenResponse, *oauth2.Error) {
	token := secret()
	grant, err := s.Store.RedeemCode(ctx, r, Token{Hash: HashOf(token), JKT: r.JKT, Expires: r.At.Add(life)})
	switch {
	case errors.Is(err, ErrCodeReused):
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidGrant,
			"the code has been used; tokens made from it are revoked (RFC 6749 section 4.1.2)")
	case errors.Is(err, ErrNoCode):
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidGrant,
			"expected a code that is alive, with the client_id, instance and redirect_uri it was made for, its code_verifier and its DPoP key (RFC 6749 section 5.2)")
	case err != nil:
		return nil, s.fault(ctx, "redeem code", err)
	}
	s.logGrant(ctx, "token", grant.ID)
	answer := &oauth2.TokenResponse{
		AccessToken: token, TokenType: tokenType(r.JKT), ExpiresIn: int64(life.Seconds()),
		Scope: strings.Join(grant.Scopes, " "), AuthorizationDetails: grantedDetails(grant.Authorized),
	}
	if grant.Login != nil {
		if answer.IDToken, err = s.idToken(grant); err != nil {
			return nil, s.fault(ctx, "sign ID token", err)
		}
	}
	return answer, nil
}

// tokenType is DPoP for a token that is bound to a key.
func tokenType(jkt string) string {
	if jkt == "" {
		return oauth2.TokenTypeBearer
	}
	return oauth2.TokenTypeDPoP
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
