package authserver

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
)

// Machine is a confidential client that acts for itself (RFC 6749 section 4.4): nobody logs in at it, so all that is known of
// it here is how it authenticates.
type Machine struct{ service Service }

// NewMachine reads how a client authenticates, as ParseServices does: private_key_jwt with a JWK Set, or
// client_secret_basic with the base64url of the SHA-256 of a secret. ErrConfig.
func NewMachine(id, method string, jwks map[string]any, secretSHA256 string) (*Machine, error) {
	m := &Machine{Service{ID: id, Auth: method}}
	err := m.service.readCredentials(jwks, secretSHA256)
	switch {
	case err != nil:
	case !slices.Contains(MachineMethods(), method):
		err = fmt.Errorf("token_endpoint_auth_method: expected one of %v", MachineMethods())
	default:
		err = m.service.checkAuth()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: client %q: %w", ErrConfig, id, err)
	}
	return m, nil
}

// ID is the client_id.
func (m *Machine) ID() string { return m.service.ID }

// Machines authenticates the clients of a token endpoint that has no other grant than client_credentials.
type Machines struct {
	Find      func(id string) *Machine // nil for a stranger
	Audiences []string                 // of client assertions: the issuer identifier and the token endpoint
	Proofs    interface {
		// TakeProof keeps the hash of a client assertion until expires. ErrProofUsed when it is kept already.
		TakeProof(ctx context.Context, jti Hash, expires time.Time) error
	}
	Now func() time.Time
}

// MachineMethods are those of NewMachine, for the metadata (RFC 8414 section 2).
func MachineMethods() []string { return []string{oidc.AuthSecretBasic, oidc.AuthPrivateKeyJWT} }

// MachineAlgs are what a client assertion may be signed with, for the metadata.
func MachineAlgs() []string { return algNames(assertionAlgs) }

// Request reads a token request and authenticates the client that it is from. A refusal is for the client, an error is a
// fault of ours.
func (m *Machines) Request(w http.ResponseWriter, r *http.Request) (*Machine, url.Values, *oauth2.Error, error) {
	v, refusal := form(w, r)
	if refusal != nil {
		return nil, nil, refusal, nil
	}
	brought, refusal := presentedCredentials(r, v)
	if refusal != nil {
		return nil, nil, refusal, nil
	}
	machine := m.Find(brought.id)
	if machine == nil || brought.method != machine.service.Auth {
		return nil, nil, notAuthenticated("expected the credentials of a registered client, by the method that is registered for it (RFC 6749 section 5.2)"), nil
	}
	if refusal, err := m.check(r.Context(), &machine.service, brought); refusal != nil || err != nil {
		return nil, nil, refusal, err
	}
	return machine, v, nil, nil
}

func (m *Machines) check(ctx context.Context, s *Service, brought credentials) (*oauth2.Error, error) {
	if brought.method != oidc.AuthPrivateKeyJWT {
		return s.checkSecret(brought.secret), nil
	}
	return asserter{s.ID, s.Keys, m.Audiences}.takeAssertion(ctx, m.Proofs, brought.assertion, m.Now())
}
