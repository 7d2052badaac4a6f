package openid4vp

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"maps"
	"slices"

	"lommebok.example/specs/jose"
)

// Signer signs request objects for one client identifier.
type Signer struct {
	key      crypto.Signer
	header   jose.Header
	jws      *jose.Signer
	clientID string
	reason   error // of the refusal to sign for another client_id
}

// NewSigner prepares signing for the prefix x509_hash. chain is the access certificate and what leads to the
// trust anchor, without the anchor; a self-signed leaf is refused (HAIP 1.0 section 5).
func NewSigner(key crypto.Signer, chain []*x509.Certificate) (*Signer, error) {
	if err := checkChain(chain); err != nil {
		return nil, err
	}
	return newSigner(key, jose.Header{X5C: chain}, X509HashClientID(chain[0]), ErrHash)
}

// NewSANSigner prepares signing for the prefix x509_san_dns: host is a dNSName in the access certificate.
func NewSANSigner(key crypto.Signer, chain []*x509.Certificate, host string) (*Signer, error) {
	if err := checkChain(chain); err != nil {
		return nil, err
	}
	if !slices.Contains(chain[0].DNSNames, host) {
		return nil, fail(ErrHash, "expected a certificate with the dNSName %s (section 5.9.3)", host)
	}
	return newSigner(key, jose.Header{X5C: chain}, PrefixX509SANDNS+":"+host, ErrHash)
}

// NewAttestedSigner prepares signing for the prefix verifier_attestation. attestation is the attestation of the key.
func NewAttestedSigner(key crypto.Signer, attestation string) (*Signer, error) {
	a, err := peekAttestation(attestation)
	if err != nil {
		return nil, err
	}
	header, err := json.Marshal(attestation)
	if err != nil {
		return nil, reasons(ErrAttestation, err)
	}
	return newSigner(key, jose.Header{Extra: map[string]json.RawMessage{headerAttestation: header}},
		PrefixVerifierAttestation+":"+a.Sub, ErrAttestation)
}

func checkChain(chain []*x509.Certificate) error {
	if len(chain) == 0 || bytes.Equal(chain[0].RawSubject, chain[0].RawIssuer) {
		return fail(ErrUntrusted, "expected a chain whose leaf is not self-signed (HAIP 1.0 section 5)")
	}
	return nil
}

func newSigner(key crypto.Signer, h jose.Header, clientID string, reason error) (*Signer, error) {
	h.Typ = RequestTyp
	jws, err := jose.NewSigner(key, h)
	if err != nil {
		return nil, reasons(ErrRequestObject, err)
	}
	return &Signer{key: key, header: h, jws: jws, clientID: clientID, reason: reason}, nil
}

// inHeader signs with client_id and verifier_info in the header (appendix A.3.2.2).
func (s *Signer) inHeader(o RequestObject, info []VerifierInfo) (string, error) {
	h := s.header
	h.Extra = maps.Clone(h.Extra)
	if h.Extra == nil {
		h.Extra = map[string]json.RawMessage{}
	}
	var err error
	if h.Extra[headerClientID], err = json.Marshal(s.clientID); err != nil {
		return "", err
	}
	if len(info) > 0 {
		if h.Extra[headerVerifierInfo], err = json.Marshal(info); err != nil {
			return "", err
		}
	}
	jws, err := jose.NewSigner(s.key, h)
	if err != nil {
		return "", err
	}
	return jws.SignJSON(o)
}

// ClientID is the client identifier that the requests have.
func (s *Signer) ClientID() string { return s.clientID }

// SignRequest signs a request after the checks that a wallet makes. ClientID, Aud,
// ResponseType and ResponseMode are filled in when empty. The query must pass
// dcql.Query.Validate. The error is an *Error, as a wallet would give it.
func (s *Signer) SignRequest(o RequestObject, r Rules) (string, error) {
	mode := ResponseModeDirectPostJWT
	if r.overAPI {
		mode = ResponseModeDCAPIJWT
	}
	o.fill(s.clientID, StaticDiscoveryAudience, mode)
	if o.ClientID != s.clientID {
		return "", refuse(InvalidRequest, s.reason, "client_id: expected that of the signer (section 5.9.3)")
	}
	if err := o.checkToSend(r); err != nil {
		return "", err
	}
	jwt, err := s.jws.SignJSON(o)
	if err != nil {
		return "", refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object cannot be signed")
	}
	return jwt, nil
}

// UnsignedRequest is a request by value, for the prefix redirect_uri, after the checks that a wallet makes. ClientID,
// ResponseType and ResponseMode are filled in when empty. The error is an *Error.
func UnsignedRequest(o RequestObject, r Rules) (*RequestLink, error) {
	o.fill(RedirectURIClientID(o.ResponseURI), "", ResponseModeDirectPostJWT)
	if !r.BeyondHAIP || o.ClientID != RedirectURIClientID(o.ResponseURI) {
		return nil, refuse(InvalidRequest, ErrPrefix, "client_id: expected the response_uri, and rules beyond HAIP (section 5.9.3)")
	}
	if err := o.checkToSend(r); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request cannot be written")
	}
	return unsignedLink(o.ClientID, raw)
}

// fill sets what is empty.
func (o *RequestObject) fill(clientID, aud, mode string) {
	for _, m := range []struct {
		value *string
		fill  string
	}{{&o.ClientID, clientID}, {&o.Aud, aud}, {&o.ResponseType, ResponseTypeVPToken}, {&o.ResponseMode, mode}} {
		if *m.value == "" {
			*m.value = m.fill
		}
	}
}

// checkToSend is check, and the rules for those who send alone.
func (o *RequestObject) checkToSend(r Rules) error {
	if err := o.check(r); err != nil {
		return err
	}
	q, err := o.Query()
	if err == nil {
		err = q.Validate()
	}
	if err != nil {
		return refuse(InvalidRequest, reasons(ErrQuery, err), "dcql_query: %v", err)
	}
	return nil
}
