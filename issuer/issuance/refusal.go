package issuance

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/keys"
	"lommebok.example/internal/observe"
	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/signing"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

// refusal is a Credential Error Response (section 8.3.1.2).
func refusal(code, format string, args ...any) *oauth2.Error {
	return oauth2.NewError(http.StatusBadRequest, code, format, args...)
}

// forbidden is for a token that is good, but not for this: another authorization would help (section 8.3.1.1).
func forbidden(format string, args ...any) *oauth2.Error {
	return oauth2.NewError(http.StatusForbidden, oauth2.InsufficientScope, format, args...)
}

// refuse writes the refusal and logs it. An error that is no refusal is our own fault: its cause is for the log alone.
func (s *Service) refuse(c *gin.Context, access *authserver.Access, typ *credentials.Type, err error) {
	trace, configuration := observe.TraceID(c.Request.Context()), ""
	if typ != nil {
		configuration = typ.ID
	}
	told := asRefusal(err)
	if told == nil && cannotSign(err) {
		c.Header("Retry-After", "5")
		told = oauth2.NewError(http.StatusServiceUnavailable, oauth2.TemporarilyUnavailable,
			"nothing can be signed now, and nothing was issued; try again later with a new c_nonce, trace id %s", trace)
		s.Log.Error("credential request", "trace_id", trace, "client_id", access.ClientID, "configuration", configuration, "cause", err)
	} else if told == nil {
		told = oauth2.NewError(http.StatusInternalServerError, oauth2.ServerError, "something failed on our side, trace id %s", trace)
		s.Log.Error("credential request", "trace_id", trace, "client_id", access.ClientID, "configuration", configuration, "cause", err)
	} else {
		s.Log.Info("refused", "code", told.Code, "why", told.Description, "trace_id", trace,
			"client_id", access.ClientID, "configuration", configuration)
	}
	observe.Refused(c.Request.Context(), told.Code)
	if told.Code == oauth2.InsufficientScope && typ != nil {
		c.Header("WWW-Authenticate", `DPoP error="`+told.Code+`", scope="`+typ.Scope+`"`) // RFC 6750 section 3
	}
	oauth2.WriteError(c.Writer, told)
}

// cannotSign tells that keys or certificates are out of use, which no request can help.
func cannotSign(err error) bool {
	return errors.Is(err, keys.ErrUnavailable) || errors.Is(err, signing.ErrCertificate)
}

// asRefusal gives the refusal that err is, or nil.
func asRefusal(err error) *oauth2.Error {
	var told *oauth2.Error
	if errors.As(err, &told) {
		return told
	}
	var malformed *openid4vci.Error
	if errors.As(err, &malformed) {
		return refusal(malformed.Code, "%s", malformed.Description)
	}
	return nil
}
