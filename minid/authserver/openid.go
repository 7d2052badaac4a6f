package authserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
	"lommebok.example/web"
)

// How long what a service gets is good for. Its access token need not be bound to a key, so it lives for two minutes.
const (
	idTokenLife      = 2 * time.Minute
	serviceTokenLife = 2 * time.Minute
)

// Sessions knows and ends the session of a browser.
type Sessions interface {
	// Session is nil when nobody is signed in.
	Session(c *gin.Context) *minid.Session
	// End ends the browser's session.
	End(c *gin.Context) error
}

// Caller calls services out of the person's sight; fetch.Client satisfies it.
type Caller interface {
	Do(req *http.Request) (*fetch.Answer, error)
}

// OpenID is what makes the server an OpenID Provider for registered services. Its fields are set once, before Mount.
type OpenID struct {
	Services []Service
	Keys     KeyRing // sign ID tokens and logout tokens
	Secret   []byte  // 32 bytes; a person's identifier at a service is made with it, so it must never change
	// Sessions is nil where nobody stays signed in: then each login is made anew, prompt=none is login_required, and there is
	// nothing to log out of.
	Sessions Sessions
	Calls    Caller // nil without Sessions
	// SignIn signs people in for services; nil for the Server's, which also signs in for wallets.
	SignIn SignIn

	metadata []byte
	room     keyRoom
}

// check readies the provider of the server s.
func (o *OpenID) check(s *Server) error {
	if o.Keys == nil || len(o.Secret) < 32 || o.Sessions != nil && o.Calls == nil {
		return fmt.Errorf("%w: OpenID needs Keys, Secret of 32 bytes, and Calls with Sessions", ErrConfig)
	}
	for _, service := range o.Services {
		if o.Sessions == nil && service.FrontchannelLogoutURI+service.BackchannelLogoutURI != "" {
			return fmt.Errorf("%w: service %q: there are no sessions to be told the end of", ErrConfig, service.ID)
		}
	}
	if _, ok := s.Catalog.ByScope(oidc.ScopeOpenID); ok {
		return fmt.Errorf("%w: the scope openid belongs to services", ErrConfig)
	}
	if err := checkServices(o.Services, s.Clients); err != nil {
		return err
	}
	if _, err := o.signers(); err != nil {
		return err
	}
	metadata, err := json.Marshal(s.providerMetadata())
	o.metadata = metadata
	return err
}

func (o *OpenID) mount(r gin.IRouter, s *Server) {
	r.GET(s.base+oidc.ConfigurationPath, ready(o.metadata))
	r.GET(s.base+"/jwks.json", s.getKeys)
	r.GET(s.base+"/userinfo", s.getUserinfo)
	r.POST(s.base+"/userinfo", s.getUserinfo)
	r.Any(s.base+"/tokeninfo", s.postTokeninfo)
	r.Any(s.base+"/revoke", s.postRevoke)
	r.GET(s.base+"/endsession", s.endSession)
	r.POST(s.base+"/endsession", s.endSession)
	r.GET(s.base+"/endsession/person", s.getLeave)
	r.POST(s.base+"/endsession/person", s.postLeave)
}

// ready serves bytes that are the same for everybody.
func ready(body []byte) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=300")
		c.Data(http.StatusOK, "application/json", body)
	}
}

// providerMetadata is the discovery document (OpenID Connect Discovery 1.0 section 3).
func (s *Server) providerMetadata() oidc.ProviderMetadata {
	sessions := s.OpenID.Sessions != nil
	claims := []string{"iss", "aud", "sub", "pid", "acr", "amr", "auth_time", "iat", "exp", "jti", "locale", "nonce"}
	if sessions {
		claims = append(claims, "sid")
	}
	return oidc.ProviderMetadata{
		ServerMetadata: oauth2.ServerMetadata{
			Issuer:                                     s.Issuer,
			AuthorizationEndpoint:                      s.Issuer + "/authorize",
			TokenEndpoint:                              s.Issuer + "/token",
			JWKSURI:                                    s.Issuer + "/jwks.json",
			PushedAuthorizationRequestEndpoint:         s.Issuer + "/par",
			RequirePushedAuthorizationRequests:         true,
			ScopesSupported:                            []string{oidc.ScopeOpenID, oidc.ScopeProfile},
			ResponseTypesSupported:                     []string{"code"},
			ResponseModesSupported:                     []string{"query"},
			GrantTypesSupported:                        []string{oauth2.GrantAuthorizationCode},
			TokenEndpointAuthMethodsSupported:          []string{oidc.AuthPrivateKeyJWT, oidc.AuthSecretBasic, oidc.AuthSecretPost},
			UILocalesSupported:                         web.Offered,
			CodeChallengeMethodsSupported:              []string{oauth2.MethodS256},
			DPoPSigningAlgValuesSupported:              dpopAlgs,
			AuthorizationResponseIssParameterSupported: true,
		},
		UserinfoEndpoint: s.Issuer + "/userinfo", IntrospectionEndpoint: s.Issuer + "/tokeninfo",
		RevocationEndpoint: s.Issuer + "/revoke", EndSessionEndpoint: s.Issuer + "/endsession",
		SubjectTypesSupported:                      []string{"pairwise"},
		IDTokenSigningAlgValuesSupported:           []string{string(jose.ES256)},
		TokenEndpointAuthSigningAlgValuesSupported: algNames(assertionAlgs),
		ACRValuesSupported:                         oidc.ACRs(),
		PromptValuesSupported:                      []string{string(oidc.PromptNone), string(oidc.PromptLogin)},
		ClaimsSupported:                            claims,
		FrontchannelLogoutSupported:                sessions, FrontchannelLogoutSessionSupported: sessions,
		BackchannelLogoutSupported: sessions, BackchannelLogoutSessionSupported: sessions,
	}
}

// session is who is signed in in the browser; nil when nobody is.
func (o *OpenID) session(c *gin.Context) *minid.Session {
	if o.Sessions == nil {
		return nil
	}
	return o.Sessions.Session(c)
}

func algNames(algs []jose.Alg) []string {
	names := make([]string, len(algs))
	for i, a := range algs {
		names[i] = string(a)
	}
	return names
}

// subject is the person's identifier at one service (Core section 8.1): nobody without Secret can tell that two of them
// are the same person's. It follows the national identity number and nothing else, so that a service knows a person again
// however they logged in, with an account here or without one. Another provider has another Secret, and so other subjects.
func (o *OpenID) subject(clientID, pid string) string { return o.keyed("sub", clientID, pid) }

// sid is what one service knows a session by.
func (o *OpenID) sid(clientID, sessionID string) string { return o.keyed("sid", clientID, sessionID) }

func (o *OpenID) keyed(parts ...string) string {
	mac := hmac.New(sha256.New, o.Secret)
	for _, part := range parts {
		_, _ = fmt.Fprintf(mac, "%d:%s", len(part), part) // never fails
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ACR names a level for services. A session is never below low.
func ACR(level minid.Level) string {
	switch level {
	case minid.LevelHigh:
		return oidc.ACRHigh
	case minid.LevelSubstantial:
		return oidc.ACRSubstantial
	}
	return oidc.ACRLow
}

// LevelOf reads a name of oidc.ACRs, LevelLow for "" and for what is none.
func LevelOf(acr string) minid.Level {
	return minid.LevelLow + minid.Level(max(0, slices.Index(oidc.ACRs(), acr)))
}

// idToken makes the ID token of a grant (Core section 2). iat later than auth_time tells of single sign-on.
func (s *Server) idToken(g *Grant) (string, error) {
	at, service := s.Now(), s.OpenID.service(g.ClientID)
	if service == nil {
		return "", fmt.Errorf("authserver: the service %s is not registered any more", g.ClientID)
	}
	claims := oidc.IDToken{
		Issuer: s.Issuer, Audience: jose.Audience{g.ClientID}, Subject: g.Login.Subject, PID: g.PID,
		ACR: ACR(g.Level), AMR: g.Login.AMR, AuthTime: g.AuthTime.Unix(), IssuedAt: at.Unix(),
		Expires: at.Add(idTokenLife).Unix(), ID: name(), Locale: g.Login.Locale, Nonce: g.Login.Nonce,
	}
	if service.knowsSessions() {
		claims.Session = g.Login.SID
	}
	return s.OpenID.sign(func(k *signers) *jose.Signer { return k.idTokens }, claims)
}
