package wallet

import (
	"context"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

// Plan is what an issuer would give, and all that is needed to get it.
type Plan struct {
	Issuer           *openid4vci.IssuerMetadata
	Server           *oauth2.ServerMetadata
	ConfigurationIDs []string
	IssuerState      string
	// PreAuthorized is the grant of an offer that has no other. Where there is a choice, the person signs in: what comes is then
	// about who holds the wallet, whoever made the offer.
	PreAuthorized *openid4vci.PreAuthorizedCodeGrant
}

// IsOffer tells whether an address hands over a credential offer.
func IsOffer(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Query().Has("credential_offer") || u.Query().Has("credential_offer_uri"))
}

// Resolve reads an offer, by value or by reference, or the address of an issuer with a credential configuration, and
// fetches the metadata that go with it. An offer is a stranger's word: nothing is sent but these fetches.
// configurationID narrows an offer to one of what it offers; for an issuer it is required.
func (w *Wallet) Resolve(ctx context.Context, address, configurationID string) (*Plan, error) {
	offer, err := w.offer(ctx, address, configurationID)
	if err != nil {
		return nil, err
	}
	p := &Plan{ConfigurationIDs: offer.CredentialConfigurationIDs}
	if configurationID != "" {
		if !slices.Contains(p.ConfigurationIDs, configurationID) {
			return nil, fmt.Errorf("%w: the offer names %s, not %s", ErrChoice, strings.Join(p.ConfigurationIDs, ", "), configurationID)
		}
		p.ConfigurationIDs = []string{configurationID}
	}
	hint := ""
	if g := offer.Grants; g != nil {
		switch {
		case g.AuthorizationCode != nil:
			p.IssuerState, hint = g.AuthorizationCode.IssuerState, g.AuthorizationCode.AuthorizationServer
		case g.PreAuthorizedCode != nil:
			p.PreAuthorized, hint = g.PreAuthorizedCode, g.PreAuthorizedCode.AuthorizationServer
		default:
			return nil, fmt.Errorf("%w: the offer has neither of the grants that this wallet takes (OpenID4VCI 1.0 section 4.1.1)", ErrUnsupported)
		}
	}
	if p.Issuer, err = w.fetchIssuer(ctx, offer.CredentialIssuer); err != nil {
		return nil, err
	}
	if _, ok := p.Issuer.CredentialConfigurationsSupported[configurationID]; !ok && !IsOffer(address) {
		return nil, fmt.Errorf("%w: %q; the issuer has %s", ErrChoice, configurationID, configurationsOf(p.Issuer))
	}
	if err := p.Issuer.CheckOffer(offer); err != nil {
		return nil, fmt.Errorf("%w: %w; the issuer has %s", ErrConfiguration, err, configurationsOf(p.Issuer))
	}
	server, err := p.Issuer.AuthorizationServer(hint)
	if err != nil {
		return nil, err
	}
	if p.Server, err = w.serverMetadata(ctx, server); err != nil {
		return nil, err
	}
	return p, w.checkServer(p)
}

func (w *Wallet) offer(ctx context.Context, address, configurationID string) (*openid4vci.Offer, error) {
	if !IsOffer(address) {
		if err := w.vciRules().CheckIssuer(address); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInput, err)
		}
		if configurationID == "" {
			return nil, fmt.Errorf("%w: an issuer's address alone does not say which", ErrConfiguration)
		}
		return &openid4vci.Offer{CredentialIssuer: address, CredentialConfigurationIDs: []string{configurationID}}, nil
	}
	offer, reference, err := openid4vci.ParseOfferLink(address, w.vciRules())
	if err != nil || reference == "" {
		return offer, err
	}
	raw, err := w.getJSON(ctx, "credential offer (OpenID4VCI 1.0 section 4.1.3)", reference)
	if err != nil {
		return nil, err
	}
	return openid4vci.ParseOffer(raw, w.vciRules())
}

// Configurations are the identifiers of what an issuer has.
func (w *Wallet) Configurations(ctx context.Context, issuer string) ([]string, error) {
	if err := w.vciRules().CheckIssuer(issuer); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	m, err := w.fetchIssuer(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(m.CredentialConfigurationsSupported)), nil
}

func (w *Wallet) fetchIssuer(ctx context.Context, issuer string) (*openid4vci.IssuerMetadata, error) {
	address, err := w.vciRules().WellKnown(issuer)
	if err != nil {
		return nil, err
	}
	c := call{
		step: "issuer metadata (OpenID4VCI 1.0 section 12.2.2)", method: http.MethodGet, url: address,
		accept: openid4vci.MediaTypeSignedMetadata + ", " + openid4vci.MediaTypeMetadata + ";q=0.9",
	}
	a, err := w.do(ctx, c, nil)
	if err != nil {
		return nil, err
	}
	m, err := w.readIssuer(c, a, issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer metadata from %s: %w", address, err)
	}
	return m, nil
}

// readIssuer takes metadata in either form; what is signed must be signed by somebody who is trusted (section 12.2.3, ARF
// ISSU_22).
func (w *Wallet) readIssuer(c call, a *fetch.Answer, issuer string) (*openid4vci.IssuerMetadata, error) {
	media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || media != openid4vci.MediaTypeSignedMetadata || a.Status != http.StatusOK {
		raw, err := jsonOf(c, a, http.StatusOK)
		if err != nil {
			return nil, err
		}
		return openid4vci.ParseIssuerMetadata(raw, issuer, w.vciRules())
	}
	anchors, err := w.Trust.Issuers()
	if err != nil {
		return nil, err
	}
	return openid4vci.ParseSignedMetadata(string(a.Body), issuer, anchors, w.Now(), w.vciRules())
}

func configurationsOf(m *openid4vci.IssuerMetadata) string {
	return strings.Join(slices.Sorted(maps.Keys(m.CredentialConfigurationsSupported)), ", ")
}

// serverMetadata fetches the metadata of an authorization server, whose issuer must equal the identifier in every
// character (RFC 8414 section 3.3).
func (w *Wallet) serverMetadata(ctx context.Context, server string) (*oauth2.ServerMetadata, error) {
	address, err := oauth2.WellKnown(server, oauth2.WellKnownSuffix)
	if err != nil {
		return nil, err
	}
	raw, err := w.getJSON(ctx, "authorization server metadata (RFC 8414 section 3)", address)
	if err != nil {
		return nil, err
	}
	m := &oauth2.ServerMetadata{}
	if err := jose.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("authorization server metadata from %s: %w: %w", address, ErrAnswer, err)
	}
	if m.Issuer != server {
		return nil, fmt.Errorf("%w: the metadata at %s name the issuer %q, expected %q (RFC 8414 section 3.3)", ErrIdentity, address, m.Issuer, server)
	}
	return m, nil
}

// checkServer holds what the profile of HAIP 1.0 section 4 asks of the authorization server. One that is asked with a pre-authorized code
// needs a token endpoint alone.
func (w *Wallet) checkServer(p *Plan) error {
	m := p.Server
	needed := map[string]string{"token_endpoint": m.TokenEndpoint}
	if p.PreAuthorized == nil {
		needed["authorization_endpoint"], needed["pushed_authorization_request_endpoint"] = m.AuthorizationEndpoint, m.PushedAuthorizationRequestEndpoint
	}
	for name, address := range needed {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || !w.InsecureAllowHTTP)) {
			return fmt.Errorf("%w: the authorization server's %s is missing or no https address (HAIP 1.0 section 4)", ErrUnsupported, name)
		}
	}
	if p.PreAuthorized == nil && !slices.Contains(m.CodeChallengeMethodsSupported, oauth2.MethodS256) {
		return fmt.Errorf("%w: the authorization server does not announce PKCE with S256 (HAIP 1.0 section 4)", ErrUnsupported)
	}
	return nil
}

// Names are what the issuer calls the credentials, in a language.
func (p *Plan) Names(lang string) []string {
	var names []string
	for _, id := range p.ConfigurationIDs {
		c := Credential{Type: id, Display: p.Issuer.CredentialConfigurationsSupported[id].CredentialMetadata}
		names = append(names, c.Name(lang))
	}
	return names
}
