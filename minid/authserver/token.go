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

// postToken exchanges what a grant type has for an access token (RFC 6749 section 3.2).
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

// tokenRequest is a token request on its way through the phases of exchange.
type tokenRequest struct {
	*http.Request
	form     url.Values
	grant    *grantType
	service  *Service // nil: a wallet
	clientID string
	unit     *WalletUnit
	jkt      string
	only     []string // the configurations that authorization_details narrow the token to; nil for all
	at       time.Time
}

// exchange goes through the phases of a token request, which are the same for every grant type but the last.
func (s *Server) exchange(r *http.Request, v url.Values) (*oauth2.TokenResponse, *oauth2.Error) {
	t := &tokenRequest{Request: r, form: v, at: s.Now()}
	for _, phase := range []func(*tokenRequest) *oauth2.Error{s.takeGrantType, s.takeClient, s.takeParameters, s.takeKey} {
		if refusal := phase(t); refusal != nil {
			return nil, refusal
		}
	}
	return s.redeem(t)
}

// takeClient is phase 2: who brings it, authenticated. A service has the authorization code alone.
func (s *Server) takeClient(t *tokenRequest) (refusal *oauth2.Error) {
	if t.grant.anonymous && isAnonymous(t) {
		return s.mayBeAnonymous()
	}
	if t.service, refusal = s.service(t.Request, t.form); refusal != nil {
		return refusal
	}
	if t.service != nil {
		if t.clientID = t.service.ID; t.grant.walletsOnly {
			return oauth2.NewError(http.StatusBadRequest, oauth2.UnauthorizedClient, "the grant type is for wallets alone (RFC 6749 section 5.2)")
		}
		return nil
	}
	client, unit, refusal := s.wallet(t.Request, t.form)
	t.clientID, t.unit = client.ID, unit
	return refusal
}

// takeParameters is phase 3: what the grant type cannot do without, and what every wallet may say.
func (s *Server) takeParameters(t *tokenRequest) (refusal *oauth2.Error) {
	if t.form.Get(t.grant.parameter) == "" {
		return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "%s is missing (%s)", t.grant.parameter, t.grant.section)
	}
	if t.service != nil {
		return nil
	}
	if refusal = s.checkResource(t.form); refusal == nil && t.form.Get("authorization_details") != "" {
		t.only, refusal = s.askedDetails(t.form.Get("authorization_details"))
	}
	return refusal
}

// takeKey is phase 4: the key that the token will be bound to. A wallet must have one, a service may.
func (s *Server) takeKey(t *tokenRequest) *oauth2.Error {
	if t.service != nil && len(t.Header.Values("DPoP")) == 0 {
		return nil
	}
	proof, refusal := s.takeProof(t.Request)
	if refusal == nil {
		t.jkt = proof.JKT
	}
	return refusal
}

// redeem is phase 5: the grant type's own part, and the token. What was wrong with a code is not told: each of it is invalid_grant.
func (s *Server) redeem(t *tokenRequest) (*oauth2.TokenResponse, *oauth2.Error) {
	answer := &oauth2.TokenResponse{AccessToken: secret(), TokenType: tokenType(t.jkt), ExpiresIn: int64(t.life().Seconds())}
	grant, err := t.grant.redeem(s, t, func(g *Grant) (*Token, error) { return s.issue(t, g, answer) })
	var refusal *oauth2.Error
	switch {
	case errors.As(err, &refusal):
		return nil, refusal
	case errors.Is(err, ErrNoCode):
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidGrant, "%s", t.grant.expected)
	case err != nil:
		return nil, s.fault(t.Context(), "redeem "+t.grant.parameter, err)
	}
	s.logGrant(t.Context(), "token", grant.ID)
	if grant.Login != nil {
		if answer.IDToken, err = s.idToken(grant); err != nil {
			return nil, s.fault(t.Context(), "sign ID token", err)
		}
	}
	return answer, nil
}

// issue says what the token of a grant opens, and writes it into the answer; nothing has been taken when it refuses.
func (s *Server) issue(t *tokenRequest, g *Grant, answer *oauth2.TokenResponse) (*Token, error) {
	token := &Token{
		Hash: HashOf(answer.AccessToken), JKT: t.jkt, Expires: t.at.Add(t.life()), Scopes: g.Scopes, Authorized: g.Authorized,
	}
	if t.grant == &refreshGrant {
		if err := s.refreshed(t, g, token); err != nil {
			return nil, err
		}
	} else {
		answer.RefreshToken = s.refreshToken(t, g, token)
	}
	if refusal := s.narrow(t, token); refusal != nil {
		return nil, refusal
	}
	answer.Scope, answer.AuthorizationDetails = strings.Join(token.Scopes, " "), grantedDetails(token.Authorized)
	return token, nil
}

func (t *tokenRequest) life() time.Duration {
	if t.service != nil {
		return serviceTokenLife
	}
	return tokenLife
}

// challenge computes the S256 code_challenge (RFC 7636 section 4.2). What is not a verifier gives "", which no code has.
func challenge(verifier string) string {
	if oauth2.CheckVerifier(verifier) != nil {
		return ""
	}
	return oauth2.S256(verifier)
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

// stands refuses a grant whose person may no longer be given anything on that sign-in.
func (s *Server) stands(ctx context.Context, g *Grant) error {
	ok, err := s.Accounts.Stands(ctx, g.PersonID, g.AuthTime)
	if err == nil && !ok {
		return ErrNoCode
	}
	return err
}
