package authserver

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
)

// userinfo is what a service learns of the person (OpenID Connect Core 1.0 section 5.3.2); pid and locale with the scope
// profile.
type userinfo struct {
	Subject string `json:"sub"`
	PID     string `json:"pid,omitempty"`
	Locale  string `json:"locale,omitempty"`
}

func (s *Server) getUserinfo(c *gin.Context) {
	access, refusal := s.serviceAccess(c.Request)
	if refusal != nil {
		refusal.Write(c.Writer)
		return
	}
	info := userinfo{Subject: access.Login.Subject}
	if slices.Contains(access.Scopes, oidc.ScopeProfile) {
		info.PID, info.Locale = access.PID, access.Login.Locale
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, info)
}

// serviceAccess checks a service's access token: a bearer token (RFC 6750 section 2.1), or one that is bound to a key.
func (s *Server) serviceAccess(r *http.Request) (*Access, *AccessError) {
	scheme, token, _ := strings.Cut(strings.Join(r.Header.Values("Authorization"), ","), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		access, refusal := s.boundAccess(r)
		if refusal == nil && access.Login == nil {
			return nil, s.deny(r.Context(), oauth2.InvalidToken, "the access token is a wallet's (RFC 6750 section 3.1)")
		}
		return access, refusal
	}
	deny := func(why string) (*Access, *AccessError) {
		e := s.deny(r.Context(), oauth2.InvalidToken, why)
		e.Nonce, e.Bearer = "", true
		return nil, e
	}
	if hasQueryToken(r) || !isSecret(token) {
		return deny("expected one access token of this server, in the Authorization header (RFC 6750 section 2.1)")
	}
	access, err := s.Store.TokenAccess(r.Context(), HashOf(token), s.Now())
	switch {
	case errors.Is(err, ErrNoToken):
		return deny("the access token is unknown, expired or revoked (RFC 6750 section 3.1)")
	case err != nil:
		return nil, s.accessFault(r.Context(), err)
	case access.JKT != "" || access.Login == nil:
		return deny("the access token is bound to a key and is no bearer token (RFC 9449 section 7.1)")
	}
	return access, nil
}

// tokeninfo describes a token (RFC 7662 section 2.2).
type tokeninfo struct {
	Active    bool              `json:"active"`
	Issuer    string            `json:"iss,omitempty"`
	ClientID  string            `json:"client_id,omitempty"`
	Subject   string            `json:"sub,omitempty"`
	PID       string            `json:"pid,omitempty"`
	Scope     string            `json:"scope,omitempty"`
	TokenType string            `json:"token_type,omitempty"`
	Expires   int64             `json:"exp,omitempty"`
	AuthTime  int64             `json:"auth_time,omitempty"`
	ACR       string            `json:"acr,omitempty"`
	AMR       []string          `json:"amr,omitempty"`
	Confirms  map[string]string `json:"cnf,omitempty"` // RFC 9449 section 6.2
}

// postTokeninfo tells a service about its own tokens. That a token is another's is not told from that there is none.
func (s *Server) postTokeninfo(c *gin.Context) {
	v, service, refusal := s.fromService(c)
	if refusal != nil {
		s.refuse(c, refusal)
		return
	}
	access, err := s.Store.TokenAccess(c.Request.Context(), HashOf(v.Get("token")), s.Now())
	if err != nil && !errors.Is(err, ErrNoToken) {
		s.refuse(c, s.fault(c.Request.Context(), "introspection", err))
		return
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, s.describe(service, access))
}

func (s *Server) describe(service *Service, a *Access) tokeninfo {
	if a == nil || a.Login == nil || a.ClientID != service.ID {
		return tokeninfo{}
	}
	info := tokeninfo{
		Active: true, Issuer: s.Issuer, ClientID: a.ClientID, Subject: a.Login.Subject, Scope: strings.Join(a.Scopes, " "),
		TokenType: tokenType(a.JKT), Expires: a.Expires.Unix(), AuthTime: a.AuthTime.Unix(), ACR: ACR(a.Level), AMR: a.Login.AMR,
	}
	if slices.Contains(a.Scopes, oidc.ScopeProfile) {
		info.PID = a.PID
	}
	if a.JKT != "" {
		info.Confirms = map[string]string{"jkt": a.JKT}
	}
	return info
}

// postRevoke ends a token of the service's own (RFC 7009 section 2). A token that is unknown is no error (section 2.2).
func (s *Server) postRevoke(c *gin.Context) {
	v, service, refusal := s.fromService(c)
	if refusal != nil {
		s.refuse(c, refusal)
		return
	}
	if err := s.Store.RevokeToken(c.Request.Context(), HashOf(v.Get("token")), service.ID, s.Now()); err != nil {
		s.refuse(c, s.fault(c.Request.Context(), "revocation", err))
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Status(http.StatusOK)
}

// fromService reads a form that a service sends about a token.
func (s *Server) fromService(c *gin.Context) (url.Values, *Service, *oauth2.Error) {
	v, refusal := form(c.Writer, c.Request)
	if refusal != nil {
		return nil, nil, refusal
	}
	service, refusal := s.onlyService(c.Request, v)
	if refusal == nil && v.Get("token") == "" {
		refusal = oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "token is missing (RFC 7009 section 2.1, RFC 7662 section 2.1)")
	}
	return v, service, refusal
}
