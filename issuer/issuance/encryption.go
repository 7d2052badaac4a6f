package issuance

import (
	"crypto/ecdsa"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
)

// Encryption is with what requests are encrypted for the issuer, beside TLS (section 10).
type Encryption struct {
	keys     map[string]*ecdsa.PrivateKey // by kid, the thumbprint
	current  jose.JWK
	required bool
}

// NewEncryption takes the keys that open requests. The metadata name the first; the others are for wallets that read the
// metadata before a key was replaced. With required, nothing is issued but encrypted both ways.
func NewEncryption(keys []*ecdsa.PrivateKey, required bool) *Encryption {
	e := &Encryption{keys: map[string]*ecdsa.PrivateKey{}, required: required}
	for n, key := range keys {
		kid := jose.Thumbprint(&key.PublicKey)
		e.keys[kid] = key
		if n == 0 {
			e.current = jose.PublicJWK(&key.PublicKey)
			e.current.Kid, e.current.Alg, e.current.Use = kid, "ECDH-ES", "enc"
		}
	}
	return e
}

// describe puts both objects of section 12.2.4 in the metadata.
func (e *Encryption) describe(m *openid4vci.IssuerMetadata) {
	zips := []string{jose.ZipDeflate}
	m.CredentialRequestEncryption = &openid4vci.RequestEncryption{
		JWKS: jose.JWKS{Keys: []jose.JWK{e.current}}, EncValuesSupported: openid4vci.Encs, ZipValuesSupported: zips, EncryptionRequired: e.required,
	}
	m.CredentialResponseEncryption = &openid4vci.ResponseEncryption{
		AlgValuesSupported: []string{e.current.Alg}, EncValuesSupported: openid4vci.Encs, ZipValuesSupported: zips, EncryptionRequired: e.required,
	}
}

// open reads an encrypted request.
func (e *Encryption) open(compact []byte) (*openid4vci.CredentialRequest, error) {
	request, err := openid4vci.OpenCredentialRequest(string(compact), func(kid string) *ecdsa.PrivateKey { return e.keys[kid] })
	if err == nil && e.required && request.ResponseEncryption == nil {
		return nil, refusal(openid4vci.InvalidEncryptionParameters,
			"expected credential_response_encryption, since encryption_required is true; got none (OpenID4VCI section 8.3.1.2)")
	}
	return request, err
}
