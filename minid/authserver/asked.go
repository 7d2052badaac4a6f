package authserver

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lommebok.example/minid"
	"lommebok.example/specs/oauth2"
)

// asked reads what a request asks for: scope (OpenID4VCI 1.0 section 5.1.2), authorization_details (section 5.1.1) or
// both. Scopes that are not in the Catalog are ignored, as long as something is left.
func (s *Server) asked(v url.Values) (scopes, configurations []string, refusal *oauth2.Error) {
	if refusal := s.checkResource(v); refusal != nil {
		return nil, nil, refusal
	}
	for scope := range strings.FieldsSeq(v.Get("scope")) {
		if _, ok := s.Catalog.ByScope(scope); ok && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	if raw := v.Get("authorization_details"); raw != "" {
		if configurations, refusal = s.askedDetails(raw); refusal != nil {
			return nil, nil, refusal
		}
	}
	if len(scopes)+len(configurations) == 0 {
		return nil, nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidScope,
			"expected scope or authorization_details with at least one credential of this issuer (OpenID4VCI 1.0 section 5.1)")
	}
	return scopes, configurations, nil
}

func (s *Server) askedDetails(raw string) ([]string, *oauth2.Error) {
	refuse := func(format string, args ...any) *oauth2.Error {
		return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidAuthorizationDetails, format, args...)
	}
	details, err := oauth2.ParseAuthorizationDetails(raw)
	if err != nil {
		return nil, refuse("%v", err)
	}
	var ids []string
	for _, d := range details {
		switch _, known := s.Catalog.ByConfiguration(d.CredentialConfigurationID); {
		case len(d.Locations) > 0 && !slices.Contains(d.Locations, s.Issuer):
			return nil, refuse("expected %s among locations (OpenID4VCI 1.0 section 5.1.1)", s.Issuer)
		case !known:
			return nil, refuse("expected a credential_configuration_id of the issuer's metadata, got %s (OpenID4VCI 1.0 section 5.1.1)",
				clip(d.CredentialConfigurationID))
		}
		if !slices.Contains(ids, d.CredentialConfigurationID) {
			ids = append(ids, d.CredentialConfigurationID)
		}
	}
	return ids, nil
}

// errCatalog: the Catalog no longer knows what it knew when the request was pushed.
var errCatalog = errors.New("authserver: the catalog has changed under a request")

// resources gives what the request asks for, each credential configuration once.
func (s *Server) resources(r *Request) ([]Resource, error) {
	var all []Resource
	add := func(res Resource, ok bool) bool {
		if ok && !slices.ContainsFunc(all, func(o Resource) bool { return o.ConfigurationID == res.ConfigurationID }) {
			all = append(all, res)
		}
		return ok
	}
	for _, id := range r.Configurations {
		if !add(s.Catalog.ByConfiguration(id)) {
			return nil, errCatalog
		}
	}
	for _, scope := range r.Scopes {
		if !add(s.Catalog.ByScope(scope)) {
			return nil, errCatalog
		}
	}
	return all, nil
}

// strictest gives the highest level and the youngest sign-in that any of the resources demands.
func strictest(resources []Resource) (level minid.Level, age time.Duration) {
	for _, r := range resources {
		level = max(level, r.Level)
		if r.MaxAuthAge > 0 && (age == 0 || r.MaxAuthAge < age) {
			age = r.MaxAuthAge
		}
	}
	return level, age
}

// authorized names what is granted with Credential Identifiers. Only who asks with authorization_details gets any, and then
// for all credentials: the wallet must name each by its identifier then (OpenID4VCI 1.0 section 8.2).
func authorized(r *Request, resources []Resource) []Authorized {
	if len(r.Configurations) == 0 {
		return nil
	}
	return identified(resources)
}

// checkIssuerState looks at the issuer_state that a wallet passes on from an offer. It comes from a stranger and may be of
// somebody else's offer (OpenID4VCI 1.0 section 5.1.3): all it can do is to hold the request to what that offer was of.
func (s *Server) checkIssuerState(state string, r *Request) *oauth2.Error {
	if state == "" || s.Offers == nil {
		return nil
	}
	offered, ok := s.Offers.Offered(state)
	if !ok {
		return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest,
			"expected the issuer_state of an offer of this issuer that is at most %d minutes old, or none (OpenID4VCI 1.0 section 5.1.3)", int(OfferLife.Minutes()))
	}
	if asked := append(s.configurations(r.Scopes, nil), r.Configurations...); !among(asked, offered) {
		return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest,
			"expected no other credentials than those of the offer that issuer_state is of (OpenID4VCI 1.0 section 5.1.3)")
	}
	return nil
}
