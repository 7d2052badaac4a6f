package dpop

import "errors"

// One sentinel per reason; the error returned wraps it and adds the detail. On
// the wire each is invalid_dpop_proof (RFC 9449 sections 5 and 7.1).
var (
	ErrMissing   = errors.New("DPoP header missing")
	ErrMultiple  = errors.New("more than one DPoP header")
	ErrProof     = errors.New("DPoP proof not well-formed")
	ErrSignature = errors.New("DPoP proof: signature does not verify")
	ErrMethod    = errors.New("DPoP proof: htm is not the request's method")
	ErrURL       = errors.New("DPoP proof: htu is not the request's URL")
	ErrExpired   = errors.New("DPoP proof: iat too long ago")
	ErrFuture    = errors.New("DPoP proof: iat in the future")
	ErrJTI       = errors.New("DPoP proof: jti not accepted")
	ErrATH       = errors.New("DPoP proof: ath is not of the access token")
	ErrKey       = errors.New("DPoP proof: not by the expected key")
)
