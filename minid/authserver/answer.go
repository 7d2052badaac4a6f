package authserver

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/minid"
	"lommebok.example/specs/oauth2"
)

// declined is the answer when the person says no or gives up (RFC 6749 section 4.1.2.1).
var declined = oauth2.NewError(http.StatusSeeOther, oauth2.AccessDenied, "the person did not agree (RFC 6749 section 4.1.2.1)")

// unmet is the answer when the person cannot be known well enough (OpenID Connect Core Unmet Authentication Requirements 1.0).
func unmet(level minid.Level) *oauth2.Error {
	return oauth2.NewError(http.StatusSeeOther, oauth2.UnmetAuthenticationRequirements,
		"what was asked for demands assurance level %s, which this sign-in cannot reach", level)
}

// decline ends the request with an error for the client.
func (s *Server) decline(c *gin.Context, t transaction, e *oauth2.Error) {
	request, err := s.Store.RefuseRequest(c.Request.Context(), s.open(t))
	if err != nil {
		s.problem(c, err)
		return
	}
	s.logRefusal(c.Request.Context(), e.Code, e.Description)
	pairs := []string{"error", e.Code, "error_description", e.Description}
	if page := observe.Recorded(c.Request.Context()); page != "" {
		pairs = append(pairs, "error_uri", page)
	}
	s.redirect(c, request, pairs...)
}

// redirect sends the browser to the client with the parameters, state as it came (RFC 6749 section 4.1.2) and iss (RFC 9207
// section 2). Always 303, so that a browser never posts the person's answer on (RFC 9700 section 4.12).
func (s *Server) redirect(c *gin.Context, r *Request, pairs ...string) {
	var b strings.Builder
	b.WriteString(r.RedirectURI)
	separator := byte('?')
	if strings.Contains(r.RedirectURI, "?") {
		separator = '&'
	}
	if r.State != "" {
		pairs = append(pairs, "state", r.State)
	}
	pairs = append(pairs, "iss", s.Issuer)
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteByte(separator)
		b.WriteString(pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
		separator = '&'
	}
	c.Header("Cache-Control", "no-store")
	c.Header("Location", b.String())
	c.Status(http.StatusSeeOther)
}
