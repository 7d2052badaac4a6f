package cose

import "errors"

// Reasons to refuse bytes as strict CBOR. Each is wrapped with the offset in the input.
var (
	ErrTooLarge     = errors.New("cose: larger than allowed")
	ErrMalformed    = errors.New("cose: not well-formed CBOR")
	ErrTrailing     = errors.New("cose: bytes after the item")
	ErrIndefinite   = errors.New("cose: indefinite length")
	ErrNotShortest  = errors.New("cose: not the shortest form")
	ErrDuplicateKey = errors.New("cose: map key occurs twice")
	ErrDepth        = errors.New("cose: nested too deeply")
	ErrUTF8         = errors.New("cose: text is not UTF-8")
	ErrUnsupported  = errors.New("cose: simple value outside false, true, null and finite numbers")
)

// Reasons to refuse an item that is strict CBOR, or a value that cannot become one.
var (
	ErrType  = errors.New("cose: not the type wanted here")
	ErrDate  = errors.New("cose: not a date in the prescribed form")
	ErrValue = errors.New("cose: value has no CBOR form here")
)

// Reasons to refuse a COSE structure.
var (
	ErrHeader    = errors.New("cose: bad header")
	ErrCrit      = errors.New("cose: crit header not supported")
	ErrAlg       = errors.New("cose: algorithm missing, not allowed or not that of the key")
	ErrChain     = errors.New("cose: bad x5chain")
	ErrPayload   = errors.New("cose: payload missing or given twice")
	ErrKey       = errors.New("cose: bad key")
	ErrSignature = errors.New("cose: signature does not verify")
	ErrMAC       = errors.New("cose: message authentication code does not verify")
)
