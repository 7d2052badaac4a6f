package statuslist

import "errors"

// One sentinel per reason.
var (
	ErrBits        = errors.New("statuslist: bits is not 1, 2, 4 or 8")
	ErrIndex       = errors.New("statuslist: index outside the list")
	ErrStatus      = errors.New("statuslist: status does not fit the bits of the list")
	ErrTooLarge    = errors.New("statuslist: larger than the limit")
	ErrCompression = errors.New("statuslist: not one whole zlib stream")

	ErrToken     = errors.New("statuslist: not a status list token")
	ErrType      = errors.New("statuslist: the token is of another type")
	ErrChain     = errors.New("statuslist: no usable certificate chain in the protected header")
	ErrSignature = errors.New("statuslist: the signature does not hold")
	ErrClaims    = errors.New("statuslist: a claim is missing or malformed")
	ErrSubject   = errors.New("statuslist: the token is for another uri")
	ErrIssuedAt  = errors.New("statuslist: issued in the future")
	ErrExpired   = errors.New("statuslist: the token has expired")
)
