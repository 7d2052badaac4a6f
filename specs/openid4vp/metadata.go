package openid4vp

import (
	"slices"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
)

const algECDHES = "ECDH-ES"

// ClientMetadata is what the verifier tells of itself in the request (section 5.1).
type ClientMetadata struct {
	// JWKS are the keys to encrypt the answer to; each has a kid of its own.
	JWKS *jose.JWKS `json:"jwks,omitempty"`
	// EncryptedResponseEncValuesSupported absent means A128GCM.
	EncryptedResponseEncValuesSupported []string   `json:"encrypted_response_enc_values_supported,omitempty"`
	VPFormatsSupported                  *VPFormats `json:"vp_formats_supported,omitempty"`
}

// VPFormats are the credential formats that the verifier reads; others are ignored.
type VPFormats struct {
	SDJWTVC *SDJWTVCAlgs `json:"dc+sd-jwt,omitempty"`
	Mdoc    *MdocAlgs    `json:"mso_mdoc,omitempty"`
}

// SDJWTVCAlgs are JWS names (appendix B.3.4); an absent list names no limit.
type SDJWTVCAlgs struct {
	SDJWTAlgValues []string `json:"sd-jwt_alg_values,omitempty"`
	KBJWTAlgValues []string `json:"kb-jwt_alg_values,omitempty"`
}

// MdocAlgs are COSE numbers (appendix B.2.2); an absent list names no limit.
type MdocAlgs struct {
	IssuerAuthAlgValues []int64 `json:"issuerauth_alg_values,omitempty"`
	DeviceAuthAlgValues []int64 `json:"deviceauth_alg_values,omitempty"`
}

// Supports tells whether presentations of a Credential Format Identifier are read.
func (f *VPFormats) Supports(format string) bool {
	switch format {
	case dcql.FormatSDJWTVC:
		return f != nil && f.SDJWTVC != nil
	case dcql.FormatMdoc:
		return f != nil && f.Mdoc != nil
	}
	return false
}

// EncryptionKey is the key and the algorithm that an answer is encrypted with.
type EncryptionKey struct {
	JWK        jose.JWK
	Enc        jose.Enc
	Thumbprint []byte // RFC 7638 with SHA-256, 32 bytes, for SessionTranscript
}

// EncryptionKey chooses the first usable key: on P-256, with alg ECDH-ES, a kid, and
// use absent or enc. Others are passed by (section 8.3). A256GCM is preferred to
// A128GCM (HAIP 1.0 section 5). Errors: ErrEncryptionKey.
func (m *ClientMetadata) EncryptionKey() (EncryptionKey, error) {
	enc, err := m.enc()
	if err != nil {
		return EncryptionKey{}, err
	}
	if m.JWKS == nil {
		return EncryptionKey{}, fail(ErrEncryptionKey, "jwks: required for direct_post.jwt, and absent (section 8.3)")
	}
	for _, k := range m.JWKS.Keys {
		if k.Crv != "P-256" || k.Alg != algECDHES || k.Kid == "" || k.Use != "" && k.Use != "enc" {
			continue
		}
		pub, err := k.PublicKey()
		if err != nil {
			continue
		}
		thumbprint := jose.ThumbprintBytes(pub)
		return EncryptionKey{JWK: k, Enc: enc, Thumbprint: thumbprint[:]}, nil
	}
	return EncryptionKey{}, fail(ErrEncryptionKey, "jwks: expected a key on P-256 with alg ECDH-ES and a kid (section 8.3, HAIP 1.0 section 5)")
}

func (m *ClientMetadata) enc() (jose.Enc, error) {
	offered := m.EncryptedResponseEncValuesSupported
	if len(offered) == 0 {
		return jose.A128GCM, nil
	}
	for _, enc := range []jose.Enc{jose.A256GCM, jose.A128GCM} {
		if slices.Contains(offered, string(enc)) {
			return enc, nil
		}
	}
	return "", fail(ErrEncryptionKey, "encrypted_response_enc_values_supported: expected A256GCM or A128GCM (HAIP 1.0 section 5)")
}

// check tells whether a wallet can answer under these metadata.
func (m *ClientMetadata) check(encrypted bool) error {
	if m == nil {
		return refuse(InvalidRequest, ErrClientMetadata, "client_metadata: required, for no prefix here has metadata elsewhere, and absent (section 5.9.3)")
	}
	if m.VPFormatsSupported == nil {
		return refuse(InvalidRequest, ErrClientMetadata, "client_metadata: vp_formats_supported: required, and absent (section 5.1)")
	}
	if !m.VPFormatsSupported.Supports(dcql.FormatSDJWTVC) && !m.VPFormatsSupported.Supports(dcql.FormatMdoc) {
		return refuse(VPFormatsNotSupported, ErrClientMetadata, "client_metadata: vp_formats_supported: expected dc+sd-jwt or mso_mdoc (section 8.5)")
	}
	kids := map[string]bool{}
	if m.JWKS != nil {
		for _, k := range m.JWKS.Keys {
			if k.Kid != "" && kids[k.Kid] {
				return refuse(InvalidRequest, ErrClientMetadata, "client_metadata: jwks: two keys with the same kid (section 5.1)")
			}
			kids[k.Kid] = true
		}
	}
	if !encrypted {
		return nil
	}
	if _, err := m.EncryptionKey(); err != nil {
		return refuse(InvalidRequest, err, "client_metadata: %v", err)
	}
	return nil
}
