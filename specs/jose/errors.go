package jose

import "errors"

// One sentinel per reason; the error returned wraps it and adds the detail.
var (
	ErrMalformed  = errors.New("malformed JOSE object")
	ErrTooLarge   = errors.New("JOSE object too large")
	ErrJSON       = errors.New("not strict JSON")
	ErrEncoding   = errors.New("not canonical base64url")
	ErrHeader     = errors.New("header member not accepted")
	ErrAlg        = errors.New("algorithm not accepted")
	ErrTyp        = errors.New("typ not accepted")
	ErrCrit       = errors.New("critical header extension not accepted")
	ErrKey        = errors.New("key not accepted")
	ErrSignature  = errors.New("signature does not verify")
	ErrEncryption = errors.New("encryption failed")
)
