package openid4vci

import (
	"encoding/json"

	"lommebok.example/specs/jose"
)

// The Credential Format Identifiers (appendix A).
const (
	FormatSDJWTVC = "dc+sd-jwt"
	FormatMdoc    = "mso_mdoc"
)

// The cryptographic binding methods (section 12.2.4).
const (
	BindingJWK     = "jwk"      // SD-JWT VC
	BindingCOSEKey = "cose_key" // mdoc
)

// IssuerMetadata is what a Credential Issuer tells of itself (section 12.2.4).
type IssuerMetadata struct {
	CredentialIssuer string `json:"credential_issuer"`
	// AuthorizationServers absent: the issuer is its own authorization server.
	AuthorizationServers              []string                 `json:"authorization_servers,omitempty"`
	CredentialEndpoint                string                   `json:"credential_endpoint"`
	NonceEndpoint                     string                   `json:"nonce_endpoint,omitempty"`
	DeferredCredentialEndpoint        string                   `json:"deferred_credential_endpoint,omitempty"`
	NotificationEndpoint              string                   `json:"notification_endpoint,omitempty"`
	CredentialRequestEncryption       *RequestEncryption       `json:"credential_request_encryption,omitempty"`
	CredentialResponseEncryption      *ResponseEncryption      `json:"credential_response_encryption,omitempty"`
	PreferredClientStatusPeriod       int64                    `json:"preferred_client_status_period,omitempty"` // seconds, EUDI TS3 section 2.4
	BatchCredentialIssuance           *Batch                   `json:"batch_credential_issuance,omitempty"`
	Display                           []IssuerDisplay          `json:"display,omitempty"`
	CredentialConfigurationsSupported map[string]Configuration `json:"credential_configurations_supported"`
	// IssuerInfo tells what the issuer is registered for (ETSI TS 119 472-3 section 4.2.3).
	IssuerInfo []IssuerInfo `json:"issuer_info,omitempty"`
}

// The formats of IssuerInfo.
const (
	InfoRegistrarDataset = "registrar_dataset" // Data is an object
	InfoRegistrationCert = "registration_cert" // Data is a string, a JWT of typ rc-wrp+jwt
)

// IssuerInfo is one word about the issuer, by value.
type IssuerInfo struct {
	Format string          `json:"format"`
	Data   json.RawMessage `json:"data"`
}

// RequestEncryption tells how a request may be encrypted (section 10).
type RequestEncryption struct {
	JWKS               jose.JWKS `json:"jwks"`
	EncValuesSupported []string  `json:"enc_values_supported"`
	ZipValuesSupported []string  `json:"zip_values_supported,omitempty"`
	EncryptionRequired bool      `json:"encryption_required"`
}

// ResponseEncryption tells how a response can be encrypted (section 10).
type ResponseEncryption struct {
	AlgValuesSupported []string `json:"alg_values_supported"`
	EncValuesSupported []string `json:"enc_values_supported"`
	ZipValuesSupported []string `json:"zip_values_supported,omitempty"`
	EncryptionRequired bool     `json:"encryption_required"`
}

// Batch tells how many proofs a request may bring, 2 or more.
type Batch struct {
	BatchSize int `json:"batch_size"`
}

// IssuerDisplay names the issuer in one language.
type IssuerDisplay struct {
	Name   string `json:"name,omitempty"`
	Locale string `json:"locale,omitempty"` // BCP 47
	Logo   *Image `json:"logo,omitempty"`
}

// Image is where a picture is found: a URI of scheme https or data.
type Image struct {
	URI     string `json:"uri"`
	AltText string `json:"alt_text,omitempty"`
}

// Configuration describes one kind of credential that the issuer issues.
type Configuration struct {
	Format  string `json:"format"`
	VCT     string `json:"vct,omitempty"`     // of dc+sd-jwt, appendix A.3.2
	DocType string `json:"doctype,omitempty"` // of mso_mdoc, appendix A.2.2
	Scope   string `json:"scope,omitempty"`

	CredentialSigningAlgValuesSupported SigningAlgs `json:"credential_signing_alg_values_supported,omitzero"`
	// CryptographicBindingMethodsSupported and ProofTypesSupported stand together:
	// both there when the credential is bound to a key, else neither.
	CryptographicBindingMethodsSupported []string             `json:"cryptographic_binding_methods_supported,omitempty"`
	ProofTypesSupported                  map[string]ProofType `json:"proof_types_supported,omitempty"`

	CredentialMetadata *CredentialMetadata `json:"credential_metadata,omitempty"`
}

// SigningAlgs are the algorithms that credentials are signed with: JWS names for
// SD-JWT VC, COSE numbers for mdoc (appendices A.2.2, A.3.2). One of the two is set.
type SigningAlgs struct {
	JOSE []string
	COSE []int64
}

// IsZero makes the member be left out.
func (s SigningAlgs) IsZero() bool { return len(s.JOSE) == 0 && len(s.COSE) == 0 }

// MarshalJSON writes an array of strings or of integers.
func (s SigningAlgs) MarshalJSON() ([]byte, error) {
	if len(s.COSE) > 0 {
		return json.Marshal(s.COSE)
	}
	return json.Marshal(s.JOSE)
}

// UnmarshalJSON reads an array of strings or of integers, not of both. Errors:
// ErrMetadata.
func (s *SigningAlgs) UnmarshalJSON(raw []byte) error {
	*s = SigningAlgs{}
	if json.Unmarshal(raw, &s.JOSE) == nil && len(s.JOSE) > 0 {
		return nil
	}
	s.JOSE = nil
	if json.Unmarshal(raw, &s.COSE) == nil && len(s.COSE) > 0 {
		return nil
	}
	s.COSE = nil
	return fail(ErrMetadata, "credential_signing_alg_values_supported: expected strings or integers")
}

// ProofType tells how a key is proven (section 12.2.4, appendix F).
type ProofType struct {
	ProofSigningAlgValuesSupported []string `json:"proof_signing_alg_values_supported"`
	// KeyAttestationsRequired there, even empty, means that one is required.
	KeyAttestationsRequired *KeyAttestationsRequired `json:"key_attestations_required,omitempty"`
}

// KeyAttestationsRequired lists the accepted attack potentials (appendix D.2).
type KeyAttestationsRequired struct {
	KeyStorage         []string `json:"key_storage,omitempty"`
	UserAuthentication []string `json:"user_authentication,omitempty"`
	// PreferredKeyStorageStatusPeriod is for how many seconds the issuer wants the status
	// of the key storage to be kept (EUDI TS3 section 2.4); 0 for no preference.
	PreferredKeyStorageStatusPeriod int64 `json:"preferred_key_storage_status_period,omitempty"`
}

// CredentialMetadata is how the credential is shown to people.
type CredentialMetadata struct {
	Display []CredentialDisplay `json:"display,omitempty"`
	Claims  []ClaimDescription  `json:"claims,omitempty"`
	// CredentialReusePolicy is how often a copy may be shown (EUDI ARF ISSU_39); nil when nothing is said.
	CredentialReusePolicy *ReusePolicy `json:"credential_reuse_policy,omitempty"`
}

// CredentialDisplay shows the credential in one language; colours are CSS Color
// Module Level 3.
type CredentialDisplay struct {
	Name            string `json:"name"`
	Locale          string `json:"locale,omitempty"` // BCP 47
	Logo            *Image `json:"logo,omitempty"`
	Description     string `json:"description,omitempty"`
	BackgroundColor string `json:"background_color,omitempty"`
	BackgroundImage *Image `json:"background_image,omitempty"`
	TextColor       string `json:"text_color,omitempty"`
}
