package openid4vci

import (
	"net/http"

	"lommebok.example/specs/jose"
)

// NonceResponse is the answer of the Nonce Endpoint, never stored by a cache (section
// 7.2).
type NonceResponse struct {
	CNonce string `json:"c_nonce"`
}

// ParseNonceResponse reads the answer of the Nonce Endpoint. Errors: ErrResponse.
func ParseNonceResponse(raw []byte) (*NonceResponse, error) {
	var n NonceResponse
	if err := jose.Unmarshal(raw, &n); err != nil {
		return nil, fail(ErrResponse, "%v", err)
	}
	if n.CNonce == "" {
		return nil, fail(ErrResponse, "c_nonce: required, and absent (section 7.2)")
	}
	return &n, nil
}

// CredentialResponse is the answer of the Credential Endpoint (section 8.3): either
// Credentials, with status 200, or TransactionID and Interval, with status 202.
type CredentialResponse struct {
	Credentials    []IssuedCredential `json:"credentials,omitempty"`
	NotificationID string             `json:"notification_id,omitempty"`
	TransactionID  string             `json:"transaction_id,omitempty"`
	Interval       int                `json:"interval,omitempty"` // seconds to wait at least
}

// IssuedCredential holds an SD-JWT VC as it is, or an mdoc's IssuerSigned in base64url
// (appendices A.2.4, A.3.4).
type IssuedCredential struct {
	Credential string `json:"credential"`
}

// Status is the HTTP status that goes with the response (section 8.3).
func (c *CredentialResponse) Status() int {
	if c.TransactionID != "" {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// ParseCredentialResponse reads an answer that came unencrypted with the HTTP status
// given. keys is the number of keys that were offered; more credentials are refused.
// Errors: ErrResponse.
func ParseCredentialResponse(status int, raw []byte, keys int) (*CredentialResponse, error) {
	var c CredentialResponse
	if err := jose.Unmarshal(raw, &c); err != nil {
		return nil, fail(ErrResponse, "%v", err)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if status != c.Status() {
		return nil, fail(ErrResponse, "expected the status %d, got %d (section 8.3)", c.Status(), status)
	}
	if len(c.Credentials) > max(keys, 1) {
		return nil, fail(ErrResponse, "expected at most %d credentials, got %d (section 8.3)", max(keys, 1), len(c.Credentials))
	}
	return &c, nil
}

func (c *CredentialResponse) check() error {
	if (len(c.Credentials) == 0) == (c.TransactionID == "") {
		return fail(ErrResponse, "expected exactly one of credentials and transaction_id (section 8.3)")
	}
	if c.TransactionID != "" {
		if c.Interval <= 0 || c.NotificationID != "" {
			return fail(ErrResponse, "transaction_id: expected a positive interval and no notification_id (section 8.3)")
		}
		return nil
	}
	if c.Interval != 0 {
		return fail(ErrResponse, "interval: not beside credentials (section 8.3)")
	}
	for _, one := range c.Credentials {
		if one.Credential == "" {
			return fail(ErrResponse, "credential: expected a non-empty string (section 8.3)")
		}
	}
	return nil
}
