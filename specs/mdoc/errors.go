package mdoc

import "errors"

// Reasons not to issue.
var (
	ErrTemplate = errors.New("mdoc: template has no document type, element or identifier")
	ErrElement  = errors.New("mdoc: element given twice, without a value, or not there")
	ErrTimes    = errors.New("mdoc: times do not follow each other, or outlive the signer's certificate")
	ErrKey      = errors.New("mdoc: key missing, or not the one of the certificate or document")
)

// Reasons to refuse what was received.
var (
	ErrMalformed   = errors.New("mdoc: not the structure of ISO/IEC 18013-5")
	ErrVersion     = errors.New("mdoc: version is not 1.0")
	ErrAlgorithm   = errors.New("mdoc: digest algorithm is not SHA-256, SHA-384 or SHA-512")
	ErrChain       = errors.New("mdoc: x5chain missing or unusable")
	ErrSignature   = errors.New("mdoc: issuer signature does not verify")
	ErrDigest      = errors.New("mdoc: digest of an element does not match")
	ErrNoDigest    = errors.New("mdoc: element has no digest in the mobile security object")
	ErrDocType     = errors.New("mdoc: document type is not that of the mobile security object")
	ErrNotYetValid = errors.New("mdoc: not valid yet")
	ErrExpired     = errors.New("mdoc: no longer valid")
	ErrSignedTime  = errors.New("mdoc: signed outside the validity of the signer's certificate")
	ErrDevice      = errors.New("mdoc: device authentication does not verify")
	ErrDeviceKind  = errors.New("mdoc: device authenticated in the other way")
)
