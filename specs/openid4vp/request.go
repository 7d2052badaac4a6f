package openid4vp

import (
	"encoding/json"
	"slices"
	"strings"

	"lommebok.example/specs/dcql"
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
)

// The response modes. Those with .jwt are of HAIP 1.0 sections 5.1 and 5.2, the others take Rules.BeyondHAIP.
const (
	ResponseModeDirectPostJWT = "direct_post.jwt" // section 8.3.1
	ResponseModeDirectPost    = "direct_post"     // section 8.2
	ResponseModeDCAPIJWT      = "dc_api.jwt"      // appendix A.2
	ResponseModeDCAPI         = "dc_api"          // appendix A.2
)

// minNonce is the least length of a nonce in characters that a wallet takes. Verifiers
// should send 128 bits, 22 characters in base64url (section 5.2).
const minNonce = 16

// RequestObject is the payload of a request object (section 5), or the parameters of an unsigned request.
type RequestObject struct {
	ClientID     string `json:"client_id,omitempty"` // absent in unsigned requests over the Digital Credentials API
	ResponseType string `json:"response_type"`
	ResponseMode string `json:"response_mode"`
	ResponseURI  string `json:"response_uri,omitempty"`
	Nonce        string `json:"nonce"`
	State        string `json:"state,omitempty"`
	Aud          string `json:"aud,omitempty"` // absent in what is not signed
	// DCQL is the query; exactly one of it and Scope is set. Query reads it.
	DCQL           json.RawMessage `json:"dcql_query,omitempty"`
	Scope          string          `json:"scope,omitempty"`
	ClientMetadata *ClientMetadata `json:"client_metadata,omitempty"`
	// TransactionData are base64url of JSON objects (section 8.4); Transactions reads them.
	TransactionData []string       `json:"transaction_data,omitempty"`
	VerifierInfo    []VerifierInfo `json:"verifier_info,omitempty"`
	ExpectedOrigins []string       `json:"expected_origins,omitempty"` // appendix A.2, signed alone
	WalletNonce     string         `json:"wallet_nonce,omitempty"`
	Iat             int64          `json:"iat,omitempty"` // seconds since 1970
	Exp             int64          `json:"exp,omitempty"`
	Nbf             int64          `json:"nbf,omitempty"`
}

// VerifierInfo is what a third party says of the verifier (section 5.11). Data is a JWT or an object, as Format has it.
type VerifierInfo struct {
	Format        string          `json:"format"`
	Data          json.RawMessage `json:"data"`
	CredentialIDs []string        `json:"credential_ids,omitempty"`
}

// FormatRegistrationCert is the format of a registration certificate, a JWT, by value (ETSI TS 119 472-2, second-hand).
const FormatRegistrationCert = "registration_cert"

// Query reads the DCQL query. Errors: those of dcql.Parse.
func (o *RequestObject) Query() (*dcql.Query, error) { return dcql.Parse(o.DCQL) }

// Encrypted tells whether the answer must be encrypted.
func (o *RequestObject) Encrypted() bool { return strings.HasSuffix(o.ResponseMode, ".jwt") }

// check tests the rules that hold for who sends and who reads, in the order in which
// a wallet meets them.
func (o *RequestObject) check(r Rules) error {
	if o.ResponseType != ResponseTypeVPToken {
		return refuse(UnsupportedResponseType, ErrResponseType, "response_type: expected %s (section 5.6)", ResponseTypeVPToken)
	}
	channel := o.checkPost
	if r.overAPI {
		channel = o.checkAPI
	}
	if err := channel(r); err != nil {
		return err
	}
	switch {
	case len(o.Nonce) < minNonce || !isURLSafe(o.Nonce):
		return refuse(InvalidRequest, ErrNonce, "nonce: expected at least %d characters of A-Z a-z 0-9 - . _ ~ (section 5.2)", minNonce)
	case !isURLSafe(o.State):
		return refuse(InvalidRequest, ErrState, "state: expected characters of A-Z a-z 0-9 - . _ ~ (section 5.2)")
	}
	for _, info := range o.VerifierInfo {
		if info.Format == "" || len(info.Data) == 0 {
			return refuse(InvalidRequest, ErrRequestObject, "verifier_info: expected format and data in each entry (section 5.11)")
		}
	}
	q, err := o.checkQuery(r)
	if err != nil {
		return err
	}
	if _, err := o.transactions(q); err != nil {
		return err
	}
	return o.ClientMetadata.check(o.Encrypted())
}

// checkPost is about answers by direct_post.
func (o *RequestObject) checkPost(r Rules) error {
	if o.ResponseMode != ResponseModeDirectPostJWT && (!r.BeyondHAIP || o.ResponseMode != ResponseModeDirectPost) {
		return refuse(InvalidRequest, ErrResponseMode, "response_mode: expected %s (HAIP 1.0 section 5.1)", ResponseModeDirectPostJWT)
	}
	if !r.IsURL(o.ResponseURI) {
		return refuse(InvalidRequest, ErrResponseURI, "response_uri: expected an https URL without fragment (section 8.2)")
	}
	return nil
}

func (o *RequestObject) checkQuery(r Rules) (*dcql.Query, error) {
	switch {
	case (len(o.DCQL) == 0) == (o.Scope == ""):
		return nil, refuse(InvalidRequest, ErrQuery, "expected exactly one of dcql_query and scope (section 5.1)")
	case o.Scope != "":
		return nil, refuse(InvalidScope, ErrQuery, "scope: no scope stands for a query here; expected dcql_query (section 5.5)")
	}
	q, err := o.Query()
	if err != nil {
		return nil, refuse(InvalidRequest, reasons(ErrQuery, err), "dcql_query: %v", err)
	}
	unbound := slices.ContainsFunc(q.Credentials, func(c dcql.CredentialQuery) bool { return !c.HolderBindingRequired() })
	if unbound && o.State == "" && !r.overAPI {
		return nil, refuse(InvalidRequest, ErrState, "state: required when a credential is asked for without holder binding (section 5.3)")
	}
	return q, nil
}

// isURLSafe tests the characters that nonce and state may have.
func isURLSafe(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~", r)
	})
}
