package sdjwtvc

import (
	"encoding/json"
	"fmt"

	"lommebok.example/specs/jose"
)

// IssuerWellKnown is the name under /.well-known/ of the JWT VC Issuer Metadata; it stands between host and path (section 4).
const IssuerWellKnown = "jwt-vc-issuer"

// IssuerMetadata tells an issuer's keys: exactly one of JWKS and JWKSURI (section 4.2).
type IssuerMetadata struct {
	Issuer  string     `json:"issuer"`
	JWKS    *jose.JWKS `json:"jwks,omitempty"`
	JWKSURI string     `json:"jwks_uri,omitempty"`
}

// ParseIssuerMetadata reads JWT VC Issuer Metadata that were fetched for an issuer (section 4.3). Errors: ErrIssuerMetadata.
func ParseIssuerMetadata(raw []byte, issuer string) (*IssuerMetadata, error) {
	var m IssuerMetadata
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIssuerMetadata, err)
	}
	switch {
	case jose.CheckJSON(raw) != nil:
		return nil, fmt.Errorf("%w: expected strict JSON", ErrIssuerMetadata)
	case m.Issuer != issuer:
		return nil, fmt.Errorf("%w: issuer is not the iss that they were fetched for (section 4.3)", ErrIssuerMetadata)
	case (m.JWKS == nil) == (m.JWKSURI == ""):
		return nil, fmt.Errorf("%w: expected exactly one of jwks and jwks_uri (section 4.2)", ErrIssuerMetadata)
	}
	return &m, nil
}
