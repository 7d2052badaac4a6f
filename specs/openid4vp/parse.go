package openid4vp

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

// maxSkew is how far the clocks of wallet and verifier may differ.
const maxSkew = time.Minute

// requestRules let in the header members of other prefixes, so that the refusal can
// name the prefix.
var requestRules = jose.Rules{
	Typ:   RequestTyp,
	Algs:  []jose.Alg{jose.ES256, jose.ES384, jose.ES512},
	Allow: []string{"x5c", "kid", "jwk", "jwt", "trust_chain"},
}

// ParseRequest reads a request object for a wallet. expectClientID is the client_id of
// the link. The signature must hold under the access certificate in x5c, whose hash is
// the client_id and whose chain, returned leaf first, must lead to one of the anchors.
//
// The error is an *Error with the code that a wallet answers.
func ParseRequest(jwt string, anchors *x5c.Anchors, at time.Time, expectClientID string, r Rules) (*RequestObject, []*x509.Certificate, error) {
	u, err := jose.Parse(jwt, requestRules)
	if err != nil {
		return nil, nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object: %v (section 5)", err)
	}
	if err := checkClientID(u, expectClientID); err != nil {
		return nil, nil, err
	}
	payload, err := authenticate(u, anchors, at)
	if err != nil {
		return nil, nil, err
	}
	o, err := readRequest(payload)
	if err == nil {
		err = o.checkRequest(payload, at, r)
	}
	if err != nil {
		return nil, nil, addressed(err, payload, r)
	}
	return o, u.Header.X5C, nil
}

// checkClientID looks at what is not yet authentic, for it names the way to become so.
func checkClientID(u *jose.Unverified, expected string) error {
	var claims struct {
		ClientID string `json:"client_id"`
	}
	if err := json.Unmarshal(u.UnsafePayload(), &claims); err != nil || claims.ClientID == "" {
		return refuse(InvalidRequest, ErrClientID, "client_id: expected a string (section 5.2)")
	}
	if claims.ClientID != expected {
		return refuse(InvalidRequest, ErrClientID, "client_id: expected the same in link and request object (section 5.10.1)")
	}
	prefix, hash := Prefix(claims.ClientID)
	switch {
	case prefix == "":
		return refuse(InvalidClient, ErrPrefix, "client_id: no prefix, and no such client is registered here (section 5.9.2)")
	case prefix != PrefixX509Hash:
		return refuse(InvalidRequest, ErrPrefix, "client_id: expected the prefix %s (HAIP 1.0 section 5)", PrefixX509Hash)
	case len(u.Header.X5C) == 0:
		return refuse(InvalidRequest, ErrHash, "x5c: required with the prefix %s, and absent (section 5.9.3)", PrefixX509Hash)
	case hash != x5c.Hash(u.Header.X5C[0]):
		return refuse(InvalidRequest, ErrHash, "client_id: not the hash of the first certificate in x5c (section 5.9.3)")
	}
	return nil
}

func authenticate(u *jose.Unverified, anchors *x5c.Anchors, at time.Time) ([]byte, error) {
	pub, ok := u.Header.X5C[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, refuse(InvalidRequest, ErrRequestObject, "x5c: expected an ECDSA key (HAIP 1.0 section 7)")
	}
	payload, err := u.Verify(pub)
	if err != nil {
		return nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object: %v (section 5)", err)
	}
	if _, err := anchors.Verify(u.Header.X5C, x5c.AccessCertificate, at); err != nil {
		return nil, refuse(InvalidClient, reasons(ErrUntrusted, err), "x5c: %v (section 5.9.3)", err)
	}
	return payload, nil
}

func readRequest(payload []byte) (*RequestObject, error) {
	var o RequestObject
	if err := jose.Unmarshal(payload, &o); err != nil {
		return nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object: %v (section 5)", err)
	}
	return &o, nil
}

func (o *RequestObject) checkRequest(payload []byte, at time.Time, r Rules) error {
	var present map[string]json.RawMessage
	if err := json.Unmarshal(payload, &present); err != nil {
		return refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object: expected a JSON object (section 5)")
	}
	for _, forbidden := range []struct {
		name, code string
		reason     error
		why        string
	}{
		{"redirect_uri", InvalidRequest, ErrRedirectURI, "not beside direct_post (section 8.2)"},
		{"request", InvalidRequest, ErrRequestObject, "not inside a request object (RFC 9101 section 4)"},
		{"request_uri", InvalidRequest, ErrRequestObject, "not inside a request object (RFC 9101 section 4)"},
		{"transaction_data", InvalidTransactionData, ErrTransactionData, "not supported (section 8.4)"},
	} {
		if _, there := present[forbidden.name]; there {
			return refuse(forbidden.code, forbidden.reason, "%s: %s", forbidden.name, forbidden.why)
		}
	}
	switch {
	case o.Exp != 0 && at.After(time.Unix(o.Exp, 0).Add(maxSkew)):
		return refuse(InvalidRequest, ErrTime, "exp: expired (RFC 7519 section 4.1.4)")
	case at.Add(maxSkew).Before(time.Unix(max(o.Iat, o.Nbf), 0)):
		return refuse(InvalidRequest, ErrTime, "iat, nbf: in the future (RFC 7519 section 4.1.5)")
	case r.WalletNonce != "" && o.WalletNonce != r.WalletNonce:
		return refuse(InvalidRequest, ErrWalletNonce, "wallet_nonce: expected the one that was sent (section 5.10.1)")
	}
	return o.check(r)
}

// addressed adds to the refusal of an authentic request where it may be sent.
func addressed(err error, payload []byte, r Rules) error {
	var refusal *Error
	var to struct {
		ResponseURI string `json:"response_uri"`
		State       string `json:"state"`
	}
	if !errors.As(err, &refusal) || json.Unmarshal(payload, &to) != nil || !r.isURL(to.ResponseURI) {
		return err
	}
	refusal.ResponseURI = to.ResponseURI
	if isURLSafe(to.State) {
		refusal.State = to.State
	}
	return refusal
}
