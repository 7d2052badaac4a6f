package sdjwt

import "errors"

// One sentinel per reason. They are wrapped with detail that never holds a claim's value.
var (
	ErrTooLarge   = errors.New("sdjwt: larger than the limit")
	ErrMalformed  = errors.New("sdjwt: not <JWT>~<Disclosure>~...~[<KB-JWT>]")
	ErrJSON       = errors.New("sdjwt: not strict JSON")
	ErrDisclosure = errors.New("sdjwt: not a disclosure")

	// Section 7.1.
	ErrHashAlg         = errors.New("sdjwt: _sd_alg is not understood")
	ErrDigest          = errors.New("sdjwt: an embedded digest has the wrong form")
	ErrDuplicateDigest = errors.New("sdjwt: a digest stands more than once")
	ErrUnreferenced    = errors.New("sdjwt: a disclosure is not referenced by any digest")
	ErrPosition        = errors.New("sdjwt: a disclosure stands in the wrong kind of place")
	ErrCollision       = errors.New("sdjwt: a disclosed claim name exists already")
	ErrReservedName    = errors.New("sdjwt: a reserved name is used as a claim name")
	ErrDepth           = errors.New("sdjwt: nested too deeply")

	// Encode and Select.
	ErrMark  = errors.New("sdjwt: an SD mark stands where it has no meaning")
	ErrValue = errors.New("sdjwt: a value cannot be written as JSON")
	ErrPath  = errors.New("sdjwt: a claims path leads nowhere")

	// Sections 4.3 and 7.3.
	ErrKBMissing   = errors.New("sdjwt: the Key Binding JWT is missing")
	ErrKBType      = errors.New("sdjwt: the Key Binding JWT has the wrong header")
	ErrKBSignature = errors.New("sdjwt: the Key Binding JWT is not signed by the holder key")
	ErrKBClaims    = errors.New("sdjwt: the Key Binding JWT has malformed claims")
	ErrKBAudience  = errors.New("sdjwt: the Key Binding JWT is for another audience")
	ErrKBNonce     = errors.New("sdjwt: the Key Binding JWT has another nonce")
	ErrKBHash      = errors.New("sdjwt: sd_hash does not match what was presented")
	ErrKBTime      = errors.New("sdjwt: the Key Binding JWT is outside its time window")
)
