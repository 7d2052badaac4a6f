package api

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/oauth2"
	"lommebok.example/verifier/relyingparty"
)

// The codes of this API, beside those of oauth2.
const (
	NotPermitted        = "not_permitted"          // the credential or the claim is not on the party's list
	UnknownPresentation = "unknown_presentation"   // unknown, over, or another party's: they are not told apart
	UnknownPreset       = "unknown_preset"         // of this party
	UnknownPurpose      = "unknown_purpose"        // of this party
	InvalidQuery        = "invalid_query"          // OpenID4VP 1.0 section 6
	InvalidRedirect     = "invalid_redirect"       // not one that the party has registered
	KeyReused           = "idempotency_key_reused" // for another request, or one that is over
	AlreadyAnswered     = "already_answered"       // there is a verdict, which cannot be taken back
	AlreadyExpired      = "already_expired"        // there is nothing to take back
	UnknownCode         = "unknown_response_code"  // not that of this presentation, or brought before
	TooManyWaiting      = "too_many_waiting"       // long polls and streams
)

// Error is a refusal of the API.
type Error struct {
	Code        string `json:"code"`
	Description string `json:"description"`
	Expected    string `json:"expected,omitempty"`
	Came        string `json:"came,omitempty"`
	Section     string `json:"section,omitempty"`
	TraceID     string `json:"trace_id"`
	Status      int    `json:"-"`
}

// Error is the code and the description.
func (e *Error) Error() string { return e.Code + ": " + e.Description }

func invalid(section, member, expected, came string) *Error {
	return &Error{
		Code: oauth2.InvalidRequest, Description: member + ": expected " + expected, Expected: expected, Came: came,
		Section: section, Status: http.StatusBadRequest,
	}
}

var errUnknown = &Error{
	Code: UnknownPresentation, Description: "the presentation is unknown, over, or not this relying party's",
	Expected: "the handle that was given when it was asked for", Status: http.StatusNotFound,
}

var errToken = &Error{
	Code: oauth2.InvalidToken, Description: "the access token is missing, unknown or has expired",
	Expected: "Authorization: Bearer, with a token of the token endpoint", Section: "RFC 6750 section 3", Status: http.StatusUnauthorized,
}

var (
	errPartyWaiting = &Error{
		Code: TooManyWaiting, Description: "this relying party has as many long polls and streams as it may",
		Expected: "at most " + strconv.Itoa(maxOfParty) + " at once; a call without wait", Status: http.StatusTooManyRequests,
	}
	errWaiting = &Error{
		Code: TooManyWaiting, Description: "too many wait here now", Expected: "a call without wait, or the same call later",
		Status: http.StatusServiceUnavailable,
	}
)

// refuse answers with a refusal. Anything else is silent here and stands in the log.
func (a *API) refuse(c *gin.Context, err error) {
	ctx := c.Request.Context()
	var known *Error
	var tooMuch *relyingparty.NotPermittedError
	switch {
	case errors.As(err, &known):
	case errors.As(err, &tooMuch):
		known = notPermitted(tooMuch)
	case errors.Is(err, ErrNotFound):
		known = errUnknown
	default:
		a.Log.ErrorContext(ctx, "failure", "trace_id", observe.TraceID(ctx), "cause", err.Error())
		known = &Error{Code: oauth2.ServerError, Description: "the service failed", Status: http.StatusInternalServerError}
	}
	told := *known
	told.TraceID = observe.TraceID(ctx)
	observe.Refused(ctx, told.Code)
	switch told.Status {
	case http.StatusUnauthorized:
		c.Header("WWW-Authenticate", `Bearer error="`+oauth2.InvalidToken+`"`)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		c.Header("Retry-After", "5")
	}
	c.Header("Cache-Control", "no-store")
	c.AbortWithStatusJSON(told.Status, told)
}
