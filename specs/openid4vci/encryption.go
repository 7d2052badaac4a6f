package openid4vci

import (
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"slices"

	"lommebok.example/specs/jose"
)

// What HAIP 1.0 section 5 and this package have: one key management algorithm, two of content encryption.
const keyAgreement = "ECDH-ES"

// Encs are the values of enc that are taken and made, the wallet's choice.
var Encs = []string{string(jose.A256GCM), string(jose.A128GCM)}

// maxPlaintext bounds what a request or a response may inflate to.
const maxPlaintext = 256 << 10

// ResponseEncryptionKey is how a wallet wants the response encrypted (sections 8.2 and 10).
type ResponseEncryptionKey struct {
	JWK jose.JWK `json:"jwk"`
	Enc string   `json:"enc"`
	Zip string   `json:"zip,omitempty"`
}

func parseResponseEncryption(raw json.RawMessage, encrypted bool) (*ResponseEncryptionKey, error) {
	switch {
	case raw == nil:
		return nil, nil
	case !encrypted:
		return nil, refuseKey("credential_response_encryption stands only in a request that is itself encrypted (section 8.2)")
	}
	var k ResponseEncryptionKey
	var jwk json.RawMessage
	members, err := jose.ParseMembers(raw)
	if err == nil {
		err = members.Read(jose.Field{Name: "jwk", To: &jwk}, jose.Field{Name: "enc", To: &k.Enc}, jose.Field{Name: "zip", To: &k.Zip})
	}
	if err != nil {
		return nil, refuseKey("credential_response_encryption: expected an object with jwk, enc and perhaps zip (section 8.2): %v", err)
	}
	if jwk == nil {
		return nil, refuseKey("credential_response_encryption: jwk: required, and absent (section 8.2)")
	}
	if k.JWK, _, err = jose.ParseJWK(jwk); err != nil {
		return nil, refuseKey("credential_response_encryption: jwk: expected one public EC key (section 8.2): %v", err)
	}
	return &k, k.check()
}

func (k *ResponseEncryptionKey) check() error {
	switch {
	case k.JWK.Alg != keyAgreement:
		return refuseKey("credential_response_encryption: jwk: alg: expected %s, got %.32q (section 10)", keyAgreement, k.JWK.Alg)
	case k.JWK.Use != "" && k.JWK.Use != "enc":
		return refuseKey("credential_response_encryption: jwk: use: expected enc, got %.32q (RFC 7517 section 4.2)", k.JWK.Use)
	case !slices.Contains(Encs, k.Enc):
		return refuseKey("credential_response_encryption: enc: expected one of %v, got %.32q (section 8.2)", Encs, k.Enc)
	case k.Zip != "" && k.Zip != jose.ZipDeflate:
		return refuseKey("credential_response_encryption: zip: expected %s or nothing, got %.32q (section 8.2)", jose.ZipDeflate, k.Zip)
	}
	return nil
}

func refuseKey(format string, args ...any) *Error {
	return refuse(InvalidEncryptionParameters, ErrResponseEncryption, format, args...)
}

// OpenCredentialRequest reads a request that came encrypted, as a JWE in compact serialization. keyOf gives the issuer's key by
// the kid of its metadata, nil when there is none. What is no JWE gets invalid_credential_request, what cannot be opened
// invalid_encryption_parameters. The error is an *Error.
func OpenCredentialRequest(compact string, keyOf func(kid string) *ecdsa.PrivateKey) (*CredentialRequest, error) {
	plaintext, err := openRequest(compact, keyOf)
	if err != nil {
		return nil, err
	}
	return parseCredentialRequest(plaintext, true)
}

// openRequest gives the plaintext of an encrypted request.
func openRequest(compact string, keyOf func(kid string) *ecdsa.PrivateKey) ([]byte, error) {
	plaintext, err := jose.DecryptDeflated(compact, maxPlaintext, keyOf)
	switch {
	case errors.Is(err, jose.ErrMalformed), errors.Is(err, jose.ErrEncoding), errors.Is(err, jose.ErrJSON):
		return nil, refuse(InvalidCredentialRequest, ErrRequestEncryption, "expected a JWE in compact serialization (section 10): %v", err)
	case errors.Is(err, jose.ErrEncryption):
		// Why is not told: it may be of the plaintext.
		return nil, refuse(InvalidEncryptionParameters, ErrRequestEncryption,
			"expected a JWE for the key that its kid names, of at most %d bytes when inflated; it cannot be opened (section 10)", maxPlaintext)
	case err != nil:
		return nil, refuse(InvalidEncryptionParameters, ErrRequestEncryption, "the encryption does not fit credential_request_encryption (section 10): %v", err)
	}
	return plaintext, nil
}

// Encrypt makes a JWE of the request for the issuer's key (section 10): the first one that can be used, compressed where the
// issuer takes that. Errors: ErrMetadata when the issuer names no key or no enc that is known here.
func (r *CredentialRequest) Encrypt(e *RequestEncryption) (string, error) { return e.Encrypt(r) }

// Encrypt encrypts what is a request in JSON, as an issuer's metadata say. Errors: ErrMetadata when the issuer can nothing that is known here.
func (e *RequestEncryption) Encrypt(request any) (string, error) {
	enc := firstOf(Encs, e.EncValuesSupported)
	for _, key := range e.JWKS.Keys {
		if _, err := key.PublicKey(); err != nil || key.Alg != keyAgreement || enc == "" {
			continue
		}
		raw, err := json.Marshal(request)
		if err != nil {
			return "", err
		}
		return encryptTo(raw, key, enc, firstOf([]string{jose.ZipDeflate}, e.ZipValuesSupported))
	}
	return "", fail(ErrMetadata, "credential_request_encryption: expected an EC key for %s, and one of %v (HAIP section 5)", keyAgreement, Encs)
}

// Asks tells how a wallet wants its response encrypted for a key of its own, within what the issuer can. Errors: ErrMetadata
// when the issuer can nothing that is known here.
func (e *ResponseEncryption) Asks(key *ecdsa.PublicKey) (*ResponseEncryptionKey, error) {
	k := &ResponseEncryptionKey{
		JWK: jose.PublicJWK(key), Enc: firstOf(Encs, e.EncValuesSupported), Zip: firstOf([]string{jose.ZipDeflate}, e.ZipValuesSupported),
	}
	k.JWK.Alg, k.JWK.Use, k.JWK.Kid = keyAgreement, "enc", jose.Thumbprint(key)
	if !slices.Contains(e.AlgValuesSupported, keyAgreement) || k.Enc == "" {
		return nil, fail(ErrMetadata, "credential_response_encryption: expected %s and one of %v (HAIP section 5)", keyAgreement, Encs)
	}
	return k, nil
}

// Encrypt makes a JWE of the response as the wallet asked for it (section 10).
func (c *CredentialResponse) Encrypt(k *ResponseEncryptionKey) (string, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	return encryptTo(raw, k.JWK, k.Enc, k.Zip)
}

// OpenCredentialResponse gives the JSON of a response that was asked to be encrypted as k. Another key or another enc is
// refused. Errors: ErrResponse.
func OpenCredentialResponse(compact string, k *ResponseEncryptionKey, key *ecdsa.PrivateKey) ([]byte, error) {
	plaintext, err := jose.DecryptDeflated(compact, maxPlaintext, func(kid string) *ecdsa.PrivateKey {
		if kid != k.JWK.Kid {
			return nil
		}
		return key
	}, jose.Enc(k.Enc))
	if err != nil {
		return nil, fail(ErrResponse, "expected a JWE as credential_response_encryption asked for (section 10): %v", err)
	}
	return plaintext, nil
}

func encryptTo(raw []byte, key jose.JWK, enc, zip string) (string, error) {
	if zip == jose.ZipDeflate {
		return jose.EncryptDeflated(raw, key, jose.Enc(enc))
	}
	return jose.Encrypt(raw, key, jose.Enc(enc))
}

// firstOf is the first of ours that is theirs too, or "".
func firstOf(ours, theirs []string) string {
	for _, one := range ours {
		if slices.Contains(theirs, one) {
			return one
		}
	}
	return ""
}
