package authserver

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"lommebok.example/specs/attestation"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

// grantType is what a grant type has of its own in a token request.
type grantType struct {
	parameter   string // that it cannot do without
	section     string
	expected    string // told with invalid_grant
	walletsOnly bool
	anonymous   bool // OpenID4VCI 1.0 section 6.1: the client may be nobody, where that is allowed
	// redeem ends what the wallet brings and keeps a token of issue with the grant. ErrNoCode, or a refusal.
	redeem func(s *Server, t *tokenRequest, issue Issuing) (*Grant, error)
}

var codeGrant = grantType{
	parameter: "code", section: "RFC 6749 section 4.1.3", redeem: (*Server).redeemCode,
	expected: "expected a code that is alive, with the client_id, instance and redirect_uri it was made for, its code_verifier and its DPoP key (RFC 6749 section 5.2)",
}

var preAuthorizedGrant = grantType{
	parameter: "pre-authorized_code", section: "OpenID4VCI 1.0 section 6.1", walletsOnly: true, anonymous: true, redeem: (*Server).redeemPreAuthorized,
	expected: "expected a pre-authorized code that is alive, with the tx_code that the person was given; after three wrong ones it is dead (OpenID4VCI 1.0 section 6.3)",
}

// grantTypes are those that are served, in the order of the metadata.
func (s *Server) grantTypes() (names []string, byName map[string]*grantType) {
	byName = map[string]*grantType{oauth2.GrantAuthorizationCode: &codeGrant}
	names = []string{oauth2.GrantAuthorizationCode}
	if s.Offers != nil {
		byName[openid4vci.GrantPreAuthorizedCode] = &preAuthorizedGrant
		names = append(names, openid4vci.GrantPreAuthorizedCode)
	}
	if s.Accounts != nil {
		byName[oauth2.GrantRefreshToken] = &refreshGrant
		names = append(names, oauth2.GrantRefreshToken)
	}
	return names, byName
}

// takeGrantType is phase 1.
func (s *Server) takeGrantType(t *tokenRequest) *oauth2.Error {
	asked := t.form.Get("grant_type")
	if asked == "" {
		return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "grant_type is missing (RFC 6749 section 4.1.3)")
	}
	names, byName := s.grantTypes()
	if t.grant = byName[asked]; t.grant == nil {
		return oauth2.NewError(http.StatusBadRequest, oauth2.UnsupportedGrantType, "expected one of the grant types %v (RFC 6749 section 5.2)", names)
	}
	return nil
}

func (s *Server) redeemCode(t *tokenRequest, issue Issuing) (*Grant, error) {
	grant, err := s.Store.RedeemCode(t.Context(), Redemption{
		Code: HashOf(t.form.Get("code")), ClientID: t.clientID, RedirectURI: known(t.form.Get("redirect_uri")),
		CodeChallenge: challenge(t.form.Get("code_verifier")), JKT: t.jkt, Unit: t.unit, At: t.at,
	}, issue)
	if errors.Is(err, ErrCodeReused) {
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidGrant,
			"the code has been used; tokens made from it are revoked (RFC 6749 section 4.1.2)")
	}
	return grant, err
}

// redeemPreAuthorized counts the try before the transaction code is compared, so that of any number of guesses at the same time
// three are looked at. A wrong one costs no more than its try: the person may have typed it wrong.
func (s *Server) redeemPreAuthorized(t *tokenRequest, issue Issuing) (*Grant, error) {
	code, tx := t.form.Get("pre-authorized_code"), t.form.Get("tx_code")
	p, err := s.Store.PreAuthorizationByCode(t.Context(), HashOf(code), t.at)
	if err != nil {
		return nil, err
	}
	switch {
	case p.TxCode && tx == "":
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "tx_code is missing: the offer said that it takes one (OpenID4VCI 1.0 section 6.3)")
	case !p.TxCode && tx != "":
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "tx_code is not expected: the offer did not name one (OpenID4VCI 1.0 section 6.3)")
	}
	if err := s.stands(t.Context(), &p.Grant); err != nil {
		return nil, err
	}
	if p.TxCode {
		if err := s.Store.RaiseTxTries(t.Context(), HashOf(code), txTries, t.at); err != nil {
			return nil, err
		}
	}
	return s.Store.RedeemPreAuthorized(t.Context(), PreAuthorizedRedemption{
		Code: HashOf(code), Tx: hashTx(code, tx), ClientID: t.clientID, Unit: t.unit, At: t.at,
	}, issue)
}

// isAnonymous tells whether a request names no client at all.
func isAnonymous(t *tokenRequest) bool {
	names := []string{"client_id", "client_secret", "client_assertion", "client_assertion_type"}
	return len(t.Header.Values("Authorization"))+len(t.Header.Values(attestation.HeaderWallet))+len(t.Header.Values(attestation.HeaderPoP)) == 0 &&
		!slices.ContainsFunc(names, func(n string) bool { return t.form.Get(n) != "" })
}

func (s *Server) mayBeAnonymous() *oauth2.Error {
	if s.InsecureAllowAnonymousPreAuthorized {
		return nil
	}
	return oauth2.NewError(http.StatusUnauthorized, oauth2.InvalidClient,
		"client_id is missing: pre-authorized codes are not taken from anonymous clients (OpenID4VCI 1.0 section 6.3)")
}

// checkResource takes the issuer as the resource, and no other (RFC 8707 section 2).
func (s *Server) checkResource(v url.Values) *oauth2.Error {
	for _, resource := range v["resource"] {
		if resource != s.Issuer {
			return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidTarget, "expected resource %s (RFC 8707 section 2)", s.Issuer)
		}
	}
	return nil
}

// narrow keeps of a grant what authorization_details of the token request name (OpenID4VCI 1.0 section 6.1.1), each with Credential
// Identifiers, which the answer must have then (section 6.2).
func (s *Server) narrow(t *tokenRequest, token *Token) *oauth2.Error {
	if t.only == nil {
		return nil
	}
	if !among(t.only, s.configurations(token.Scopes, token.Authorized)) {
		return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidAuthorizationDetails,
			"expected credential configurations that were granted, and no others (OpenID4VCI 1.0 section 6.1.1)")
	}
	s.keep(token, func(r Resource) bool { return slices.Contains(t.only, r.ConfigurationID) })
	for _, id := range t.only {
		if !slices.ContainsFunc(token.Authorized, func(a Authorized) bool { return a.ConfigurationID == id }) {
			token.Authorized = append(token.Authorized, Authorized{ConfigurationID: id, Identifiers: []string{name()}})
		}
	}
	return nil
}

// keep leaves a token only what passes.
func (s *Server) keep(token *Token, pass func(Resource) bool) {
	var scopes []string
	for _, scope := range token.Scopes {
		if r, ok := s.Catalog.ByScope(scope); ok && pass(r) {
			scopes = append(scopes, scope)
		}
	}
	var authorized []Authorized
	for _, a := range token.Authorized {
		if r, ok := s.Catalog.ByConfiguration(a.ConfigurationID); ok && pass(r) {
			authorized = append(authorized, a)
		}
	}
	token.Scopes, token.Authorized = scopes, authorized
}
