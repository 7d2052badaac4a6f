package issuance

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"

	"lommebok.example/issuer/credentials"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

// maxBody bounds a Credential Request: ten key proofs with room to spare.
const maxBody = 256 << 10

// readRequest is phase 2.
func readRequest(w http.ResponseWriter, r *http.Request) (*openid4vci.CredentialRequest, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, refusal(openid4vci.InvalidCredentialRequest, "expected Content-Type application/json (OpenID4VCI section 8.2)")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, oauth2.NewError(http.StatusRequestEntityTooLarge, openid4vci.InvalidCredentialRequest,
			"the request is larger than %d bytes", maxBody)
	}
	if err != nil {
		return nil, refusal(openid4vci.InvalidCredentialRequest, "the request ended early")
	}
	return openid4vci.ParseCredentialRequest(body)
}

// configuration is phase 3: what is asked for, if the token opens it.
func (s *Service) configuration(access *authserver.Access, request *openid4vci.CredentialRequest) (*credentials.Type, error) {
	if request.CredentialIdentifier != "" {
		return s.byIdentifier(access, request.CredentialIdentifier)
	}
	id := request.CredentialConfigurationID
	typ, ok := s.Types.ByID(id)
	switch {
	case !ok:
		return nil, refusal(openid4vci.UnknownCredentialConfiguration, "there is no credential configuration %s (OpenID4VCI section 8.3.1.2)", id)
	case isAuthorized(access, id):
		return typ, refusal(openid4vci.InvalidCredentialRequest,
			"the token response named credential_identifiers for %s, so expected credential_identifier (OpenID4VCI section 8.2)", id)
	case !slices.Contains(access.Scopes, typ.Scope):
		return typ, forbidden("the access token does not cover %s; it takes the scope %s (RFC 6750 section 3.1)", id, typ.Scope)
	}
	return typ, nil
}

func (s *Service) byIdentifier(access *authserver.Access, identifier string) (*credentials.Type, error) {
	for _, a := range access.Authorized {
		if !slices.Contains(a.Identifiers, identifier) {
			continue
		}
		if typ, ok := s.Types.ByID(a.ConfigurationID); ok {
			return typ, nil
		}
	}
	return nil, refusal(openid4vci.UnknownCredentialIdentifier,
		"the credential_identifier is not one that the token response named (OpenID4VCI section 8.3.1.2)")
}

func isAuthorized(access *authserver.Access, configurationID string) bool {
	return slices.ContainsFunc(access.Authorized, func(a authserver.Authorized) bool {
		return a.ConfigurationID == configurationID
	})
}
