package wallet

import (
	"context"
	"fmt"
	"net/url"

	"lommebok.example/specs/oauth2"
)

const grantsDir = "grants"

// held is what further tokens of an issuance are had with: the refresh token, and the keys that it is bound to.
type held struct {
	ID           string `json:"id"`
	RefreshToken string `json:"refresh_token"`
	Flow         *Flow  `json:"flow"`
}

// hold keeps the refresh token of an issuance; "" when the server gave none.
func (w *Wallet) hold(f *Flow, t *oauth2.TokenResponse) (id string, err error) {
	if t.RefreshToken == "" {
		return "", nil
	}
	h := held{ID: newID(), RefreshToken: t.RefreshToken, Flow: f}
	return h.ID, w.Store.write(grantsDir, h.ID, h)
}

// Renew gets a credential again without a sign-in, in new copies that take the place of the old (RFC 6749 section 6). ErrNotFound when
// there is no such credential, ErrUnsupported when its issuer gave no refresh token.
func (w *Wallet) Renew(ctx context.Context, id string) (*Credential, error) {
	old, err := w.Store.Get(id)
	if err != nil {
		return nil, err
	}
	if old.Grant == "" {
		return nil, fmt.Errorf("%w: the issuer gave no refresh token with this credential", ErrUnsupported)
	}
	var h held
	if err := w.Store.read(grantsDir, old.Grant, &h); err != nil {
		return nil, err
	}
	p, token, err := w.refreshed(ctx, &h)
	if err != nil {
		return nil, err
	}
	for _, request := range requestsFor(h.Flow, token) {
		if request.configurationID == old.ConfigurationID {
			return w.obtain(ctx, p, h.Flow, token.AccessToken, request, old.Grant, old.ID)
		}
	}
	return nil, fmt.Errorf("%w: the token opens %s no longer", ErrConfiguration, old.ConfigurationID)
}

// refreshed gets another access token with a refresh token.
func (w *Wallet) refreshed(ctx context.Context, h *held) (*prover, *oauth2.TokenResponse, error) {
	if err := w.attestAgain(ctx, h.Flow); err != nil {
		return nil, nil, err
	}
	p, err := w.prover(h.Flow)
	if err != nil {
		return nil, nil, err
	}
	token, err := w.token(ctx, p, h.Flow, url.Values{
		"grant_type": {oauth2.GrantRefreshToken}, "refresh_token": {h.RefreshToken}, "client_id": {w.ClientID},
	})
	return p, token, err
}

// attestAgain gets an attestation that is not too old, of the instance key that the refresh token is bound to.
func (w *Wallet) attestAgain(ctx context.Context, f *Flow) error {
	if f.Attested == nil {
		return nil
	}
	if w.Attester == nil {
		return fmt.Errorf("%w: the refresh token is of an attested wallet, and there is no wallet provider", ErrUnsupported)
	}
	if err := w.renew(f); err != nil || f.Plan.Server.ChallengeEndpoint == "" {
		return err
	}
	return w.challenge(ctx, f)
}
