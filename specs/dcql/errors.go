package dcql

import (
	"errors"
	"fmt"
)

// Why a query is refused. A wallet answers invalid_request to all of them (OpenID4VP
// 1.0 section 8.5).
var (
	ErrMalformed = errors.New("dcql: not a strict JSON object")
	ErrMember    = errors.New("dcql: a member is missing or of the wrong type")
	ErrEmpty     = errors.New("dcql: an array or string must not be empty")
	ErrID        = errors.New("dcql: an id may hold only letters, digits, underscore and hyphen")
	ErrDuplicate = errors.New("dcql: the same thing stands twice")
	ErrReference = errors.New("dcql: an identifier refers to nothing")
	ErrMeta      = errors.New("dcql: meta lacks what the format requires")
	ErrClaimSets = errors.New("dcql: claim_sets without claims")
	ErrValues    = errors.New("dcql: values may be strings, integers and booleans")
	ErrPath      = errors.New("dcql: not a claims path pointer")
)

// ErrNotFound tells that a claims path pointer selects nothing in a credential.
var ErrNotFound = errors.New("dcql: the path selects no claim")

// ErrNoMatch tells that the wallet cannot answer the query. errors.As with
// *NoMatchError gives the reasons. The wallet answers access_denied (section 8.5).
var ErrNoMatch = errors.New("dcql: the credentials do not satisfy the query")

func fail(sentinel error, at, format string, args ...any) error {
	detail := fmt.Sprintf(format, args...)
	if at == "" {
		return fmt.Errorf("%w: %s", sentinel, detail)
	}
	return fmt.Errorf("%w: %s: %s", sentinel, at, detail)
}
