package issuance

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"net/http"
	"slices"
	"time"

	"lommebok.example/minid/authserver"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

// attested verifies what a wallet provider says of the keys of one request, and of the wallet unit that has them.
type attested struct {
	service *Service
	order   *order
	at      time.Time
	known   map[string][]*ecdsa.PublicKey // by key attestation: each is verified once
}

// checkUnit looks at the wallet unit, when the type lives and dies with it: it attested itself, its provider keeps its status
// for as long as the credential lives, and has not revoked it (EUDI TS3 section 2.4.3).
func (a *attested) checkUnit(ctx context.Context, unit *authserver.WalletUnit) error {
	typ := a.order.typ
	switch {
	case typ.KeyAttestation == nil:
		return nil
	case unit == nil || unit.Status == nil:
		return refusal(openid4vci.CredentialRequestDenied,
			"%s goes only to a wallet that got its access token with a wallet attestation, with client_status in it (EUDI TS3 sections 2.2.1, 2.4.3)", typ.ID)
	}
	return a.watch(ctx, unit.Status, openid4vci.CredentialRequestDenied, "wallet attestation: client_status")
}

// watch looks a status up, and has it looked up again as long as the credential lives.
func (a *attested) watch(ctx context.Context, status *attestation.Status, code, name string) error {
	if until := a.order.life.Until; a.order.typ.KeyAttestation != nil {
		if !status.Until.After(until) {
			return refusal(code, "%s: expected exp after %s, when the credential ends; got %s (EUDI TS3 section 2.4.3)",
				name, until.Format(time.RFC3339), status.Until.Format(time.RFC3339))
		}
		a.order.watched = append(a.order.watched, *status)
	}
	err := a.service.Wallets.Check(ctx, status, a.at)
	switch {
	case errors.Is(err, attestation.ErrRevoked), errors.Is(err, attestation.ErrSuspended):
		return refusal(code, "%s: %v (EUDI TS3 section 2.4.3)", name, err)
	case err != nil:
		a.service.Log.Error("status of a wallet", "what", name, "cause", err)
		return oauth2.NewError(http.StatusServiceUnavailable, oauth2.TemporarilyUnavailable,
			"%s: the status list that it names cannot be had or used, and nothing is issued meanwhile (EUDI TS3 section 2.4.3)", name)
	}
	return nil
}

// keys verifies a key attestation (OpenID4VCI appendix D.1, HAIP section 4.5.1, EUDI TS3 sections 2.2.2.2 and 2.3.2) and
// gives its keys. A nonce in it is taken with the others.
func (a *attested) keys(ctx context.Context, jwt string, expires bool) ([]*ecdsa.PublicKey, error) {
	if keys, ok := a.known[jwt]; ok {
		return keys, nil
	}
	k, err := attestation.VerifyKeys(jwt, expires, attestation.Expect{Providers: a.service.Wallets.Anchors(), At: a.at})
	if err != nil {
		return nil, refusal(openid4vci.InvalidProof, "key attestation: %v (OpenID4VCI appendix D.1)", err)
	}
	if typ := a.order.typ; typ.KeyAttestation != nil {
		if err := k.Meets(typ.KeyAttestation.KeyStorage, typ.KeyAttestation.UserAuthentication); err != nil {
			return nil, refusal(openid4vci.InvalidProof, "key attestation: %v", err)
		}
		if k.Status == nil {
			return nil, refusal(openid4vci.InvalidProof, "key attestation: expected key_storage_status (EUDI TS3 section 2.3.2)")
		}
	}
	if k.Nonce != "" {
		used, ok := a.service.Nonces.Use(k.Nonce)
		if !ok {
			return nil, refusal(openid4vci.InvalidNonce,
				"key attestation: the nonce is not a c_nonce of ours, or too old; get another from the nonce endpoint (OpenID4VCI appendix D.1, section 7)")
		}
		a.order.nonces = append(a.order.nonces, used)
	}
	if k.Status != nil {
		if err := a.watch(ctx, k.Status, openid4vci.InvalidProof, "key attestation: key_storage_status"); err != nil {
			return nil, err
		}
	}
	if a.known == nil {
		a.known = map[string][]*ecdsa.PublicKey{}
	}
	a.known[jwt] = k.Attested
	return k.Attested, nil
}

// add binds one credential to a key, and only one (section 8.3).
func (a *attested) add(key *ecdsa.PublicKey) {
	if !slices.ContainsFunc(a.order.keys, func(other *ecdsa.PublicKey) bool { return other.Equal(key) }) {
		a.order.keys = append(a.order.keys, key)
	}
}
