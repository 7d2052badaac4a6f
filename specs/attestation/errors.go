package attestation

import "errors"

// Why a wallet attestation or a key attestation is refused.
var (
	ErrMalformed = errors.New("attestation: not a well-formed JWT of its kind")
	ErrType      = errors.New("attestation: typ is another")
	ErrNoChain   = errors.New("attestation: x5c is missing")
	ErrUntrusted = errors.New("attestation: the x5c chain leads to no trusted wallet provider")
	ErrSignature = errors.New("attestation: the signature does not hold with the leaf of x5c")
	ErrClaims    = errors.New("attestation: a required claim is missing or of the wrong type")
	ErrExpired   = errors.New("attestation: expired")
	ErrTooLong   = errors.New("attestation: made to live longer than allowed")
	ErrFuture    = errors.New("attestation: not valid yet")
	ErrKey       = errors.New("attestation: a key is no public key on P-256, P-384 or P-521")
	ErrStatus    = errors.New("attestation: the status reference is malformed")
)

// Why a proof of possession is refused.
var (
	ErrHeaders      = errors.New("attestation: not exactly one header with a wallet attestation and one with its proof of possession")
	ErrPoP          = errors.New("attestation: the proof of possession is malformed")
	ErrPoPType      = errors.New("attestation: typ of the proof of possession is another")
	ErrPoPSignature = errors.New("attestation: the proof of possession is not signed by the key of cnf")
	ErrPoPIssuer    = errors.New("attestation: iss of the proof of possession is not the client")
	ErrAudience     = errors.New("attestation: the proof of possession is meant for another server")
	ErrPoPTime      = errors.New("attestation: iat of the proof of possession is too old or in the future")
	ErrJTI          = errors.New("attestation: jti of the proof of possession is missing or too long")
)

// What a status says, when it does not say that all is well.
var (
	ErrRevoked       = errors.New("attestation: the wallet provider has revoked it")
	ErrSuspended     = errors.New("attestation: the wallet provider has suspended it")
	ErrStatusUnknown = errors.New("attestation: what the wallet provider says of its status cannot be known")
)

// Why a key attestation does not do for a credential.
var (
	ErrNoExpiry           = errors.New("attestation: exp is missing, and required with the jwt proof type")
	ErrNoKeys             = errors.New("attestation: attested_keys is empty, or has a key twice")
	ErrKeyStorage         = errors.New("attestation: key_storage is not as strong as demanded")
	ErrUserAuthentication = errors.New("attestation: user_authentication is not as strong as demanded")
)
