package issuance

import (
	_ "embed"
	"encoding/base64"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/openid4vci"
)

//go:embed logo.png
var logo []byte

// logoIn is our mark, by value so that no wallet has to call home for it. It is a PNG: there are wallets that take no image/svg+xml, for
// the plus sign in a data URL or for want of a renderer.
func logoIn(lang string) *openid4vci.Image {
	return &openid4vci.Image{URI: "data:image/png;base64," + base64.StdEncoding.EncodeToString(logo), AltText: logoText.In(lang)}
}

var logoText = credentials.Words{NB: "En lommebok", NN: "Ei lommebok", EN: "A wallet"}

// describe is the metadata of section 12.2.4 with texts in some languages. authorization_servers is left out: the issuer is
// its own.
func (s *Service) describe(languages []string) *openid4vci.IssuerMetadata {
	m := &openid4vci.IssuerMetadata{
		CredentialIssuer:                  s.Issuer,
		CredentialEndpoint:                s.Issuer + "/credential",
		NonceEndpoint:                     s.Issuer + "/nonce",
		DeferredCredentialEndpoint:        s.Issuer + "/deferred-credential",
		IssuerInfo:                        s.Info,
		NotificationEndpoint:              s.Issuer + "/notification",
		CredentialConfigurationsSupported: map[string]openid4vci.Configuration{},
	}
	for _, lang := range languages {
		m.Display = append(m.Display, openid4vci.IssuerDisplay{Name: s.Name.In(lang), Locale: lang, Logo: logoIn(lang)})
	}
	s.Encryption.describe(m)
	batch := 1
	for _, t := range s.Types.All() {
		c := configurationOf(t)
		c.CredentialMetadata = shown(t, languages)
		m.CredentialConfigurationsSupported[t.ID] = c
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
	}
	if t.Format == credentials.MDoc {
		c.CryptographicBindingMethodsSupported = []string{openid4vci.BindingCOSEKey}
		c.CredentialSigningAlgValuesSupported.COSE = []int64{-7} // ES256, RFC 9053 section 2.1
	} else {
		c.CryptographicBindingMethodsSupported = []string{openid4vci.BindingJWK}
		c.CredentialSigningAlgValuesSupported.JOSE = []string{"ES256"}
	}
	return c
}

// shown is how wallets show the credential, in some languages.
func shown(t *credentials.Type, languages []string) *openid4vci.CredentialMetadata {
	m := &openid4vci.CredentialMetadata{CredentialReusePolicy: reusePolicyOf(t)}
	for _, lang := range languages {
		m.Display = append(m.Display, openid4vci.CredentialDisplay{
			Name: t.Display.Name.In(lang), Locale: lang, Description: t.Display.Description.In(lang), Logo: logoIn(lang),
			BackgroundColor: t.Display.BackgroundColor, TextColor: t.Display.TextColor,
		})
	}
	for _, claim := range t.Claims {
		if !claim.OfFormat() {
			m.Claims = append(m.Claims, claimOf(claim, languages))
		}
	}
	return m
}

// reuseLeft is how few unused copies there are when a wallet should ask for more.
const reuseLeft = 2

// reusePolicyOf: a copy is shown once, so that those who see it cannot tell that they see the same person; where there is one
// copy alone, for as long as it lives (ARF ISSU_39 and ISSU_40, methods A and B).
func reusePolicyOf(t *credentials.Type) *openid4vci.ReusePolicy {
	option := openid4vci.ReuseOption{
		Details: []string{openid4vci.ReuseOnceOnly}, BatchSize: t.Batch, ReissueTriggerUnused: min(reuseLeft, t.Batch-1),
	}
	if t.Batch == 1 {
		option = openid4vci.ReuseOption{
			Details: []string{openid4vci.ReuseLimitedTime}, ReissueTriggerLifetimeLeft: int64(t.Validity / (4 * time.Second)),
		}
	}
	return &openid4vci.ReusePolicy{ID: openid4vci.ReuseARF, Options: []openid4vci.ReuseOption{option}}
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

func claimOf(claim credentials.Claim, languages []string) openid4vci.ClaimDescription {
	d := openid4vci.ClaimDescription{Mandatory: claim.Mandatory}
	for _, name := range claim.Path {
		d.Path = append(d.Path, name)
	}
	for _, lang := range languages {
		d.Display = append(d.Display, openid4vci.ClaimDisplay{Name: claim.Label.In(lang), Locale: lang})
	}
	return d
}
