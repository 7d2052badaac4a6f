package authserver

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"lommebok.example/minid"
	"lommebok.example/specs/oauth2"
)

// Access is what an access token opens, and how sure we were of the person when it was granted.
type Access struct {
	GrantID    string
	PersonID   string
	PID        string
	ClientID   string
	Level      minid.Level
	Basis      minid.Basis
	AuthTime   time.Time
	Scopes     []string     // asked by scope
	Authorized []Authorized // with Credential Identifiers; empty when nothing was asked by authorization_details
	JKT        string       // thumbprint of the key that the token is bound to; "" for a service's bearer token
	Expires    time.Time
	Unit       *WalletUnit // the wallet that attested itself at the token endpoint; nil when none did
	Login      *LoggedIn   // of a service's token, which opens userinfo alone
}

// AccessError is a refusal at a protected resource (RFC 6750 section 3, RFC 9449 section 7.1).
type AccessError struct {
	Code        string // invalid_token, invalid_dpop_proof, use_dpop_nonce or server_error
	Description string // ASCII, without quotation marks
	Status      int
	Nonce       string // for the header DPoP-Nonce
	Bearer      bool   // the token was no DPoP token: the challenge says Bearer
}

// Error gives code and description.
func (e *AccessError) Error() string { return e.Code + ": " + e.Description }

// proofAlgs are the algorithms that a proof may be signed with, as WWW-Authenticate names them.
var proofAlgs = strings.Join(dpopAlgs, " ")

// Write sends the refusal: the challenge in WWW-Authenticate, the nonce for the next proof, the same words as JSON.
func (e *AccessError) Write(w http.ResponseWriter) {
	if e.Nonce != "" {
		w.Header().Set("DPoP-Nonce", e.Nonce)
	}
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", e.challenge())
	}
	oauth2.WriteError(w, &oauth2.Error{Code: e.Code, Description: e.Description, Status: e.Status})
}

func (e *AccessError) challenge() string {
	words := ` error="` + e.Code + `", error_description="` + e.Description + `"`
	if e.Bearer {
		return "Bearer" + words
	}
	return "DPoP" + words + `, algs="` + proofAlgs + `"`
}

// Access checks a wallet's request to a protected resource: an access token of scheme DPoP, alive, with a proof by its key for this
// request and token, with our nonce, used for the first time (RFC 9449 sections 4.3, 7, 9).
func (s *Server) Access(r *http.Request) (*Access, *AccessError) {
	access, refusal := s.boundAccess(r)
	if refusal == nil && access.Login != nil {
		return nil, s.deny(r, oauth2.InvalidToken, "the access token is a service's and opens userinfo alone (RFC 6750 section 3.1)")
	}
	return access, refusal
}

// boundAccess checks a request with a token that is bound to a key.
func (s *Server) boundAccess(r *http.Request) (*Access, *AccessError) {
	token, why := presented(r)
	if why != "" {
		return nil, s.deny(r, oauth2.InvalidToken, why)
	}
	proof, code, err := s.checkProof(r, token)
	if err != nil {
		return nil, s.deny(r, code, err.Error())
	}
	at := s.Now()
	access, err := s.Store.TokenAccess(r.Context(), HashOf(token), at)
	switch {
	case errors.Is(err, ErrNoToken):
		return nil, s.deny(r, oauth2.InvalidToken, "the access token is unknown, expired or revoked (RFC 6750 section 3.1)")
	case err != nil:
		return nil, s.accessFault(r, err)
	case access.JKT != proof.JKT:
		return nil, s.deny(r, oauth2.InvalidToken, "the access token is bound to another key (RFC 9449 section 7.1)")
	}
	if code, err := s.takeJTI(r.Context(), proof); code == oauth2.ServerError {
		return nil, s.accessFault(r, err)
	} else if err != nil {
		return nil, s.deny(r, code, err.Error())
	}
	return access, nil
}

// presented finds the access token in the one place where it may stand, or tells why there is none. The name of the scheme is
// compared without regard to case (RFC 9110 section 11.1).
func presented(r *http.Request) (token, why string) {
	scheme, token, _ := strings.Cut(strings.Join(r.Header.Values("Authorization"), ","), " ")
	switch {
	case hasQueryToken(r):
		return "", "an access token may not stand in the query (FAPI 2.0 section 5.3.2.1)"
	case !strings.EqualFold(scheme, "DPoP"):
		return "", "expected an Authorization header with the scheme DPoP; a token bound to a key is no bearer token (RFC 9449 section 7)"
	case !isSecret(token):
		return "", "expected one access token of this server (RFC 6750 section 3.1)"
	}
	return token, ""
}

func hasQueryToken(r *http.Request) bool {
	return r.URL.RawQuery != "" && r.URL.Query().Has("access_token")
}

func (s *Server) deny(r *http.Request, code, why string) *AccessError {
	e := oauth2.NewError(http.StatusUnauthorized, code, "%s", why)
	s.logRefusal(r.Context(), e.Code, e.Description)
	return &AccessError{Code: e.Code, Description: e.Description, Status: e.Status, Nonce: s.Nonces.Current()}
}

func (s *Server) accessFault(r *http.Request, err error) *AccessError {
	e := s.fault(r.Context(), "access", err)
	return &AccessError{Code: e.Code, Description: e.Description, Status: e.Status, Nonce: s.Nonces.Current()}
}
