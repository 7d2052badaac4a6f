package authserver

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"lommebok.example/minid"
	"lommebok.example/specs/dpop"
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
	Refreshed  bool        // the token was made from a refresh token: AuthTime may be long ago
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
		return nil, s.deny(r.Context(), oauth2.InvalidToken, serviceToken)
	}
	return access, refusal
}

// boundAccess checks a request with a token that is bound to a key.
func (s *Server) boundAccess(r *http.Request) (*Access, *AccessError) {
	u, refusal := s.unspentAccess(r)
	if refusal == nil {
		refusal = s.Spend(r.Context(), u)
	}
	if refusal != nil {
		return nil, refusal
	}
	return u.Access, nil
}

// Unspent is an access whose DPoP proof has not been used up yet. Nothing may be done or told on its strength before Spend.
type Unspent struct {
	Access *Access
	proof  *dpop.Proof
	spent  bool
}

// Unspent checks a wallet's request as Access does, but leaves the proof's jti to Spend, so that it can be taken in the same
// transaction as what the request does.
func (s *Server) Unspent(r *http.Request) (*Unspent, *AccessError) {
	u, refusal := s.unspentAccess(r)
	if refusal == nil && u.Access.Login != nil {
		refusal = s.Spend(r.Context(), u)
		if refusal == nil {
			refusal = s.deny(r.Context(), oauth2.InvalidToken, serviceToken)
		}
	}
	return u, refusal
}

const serviceToken = "the access token is a service's and opens userinfo alone (RFC 6750 section 3.1)"

func (s *Server) unspentAccess(r *http.Request) (*Unspent, *AccessError) {
	token, why := presented(r)
	if why != "" {
		return nil, s.deny(r.Context(), oauth2.InvalidToken, why)
	}
	proof, code, err := s.checkProof(r, token)
	if err != nil {
		return nil, s.deny(r.Context(), code, err.Error())
	}
	access, err := s.Store.TokenAccess(r.Context(), HashOf(token), s.Now())
	switch {
	case errors.Is(err, ErrNoToken):
		return nil, s.deny(r.Context(), oauth2.InvalidToken, "the access token is unknown, expired or revoked (RFC 6750 section 3.1)")
	case err != nil:
		return nil, s.accessFault(r.Context(), err)
	case access.JKT != proof.JKT:
		return nil, s.deny(r.Context(), oauth2.InvalidToken, "the access token is bound to another key (RFC 9449 section 7.1)")
	}
	return &Unspent{Access: access, proof: proof}, nil
}

// Spend takes the jti of the proof: of all who come with it, one is let through. When ctx is that of a transaction, the jti is
// spent when that is kept; whoever holds the transaction tells by Settle.
func (s *Server) Spend(ctx context.Context, u *Unspent) *AccessError {
	if code, err := s.takeJTI(ctx, u.proof); code == oauth2.ServerError {
		return s.accessFault(ctx, err)
	} else if err != nil {
		return s.deny(ctx, code, err.Error())
	}
	u.spent = true
	return nil
}

// Settle tells whether the transaction that Spend was part of has been kept.
func (u *Unspent) Settle(kept bool) { u.spent = kept }

// Spent tells whether the proof has been used up.
func (u *Unspent) Spent() bool { return u.spent }

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

func (s *Server) deny(ctx context.Context, code, why string) *AccessError {
	e := oauth2.NewError(http.StatusUnauthorized, code, "%s", why)
	s.logRefusal(ctx, e.Code, e.Description)
	return &AccessError{Code: e.Code, Description: e.Description, Status: e.Status, Nonce: s.Nonces.Current()}
}

func (s *Server) accessFault(ctx context.Context, err error) *AccessError {
	e := s.fault(ctx, "access", err)
	return &AccessError{Code: e.Code, Description: e.Description, Status: e.Status, Nonce: s.Nonces.Current()}
}
