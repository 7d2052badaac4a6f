package authserver

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/oauth2"
)

const (
	requestURIPrefix = "urn:ietf:params:oauth:request_uri:"
	maxState         = 4096
)

// postPAR takes a pushed authorization request (RFC 9126 section 2).
func (s *Server) postPAR(c *gin.Context) {
	s.freshHeaders(c.Writer)
	v, refusal := form(c.Writer, c.Request)
	if refusal != nil {
		s.refuse(c, refusal)
		return
	}
	answer, refusal := s.push(c.Request, v)
	if refusal != nil {
		s.refuse(c, refusal)
		return
	}
	c.Header("Cache-Control", "no-cache, no-store")
	c.JSON(http.StatusCreated, answer)
}

func (s *Server) push(r *http.Request, v url.Values) (*oauth2.PARResponse, *oauth2.Error) {
	request, refusal := s.acceptFrom(r, v)
	if refusal != nil {
		return nil, refusal
	}
	if request.JKT, refusal = s.boundKey(r, v.Get("dpop_jkt")); refusal != nil {
		return nil, refusal
	}
	uri := requestURIPrefix + secret()
	if err := s.Store.PushRequest(r.Context(), HashOf(uri), *request); err != nil {
		return nil, s.fault(r.Context(), "push request", err)
	}
	return &oauth2.PARResponse{RequestURI: uri, ExpiresIn: int64(requestURILife.Seconds())}, nil
}

// acceptFrom authenticates the client, a service or a wallet, and checks its request.
func (s *Server) acceptFrom(r *http.Request, v url.Values) (*Request, *oauth2.Error) {
	service, refusal := s.service(r, v)
	switch {
	case refusal != nil:
		return nil, refusal
	case service != nil:
		return s.acceptLogin(service, v)
	}
	client, unit, refusal := s.wallet(r, v)
	if refusal != nil {
		return nil, refusal
	}
	return s.accept(client, unit, v)
}

// accept checks the parameters of a wallet's authorization request; whatever we do not know is let pass.
func (s *Server) accept(client Client, unit *WalletUnit, v url.Values) (*Request, *oauth2.Error) {
	if refusal := checkCodeRequest(v); refusal != nil {
		return nil, refusal
	}
	if refusal := client.checkRedirectURI(v.Get("redirect_uri")); refusal != nil {
		return nil, refusal
	}
	scopes, configurations, refusal := s.asked(v)
	if refusal != nil {
		return nil, refusal
	}
	request := &Request{
		ID: name(), ClientID: client.ID, RedirectURI: v.Get("redirect_uri"), State: v.Get("state"),
		Scopes: scopes, Configurations: configurations, CodeChallenge: v.Get("code_challenge"),
		Expires: s.Now().Add(requestURILife), Unit: unit,
	}
	return request, s.checkIssuerState(v.Get("issuer_state"), request)
}

// checkCodeRequest holds what every request for a code must keep, whoever sends it.
func checkCodeRequest(v url.Values) *oauth2.Error {
	refuse := func(code, format string, args ...any) *oauth2.Error {
		return oauth2.NewError(http.StatusBadRequest, code, format, args...)
	}
	switch {
	case v.Has("request_uri"):
		return refuse(oauth2.InvalidRequest, "request_uri may not be pushed (RFC 9126 section 2.1)")
	case v.Has("request"):
		return refuse(oauth2.InvalidRequest, "request objects are not supported: push the parameters themselves (RFC 9126 section 2.1)")
	case v.Get("response_type") == "":
		return refuse(oauth2.InvalidRequest, "response_type is missing (RFC 6749 section 4.1.1)")
	case v.Get("response_type") != "code":
		return refuse(oauth2.UnsupportedResponseType, "expected response_type code (FAPI 2.0 section 5.3.2.2)")
	case v.Get("response_mode") != "" && v.Get("response_mode") != "query":
		return refuse(oauth2.InvalidRequest, "expected response_mode query, or none")
	case v.Get("code_challenge_method") != oauth2.MethodS256:
		return refuse(oauth2.InvalidRequest, "expected code_challenge_method S256 (RFC 7636 section 4.4.1)")
	case oauth2.CheckChallenge(v.Get("code_challenge")) != nil:
		return refuse(oauth2.InvalidRequest, "%v", oauth2.CheckChallenge(v.Get("code_challenge")))
	case len(v.Get("state")) > maxState || !visible(v.Get("state")):
		return refuse(oauth2.InvalidRequest, "expected a state of at most %d printable ASCII characters (RFC 6749 appendix A.5)", maxState)
	}
	return nil
}

// boundKey gives the key that the code will be bound to: that of the DPoP proof, of dpop_jkt, or of both when they agree
// (RFC 9449 section 10.1); "" when the request names none.
func (s *Server) boundKey(r *http.Request, jkt string) (string, *oauth2.Error) {
	if jkt != "" && !isSecret(jkt) {
		return "", oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest,
			"expected dpop_jkt to be a JWK SHA-256 thumbprint in base64url (RFC 9449 section 10)")
	}
	if len(r.Header.Values("DPoP")) == 0 {
		return jkt, nil
	}
	proof, refusal := s.takeProof(r)
	switch {
	case refusal != nil:
		return "", refusal
	case jkt != "" && jkt != proof.JKT:
		return "", oauth2.NewError(http.StatusBadRequest, oauth2.InvalidDPoPProof,
			"the key of the DPoP proof is not the one of dpop_jkt (RFC 9449 section 10.1)")
	}
	return proof.JKT, nil
}

// refuse sends the refusal and logs it: nothing in it is personal.
func (s *Server) refuse(c *gin.Context, e *oauth2.Error) {
	s.logRefusal(c.Request.Context(), e.Code, e.Description)
	if e.Code == oauth2.InvalidClient && c.GetHeader("Authorization") != "" {
		c.Header("WWW-Authenticate", `Basic realm="`+s.Issuer+`"`) // RFC 6749 section 5.2
	}
	told := *e
	told.URI = observe.Recorded(c.Request.Context())
	oauth2.WriteError(c.Writer, &told)
}

// fault hides the cause of a failure of ours from the caller; it stands in the log with the request's trace id.
func (s *Server) fault(ctx context.Context, what string, err error) *oauth2.Error {
	s.logFault(ctx, what, err)
	return oauth2.NewError(http.StatusInternalServerError, oauth2.ServerError, "something failed on our side; the Trace-Id of this answer names it")
}
