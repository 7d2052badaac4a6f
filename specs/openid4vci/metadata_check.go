package openid4vci

import (
	"slices"

	"lommebok.example/specs/jose"
)

// ParseIssuerMetadata reads metadata that was fetched from Rules.WellKnown(issuer).
// Unknown members are ignored. credential_issuer must equal issuer in every character
// (section 12.2.4). Errors: ErrMetadata, ErrIssuer, ErrMismatch.
func ParseIssuerMetadata(raw []byte, issuer string, r Rules) (*IssuerMetadata, error) {
	var m IssuerMetadata
	if err := jose.Unmarshal(raw, &m); err != nil {
		return nil, fail(ErrMetadata, "%v", err)
	}
	if err := m.Validate(r); err != nil {
		return nil, err
	}
	if m.CredentialIssuer != issuer {
		return nil, fail(ErrMismatch, "credential_issuer is not the identifier that the metadata was fetched for (section 12.2.4)")
	}
	return &m, nil
}

// Validate tells whether the metadata keeps the rules of section 12.2.4 and appendix
// B.3: for an issuer before it publishes, for a wallet after it reads.
func (m *IssuerMetadata) Validate(r Rules) error {
	if err := r.CheckIssuer(m.CredentialIssuer); err != nil {
		return err
	}
	for _, server := range m.AuthorizationServers {
		if err := r.checkURL(ErrMetadata, "authorization_servers", server); err != nil {
			return err
		}
	}
	if m.CredentialEndpoint == "" {
		return fail(ErrMetadata, "credential_endpoint: required, and absent (section 12.2.4)")
	}
	for name, address := range map[string]string{
		"credential_endpoint": m.CredentialEndpoint, "nonce_endpoint": m.NonceEndpoint,
		"deferred_credential_endpoint": m.DeferredCredentialEndpoint, "notification_endpoint": m.NotificationEndpoint,
	} {
		if address == "" {
			continue
		}
		if err := r.checkURL(ErrMetadata, name, address); err != nil {
			return err
		}
	}
	if m.BatchCredentialIssuance != nil && m.BatchCredentialIssuance.BatchSize < 2 {
		return fail(ErrMetadata, "batch_size: expected 2 or more (section 12.2.4)")
	}
	if err := m.checkEncryption(); err != nil {
		return err
	}
	if err := checkLocales(m.Display, func(d IssuerDisplay) string { return d.Locale }); err != nil {
		return err
	}
	if err := m.checkInfo(); err != nil {
		return err
	}
	return m.checkConfigurations()
}

func (m *IssuerMetadata) checkEncryption() error {
	if e := m.CredentialRequestEncryption; e != nil {
		if len(e.JWKS.Keys) == 0 || len(e.EncValuesSupported) == 0 {
			return fail(ErrMetadata, "credential_request_encryption: expected jwks and enc_values_supported (section 12.2.4)")
		}
		seen := map[string]bool{}
		for _, k := range e.JWKS.Keys {
			if k.Kid == "" || k.Alg == "" || seen[k.Kid] {
				return fail(ErrMetadata, "credential_request_encryption: jwks: expected alg and a unique kid in each key (section 12.2.4)")
			}
			seen[k.Kid] = true
		}
	}
	e := m.CredentialResponseEncryption
	switch {
	case e == nil:
		return nil
	case len(e.AlgValuesSupported) == 0 || len(e.EncValuesSupported) == 0:
		return fail(ErrMetadata, "credential_response_encryption: expected alg_values_supported and enc_values_supported (section 12.2.4)")
	case m.CredentialRequestEncryption == nil:
		return fail(ErrMetadata, "credential_response_encryption: not usable without credential_request_encryption (section 8.2)")
	}
	return nil
}

func (m *IssuerMetadata) checkConfigurations() error {
	if len(m.CredentialConfigurationsSupported) == 0 {
		return fail(ErrMetadata, "credential_configurations_supported: expected at least one (section 12.2.4)")
	}
	for id, c := range m.CredentialConfigurationsSupported {
		if id == "" {
			return fail(ErrMetadata, "credential_configurations_supported: an identifier is empty (section 12.2.4)")
		}
		if err := c.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Validate tells whether the configuration keeps the rules of section 12.2.4 and of
// its format's profile (appendix A). Formats without a profile here pass with what is
// common to all. Errors: ErrMetadata.
func (c *Configuration) Validate() error {
	switch {
	case c.Format == "":
		return fail(ErrMetadata, "format: required, and absent (section 12.2.4)")
	case c.Format == FormatSDJWTVC && c.VCT == "":
		return fail(ErrMetadata, "vct: required for %s (appendix A.3.2)", FormatSDJWTVC)
	case c.Format == FormatMdoc && c.DocType == "":
		return fail(ErrMetadata, "doctype: required for %s (appendix A.2.2)", FormatMdoc)
	case c.Format == FormatSDJWTVC && len(c.CredentialSigningAlgValuesSupported.COSE) > 0,
		c.Format == FormatMdoc && len(c.CredentialSigningAlgValuesSupported.JOSE) > 0:
		return fail(ErrMetadata, "credential_signing_alg_values_supported: expected names for %s, numbers for %s (appendix A)", FormatSDJWTVC, FormatMdoc)
	case (len(c.CryptographicBindingMethodsSupported) == 0) != (len(c.ProofTypesSupported) == 0):
		return fail(ErrMetadata, "expected cryptographic_binding_methods_supported and proof_types_supported, or neither (section 12.2.4)")
	}
	for _, p := range c.ProofTypesSupported {
		if len(p.ProofSigningAlgValuesSupported) == 0 {
			return fail(ErrMetadata, "proof_signing_alg_values_supported: expected a non-empty array (section 12.2.4)")
		}
	}
	if c.CredentialMetadata == nil {
		return nil
	}
	display := c.CredentialMetadata.Display
	if slices.ContainsFunc(display, func(d CredentialDisplay) bool { return d.Name == "" }) {
		return fail(ErrMetadata, "display: name: required, and absent (section 12.2.4)")
	}
	if err := checkLocales(display, func(d CredentialDisplay) string { return d.Locale }); err != nil {
		return err
	}
	if err := c.CredentialMetadata.CredentialReusePolicy.check(); err != nil {
		return err
	}
	return checkClaims(c.Format, c.CredentialMetadata.Claims)
}

// checkLocales refuses two texts for one language (section 12.2.4).
func checkLocales[D any](list []D, locale func(D) string) error {
	seen := map[string]bool{}
	for _, d := range list {
		if seen[locale(d)] {
			return fail(ErrMetadata, "display: the locale %.16q stands twice (section 12.2.4)", locale(d))
		}
		seen[locale(d)] = true
	}
	return nil
}

// AuthorizationServer gives the authorization server to use for a grant with the hint
// authorization_server of an offer, "" for none (sections 4.1.1 and 12.2.4). The hint
// must name one of several; without a hint the first one, or the issuer itself, is
// given. Errors: ErrMismatch.
func (m *IssuerMetadata) AuthorizationServer(hint string) (string, error) {
	switch {
	case hint != "" && len(m.AuthorizationServers) < 2:
		return "", fail(ErrMismatch, "authorization_server in the offer, and the issuer has no several to choose from (section 4.1.1)")
	case hint != "" && !slices.Contains(m.AuthorizationServers, hint):
		return "", fail(ErrMismatch, "authorization_server in the offer is none of authorization_servers (section 12.2.4)")
	case hint != "":
		return hint, nil
	case len(m.AuthorizationServers) > 0:
		return m.AuthorizationServers[0], nil
	}
	return m.CredentialIssuer, nil
}

// CheckOffer tells whether an offer fits the metadata: the same issuer, known
// configurations, and hints that name an authorization server (section 4.1.1). Errors:
// ErrMismatch.
func (m *IssuerMetadata) CheckOffer(o *Offer) error {
	if o.CredentialIssuer != m.CredentialIssuer {
		return fail(ErrMismatch, "credential_issuer of the offer is not that of the metadata (section 12.2.4)")
	}
	for _, id := range o.CredentialConfigurationIDs {
		if _, ok := m.CredentialConfigurationsSupported[id]; !ok {
			return fail(ErrMismatch, "credential_configuration_ids: an offered configuration is not in the metadata (section 4.1.1)")
		}
	}
	if o.Grants == nil {
		return nil
	}
	var hints []string
	if g := o.Grants.AuthorizationCode; g != nil {
		hints = append(hints, g.AuthorizationServer)
	}
	if g := o.Grants.PreAuthorizedCode; g != nil {
		hints = append(hints, g.AuthorizationServer)
	}
	for _, hint := range hints {
		if _, err := m.AuthorizationServer(hint); err != nil {
			return err
		}
	}
	return nil
}
