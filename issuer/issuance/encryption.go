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

// Open decrypts a request that was made for one of the keys.
func (e *Encryption) Open(compact string) ([]byte, error) {
	return jose.DecryptDeflated(compact, maxBody, e.key)
}

// key gives the key with this kid, nil when there is none.
func (e *Encryption) key(kid string) *ecdsa.PrivateKey { return e.keys[kid] }

// demand refuses a request that is not encrypted, or that asks for no encrypted response, where both are required.
func (e *Encryption) demand(encrypted bool, response *openid4vci.ResponseEncryptionKey) error {
	switch {
	case !e.required || encrypted && response != nil:
		return nil
	case !encrypted:
		return refusal(openid4vci.InvalidEncryptionParameters,
			"expected an encrypted request, since encryption_required is true; got application/json (OpenID4VCI section 10)")
	}
	return refusal(openid4vci.InvalidEncryptionParameters,
		"expected credential_response_encryption, since encryption_required is true; got none (OpenID4VCI section 8.3.1.2)")
}
