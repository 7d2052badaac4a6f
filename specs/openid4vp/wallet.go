package openid4vp

import (
	"encoding/json"
	"slices"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
)

// WalletMetadata is what a wallet tells of itself when it fetches a request by POST (sections 5.10 and 10). Unknown members
// are ignored. A list that is absent names no limit.
type WalletMetadata struct {
	// VPFormatsSupported is required. A format whose value is null is supported without limits.
	VPFormatsSupported                     map[string]json.RawMessage `json:"vp_formats_supported"`
	ClientIDPrefixesSupported              []string                   `json:"client_id_prefixes_supported,omitempty"`
	ResponseTypesSupported                 []string                   `json:"response_types_supported,omitempty"`
	ResponseModesSupported                 []string                   `json:"response_modes_supported,omitempty"`
	RequestObjectSigningAlgValuesSupported []string                   `json:"request_object_signing_alg_values_supported,omitempty"`
	// JWKS are keys to encrypt the request object to, with these algorithms.
	JWKS                                      *jose.JWKS `json:"jwks,omitempty"`
	RequestObjectEncryptionAlgValuesSupported []string   `json:"request_object_encryption_alg_values_supported,omitempty"`
	RequestObjectEncryptionEncValuesSupported []string   `json:"request_object_encryption_enc_values_supported,omitempty"`

	formats VPFormats
}

// ParseWalletMetadata reads the parameter wallet_metadata. The error is an *Error.
func ParseWalletMetadata(raw string) (*WalletMetadata, error) {
	var m *WalletMetadata
	if err := jose.Unmarshal([]byte(raw), &m); err != nil || m == nil {
		return nil, refuse(InvalidRequest, ErrWallet, "wallet_metadata: expected a JSON object (section 5.10)")
	}
	if len(m.VPFormatsSupported) == 0 {
		return nil, refuse(InvalidRequest, ErrWallet, "wallet_metadata: vp_formats_supported: expected an object of formats (section 10.1)")
	}
	m.formats = VPFormats{}
	for format, to := range map[string]any{dcql.FormatSDJWTVC: &m.formats.SDJWTVC, dcql.FormatMdoc: &m.formats.Mdoc} {
		value, there := m.VPFormatsSupported[format]
		if !there {
			continue
		}
		if string(value) == "null" {
			value = json.RawMessage("{}")
		}
		if err := jose.Unmarshal(value, to); err != nil {
			return nil, refuse(InvalidRequest, reasons(ErrWallet, err), "wallet_metadata: vp_formats_supported: %s: %v (appendix B)", format, err)
		}
	}
	return m, nil
}

// Fits tells whether a wallet can answer a request that this client_id signs with ES256. The error is an *Error that says why not.
func (m *WalletMetadata) Fits(clientID, responseMode string, q *dcql.Query) error {
	prefix, _ := Prefix(clientID)
	for _, l := range []struct {
		name, needed string
		has          []string
	}{
		{"client_id_prefixes_supported", prefix, m.ClientIDPrefixesSupported},
		{"response_types_supported", ResponseTypeVPToken, m.ResponseTypesSupported},
		{"response_modes_supported", responseMode, m.ResponseModesSupported},
		{"request_object_signing_alg_values_supported", string(jose.ES256), m.RequestObjectSigningAlgValuesSupported},
	} {
		if len(l.has) > 0 && !slices.Contains(l.has, l.needed) {
			return refuse(InvalidRequest, ErrWallet, "wallet_metadata: %s: expected %s among them (section 10)", l.name, l.needed)
		}
	}
	if open := q.Open(m.reads); open != "" {
		return refuse(VPFormatsNotSupported, ErrWallet, "wallet_metadata: vp_formats_supported: expected what the query needs, with ES256 (-7 or -9 in mdoc); the wallet lacks it for %s (section 8.5)", open)
	}
	return nil
}

// reads tells whether the wallet can present a format with an algorithm that verifiers here take.
func (m *WalletMetadata) reads(c *dcql.CredentialQuery) bool {
	if !m.formats.Supports(c.Format) {
		return false
	}
	if c.Format == dcql.FormatMdoc {
		f := m.formats.Mdoc
		return overlap(f.IssuerAuthAlgValues, -7, -9) && overlap(f.DeviceAuthAlgValues, -7, -9)
	}
	f := m.formats.SDJWTVC
	return overlap(f.SDJWTAlgValues, string(jose.ES256)) && overlap(f.KBJWTAlgValues, string(jose.ES256))
}

// overlap tells whether a list, when there is one, has one of these.
func overlap[T comparable](list []T, wanted ...T) bool {
	return len(list) == 0 || slices.ContainsFunc(wanted, func(w T) bool { return slices.Contains(list, w) })
}

// EncryptionKey chooses the key that the request object is encrypted to, nil when the wallet offers none with algorithms
// that are known here.
func (m *WalletMetadata) EncryptionKey() *EncryptionKey {
	if m.JWKS == nil || !overlap(m.RequestObjectEncryptionAlgValuesSupported, algECDHES) {
		return nil
	}
	c := ClientMetadata{JWKS: m.JWKS, EncryptedResponseEncValuesSupported: m.RequestObjectEncryptionEncValuesSupported}
	key, err := c.EncryptionKey()
	if err != nil {
		return nil
	}
	return &key
}
