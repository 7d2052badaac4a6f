package authserver

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"lommebok.example/specs/attestation"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
	"lommebok.example/specs/x5c"
)

// WalletProviders knows the wallet providers that are trusted, and asks them how it stands with what they attested.
type WalletProviders interface {
	// Anchors are the roots that an attestation's chain must lead to.
	Anchors() *x5c.Anchors
	// Check looks a status up. Errors: attestation.ErrRevoked, ErrSuspended, ErrStatusUnknown.
	Check(ctx context.Context, s *attestation.Status, at time.Time) error
}

// wallet authenticates the wallet that a request is from, at the pushed request and at the token endpoint alike (HAIP 1.0
// sections 4.3 and 4.4.1): by a wallet attestation, by a client assertion, or not at all where InsecureAllowAnyClient has it.
// The unit is nil when the wallet did not attest itself.
func (s *Server) wallet(r *http.Request, v url.Values) (Client, *WalletUnit, *oauth2.Error) {
	brought, refusal := presentedCredentials(r, v)
	if refusal != nil {
		return Client{}, nil, refusal
	}
	headers, err := attestation.ReadHeaders(r.Header)
	if err != nil {
		return Client{}, nil, notAttested(err)
	}
	id, unit := brought.id, (*WalletUnit)(nil)
	if headers != nil {
		if id, unit, refusal = s.attested(r, id, *headers); refusal != nil {
			return Client{}, nil, refusal
		}
	}
	client, refusal := s.client(id)
	if refusal == nil {
		refusal = s.suffices(r, client, unit, brought)
	}
	return client, unit, refusal
}

// suffices tells whether what the client brought is what it must bring. An attestation beside a client assertion is a further
// signal (ABCA section 7.6).
func (s *Server) suffices(r *http.Request, client Client, unit *WalletUnit, brought credentials) *oauth2.Error {
	switch {
	case brought.method != "" && (brought.method != oidc.AuthPrivateKeyJWT || client.Auth != oauth2.AuthPrivateKeyJWT):
		return notAuthenticated("expected the authentication method that is registered for the wallet (RFC 6749 section 2.3)")
	case client.Auth == oauth2.AuthPrivateKeyJWT && brought.method == "":
		return notAuthenticated("expected a client_assertion, as is registered for the wallet (RFC 7523 section 2.2)")
	case client.Auth == oauth2.AuthPrivateKeyJWT:
		return s.checkAssertion(r, asserter{client.ID, client.Keys, []string{s.Issuer}}, brought.assertion)
	case unit != nil, client.Auth == "" && s.InsecureAllowAnyClient:
		return nil
	case s.Providers == nil:
		return notAuthenticated("expected the client_id of a registered wallet that authenticates itself (RFC 6749 section 2.3)")
	}
	return notAuthenticated("expected a wallet attestation in %s, with its proof of possession (HAIP 1.0 section 4.4.1)", attestation.HeaderWallet)
}

// attested verifies a wallet attestation with its proof of possession, and that the wallet is still good. id is the request's
// client_id, which may be absent.
func (s *Server) attested(r *http.Request, id string, h attestation.Headers) (string, *WalletUnit, *oauth2.Error) {
	if s.Providers == nil {
		return "", nil, notAuthenticated("wallet attestations are not taken here")
	}
	w, err := attestation.VerifyWallet(h.Wallet, attestation.Expect{
		Providers: s.Providers.Anchors(), At: s.Now(), MaxLife: attestation.MaxWalletLife,
	})
	switch {
	case errors.Is(err, attestation.ErrExpired):
		return "", nil, oauth2.NewError(http.StatusBadRequest, oauth2.UseFreshAttestation, "%v (ABCA section 7.1)", err)
	case err != nil:
		return "", nil, notAttested(err)
	case id != "" && id != w.ClientID:
		return "", nil, notAuthenticated("client_id is not sub of the wallet attestation (HAIP 1.0 section 4.4.1, ABCA section 7.1)")
	}
	if refusal := s.checkPossession(r, w, h.PoP); refusal != nil {
		return "", nil, refusal
	}
	if refusal := s.checkUnit(r, w.Status); refusal != nil {
		return "", nil, refusal
	}
	return w.ClientID, unitOf(w), nil
}

// checkUnit asks the wallet provider about the unit. What cannot be known is not taken for good.
func (s *Server) checkUnit(r *http.Request, status *attestation.Status) *oauth2.Error {
	if status == nil {
		return nil
	}
	err := s.Providers.Check(r.Context(), status, s.Now())
	switch {
	case errors.Is(err, attestation.ErrRevoked), errors.Is(err, attestation.ErrSuspended):
		return notAttested(err)
	case err != nil:
		s.logFault(r.Context(), "status of a wallet unit", err)
		return oauth2.NewError(http.StatusServiceUnavailable, oauth2.TemporarilyUnavailable,
			"the status list that the wallet attestation names cannot be had or used, so the wallet is not taken for good (EUDI TS3 section 2.4.3)")
	}
	return nil
}

// notAttested is the refusal of an attestation that came and does not hold: 401 as for invalid_client, which it goes beside
// (ABCA section 7.4).
func notAttested(err error) *oauth2.Error {
	return oauth2.NewError(http.StatusUnauthorized, oauth2.InvalidClientAttestation, "%v", err)
}
