package openid4vp

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

// maxSkew is how far the clocks of wallet and verifier may differ.
const maxSkew = time.Minute

// Header members of request objects.
const (
	headerAttestation  = "jwt"           // section 12
	headerClientID     = "client_id"     // appendix A.3.2.2
	headerVerifierInfo = "verifier_info" // appendix A.3.2.2
)

// requestRules let in the header members of other prefixes, so that the refusal can
// name the prefix.
var requestRules = jose.Rules{
	Typ:   RequestTyp,
	Algs:  []jose.Alg{jose.ES256, jose.ES384, jose.ES512},
	Allow: []string{"x5c", "kid", "jwk", headerAttestation, "trust_chain"},
}

// ParseRequest reads a request object for a wallet. expectClientID is the client_id of
// the link. The signature must hold by the rules of the prefix of the client_id: for x509_hash and x509_san_dns under the
// access certificate in x5c, whose chain, returned leaf first, must lead to one of the anchors; for verifier_attestation
// by the key in the attestation, and there is no chain.
//
// The error is an *Error with the code that a wallet answers.
func ParseRequest(jwt string, anchors *x5c.Anchors, at time.Time, expectClientID string, r Rules) (*RequestObject, []*x509.Certificate, error) {
	u, err := jose.Parse(jwt, requestRules)
	if err != nil {
		return nil, nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object: %v (section 5)", err)
	}
	clientID, err := claimedClientID(u)
	if err != nil {
		return nil, nil, err
	}
	if clientID != expectClientID && !r.overAPI {
		return nil, nil, refuse(InvalidRequest, ErrClientID, "client_id: expected the same in link and request object (section 5.10.1)")
	}
	who, err := authenticate(u, clientID, anchors, at, r)
	if err != nil {
		return nil, nil, err
	}
	o, err := readRequest(who.payload)
	if err == nil {
		err = o.checkRequest(who, at, r)
	}
	if err != nil {
		return nil, nil, addressed(err, who.payload, r)
	}
	return o, who.chain, nil
}

// ParseUnsigned reads a request by value, which stands for nobody but the address that its answer goes to (section 5.9.3).
// The error is an *Error.
func ParseUnsigned(l *RequestLink, at time.Time, r Rules) (*RequestObject, error) {
	prefix, address := Prefix(l.ClientID)
	if l.Unsigned == nil || prefix != PrefixRedirectURI || !r.BeyondHAIP {
		return nil, refuse(InvalidRequest, ErrPrefix, "client_id: an unsigned request demands the prefix %s (section 5.9.3)", PrefixRedirectURI)
	}
	payload, err := payloadOfLink(l)
	if err != nil {
		return nil, err
	}
	o, err := readRequest(payload)
	if err != nil {
		return nil, err
	}
	if o.ResponseURI == "" {
		o.ResponseURI = address
	}
	if err := o.checkRequest(&authentic{payload: payload, unsigned: true, uris: []string{address}}, at, r); err != nil {
		return nil, err
	}
	return o, nil
}

// claimedClientID is not yet authentic: it names the way to become so.
func claimedClientID(u *jose.Unverified) (string, error) {
	var claims struct {
		ClientID string `json:"client_id"`
	}
	if err := json.Unmarshal(u.UnsafePayload(), &claims); err != nil || claims.ClientID == "" {
		return "", refuse(InvalidRequest, ErrClientID, "client_id: expected a string (section 5.2)")
	}
	return claims.ClientID, nil
}

// authentic is a payload whose signature holds, or that needs none, and what its prefix demands of the response_uri.
type authentic struct {
	payload  []byte
	unsigned bool
	chain    []*x509.Certificate
	host     string   // of the response_uri; "" for any
	uris     []string // one of which the response_uri is; nil for any
}

func authenticate(u *jose.Unverified, clientID string, anchors *x5c.Anchors, at time.Time, r Rules) (*authentic, error) {
	prefix, original := Prefix(clientID)
	switch {
	case prefix == "":
		return nil, refuse(InvalidClient, ErrPrefix, "client_id: no prefix, and no such client is registered here (section 5.9.2)")
	case prefix == PrefixX509Hash:
		return byCertificate(u, prefix, anchors, at, func(leaf *x509.Certificate) (*authentic, error) {
			if original != x5c.Hash(leaf) {
				return nil, refuse(InvalidRequest, ErrHash, "client_id: not the hash of the first certificate in x5c (section 5.9.3)")
			}
			return &authentic{}, nil
		})
	case prefix == PrefixX509SANDNS && r.BeyondHAIP:
		return byCertificate(u, prefix, anchors, at, func(leaf *x509.Certificate) (*authentic, error) {
			if !slices.Contains(leaf.DNSNames, original) {
				return nil, refuse(InvalidRequest, ErrHash, "client_id: no dNSName of the first certificate in x5c (section 5.9.3)")
			}
			return &authentic{host: original}, nil
		})
	case prefix == PrefixVerifierAttestation && r.BeyondHAIP:
		return byAttestation(u, original, r.Attesters, at)
	case prefix == PrefixRedirectURI && r.BeyondHAIP:
		return nil, refuse(InvalidRequest, ErrSigned, "client_id: a request with the prefix %s is not signed (section 5.9.3)", prefix)
	}
	return nil, refuse(InvalidRequest, ErrPrefix, "client_id: expected the prefix %s (HAIP 1.0 section 5)", PrefixX509Hash)
}

func byCertificate(u *jose.Unverified, prefix string, anchors *x5c.Anchors, at time.Time, names func(*x509.Certificate) (*authentic, error)) (*authentic, error) {
	chain := u.Header.X5C
	if len(chain) == 0 {
		return nil, refuse(InvalidRequest, ErrHash, "x5c: required with the prefix %s, and absent (section 5.9.3)", prefix)
	}
	who, err := names(chain[0])
	if err != nil {
		return nil, err
	}
	pub, ok := chain[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, refuse(InvalidRequest, ErrRequestObject, "x5c: expected an ECDSA key (HAIP 1.0 section 7)")
	}
	if who.payload, err = verified(u, pub); err != nil {
		return nil, err
	}
	if _, err := anchors.Verify(chain, x5c.AccessCertificate, at); err != nil {
		return nil, refuse(InvalidClient, reasons(ErrUntrusted, err), "x5c: %v (section 5.9.3)", err)
	}
	who.chain = chain
	return who, nil
}

func verified(u *jose.Unverified, pub *ecdsa.PublicKey) ([]byte, error) {
	payload, err := u.Verify(pub)
	if err != nil {
		return nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object: %v (section 5)", err)
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

func (o *RequestObject) checkRequest(who *authentic, at time.Time, r Rules) error {
	var present map[string]json.RawMessage
	if err := json.Unmarshal(who.payload, &present); err != nil {
		return refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object: expected a JSON object (section 5)")
	}
	for _, forbidden := range []struct {
		name   string
		reason error
		why    string
	}{
		{"redirect_uri", ErrRedirectURI, "not beside direct_post (section 8.2)"},
		{"request", ErrRequestObject, "not inside a request object (RFC 9101 section 4)"},
		{"request_uri", ErrRequestObject, "not inside a request object (RFC 9101 section 4)"},
	} {
		if _, there := present[forbidden.name]; there {
			return refuse(InvalidRequest, forbidden.reason, "%s: %s", forbidden.name, forbidden.why)
		}
	}
	switch {
	case o.Exp != 0 && at.After(time.Unix(o.Exp, 0).Add(maxSkew)):
		return refuse(InvalidRequest, ErrTime, "exp: expired (RFC 7519 section 4.1.4)")
	case at.Add(maxSkew).Before(time.Unix(max(o.Iat, o.Nbf), 0)):
		return refuse(InvalidRequest, ErrTime, "iat, nbf: in the future (RFC 7519 section 4.1.5)")
	case r.WalletNonce != "" && o.WalletNonce != r.WalletNonce:
		return refuse(InvalidRequest, ErrWalletNonce, "wallet_nonce: expected the one that was sent (section 5.10.1)")
	case !who.unsigned && o.Aud != StaticDiscoveryAudience && (!r.overAPI || o.Aud != ""):
		return refuse(InvalidRequest, ErrAudience, "aud: expected %s (section 5.8)", StaticDiscoveryAudience)
	}
	if err := o.check(r); err != nil {
		return err
	}
	if _, there := present["transaction_data"]; there {
		if err := o.checkTypes(r.TransactionTypes); err != nil {
			return err
		}
	}
	return o.checkResponseURI(who, r)
}

// checkResponseURI tells whether the prefix lets the answer go there (sections 5.9.3 and 8.2).
func (o *RequestObject) checkResponseURI(who *authentic, r Rules) error {
	if r.overAPI {
		return nil
	}
	u, err := url.Parse(o.ResponseURI)
	if err != nil || who.host != "" && u.Hostname() != who.host || who.uris != nil && !slices.Contains(who.uris, o.ResponseURI) {
		return refuse(InvalidRequest, ErrResponseURI, "response_uri: not one that the client_id may have (sections 5.9.3, 8.2)")
	}
	return nil
}

// addressed adds to the refusal of an authentic request where it may be sent.
func addressed(err error, payload []byte, r Rules) error {
	var refusal *Error
	var to struct {
		ResponseURI string `json:"response_uri"`
		State       string `json:"state"`
	}
	if !errors.As(err, &refusal) || r.overAPI || errors.Is(err, ErrResponseURI) || json.Unmarshal(payload, &to) != nil || !r.IsURL(to.ResponseURI) {
		return err
	}
	refusal.ResponseURI = to.ResponseURI
	if isURLSafe(to.State) {
		refusal.State = to.State
	}
	return refusal
}
