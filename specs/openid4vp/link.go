package openid4vp

import (
	"net/url"
	"strings"
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
// rules. The zero value is strict.
type Rules struct {
	// InsecureAllowHTTP accepts http addresses. Safe only between processes of one
	// machine, in development.
	InsecureAllowHTTP bool
	// WalletNonce is what the wallet sent to the request_uri by post, and must come
	// back; "" when it sent none (section 5.10.1).
	WalletNonce string
}

// RequestLink is a link that invokes a wallet, with the request by reference.
type RequestLink struct {
	ClientID   string
	RequestURI string
	Method     string // MethodGet or MethodPost
}

// RequestURI makes the link that hands a request to a wallet. scheme is Scheme,
// SchemeHAIP, or the https address of a wallet.
func RequestURI(scheme, clientID, requestURI string) string {
	separator := "?"
	if strings.Contains(scheme, "?") {
		separator = "&"
	}
	return scheme + separator + "client_id=" + escape(clientID) + "&request_uri=" + escape(requestURI)
}

// escape does not use + for a space, which not every wallet reads so outside forms.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// ParseRequestURI reads what a wallet was invoked with, whatever the scheme. Other
// parameters than client_id, request_uri and request_uri_method are ignored, for those
// of the request object alone count (section 5.10.1); a request by value is refused
// (HAIP 1.0 section 5.1). The error is an *Error.
func ParseRequestURI(link string, r Rules) (*RequestLink, error) {
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
	for _, name := range []string{"client_id", "request_uri"} {
		if len(query[name]) != 1 || query.Get(name) == "" {
			return nil, refuse(InvalidRequest, ErrLink, "the link: expected %s, once (section 5.10)", name)
		}
	}
	if query.Has("request") {
		return nil, refuse(InvalidRequest, ErrLink, "the link: request beside request_uri (RFC 9101 section 5)")
	}
	l := &RequestLink{ClientID: query.Get("client_id"), RequestURI: query.Get("request_uri"), Method: MethodGet}
	if !r.isURL(l.RequestURI) {
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

func (r Rules) isURL(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(address, "#") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && r.InsecureAllowHTTP
}
