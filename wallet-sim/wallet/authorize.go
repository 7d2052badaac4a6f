package wallet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lommebok.example/specs/dpop"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

// Flow is an issuance under way, between the wallet's request and the browser's return. Its ID is the state.
type Flow struct {
	ID       string            `json:"id"`
	Started  time.Time         `json:"started"`
	Plan     Plan              `json:"plan"`
	Verifier string            `json:"code_verifier"`
	Key      Key               `json:"dpop_key"`
	Nonces   map[string]string `json:"dpop_nonces"`
	Attested *Attested         `json:"attested,omitempty"` // nil where the server takes no wallet attestation
}

// flowLife is how long a person may take to sign in.
const flowLife = time.Hour

// Begin pushes the authorization request (RFC 9126) and gives the address to open in the person's browser, which comes
// back to RedirectURI.
func (w *Wallet) Begin(ctx context.Context, p *Plan) (authorize string, err error) {
	if p.PreAuthorized != nil {
		return "", fmt.Errorf("%w: nobody signs in with a pre-authorized code", ErrUnsupported)
	}
	f, err := w.newFlow(ctx, p)
	if err != nil {
		return "", err
	}
	form, err := w.authorizationRequest(f)
	if err != nil {
		return "", err
	}
	uri, err := w.push(ctx, f, form)
	if err != nil {
		return "", err
	}
	w.forgetOld(w.Now())
	if err := w.Store.write(flowsDir, f.ID, f); err != nil {
		return "", err
	}
	u, err := url.Parse(p.Server.AuthorizationEndpoint)
	if err != nil {
		return "", fmt.Errorf("authorization_endpoint: %w", err)
	}
	query := u.Query()
	query.Set("client_id", w.ClientID)
	query.Set("request_uri", uri)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// newFlow begins an issuance with keys of its own.
func (w *Wallet) newFlow(ctx context.Context, p *Plan) (*Flow, error) {
	key, err := w.newKey()
	if err != nil {
		return nil, err
	}
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails (Go 1.24 and later)
	f := &Flow{
		ID: newID(), Started: w.Now(), Plan: *p, Verifier: jose.EncodeBase64URL(random[:]), Key: key, Nonces: map[string]string{},
	}
	return f, w.attest(ctx, f)
}

// authorizationRequest asks by scope (HAIP 1.0 section 4.3), and by authorization_details where a credential has none.
func (w *Wallet) authorizationRequest(f *Flow) (url.Values, error) {
	form := url.Values{
		"response_type": {"code"}, "client_id": {w.ClientID}, "redirect_uri": {w.RedirectURI}, "state": {f.ID},
		"code_challenge": {oauth2.S256(f.Verifier)}, "code_challenge_method": {oauth2.MethodS256},
	}
	var scopes []string
	var details []oauth2.AuthorizationDetail
	for _, id := range f.Plan.ConfigurationIDs {
		if scope := f.Plan.Issuer.CredentialConfigurationsSupported[id].Scope; scope != "" {
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
			continue
		}
		d := oauth2.AuthorizationDetail{Type: oauth2.TypeOpenIDCredential, CredentialConfigurationID: id}
		if len(f.Plan.Issuer.AuthorizationServers) > 0 {
			d.Locations = []string{f.Plan.Issuer.CredentialIssuer}
		}
		details = append(details, d)
	}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	if len(details) > 0 {
		raw, err := json.Marshal(details)
		if err != nil {
			return nil, err
		}
		form.Set("authorization_details", string(raw))
	}
	if len(f.Plan.Issuer.AuthorizationServers) > 0 {
		form.Set("resource", f.Plan.Issuer.CredentialIssuer) // OpenID4VCI 1.0 section 5.1.2
	}
	if f.Plan.IssuerState != "" {
		form.Set("issuer_state", f.Plan.IssuerState)
	}
	return form, nil
}

func (w *Wallet) push(ctx context.Context, f *Flow, form url.Values) (requestURI string, err error) {
	p, err := w.prover(f)
	if err != nil {
		return "", err
	}
	c := formCall("pushed authorization request (RFC 9126 section 2)", f.Plan.Server.PushedAuthorizationRequestEndpoint, form).attested(f)
	a, err := p.do(ctx, c)
	if err != nil {
		return "", err
	}
	raw, err := jsonOf(c, a, http.StatusCreated, http.StatusOK)
	if err != nil {
		return "", err
	}
	var answer oauth2.PARResponse
	if err := jose.Unmarshal(raw, &answer); err != nil || answer.RequestURI == "" {
		return "", fmt.Errorf("%s: %w: expected request_uri (RFC 9126 section 2.2)", c.step, ErrAnswer)
	}
	return answer.RequestURI, nil
}

func (w *Wallet) prover(f *Flow) (*prover, error) {
	p, err := dpop.NewProver(f.Key)
	return &prover{w: w, dpop: p, nonces: f.Nonces, flow: f}, err
}

// forgetOld deletes flows and requests that nobody came back to. What cannot be deleted is left for the next time.
func (w *Wallet) forgetOld(now time.Time) {
	ids, _ := w.Store.ids(flowsDir)
	for _, id := range ids {
		var f struct {
			Started time.Time `json:"started"`
		}
		if err := w.Store.read(flowsDir, id, &f); err == nil && now.Sub(f.Started) > flowLife {
			_ = w.Store.takeFlow(id) // another may have been quicker
		}
	}
}

// returned reads how the browser came back: the flow it belongs to, and the code. The flow is taken: it answers once.
func (w *Wallet) returned(query url.Values) (f *Flow, code string, err error) {
	for _, name := range []string{"state", "iss", "code", "error"} {
		if len(query[name]) > 1 {
			return nil, "", fmt.Errorf("authorization response: %w: %s came %d times (RFC 6749 section 3.1)", ErrAnswer, name, len(query[name]))
		}
	}
	f = &Flow{}
	if err := w.Store.read(flowsDir, query.Get("state"), f); err != nil || f.Key.PrivateKey == nil {
		return nil, "", fmt.Errorf("%w: state (RFC 6749 section 10.12)", ErrState)
	}
	if err := checkIss(f.Plan.Server, query); err != nil {
		return nil, "", err
	}
	if err := w.Store.takeFlow(f.ID); err != nil {
		return nil, "", ErrState
	}
	if w.Now().Sub(f.Started) > flowLife {
		return nil, "", fmt.Errorf("%w: it began more than an hour ago", ErrState)
	}
	if query.Get("error") != "" {
		return nil, "", &Refusal{
			Step: "authorization (RFC 6749 section 4.1.2.1)", Endpoint: "the browser, at " + f.Plan.Server.AuthorizationEndpoint,
			Sent: f.asked(), Code: query.Get("error"), Description: query.Get("error_description"), Page: query.Get("error_uri"),
		}
	}
	if query.Get("code") == "" {
		return nil, "", fmt.Errorf("authorization response: neither code nor error (RFC 6749 section 4.1.2)")
	}
	return f, query.Get("code"), nil
}

func (f *Flow) asked() []string {
	return []string{"credentials " + strings.Join(f.Plan.ConfigurationIDs, ", ")}
}

// checkIss holds RFC 9207 section 2.4: the answer names the server that was asked, if it names any or said it would.
func checkIss(m *oauth2.ServerMetadata, query url.Values) error {
	if !query.Has("iss") && !m.AuthorizationResponseIssParameterSupported {
		return nil
	}
	if got := query.Get("iss"); got != m.Issuer {
		return fmt.Errorf("%w: the authorization response comes from %q, expected iss %q (RFC 9207 section 2.4)", ErrIdentity, got, m.Issuer)
	}
	return nil
}

func (w *Wallet) configuration(p *Plan, id string) openid4vci.Configuration {
	return p.Issuer.CredentialConfigurationsSupported[id]
}
