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
func (s *Service) readRequest(w http.ResponseWriter, r *http.Request) (*openid4vci.CredentialRequest, error) {
	body, encrypted, err := s.readSealable(w, r, "8.2")
	if err != nil {
		return nil, err
	}
	var request *openid4vci.CredentialRequest
	if encrypted {
		request, err = openid4vci.OpenCredentialRequest(string(body), s.Encryption.key)
	} else {
		request, err = openid4vci.ParseCredentialRequest(body)
	}
	if err != nil {
		return nil, err
	}
	return request, s.Encryption.demand(encrypted, request.ResponseEncryption)
}

// readSealable reads a request that may be encrypted, and tells whether it is. section is that of the request.
func (s *Service) readSealable(w http.ResponseWriter, r *http.Request, section string) (body []byte, encrypted bool, err error) {
	media := mediaType(r)
	if media != "application/json" && media != "application/jwt" {
		return nil, false, refusal(openid4vci.InvalidCredentialRequest,
			"expected Content-Type application/json, or application/jwt when encrypted; got %q (OpenID4VCI section %s)", media, section)
	}
	if encrypted = media == "application/jwt"; !encrypted && s.Encryption.required {
		return nil, false, s.Encryption.demand(false, nil)
	}
	body, err = readBody(w, r, openid4vci.InvalidCredentialRequest, section)
	return body, encrypted, err
}

// mediaType is the type of the body, without parameters; "" when there is none that can be read. It is cut, for a refusal.
func mediaType(r *http.Request) string {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media[:min(len(media), 64)]
}

// readBody reads a request within maxBody. What it refuses gets the code; section is that of the request.
func readBody(w http.ResponseWriter, r *http.Request, code, section string) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, oauth2.NewError(http.StatusRequestEntityTooLarge, code,
			"expected a request of at most %d bytes, got more (OpenID4VCI section %s)", maxBody, section)
	}
	if err != nil {
		return nil, refusal(code, "expected a whole request, got one that ended early (OpenID4VCI section %s)", section)
	}
	return body, nil
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
