package issuance

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/openid4vci"
)

// metadata gives the path of the Credential Issuer Metadata (section 12.2.2) and its ready bytes.
func (s *Service) metadata() (path string, body []byte, err error) {
	address, err := s.Rules.WellKnown(s.Issuer)
	if err != nil {
		return "", nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", nil, err
	}
	m := s.describe()
	if err := m.Validate(s.Rules); err != nil {
		return "", nil, fmt.Errorf("issuance: %w", err)
	}
	body, err = json.Marshal(m)
	return u.Path, body, err
}

// describe is the metadata of section 12.2.4. authorization_servers is left out: the issuer is its own.
func (s *Service) describe() *openid4vci.IssuerMetadata {
	m := &openid4vci.IssuerMetadata{
		CredentialIssuer:                  s.Issuer,
		CredentialEndpoint:                s.Issuer + "/credential",
		NonceEndpoint:                     s.Issuer + "/nonce",
		CredentialConfigurationsSupported: map[string]openid4vci.Configuration{},
	}
	for _, lang := range credentials.Languages {
		m.Display = append(m.Display, openid4vci.IssuerDisplay{Name: s.Name.In(lang), Locale: lang})
	}
	batch := 1
	for _, t := range s.Types.All() {
		m.CredentialConfigurationsSupported[t.ID] = configurationOf(t)
		batch = max(batch, t.Batch)
		if t.KeyAttestation != nil {
			m.PreferredClientStatusPeriod = max(m.PreferredClientStatusPeriod, statusPeriod(t))
		}
	}
	if batch > 1 {
		m.BatchCredentialIssuance = &openid4vci.Batch{BatchSize: batch}
	}
	return m
}

func configurationOf(t *credentials.Type) openid4vci.Configuration {
	c := openid4vci.Configuration{
		Format: t.Format, VCT: t.VCT, DocType: t.DocType, Scope: t.Scope,
		ProofTypesSupported: proofTypesOf(t),
		CredentialMetadata:  &openid4vci.CredentialMetadata{},
	}
	if t.Format == credentials.MDoc {
		c.CryptographicBindingMethodsSupported = []string{openid4vci.BindingCOSEKey}
		c.CredentialSigningAlgValuesSupported.COSE = []int64{-7} // ES256, RFC 9053 section 2.1
	} else {
		c.CryptographicBindingMethodsSupported = []string{openid4vci.BindingJWK}
		c.CredentialSigningAlgValuesSupported.JOSE = []string{"ES256"}
	}
	for _, lang := range credentials.Languages {
		c.CredentialMetadata.Display = append(c.CredentialMetadata.Display, openid4vci.CredentialDisplay{
			Name: t.Display.Name.In(lang), Locale: lang, Description: t.Display.Description.In(lang),
			BackgroundColor: t.Display.BackgroundColor, TextColor: t.Display.TextColor,
		})
	}
	for _, claim := range t.Claims {
		c.CredentialMetadata.Claims = append(c.CredentialMetadata.Claims, claimOf(claim))
	}
	return c
}

// statusMargin is how much longer than the credential the status of wallet unit and key storage should be kept.
const statusMargin = 24 * time.Hour

// statusPeriod is what the issuer prefers, in seconds (EUDI TS3 section 2.4).
func statusPeriod(t *credentials.Type) int64 { return int64((t.Validity + statusMargin) / time.Second) }

// proofTypesOf are both proof types, each with a key attestation where the type demands one (EUDI TS3 section 2.2.2.2). Where
// it does not, a plain wallet can prove its keys by a jwt alone, and an attestation may say of them what it will.
func proofTypesOf(t *credentials.Type) map[string]openid4vci.ProofType {
	algs := make([]string, len(proofAlgs))
	for i, alg := range proofAlgs {
		algs[i] = string(alg)
	}
	byJWT, byAttestation := (*openid4vci.KeyAttestationsRequired)(nil), &openid4vci.KeyAttestationsRequired{}
	if k := t.KeyAttestation; k != nil {
		byAttestation = &openid4vci.KeyAttestationsRequired{
			KeyStorage: k.KeyStorage, UserAuthentication: k.UserAuthentication, PreferredKeyStorageStatusPeriod: statusPeriod(t),
		}
		byJWT = byAttestation
	}
	return map[string]openid4vci.ProofType{
		openid4vci.ProofTypeJWT:         {ProofSigningAlgValuesSupported: algs, KeyAttestationsRequired: byJWT},
		openid4vci.ProofTypeAttestation: {ProofSigningAlgValuesSupported: algs, KeyAttestationsRequired: byAttestation},
	}
}

func claimOf(claim credentials.Claim) openid4vci.ClaimDescription {
	d := openid4vci.ClaimDescription{Mandatory: claim.Mandatory}
	for _, name := range claim.Path {
		d.Path = append(d.Path, name)
	}
	for _, lang := range credentials.Languages {
		d.Display = append(d.Display, openid4vci.ClaimDisplay{Name: claim.Label.In(lang), Locale: lang})
	}
	return d
}
