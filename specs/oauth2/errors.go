package oauth2

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Error codes, each equal to its value on the wire.
const (
	InvalidRequest          = "invalid_request"           // RFC 6749 sections 4.1.2.1, 5.2
	InvalidClient           = "invalid_client"            // RFC 6749 section 5.2
	InvalidGrant            = "invalid_grant"             // RFC 6749 section 5.2
	UnauthorizedClient      = "unauthorized_client"       // RFC 6749 sections 4.1.2.1, 5.2
	UnsupportedGrantType    = "unsupported_grant_type"    // RFC 6749 section 5.2
	UnsupportedResponseType = "unsupported_response_type" // RFC 6749 section 4.1.2.1
	InvalidScope            = "invalid_scope"             // RFC 6749 sections 4.1.2.1, 5.2
	AccessDenied            = "access_denied"             // RFC 6749 section 4.1.2.1
	ServerError             = "server_error"              // RFC 6749 section 4.1.2.1
	TemporarilyUnavailable  = "temporarily_unavailable"   // RFC 6749 section 4.1.2.1

	InvalidToken      = "invalid_token"      // RFC 6750 section 3.1
	InsufficientScope = "insufficient_scope" // RFC 6750 section 3.1

	InvalidTarget = "invalid_target" // RFC 8707 section 2

	InvalidAuthorizationDetails = "invalid_authorization_details" // RFC 9396 section 5

	InvalidClientAttestation = "invalid_client_attestation" // draft-ietf-oauth-attestation-based-client-auth-10 section 7.4
	UseAttestationChallenge  = "use_attestation_challenge"  // the same
	UseFreshAttestation      = "use_fresh_attestation"      // the same

	InvalidDPoPProof = "invalid_dpop_proof" // RFC 9449 section 5
	UseDPoPNonce     = "use_dpop_nonce"     // RFC 9449 sections 8, 9

	InsufficientUserAuthentication  = "insufficient_user_authentication"  // RFC 9470 section 3
	UnmetAuthenticationRequirements = "unmet_authentication_requirements" // OpenID Connect Core Unmet Authentication Requirements 1.0
)

// maxDescription bounds what a description repeats of a stranger's words.
const maxDescription = 512

// Error is an OAuth error response (RFC 6749 section 5.2). Status is the HTTP
// status of a direct answer; a redirect carries the others alone.
type Error struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	URI         string `json:"error_uri,omitempty"` // of a page on this error, "" for none
	// RedirectURI is where a wallet sends the browser after its answer to a verifier (OpenID4VP 1.0 section 8.2); "" for nowhere.
	RedirectURI string `json:"redirect_uri,omitempty"`
	Status      int    `json:"-"`
}

// Error is the code and the description.
func (e *Error) Error() string {
	if e.Description == "" {
		return e.Code
	}
	return e.Code + ": " + e.Description
}

// NewError makes an error with a description that the specification allows
// whatever the arguments hold. Say what was expected, what came, and the section;
// never anything personal.
func NewError(status int, code, format string, args ...any) *Error {
	return &Error{Code: code, Description: clean(fmt.Sprintf(format, args...)), Status: status}
}

// clean keeps to %x20-21 / %x23-5B / %x5D-7E (RFC 6749 section 5.2): a quotation
// mark becomes an apostrophe, anything else outside a question mark.
func clean(s string) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() == maxDescription {
			break
		}
		switch {
		case r == '"':
			b.WriteByte('\'')
		case r == '\\' || r < ' ' || r > '~':
			b.WriteByte('?')
		default:
			b.WriteByte(byte(r))
		}
	}
	return b.String()
}

// WriteError answers with an error: JSON, never stored by a cache. It cleans the
// description again, since an Error can be made without NewError.
func WriteError(w http.ResponseWriter, e *Error) {
	status := e.Status
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	body, err := json.Marshal(Error{Code: clean(e.Code), Description: clean(e.Description), URI: e.URI, RedirectURI: e.RedirectURI})
	if err != nil {
		body = []byte(`{"error":"` + ServerError + `"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// The status line has been sent; a client that went away is not told twice.
	_, _ = w.Write(body)
}
