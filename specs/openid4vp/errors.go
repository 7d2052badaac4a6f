package openid4vp

import (
	"errors"
	"fmt"
	"net/http"

	"lommebok.example/specs/oauth2"
)

// Error codes that a wallet answers, each equal to its value on the wire.
const (
	InvalidRequest          = oauth2.InvalidRequest          // section 8.5
	InvalidClient           = oauth2.InvalidClient           // section 8.5
	InvalidScope            = oauth2.InvalidScope            // RFC 6749 section 4.1.2.1
	UnsupportedResponseType = oauth2.UnsupportedResponseType // RFC 6749 section 4.1.2.1
	AccessDenied            = oauth2.AccessDenied            // section 8.5: no credential, no consent
	VPFormatsNotSupported   = "vp_formats_not_supported"     // section 8.5
	InvalidRequestURIMethod = "invalid_request_uri_method"   // section 8.5
	InvalidTransactionData  = "invalid_transaction_data"     // section 8.5
	WalletUnavailable       = "wallet_unavailable"           // section 8.5
)

// Why a wallet refuses a request; errors.Is finds them in an *Error.
var (
	ErrLink            = errors.New("openid4vp: the link holds not exactly one request by reference")
	ErrRequestObject   = errors.New("openid4vp: the request object is malformed or its signature does not hold")
	ErrClientID        = errors.New("openid4vp: the client_id is missing or another than in the link")
	ErrPrefix          = errors.New("openid4vp: the client identifier prefix is not supported")
	ErrHash            = errors.New("openid4vp: the client_id is not the hash of the certificate")
	ErrUntrusted       = errors.New("openid4vp: the certificate of the verifier is not trusted")
	ErrAudience        = errors.New("openid4vp: the request object is meant for somebody else")
	ErrTime            = errors.New("openid4vp: the request object is expired or from the future")
	ErrWalletNonce     = errors.New("openid4vp: the wallet_nonce does not come back")
	ErrResponseType    = errors.New("openid4vp: the response_type is not vp_token")
	ErrResponseMode    = errors.New("openid4vp: the response_mode is none that is taken here")
	ErrRedirectURI     = errors.New("openid4vp: a redirect_uri beside direct_post")
	ErrResponseURI     = errors.New("openid4vp: the response_uri is not acceptable")
	ErrNonce           = errors.New("openid4vp: the nonce is missing, short or has other characters")
	ErrState           = errors.New("openid4vp: the state is missing or has other characters")
	ErrQuery           = errors.New("openid4vp: not exactly one valid query")
	ErrTransactionData = errors.New("openid4vp: the transaction_data are malformed or of a type that is not known")
	ErrSigned          = errors.New("openid4vp: signed with a prefix that forbids it, or unsigned with one that demands it")
	ErrAttestation     = errors.New("openid4vp: the verifier attestation does not hold")
	ErrOrigin          = errors.New("openid4vp: the request is meant for another origin")
	ErrProtocol        = errors.New("openid4vp: not a protocol of the Digital Credentials API that is known")
	ErrClientMetadata  = errors.New("openid4vp: the client_metadata do not fit")
	ErrEncryptionKey   = errors.New("openid4vp: no usable key for the encryption of the answer")
)

// Why other messages are refused.
var (
	ErrResponse   = errors.New("openid4vp: the response is malformed")
	ErrWallet     = errors.New("openid4vp: the wallet_metadata are malformed or do not fit")
	ErrTranscript = errors.New("openid4vp: no session transcript can be made")
)

// Error is a refusal of a request by a wallet: the code to answer, and a description
// in the characters that RFC 6749 allows. errors.Is finds the reason.
//
// ResponseURI and State are set when the request was authentic, so that the refusal
// may be posted there; otherwise nobody is told.
type Error struct {
	Code        string
	Description string
	Reason      error
	ResponseURI string
	State       string
}

// Error is the code and the description.
func (e *Error) Error() string { return e.Code + ": " + e.Description }

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Reason }

// Response is the answer to post to ResponseURI.
func (e *Error) Response() ErrorResponse {
	return ErrorResponse{Code: e.Code, Description: e.Description, State: e.State}
}

func refuse(code string, reason error, format string, args ...any) *Error {
	clean := oauth2.NewError(http.StatusBadRequest, code, format, args...)
	return &Error{Code: code, Description: clean.Description, Reason: reason}
}

func fail(reason error, format string, args ...any) error {
	return fmt.Errorf("%w: %s", reason, fmt.Sprintf(format, args...))
}

// reasons keeps both what failed here and why below.
func reasons(here, below error) error { return fmt.Errorf("%w: %w", here, below) }
