package oauth2

import (
	"errors"
	"fmt"
	"math"

	"lommebok.example/specs/jose"
)

// TypeOpenIDCredential is the type of authorization details that ask for a
// credential (OpenID4VCI 1.0 section 5.1.1).
const TypeOpenIDCredential = "openid_credential"

const (
	maxDetailsBytes = 16 << 10
	maxDetails      = 32
)

// ErrAuthorizationDetails is why authorization_details are refused; the answer
// is InvalidAuthorizationDetails (RFC 9396 section 5).
var ErrAuthorizationDetails = errors.New("authorization_details not accepted")

// AuthorizationDetail is one element of authorization_details (RFC 9396 section
// 2, OpenID4VCI 1.0 sections 5.1.1 and 6.2). CredentialIdentifiers stand in the
// token response alone.
type AuthorizationDetail struct {
	Type                      string        `json:"type"`
	CredentialConfigurationID string        `json:"credential_configuration_id"`
	CredentialIdentifiers     []string      `json:"credential_identifiers,omitempty"`
	Locations                 []string      `json:"locations,omitempty"`
	Claims                    []ClaimDetail `json:"claims,omitempty"`
}

// ClaimDetail names a claim that the wallet wants in the credential; Path is the
// claims path pointer of OpenID4VCI 1.0 Appendix C (section B.1 for its use).
type ClaimDetail struct {
	Path      []any `json:"path"`
	Mandatory bool  `json:"mandatory,omitempty"`
}

// ParseAuthorizationDetails reads the parameter of an authorization or token
// request: a non-empty array of strict JSON whose elements all are of type
// openid_credential. Members that are not known are ignored (OpenID4VCI 1.0
// section 5.1.1). Errors: ErrAuthorizationDetails.
func ParseAuthorizationDetails(raw string) ([]AuthorizationDetail, error) {
	if len(raw) > maxDetailsBytes {
		return nil, detailsError("expected at most %d bytes, got %d", maxDetailsBytes, len(raw))
	}
	// The type is looked at first: an element of another type has other members.
	var types []struct {
		Type string `json:"type"`
	}
	if err := jose.Unmarshal([]byte(raw), &types); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAuthorizationDetails, err)
	}
	if len(types) == 0 || len(types) > maxDetails {
		return nil, detailsError("expected 1 to %d elements, got %d", maxDetails, len(types))
	}
	for _, t := range types {
		if t.Type != TypeOpenIDCredential {
			return nil, detailsError("type: expected %s (RFC 9396 section 5)", TypeOpenIDCredential)
		}
	}
	var details []AuthorizationDetail
	if err := jose.Unmarshal([]byte(raw), &details); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAuthorizationDetails, err)
	}
	for i := range details {
		if err := details[i].check(); err != nil {
			return nil, err
		}
		details[i].CredentialIdentifiers = nil // a member of the response; in a request one that is not known
	}
	return details, nil
}

func (d AuthorizationDetail) check() error {
	if d.CredentialConfigurationID == "" {
		return detailsError("credential_configuration_id is missing (OpenID4VCI 1.0 section 5.1.1)")
	}
	for _, c := range d.Claims {
		if len(c.Path) == 0 {
			return detailsError("claims: path is missing or empty (OpenID4VCI 1.0 section B.1)")
		}
		for _, step := range c.Path {
			if !isPathStep(step) {
				return detailsError("claims: path: expected string, null or non-negative integer (OpenID4VCI 1.0 Appendix C)")
			}
		}
	}
	return nil
}

// isPathStep takes what encoding/json makes of a string, null or a number.
func isPathStep(step any) bool {
	switch v := step.(type) {
	case nil, string:
		return true
	case float64:
		return v >= 0 && v <= 1<<53 && v == math.Trunc(v)
	}
	return false
}

func detailsError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrAuthorizationDetails, fmt.Sprintf(format, args...))
}
