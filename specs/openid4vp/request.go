package openid4vp

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"strings"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
)

const (
	// RequestTyp is the typ of a request object (section 5).
	RequestTyp = "oauth-authz-req+jwt"
	// RequestMediaType is what the request_uri answers with (section 5.10.1).
	RequestMediaType = "application/oauth-authz-req+jwt"
	// StaticDiscoveryAudience is the aud for wallets that are not known beforehand
	// (section 5.8).
	StaticDiscoveryAudience = "https://self-issued.me/v2"
	// ResponseTypeVPToken is the one response_type here (section 5.6).
	ResponseTypeVPToken = "vp_token"
	// ResponseModeDirectPostJWT is the one response_mode here (HAIP 1.0 section 5.1).
	ResponseModeDirectPostJWT = "direct_post.jwt"
)

// minNonce is the least length of a nonce in characters that a wallet takes. Verifiers
// should send 128 bits, 22 characters in base64url (section 5.2).
const minNonce = 16

// RequestObject is the payload of a request object (section 5).
type RequestObject struct {
	ClientID     string `json:"client_id"`
	ResponseType string `json:"response_type"`
	ResponseMode string `json:"response_mode"`
	ResponseURI  string `json:"response_uri,omitempty"`
	Nonce        string `json:"nonce"`
	State        string `json:"state,omitempty"`
	Aud          string `json:"aud"`
	// DCQL is the query; exactly one of it and Scope is set. Query reads it.
	DCQL           json.RawMessage `json:"dcql_query,omitempty"`
	Scope          string          `json:"scope,omitempty"`
	ClientMetadata *ClientMetadata `json:"client_metadata,omitempty"`
	VerifierInfo   json.RawMessage `json:"verifier_info,omitempty"` // section 5.11, not read
	WalletNonce    string          `json:"wallet_nonce,omitempty"`
	Iat            int64           `json:"iat,omitempty"` // seconds since 1970
	Exp            int64           `json:"exp,omitempty"`
	Nbf            int64           `json:"nbf,omitempty"`
}

// Query reads the DCQL query. Errors: those of dcql.Parse.
func (o *RequestObject) Query() (*dcql.Query, error) { return dcql.Parse(o.DCQL) }

// check tests the rules that hold for who sends and who reads, in the order in which
// a wallet meets them.
func (o *RequestObject) check(r Rules) error {
	switch {
	case o.Aud != StaticDiscoveryAudience:
		return refuse(InvalidRequest, ErrAudience, "aud: expected %s (section 5.8)", StaticDiscoveryAudience)
	case o.ResponseType != ResponseTypeVPToken:
		return refuse(UnsupportedResponseType, ErrResponseType, "response_type: expected %s (section 5.6)", ResponseTypeVPToken)
	case o.ResponseMode != ResponseModeDirectPostJWT:
		return refuse(InvalidRequest, ErrResponseMode, "response_mode: expected %s (HAIP 1.0 section 5.1)", ResponseModeDirectPostJWT)
	case !r.isURL(o.ResponseURI):
		return refuse(InvalidRequest, ErrResponseURI, "response_uri: expected an https URL without fragment (section 8.2)")
	case len(o.Nonce) < minNonce || !isURLSafe(o.Nonce):
		return refuse(InvalidRequest, ErrNonce, "nonce: expected at least %d characters of A-Z a-z 0-9 - . _ ~ (section 5.2)", minNonce)
	case !isURLSafe(o.State):
		return refuse(InvalidRequest, ErrState, "state: expected characters of A-Z a-z 0-9 - . _ ~ (section 5.2)")
	}
	if err := o.checkQuery(); err != nil {
		return err
	}
	return o.ClientMetadata.check()
}

func (o *RequestObject) checkQuery() error {
	switch {
	case (len(o.DCQL) == 0) == (o.Scope == ""):
		return refuse(InvalidRequest, ErrQuery, "expected exactly one of dcql_query and scope (section 5.1)")
	case o.Scope != "":
		return refuse(InvalidScope, ErrQuery, "scope: no scope stands for a query here; expected dcql_query (section 5.5)")
	}
	q, err := o.Query()
	if err != nil {
		return refuse(InvalidRequest, reasons(ErrQuery, err), "dcql_query: %v", err)
	}
	for _, c := range q.Credentials {
		if !c.HolderBindingRequired() && o.State == "" {
			return refuse(InvalidRequest, ErrState, "state: required when a credential is asked for without holder binding (section 5.3)")
		}
	}
	return nil
}

// isURLSafe tests the characters that nonce and state may have.
func isURLSafe(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~", r)
	})
}

// Signer signs request objects with the key of an access certificate.
type Signer struct {
	jws      *jose.Signer
	clientID string
}

// NewSigner prepares signing. chain is the access certificate and what leads to the
// trust anchor, without the anchor; a self-signed leaf is refused (HAIP 1.0 section 5).
func NewSigner(key crypto.Signer, chain []*x509.Certificate) (*Signer, error) {
	if len(chain) == 0 || bytes.Equal(chain[0].RawSubject, chain[0].RawIssuer) {
		return nil, fail(ErrUntrusted, "expected a chain whose leaf is not self-signed (HAIP 1.0 section 5)")
	}
	jws, err := jose.NewSigner(key, jose.Header{Typ: RequestTyp, X5C: chain})
	if err != nil {
		return nil, reasons(ErrRequestObject, err)
	}
	return &Signer{jws: jws, clientID: X509HashClientID(chain[0])}, nil
}

// ClientID is the client identifier that the access certificate gives.
func (s *Signer) ClientID() string { return s.clientID }

// SignRequest signs a request after the checks that a wallet makes. ClientID, Aud,
// ResponseType and ResponseMode are filled in when empty. The query must pass
// dcql.Query.Validate. The error is an *Error, as a wallet would give it.
func (s *Signer) SignRequest(o RequestObject, r Rules) (string, error) {
	for _, m := range []struct {
		value *string
		fill  string
	}{
		{&o.ClientID, s.clientID}, {&o.Aud, StaticDiscoveryAudience},
		{&o.ResponseType, ResponseTypeVPToken}, {&o.ResponseMode, ResponseModeDirectPostJWT},
	} {
		if *m.value == "" {
			*m.value = m.fill
		}
	}
	if o.ClientID != s.clientID {
		return "", refuse(InvalidRequest, ErrHash, "client_id: expected the hash of the signer's certificate (section 5.9.3)")
	}
	if err := o.check(r); err != nil {
		return "", err
	}
	q, err := o.Query()
	if err == nil {
		err = q.Validate()
	}
	if err != nil {
		return "", refuse(InvalidRequest, reasons(ErrQuery, err), "dcql_query: %v", err)
	}
	jwt, err := s.jws.SignJSON(o)
	if err != nil {
		return "", refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object cannot be signed")
	}
	return jwt, nil
}
