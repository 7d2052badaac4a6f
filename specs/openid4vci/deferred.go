package openid4vci

import (
	"crypto/ecdsa"
	"encoding/json"

	"lommebok.example/specs/jose"
)

// DeferredRequest is what a wallet posts to the Deferred Credential Endpoint (section 9.1).
//
//	{"transaction_id": "8xLOxBtZp8"}
type DeferredRequest struct {
	TransactionID string `json:"transaction_id"`
	// ResponseEncryption takes the place of what the credential request asked for: without it, the answer is plain. It stands
	// only in a request that is itself encrypted (section 9.1).
	ResponseEncryption *ResponseEncryptionKey `json:"credential_response_encryption,omitempty"`
}

// ParseDeferredRequest reads a request that came unencrypted. Unknown members are ignored. The error is an *Error.
func ParseDeferredRequest(raw []byte) (*DeferredRequest, error) {
	return parseDeferredRequest(raw, false)
}

func parseDeferredRequest(raw []byte, encrypted bool) (*DeferredRequest, error) {
	var d DeferredRequest
	var encryption json.RawMessage
	members, err := jose.ParseMembers(raw)
	if err == nil {
		err = members.Read(jose.Field{Name: "transaction_id", To: &d.TransactionID},
			jose.Field{Name: "credential_response_encryption", To: &encryption})
	}
	if err != nil {
		return nil, refuse(InvalidCredentialRequest, ErrRequest, "expected a JSON object with the members of section 9.1: %v", err)
	}
	if d.ResponseEncryption, err = parseResponseEncryption(encryption, encrypted); err != nil {
		return nil, err
	}
	if d.TransactionID == "" {
		return nil, refuse(InvalidCredentialRequest, ErrRequest, "transaction_id: required, and absent (section 9.1)")
	}
	return &d, nil
}

// OpenDeferredRequest reads a request that came encrypted, as OpenCredentialRequest does.
func OpenDeferredRequest(compact string, keyOf func(kid string) *ecdsa.PrivateKey) (*DeferredRequest, error) {
	plaintext, err := openRequest(compact, keyOf)
	if err != nil {
		return nil, err
	}
	return parseDeferredRequest(plaintext, true)
}

// Encrypt makes a JWE of the request for the issuer's key, as CredentialRequest.Encrypt does.
func (d *DeferredRequest) Encrypt(e *RequestEncryption) (string, error) { return e.Encrypt(d) }
