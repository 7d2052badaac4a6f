package openid4vci

import (
	"net/url"
	"strings"

	"lommebok.example/specs/oauth2"
)

// WellKnownSuffix is the name under /.well-known/ (section 12.2.2).
const WellKnownSuffix = "openid-credential-issuer"

// Rules are what a reader of addresses may relax. The zero value is strict.
type Rules struct {
	// InsecureAllowHTTP accepts http addresses. Safe only between processes of one
	// machine, in development.
	InsecureAllowHTTP bool
}

// CheckIssuer tells whether id is a Credential Issuer Identifier: an https URL with a
// host, without query and fragment (section 12.2.1). Errors: ErrIssuer.
func (r Rules) CheckIssuer(id string) error {
	if strings.ContainsAny(id, "?#") {
		return fail(ErrIssuer, "expected no query and no fragment (section 12.2.1)")
	}
	return r.checkURL(ErrIssuer, "issuer identifier", id)
}

// checkURL is about endpoints too, which may have a query (section 12.2.4).
func (r Rules) checkURL(reason error, what, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(address, "#") {
		return fail(reason, "%s: expected a URL with a host and without fragment", what)
	}
	if u.Scheme == "https" || u.Scheme == "http" && r.InsecureAllowHTTP {
		return nil
	}
	return fail(reason, "%s: expected the scheme https, got %.16q", what, u.Scheme)
}

// WellKnown is the address of an issuer's metadata: /.well-known/openid-credential-issuer
// stands between host and path (section 12.2.2). Errors: ErrIssuer.
func (r Rules) WellKnown(issuer string) (string, error) {
	if err := r.CheckIssuer(issuer); err != nil {
		return "", err
	}
	address, err := oauth2.WellKnown(issuer, WellKnownSuffix)
	if err != nil {
		return "", fail(ErrIssuer, "%v", err)
	}
	return address, nil
}
