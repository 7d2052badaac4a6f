package oidc

import "errors"

// LoginRequired is the error code for a person who would have to sign in where no page may be shown (Core section
// 3.1.2.6). The other codes are package oauth2's.
const LoginRequired = "login_required"

// One sentinel per reason; the error returned wraps it and adds the detail.
var (
	ErrParameter = errors.New("request parameter not accepted")
	ErrProvider  = errors.New("discovery document not accepted")
	ErrToken     = errors.New("token not well-formed")
	ErrKey       = errors.New("no key of the provider fits the token")
	ErrIssuer    = errors.New("token of another issuer")
	ErrAudience  = errors.New("token for another audience")
	ErrNonce     = errors.New("nonce is not the one of the request")
	ErrExpired   = errors.New("token not valid at this time")
	ErrACR       = errors.New("level lower than asked for")
	ErrAuthTime  = errors.New("login older than asked for")
)
