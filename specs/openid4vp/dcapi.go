package openid4vp

import (
	"crypto/x509"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

// The protocols of the Digital Credentials API (appendix A.1).
const (
	ProtocolUnsigned    = "openid4vp-v1-unsigned"
	ProtocolSigned      = "openid4vp-v1-signed"
	ProtocolMultisigned = "openid4vp-v1-multisigned"
)

// DCAPIMessage is a request to, or an answer of, the Digital Credentials API: protocol and data of the W3C interface.
type DCAPIMessage struct {
	Protocol string          `json:"protocol"`
	Data     json.RawMessage `json:"data"`
}

// checkAPI is about answers over the Digital Credentials API (appendix A.2): there is no response_uri, and what stands
// there is ignored.
func (o *RequestObject) checkAPI(r Rules) error {
	if o.ResponseMode != ResponseModeDCAPIJWT && (!r.BeyondHAIP || o.ResponseMode != ResponseModeDCAPI) {
		return refuse(InvalidRequest, ErrResponseMode, "response_mode: expected %s (HAIP 1.0 section 5.2)", ResponseModeDCAPIJWT)
	}
	return nil
}

// checkOrigins is about signed requests, so that nobody hands them on (appendix A.2). The comparison is of strings.
func (o *RequestObject) checkOrigins(origin string) error {
	if len(o.ExpectedOrigins) == 0 {
		return refuse(InvalidRequest, ErrOrigin, "expected_origins: required in signed requests (appendix A.2)")
	}
	if origin != "" && !slices.Contains(o.ExpectedOrigins, origin) {
		return refuse(InvalidRequest, ErrOrigin, "expected_origins: expected the origin that asks (appendix A.2)")
	}
	return nil
}

// UnsignedDCAPI makes the unsigned request, after the checks that a wallet makes. Its client_id is the origin, which the
// browser tells. The error is an *Error.
func UnsignedDCAPI(o RequestObject, r Rules) (*DCAPIMessage, error) {
	r.overAPI = true
	o.fill("", "", ResponseModeDCAPIJWT)
	o.ClientID, o.Aud, o.ExpectedOrigins, o.Iat, o.Exp = "", "", nil, 0, 0
	if err := o.checkToSend(r); err != nil {
		return nil, err
	}
	return dcapiMessage(ProtocolUnsigned, o)
}

// SignDCAPI makes the signed request, after the checks that a wallet makes. The error is an *Error.
func (s *Signer) SignDCAPI(o RequestObject, r Rules) (*DCAPIMessage, error) {
	r.overAPI = true
	if err := o.checkOrigins(""); err != nil {
		return nil, err
	}
	jwt, err := s.SignRequest(o, r)
	if err != nil {
		return nil, err
	}
	return dcapiMessage(ProtocolSigned, signedData{jwt})
}

type signedData struct {
	Request string `json:"request"`
}

// multisigned is a JWS in general JSON serialization (RFC 7515 section 7.2.1).
type multisigned struct {
	Payload    string         `json:"payload"`
	Signatures []oneSignature `json:"signatures"`
}

type oneSignature struct {
	Protected string `json:"protected"`
	Signature string `json:"signature"`
}

type multisignedData struct {
	Request multisigned `json:"request"`
}

// MultisignDCAPI makes the request with a signature by each signer; client_id and verifier_info stand in the header of
// each (appendix A.3.2.2). The error is an *Error.
func MultisignDCAPI(o RequestObject, r Rules, signers ...*Signer) (*DCAPIMessage, error) {
	r.overAPI = true
	o.fill("", StaticDiscoveryAudience, ResponseModeDCAPIJWT)
	if err := o.checkOrigins(""); err != nil {
		return nil, err
	}
	if err := o.checkToSend(r); err != nil {
		return nil, err
	}
	info := o.VerifierInfo
	o.VerifierInfo = nil
	data := multisignedData{}
	for _, s := range signers {
		jwt, err := s.inHeader(o, info)
		if err != nil {
			return nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object cannot be signed")
		}
		parts := strings.Split(jwt, ".")
		data.Request.Payload = parts[1]
		data.Request.Signatures = append(data.Request.Signatures, oneSignature{parts[0], parts[2]})
	}
	return dcapiMessage(ProtocolMultisigned, data)
}

func dcapiMessage(protocol string, data any) (*DCAPIMessage, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request cannot be written")
	}
	return &DCAPIMessage{Protocol: protocol, Data: raw}, nil
}

// ParseDCAPI reads a request for a wallet. origin is who asks, as the browser tells, without a slash at the end. The chain
// is that of ParseRequest, nil when nothing is signed. The error is an *Error with the code to answer.
func ParseDCAPI(m DCAPIMessage, origin string, anchors *x5c.Anchors, at time.Time, r Rules) (*RequestObject, []*x509.Certificate, error) {
	r.overAPI, r.WalletNonce = true, ""
	switch m.Protocol {
	case ProtocolUnsigned:
		o, err := parseUnsignedDCAPI(m.Data, at, r)
		return o, nil, err
	case ProtocolSigned:
		var data signedData
		if err := jose.Unmarshal(m.Data, &data); err != nil {
			return nil, nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "data: expected a request object in request (appendix A.3.2.1)")
		}
		o, chain, err := ParseRequest(data.Request, anchors, at, "", r)
		return ofOrigin(o, chain, err, origin)
	case ProtocolMultisigned:
		var data multisignedData
		if err := jose.Unmarshal(m.Data, &data); err != nil || len(data.Request.Signatures) == 0 {
			return nil, nil, refuse(InvalidRequest, ErrRequestObject, "data: expected a JWS in JSON serialization in request (appendix A.3.2.2)")
		}
		o, chain, err := parseMultisigned(data.Request, anchors, at, r)
		return ofOrigin(o, chain, err, origin)
	}
	return nil, nil, refuse(InvalidRequest, ErrProtocol, "protocol: expected one of OpenID4VP 1.0 (appendix A.1)")
}

func parseUnsignedDCAPI(data json.RawMessage, at time.Time, r Rules) (*RequestObject, error) {
	o, err := readRequest(data)
	if err != nil {
		return nil, err
	}
	o.ClientID = "" // ignored, and so are the origins
	if err := o.checkRequest(&authentic{payload: data, unsigned: true}, at, r); err != nil {
		return nil, err
	}
	return o, nil
}

func ofOrigin(o *RequestObject, chain []*x509.Certificate, err error, origin string) (*RequestObject, []*x509.Certificate, error) {
	if err == nil {
		err = o.checkOrigins(origin)
	}
	if err != nil {
		return nil, nil, err
	}
	return o, chain, nil
}

// parseMultisigned takes the first signature that holds under a client identifier that is trusted; the others may be of
// frameworks that this wallet does not know. When none does, the first refusal is told.
func parseMultisigned(jws multisigned, anchors *x5c.Anchors, at time.Time, r Rules) (*RequestObject, []*x509.Certificate, error) {
	var first error
	for _, s := range jws.Signatures {
		o, chain, err := parseOneSignature(s.Protected+"."+jws.Payload+"."+s.Signature, anchors, at, r)
		if err == nil {
			return o, chain, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, nil, first
}

func parseOneSignature(jwt string, anchors *x5c.Anchors, at time.Time, r Rules) (*RequestObject, []*x509.Certificate, error) {
	rules := requestRules
	rules.Allow = append([]string{headerClientID, headerVerifierInfo}, rules.Allow...)
	u, err := jose.Parse(jwt, rules)
	if err != nil {
		return nil, nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request object: %v (appendix A.3.2.2)", err)
	}
	var clientID string
	if err := json.Unmarshal(u.Header.Extra[headerClientID], &clientID); err != nil || clientID == "" {
		return nil, nil, refuse(InvalidRequest, ErrClientID, "client_id: expected in the header of each signature (appendix A.3.2.2)")
	}
	who, err := authenticate(u, clientID, anchors, at, r)
	if err != nil {
		return nil, nil, err
	}
	o, err := readRequest(who.payload)
	if err == nil && o.ClientID != "" {
		err = refuse(InvalidRequest, ErrClientID, "client_id: expected in the headers alone (appendix A.3.2.2)")
	}
	if raw := u.Header.Extra[headerVerifierInfo]; err == nil && raw != nil {
		if e := jose.Unmarshal(raw, &o.VerifierInfo); e != nil {
			err = refuse(InvalidRequest, reasons(ErrRequestObject, e), "verifier_info: expected an array (section 5.11)")
		}
	}
	if err == nil {
		o.ClientID = clientID
		err = o.checkRequest(who, at, r)
	}
	if err != nil {
		return nil, nil, err
	}
	return o, who.chain, nil
}

// DCAPIAnswer is the data of an answer: {"response"} encrypted, {"vp_token"} in the clear, or {"error"} (appendices A.2, A.4).
type DCAPIAnswer struct {
	Response string              `json:"response,omitempty"`
	VPToken  map[string][]string `json:"vp_token,omitempty"`
	Error    string              `json:"error,omitempty"`
}

// ParseDCAPIAnswer reads the data of an answer to a request with this response mode. Errors: ErrResponse.
func ParseDCAPIAnswer(data []byte, mode string) (*Post, error) {
	var a DCAPIAnswer
	if err := jose.Unmarshal(data, &a); err != nil {
		return nil, fail(ErrResponse, "data: expected an object with response, vp_token or error: %v (appendix A.4)", err)
	}
	var post *Post
	switch {
	case a.Error != "" && a.Response == "" && a.VPToken == nil:
		post = &Post{Error: &ErrorResponse{Code: a.Error}}
	case a.Error != "":
		return nil, fail(ErrResponse, "data: expected error alone (appendix A.4)")
	case mode == ResponseModeDCAPIJWT:
		post = &Post{JWE: a.Response}
	default:
		post = &Post{Response: &Response{VPToken: a.VPToken}}
	}
	return post, post.check(mode, a.VPToken != nil, a.Response != "")
}
