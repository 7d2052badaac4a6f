package authserver

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
)

const (
	minSecret     = 32 // characters of a client_secret: it must be one that nobody can guess from its hash
	maxJTI        = 255
	assertionAge  = 5 * time.Minute  // how far ahead exp may lie
	assertionSkew = 10 * time.Second // how far a service's clock may be from ours
)

// assertionAlgs are what a client assertion may be signed with.
var assertionAlgs = []jose.Alg{jose.ES256, jose.ES384, jose.ES512}

// credentials are what a request brings to say which client it is from.
type credentials struct {
	id, method, secret, assertion string
}

// service authenticates the service that a request is from (RFC 6749 section 2.3, OpenID Connect Core 1.0 section 9); nil
// when it is from a wallet, which has no credentials.
func (s *Server) service(r *http.Request, v url.Values) (*Service, *oauth2.Error) {
	if s.OpenID == nil {
		return nil, nil
	}
	brought, refusal := presentedCredentials(r, v)
	if refusal != nil {
		return nil, refusal
	}
	service := s.OpenID.service(brought.id)
	if wallet, _ := s.registered(brought.id); service == nil && (brought.method == "" || brought.method == wallet.Auth) {
		return nil, nil
	}
	return service, s.authenticate(r, service, brought)
}

// client authenticates a service where nobody else may come.
func (s *Server) onlyService(r *http.Request, v url.Values) (*Service, *oauth2.Error) {
	service, refusal := s.service(r, v)
	if refusal == nil && service == nil {
		refusal = notAuthenticated("expected the authentication of a registered service (RFC 6749 section 2.3)")
	}
	return service, refusal
}

func notAuthenticated(format string, args ...any) *oauth2.Error {
	return oauth2.NewError(http.StatusUnauthorized, oauth2.InvalidClient, format, args...)
}

// presentedCredentials finds the one method that is used. More than one is refused (RFC 6749 section 2.3).
func presentedCredentials(r *http.Request, v url.Values) (credentials, *oauth2.Error) {
	var found []credentials
	if header := r.Header.Values("Authorization"); len(header) > 0 {
		id, secret, ok := basic(strings.Join(header, ","))
		if !ok {
			return credentials{}, notAuthenticated("expected one Authorization header with the scheme Basic (RFC 6749 section 2.3.1)")
		}
		found = append(found, credentials{id: id, method: oidc.AuthSecretBasic, secret: secret})
	}
	if v.Has("client_secret") {
		found = append(found, credentials{id: v.Get("client_id"), method: oidc.AuthSecretPost, secret: v.Get("client_secret")})
	}
	if v.Has("client_assertion") || v.Has("client_assertion_type") {
		if v.Get("client_assertion_type") != oidc.AssertionType {
			return credentials{}, notAuthenticated("expected client_assertion_type %s (RFC 7523 section 2.2)", oidc.AssertionType)
		}
		found = append(found, credentials{id: subjectOf(v.Get("client_assertion")), method: oidc.AuthPrivateKeyJWT, assertion: v.Get("client_assertion")})
	}
	switch {
	case len(found) > 1:
		return credentials{}, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest,
			"expected one method of client authentication, got %d (RFC 6749 section 2.3)", len(found))
	case len(found) == 0:
		return credentials{id: v.Get("client_id")}, nil
	case v.Has("client_id") && v.Get("client_id") != found[0].id:
		return credentials{}, notAuthenticated("client_id is not the one that authenticates (RFC 7521 section 4.2)")
	}
	return found[0], nil
}

// basic reads an Authorization header; client_id and secret are form-urlencoded in it (RFC 6749 section 2.3.1).
func basic(header string) (id, secret string, ok bool) {
	scheme, rest, _ := strings.Cut(header, " ")
	raw, err := base64.StdEncoding.DecodeString(rest)
	if err != nil || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(raw), ":")
	if !ok {
		return "", "", false
	}
	id, err1 := url.QueryUnescape(id)
	secret, err2 := url.QueryUnescape(secret)
	return id, secret, err1 == nil && err2 == nil
}

// subjectOf names the client whose key a client assertion is to be verified with.
func subjectOf(assertion string) string {
	u, err := jose.Parse(assertion, assertionRules)
	if err != nil {
		return ""
	}
	var claims jose.Claims
	if err := jose.Unmarshal(u.UnsafePayload(), &claims); err != nil {
		return ""
	}
	return claims.Sub
}

var assertionRules = jose.Rules{Algs: assertionAlgs, Allow: []string{"kid"}, MaxBytes: 8 << 10}

// authenticate holds the credentials against the service, which may be nil: what is wrong with a secret, and whether there
// is such a client, is not told apart.
func (s *Server) authenticate(r *http.Request, service *Service, brought credentials) *oauth2.Error {
	if service == nil {
		return notAuthenticated("expected the credentials of a registered service (RFC 6749 section 5.2)")
	}
	if brought.method != service.Auth {
		return notAuthenticated("expected the authentication method that is registered for the service (RFC 6749 section 2.3)")
	}
	if brought.method == oidc.AuthPrivateKeyJWT {
		return s.checkAssertion(r, asserter{service.ID, service.Keys, []string{s.Issuer, s.Issuer + "/token"}}, brought.assertion)
	}
	return service.checkSecret(brought.secret)
}

func (s *Service) checkSecret(secret string) *oauth2.Error {
	got := HashOf(secret)
	if len(secret) < minSecret || subtle.ConstantTimeCompare(got[:], s.Secret[:]) != 1 {
		return notAuthenticated("expected the credentials of a registered service (RFC 6749 section 5.2)")
	}
	return nil
}

// errAssertion is what is wrong with a client assertion.
var errAssertion = errors.New("client_assertion")

// asserter is whom a client assertion must be from, a service or a wallet, and what its aud may be.
type asserter struct {
	id        string
	keys      jose.JWKS
	audiences []string
}

// checkAssertion checks a client assertion and takes its jti (RFC 7523 section 3, OpenID Connect Core 1.0 section 9).
func (s *Server) checkAssertion(r *http.Request, from asserter, assertion string) *oauth2.Error {
	refusal, err := from.takeAssertion(r.Context(), s.Store, assertion, s.Now())
	if err != nil {
		return s.fault(r.Context(), "take client assertion", err)
	}
	return refusal
}

// proofs is where the jti of a client assertion is taken.
type proofs interface {
	TakeProof(ctx context.Context, jti Hash, expires time.Time) error
}

// takeAssertion is checkAssertion wherever the jti is kept.
func (from asserter) takeAssertion(ctx context.Context, store proofs, assertion string, at time.Time) (*oauth2.Error, error) {
	id, until, err := from.verifyAssertion(assertion, at)
	if err != nil {
		return notAuthenticated("%v", err), nil
	}
	err = store.TakeProof(ctx, HashOf("assertion\x00"+from.id+"\x00"+id), until)
	if errors.Is(err, ErrProofUsed) {
		return notAuthenticated("client_assertion: the jti has been used (RFC 7523 section 3)"), nil
	}
	return nil, err
}

// assertionClaims has aud as it was written: a list of audiences could be shown to another server too.
type assertionClaims struct {
	Iss string          `json:"iss"`
	Sub string          `json:"sub"`
	Aud json.RawMessage `json:"aud"`
	Exp int64           `json:"exp"`
	Nbf int64           `json:"nbf"`
	Iat int64           `json:"iat"`
	Jti string          `json:"jti"`
}

func (from asserter) verifyAssertion(assertion string, at time.Time) (jti string, until time.Time, err error) {
	u, err := jose.Parse(assertion, assertionRules)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("%w: %w", errAssertion, err)
	}
	if typ := u.Header.Typ; typ != "" && typ != "JWT" && typ != "client-authentication+jwt" {
		return "", time.Time{}, fmt.Errorf("%w: expected typ JWT or client-authentication+jwt", errAssertion)
	}
	payload, err := oidc.VerifyWith(u, from.keys)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("%w: expected a signature by a key that is registered for the client", errAssertion)
	}
	var c assertionClaims
	if err := jose.Unmarshal(payload, &c); err != nil {
		return "", time.Time{}, fmt.Errorf("%w: %w", errAssertion, err)
	}
	return c.Jti, time.Unix(c.Exp, 0).Add(assertionSkew), from.checkClaims(c, at)
}

func (from asserter) checkClaims(c assertionClaims, at time.Time) error {
	var audience string
	switch {
	case c.Iss != from.id || c.Sub != from.id:
		return fmt.Errorf("%w: expected client_id as iss and as sub (OpenID Connect Core 1.0 section 9)", errAssertion)
	case json.Unmarshal(c.Aud, &audience) != nil || !slices.Contains(from.audiences, audience):
		return fmt.Errorf("%w: expected aud %s, as one string (FAPI 2.0 section 5.3.2.1, OpenID Connect Core 1.0 section 9)",
			errAssertion, strings.Join(from.audiences, " or "))
	case c.Exp <= 0 || !at.Before(time.Unix(c.Exp, 0).Add(assertionSkew)):
		return fmt.Errorf("%w: expected exp in the future (RFC 7523 section 3)", errAssertion)
	case time.Unix(c.Exp, 0).After(at.Add(assertionAge + assertionSkew)):
		return fmt.Errorf("%w: expected exp at most %d s ahead", errAssertion, int(assertionAge.Seconds()))
	case c.Nbf != 0 && time.Unix(c.Nbf, 0).After(at.Add(assertionSkew)), c.Iat != 0 && time.Unix(c.Iat, 0).After(at.Add(assertionSkew)):
		return fmt.Errorf("%w: expected iat and nbf in the past (RFC 7523 section 3)", errAssertion)
	case c.Jti == "" || len(c.Jti) > maxJTI:
		return fmt.Errorf("%w: expected a jti of at most %d characters (OpenID Connect Core 1.0 section 9)", errAssertion, maxJTI)
	}
	return nil
}
