package openid4vp

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"lommebok.example/specs/x5c"
)

// Schemes that invoke a wallet.
const (
	Scheme     = "openid4vp://" // section 13.1.2
	SchemeHAIP = "haip-vp://"   // HAIP 1.0 section 5.1
)

// The values of request_uri_method (section 5.1).
const (
	MethodGet  = "get"
	MethodPost = "post"
)

const maxLink = 16 << 10

// Rules are what a reader of messages may relax, and what it expects beyond their own
// rules. The zero value is strict, and is HAIP 1.0.
type Rules struct {
	// InsecureAllowHTTP accepts http addresses. Safe only between processes of one
	// machine, in development.
	InsecureAllowHTTP bool
	// BeyondHAIP takes what OpenID4VP has and HAIP 1.0 section 5 leaves out: the prefixes x509_san_dns, redirect_uri and
	// verifier_attestation, answers that are not encrypted, and requests by value.
	BeyondHAIP bool
	// Attesters are the anchors of those who issue verifier attestations (section 12); nil trusts none.
	Attesters *x5c.Anchors
	// TransactionTypes are the types of transaction data that a wallet knows; those of nil are none.
	TransactionTypes TransactionTypes
	// WalletNonce is what the wallet sent to the request_uri by post, and must come
	// back; "" when it sent none (section 5.10.1).
	WalletNonce string

	overAPI bool // the Digital Credentials API (appendix A)
}

// RequestLink is a link that invokes a wallet, with the request by reference, or by value when it is not signed.
type RequestLink struct {
	ClientID   string
	RequestURI string
	Method     string // MethodGet or MethodPost
	// Unsigned are the parameters of a request by value, with the prefix redirect_uri (section 5.9.3); nil for one by reference.
	Unsigned url.Values
}

// URI is the link. scheme is Scheme, SchemeHAIP, or the https address of a wallet.
func (l RequestLink) URI(scheme string) string {
	separator := "?"
	if strings.Contains(scheme, "?") {
		separator = "&"
	}
	link := scheme + separator + "client_id=" + escape(l.ClientID)
	if l.Unsigned != nil {
		for _, name := range slices.Sorted(maps.Keys(l.Unsigned)) {
			link += "&" + name + "=" + escape(l.Unsigned.Get(name))
		}
		return link
	}
	link += "&request_uri=" + escape(l.RequestURI)
	if l.Method == MethodPost {
		link += "&request_uri_method=" + MethodPost
	}
	return link
}

// RequestURI makes the link that hands a request to a wallet, which fetches it by GET. scheme is as for RequestLink.URI.
func RequestURI(scheme, clientID, requestURI string) string {
	return RequestLink{ClientID: clientID, RequestURI: requestURI}.URI(scheme)
}

// escape does not use + for a space, which not every wallet reads so outside forms.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// ParseRequestURI reads what a wallet was invoked with, whatever the scheme. Other
// parameters than client_id, request_uri and request_uri_method are ignored, for those
// of the request object alone count (section 5.10.1); a request by value is refused
// (HAIP 1.0 section 5.1), but for an unsigned one under BeyondHAIP. The error is an *Error.
func ParseRequestURI(link string, r Rules) (*RequestLink, error) {
	query, err := linkQuery(link)
	if err != nil {
		return nil, err
	}
	if query.Has("request") {
		return nil, refuse(InvalidRequest, ErrLink, "the link: expected request_uri, not request (HAIP 1.0 section 5.1)")
	}
	l := &RequestLink{ClientID: query.Get("client_id"), RequestURI: query.Get("request_uri"), Method: MethodGet}
	if prefix, _ := Prefix(l.ClientID); r.BeyondHAIP && prefix == PrefixRedirectURI && !query.Has("request_uri") {
		query.Del("client_id")
		l.Unsigned = query
		return l, nil
	}
	if len(query["request_uri"]) != 1 || l.RequestURI == "" {
		return nil, refuse(InvalidRequest, ErrLink, "the link: expected request_uri, once (section 5.10)")
	}
	if !r.IsURL(l.RequestURI) {
		return nil, refuse(InvalidRequest, ErrLink, "request_uri: expected an https URL without fragment (RFC 9101 section 5.2)")
	}
	switch method := query["request_uri_method"]; {
	case len(method) == 0:
	case len(method) == 1 && (method[0] == MethodGet || method[0] == MethodPost):
		l.Method = method[0]
	default:
		return nil, refuse(InvalidRequestURIMethod, ErrLink, "request_uri_method: expected get or post, once (section 5.1)")
	}
	return l, nil
}

// linkQuery reads the parameters of a link that names one client.
func linkQuery(link string) (url.Values, error) {
	if len(link) > maxLink {
		return nil, refuse(InvalidRequest, ErrLink, "the link: expected at most %d bytes", maxLink)
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme == "" {
		return nil, refuse(InvalidRequest, ErrLink, "the link: expected a URL")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, refuse(InvalidRequest, ErrLink, "the link: the query is not form-encoded")
	}
	if len(query["client_id"]) != 1 || query.Get("client_id") == "" {
		return nil, refuse(InvalidRequest, ErrLink, "the link: expected client_id, once (section 5.10)")
	}
	return query, nil
}

// IsURL tells whether an address is https, or http where that is allowed, with a host, without user and without fragment; an
// empty fragment is one too.
func (r Rules) IsURL(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(address, "#") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && r.InsecureAllowHTTP
}
