package wallet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

// Finish takes the browser's return to RedirectURI, with its query, and gets what was authorized: a token, a c_nonce,
// key proofs, the credentials, each verified and then stored. What was stored before an error comes with it. A *Later when some of
// it comes later.
func (w *Wallet) Finish(ctx context.Context, query url.Values) ([]*Credential, error) {
	f, code, err := w.returned(query)
	if err != nil {
		return nil, err
	}
	return w.collect(ctx, f, url.Values{
		"grant_type": {oauth2.GrantAuthorizationCode}, "code": {code}, "redirect_uri": {w.RedirectURI},
		"client_id": {w.ClientID}, "code_verifier": {f.Verifier},
	})
}

// collect gets a token by whatever grant, and with it every credential of the flow.
func (w *Wallet) collect(ctx context.Context, f *Flow, form url.Values) ([]*Credential, error) {
	p, err := w.prover(f)
	if err != nil {
		return nil, err
	}
	token, err := w.token(ctx, p, f, form)
	if err != nil {
		return nil, err
	}
	grant, err := w.hold(f, token)
	if err != nil {
		return nil, err
	}
	var stored []*Credential
	var later Later
	for _, request := range requestsFor(f, token) {
		c, err := w.obtain(ctx, p, f, token.AccessToken, request, grant, "")
		if one := (*Later)(nil); errors.As(err, &one) {
			later.Pending = append(later.Pending, one.Pending...)
			continue
		}
		if err != nil {
			return stored, fmt.Errorf("%s: %w", request.configurationID, err)
		}
		stored = append(stored, c)
	}
	if len(later.Pending) > 0 {
		return stored, &later
	}
	return stored, nil
}

// token exchanges what a grant has for a token that is bound to the flow's key (RFC 9449 section 5).
func (w *Wallet) token(ctx context.Context, p *prover, f *Flow, form url.Values) (*oauth2.TokenResponse, error) {
	c := formCall("token request (OpenID4VCI 1.0 section 6.1)", f.Plan.Server.TokenEndpoint, form).attested(f)
	a, err := p.do(ctx, c)
	if err != nil {
		return nil, err
	}
	raw, err := jsonOf(c, a, http.StatusOK)
	if err != nil {
		return nil, err
	}
	t := &oauth2.TokenResponse{}
	if err := jose.Unmarshal(raw, t); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", c.step, ErrAnswer, err)
	}
	if t.AccessToken == "" || !strings.EqualFold(t.TokenType, oauth2.TokenTypeDPoP) {
		return nil, fmt.Errorf("%s: %w: expected access_token and token_type DPoP, got token_type %q (HAIP 1.0 section 4)", c.step, ErrAnswer, t.TokenType)
	}
	return t, nil
}

// wanted is one credential request: by identifier where the token response named any (OpenID4VCI 1.0 section 8.2).
type wanted struct{ configurationID, identifier string }

func requestsFor(f *Flow, t *oauth2.TokenResponse) []wanted {
	var all []wanted
	for _, id := range f.Plan.ConfigurationIDs {
		found := false
		for _, d := range t.AuthorizationDetails {
			if d.CredentialConfigurationID != id {
				continue
			}
			for _, identifier := range d.CredentialIdentifiers {
				all, found = append(all, wanted{id, identifier}), true
			}
		}
		if !found {
			all = append(all, wanted{configurationID: id})
		}
	}
	return all
}

// obtained is an answer with credentials, and what it is the answer to.
type obtained struct {
	what      wanted
	keys      []Key
	answer    *openid4vci.CredentialResponse
	encrypted bool
}

// obtain gets one credential in as many copies as allowed, verifies each, and has them stored, in the place of another where
// replaces names one; the issuer is told how that went. A c_nonce that was refused is replaced once (section 8.3.1.2). A *Later when
// the issuer issues later.
func (w *Wallet) obtain(ctx context.Context, p *prover, f *Flow, token string, what wanted, grant, replaces string) (*Credential, error) {
	keys, err := w.makeKeys(w.batch(f.Plan.Issuer, w.configuration(&f.Plan, what.configurationID)))
	if err != nil {
		return nil, err
	}
	answer, encrypted, err := w.ask(ctx, p, f, token, what, keys)
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) && refusal.Code == openid4vci.InvalidNonce {
		answer, encrypted, err = w.ask(ctx, p, f, token, what, keys)
	}
	if err != nil {
		return nil, err
	}
	if answer.TransactionID != "" {
		return nil, w.postpone(&Pending{
			ConfigurationID: what.configurationID, Flow: f, Keys: keys, Token: token, Grant: grant, Replaces: replaces,
		}, answer)
	}
	return w.take(ctx, p, f, token, &obtained{what, keys, answer, encrypted}, w.storing(grant, replaces))
}

// take verifies what came, has it stored and tells the issuer.
func (w *Wallet) take(ctx context.Context, p *prover, f *Flow, token string, got *obtained, store func(*Credential) error) (*Credential, error) {
	config := w.configuration(&f.Plan, got.what.configurationID)
	credential, err := w.accept(config, got.keys, got.answer.Credentials)
	if err != nil {
		return nil, errors.Join(err, w.notify(ctx, p, f, token, got.answer.NotificationID, openid4vci.CredentialFailure))
	}
	credential.ConfigurationID, credential.Issuer = got.what.configurationID, f.Plan.Issuer.CredentialIssuer
	credential.Encrypted = got.encrypted
	credential.IssuerDisplay, credential.Display = f.Plan.Issuer.Display, config.CredentialMetadata
	if err = w.addType(ctx, credential); err != nil {
		err = fmt.Errorf("%w: %w", ErrCredential, err)
	} else {
		w.addLogo(ctx, credential)
		err = store(credential)
	}
	if err != nil {
		return nil, errors.Join(err, w.notify(ctx, p, f, token, got.answer.NotificationID, openid4vci.CredentialFailure))
	}
	return credential, w.tellStored(ctx, p, f, token, credential, got.answer.NotificationID)
}

// batch is how many keys to prove: what the issuer takes, what we want, at least one.
func (w *Wallet) batch(m *openid4vci.IssuerMetadata, config openid4vci.Configuration) int {
	want := w.Copies
	if want == 0 {
		want = defaultCopies
	}
	if m.BatchCredentialIssuance == nil || len(config.ProofTypesSupported) == 0 {
		return 1
	}
	return max(1, min(want, m.BatchCredentialIssuance.BatchSize))
}

func (w *Wallet) makeKeys(n int) ([]Key, error) {
	keys := make([]Key, n)
	for i := range keys {
		var err error
		if keys[i], err = w.newKey(); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// ask makes one credential request with a proof for each key, over a c_nonce of its own. It tells whether request and response
// were encrypted.
func (w *Wallet) ask(ctx context.Context, p *prover, f *Flow, token string, what wanted, keys []Key) (answer *openid4vci.CredentialResponse, encrypted bool, err error) {
	proofs, err := w.proofs(ctx, p, f, what.configurationID, keys)
	if err != nil {
		return nil, false, err
	}
	request := openid4vci.CredentialRequest{CredentialIdentifier: what.identifier, Proofs: proofs}
	name := "credential_identifier"
	if what.identifier == "" {
		request.CredentialConfigurationID, name = what.configurationID, "credential_configuration_id="+what.configurationID
	}
	c := call{
		step: "credential request (OpenID4VCI 1.0 section 8.2)", method: http.MethodPost, url: f.Plan.Issuer.CredentialEndpoint, token: token,
		sent: []string{name, fmt.Sprintf("proof of %d keys, of type %s", len(keys), proofs.Type)},
	}
	return w.exchange(ctx, p, f.Plan.Issuer, c, len(keys), func(to *openid4vci.ResponseEncryptionKey) any {
		request.ResponseEncryption = to
		return &request
	})
}

// nonce asks the Nonce Endpoint (section 7), whose answer may bring a DPoP nonce too.
func (w *Wallet) nonce(ctx context.Context, p *prover, f *Flow) (string, error) {
	address := f.Plan.Issuer.NonceEndpoint
	if address == "" {
		return "", fmt.Errorf("%w: the issuer's metadata name no nonce_endpoint (OpenID4VCI 1.0 section 12.2.4)", ErrNonce)
	}
	c := call{step: "nonce request (OpenID4VCI 1.0 section 7.1)", method: http.MethodPost, url: address, accept: "application/json"}
	a, err := w.do(ctx, c, nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNonce, err)
	}
	p.remember(origin(address), a)
	raw, err := jsonOf(c, a, http.StatusOK)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNonce, err)
	}
	answer, err := openid4vci.ParseNonceResponse(raw)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNonce, err)
	}
	return answer.CNonce, nil
}
