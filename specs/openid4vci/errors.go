package openid4vci

import (
	"errors"
	"fmt"
	"net/http"

	"lommebok.example/specs/oauth2"
)

// Error codes, each equal to its value on the wire.
const (
	InvalidCredentialRequest       = "invalid_credential_request"       // section 8.3.1.2
	UnknownCredentialConfiguration = "unknown_credential_configuration" // section 8.3.1.2
	UnknownCredentialIdentifier    = "unknown_credential_identifier"    // section 8.3.1.2
	InvalidProof                   = "invalid_proof"                    // section 8.3.1.2
	InvalidNonce                   = "invalid_nonce"                    // section 8.3.1.2
	InvalidEncryptionParameters    = "invalid_encryption_parameters"    // section 8.3.1.2
	CredentialRequestDenied        = "credential_request_denied"        // section 8.3.1.2; the wallet gives up
	InvalidTransactionID           = "invalid_transaction_id"           // section 9.3
	InvalidNotificationID          = "invalid_notification_id"          // section 11.3
	InvalidNotificationRequest     = "invalid_notification_request"     // section 11.3
)

// Why a credential request is refused; errors.Is finds them in an *Error.
var (
	ErrRequest            = errors.New("openid4vci: the credential request is malformed")
	ErrIdentifier         = errors.New("openid4vci: not exactly one of credential_identifier and credential_configuration_id")
	ErrProofs             = errors.New("openid4vci: the proofs member does not fit")
	ErrResponseEncryption = errors.New("openid4vci: credential_response_encryption does not fit, or stands in a request that is not encrypted")
	ErrRequestEncryption  = errors.New("openid4vci: the request is not encrypted as the issuer can open it")

	ErrProof          = errors.New("openid4vci: the key proof is malformed or its signature does not hold")
	ErrProofKey       = errors.New("openid4vci: not exactly one supported key in the header of the key proof")
	ErrKeyAttestation = errors.New("openid4vci: the key attestation is not supported or does not hold")
	ErrNotAttested    = errors.New("openid4vci: the key proof is not signed by an attested key")
	ErrProofAudience  = errors.New("openid4vci: the key proof is meant for another issuer")
	ErrProofTime      = errors.New("openid4vci: the key proof is too old or from the future")
	ErrProofIssuer    = errors.New("openid4vci: the iss of the key proof is not the client")
	ErrNonceMissing   = errors.New("openid4vci: the key proof has no nonce")
	ErrProofReused    = errors.New("openid4vci: two key proofs with the same key")
)

// Why other messages are refused.
var (
	ErrIssuer   = errors.New("openid4vci: not a Credential Issuer Identifier")
	ErrOffer    = errors.New("openid4vci: the credential offer is malformed")
	ErrLink     = errors.New("openid4vci: the link holds not exactly one credential offer")
	ErrMetadata = errors.New("openid4vci: the issuer metadata is malformed")
	ErrMismatch = errors.New("openid4vci: the messages of the issuer contradict each other")
	ErrResponse = errors.New("openid4vci: the response is malformed")

	ErrSignedMetadata = errors.New("openid4vci: the signed metadata is malformed or its signature does not hold")
	ErrUntrusted      = errors.New("openid4vci: the signer of the metadata is not trusted")
)

// Error is a refusal of a credential request, ready for the answer: its code, and a
// description in the characters that section 8.3.1.2 allows, which repeats nothing of
// a proof but names of header members. The HTTP status is 400. errors.Is finds the
// reason.
type Error struct {
	Code        string
	Description string
	Reason      error
}

// Error is the code and the description.
func (e *Error) Error() string { return e.Code + ": " + e.Description }

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Reason }

func refuse(code string, reason error, format string, args ...any) *Error {
	clean := oauth2.NewError(http.StatusBadRequest, code, format, args...)
	return &Error{Code: code, Description: clean.Description, Reason: reason}
}

func fail(reason error, format string, args ...any) error {
	return fmt.Errorf("%w: %s", reason, fmt.Sprintf(format, args...))
}
