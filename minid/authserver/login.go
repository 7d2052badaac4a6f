package authserver

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
	"lommebok.example/web"
)

const maxNonce = 512

// loginRequired is the answer to prompt=none when there is no session that will do (Core section 3.1.2.6).
var loginRequired = oauth2.NewError(http.StatusSeeOther, oidc.LoginRequired,
	"prompt is none and nobody is signed in who meets the request (OpenID Connect Core 1.0 section 3.1.2.6)")

// acceptLogin checks the parameters of a service's request beside those that every request for a code has (Core section
// 3.1.2.1). Where to ask a person that login_hint names is not ours to choose: login_hint is ignored, as is whatever we
// do not know.
func (s *Server) acceptLogin(service *Service, v url.Values) (*Request, *oauth2.Error) {
	refuse := func(code, format string, args ...any) (*Request, *oauth2.Error) {
		return nil, oauth2.NewError(http.StatusBadRequest, code, format, args...)
	}
	if refusal := checkCodeRequest(v); refusal != nil {
		return nil, refusal
	}
	if refusal := (Client{RedirectURIs: service.RedirectURIs}).checkRedirectURI(v.Get("redirect_uri")); refusal != nil {
		return nil, refusal
	}
	var scopes []string
	for scope := range strings.FieldsSeq(v.Get("scope")) {
		if (scope == oidc.ScopeOpenID || scope == oidc.ScopeProfile) && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	switch {
	case !slices.Contains(scopes, oidc.ScopeOpenID):
		return refuse(oauth2.InvalidScope, "expected the scope openid (OpenID Connect Core 1.0 section 3.1.2.1)")
	case v.Has("authorization_details"):
		return refuse(oauth2.InvalidAuthorizationDetails, "a service logs people in; authorization_details are a wallet's")
	case v.Get("state") == "":
		return refuse(oauth2.InvalidRequest, "state is missing")
	case v.Get("nonce") == "" || len(v.Get("nonce")) > maxNonce || !visible(v.Get("nonce")):
		return refuse(oauth2.InvalidRequest, "expected a nonce of at most %d printable ASCII characters (OpenID Connect Core 1.0 section 3.1.2.1)", maxNonce)
	}
	login, err := s.askedLogin(service, v)
	if err != nil {
		return refuse(oauth2.InvalidRequest, "%v", err)
	}
	return &Request{
		ID: name(), ClientID: service.ID, RedirectURI: v.Get("redirect_uri"), State: v.Get("state"), Scopes: scopes,
		CodeChallenge: v.Get("code_challenge"), Expires: s.Now().Add(requestURILife), Login: login,
	}, nil
}

// askedLogin reads what the login must be. A login that is made after the request is young enough for every max_age:
// otherwise who is slow at the sign-in would never be done with it.
func (s *Server) askedLogin(service *Service, v url.Values) (*Login, error) {
	prompt, err := oidc.ParsePrompt(v.Get("prompt"))
	if err != nil {
		return nil, err
	}
	age, aged, err := oidc.ParseMaxAge(v.Get("max_age"))
	if err != nil {
		return nil, err
	}
	acr, err := oidc.ParseACRValues(v.Get("acr_values"))
	if err != nil {
		return nil, err
	}
	login := &Login{
		Nonce: v.Get("nonce"), Level: max(service.Level, LevelOf(acr)), Silent: prompt == oidc.PromptNone,
		Locale: oidc.ParseUILocales(v.Get("ui_locales"), web.Offered),
	}
	at := s.Now().UTC().Truncate(time.Millisecond)
	switch {
	case prompt == oidc.PromptLogin:
		login.Since = at
	case aged:
		login.Since = at.Add(-age)
	}
	return login, nil
}

// advanceLogin takes a service's transaction to its next step: the sign-in, or the answer. A registered service is one of
// the public sector, which may know whom it logs in: there is no question to the person.
func (s *Server) advanceLogin(c *gin.Context, t transaction) {
	service := s.OpenID.service(t.ClientID)
	if service == nil {
		s.problem(c, errCatalog)
		return
	}
	need := minid.Need{
		Service: service.Name.In(web.Lang(c)), Level: t.Login.Level, Since: t.Login.Since, Onward: t.RedirectURI,
		ReturnTo: s.base + "/authorize/consent/" + t.ID, CancelTo: s.base + "/authorize/cancel/" + t.ID,
	}
	if t.Login.Silent {
		session := s.OpenID.session(c)
		if session == nil || !session.Meets(need, s.Now()) {
			s.decline(c, t, loginRequired)
			return
		}
		s.logIn(c, t, session)
		return
	}
	signIn := s.SignIn
	if s.OpenID.SignIn != nil {
		signIn = s.OpenID.SignIn
	}
	session, ok := signIn.SignedIn(c, need)
	switch {
	case !ok:
	case session.Level < need.Level:
		s.decline(c, t, unmet(need.Level))
	default:
		s.logIn(c, t, session)
	}
}

// errNobody: everybody without a number would be the same person at a service, since sub is made of it.
var errNobody = errors.New("authserver: who is signed in has no national identity number")

// logIn ends the request with a code (Core section 3.1.2.5), and notes that the session has been used at the service, where there
// is one that goes on.
func (s *Server) logIn(c *gin.Context, t transaction, session *minid.Session) {
	if session.PID == "" {
		s.problem(c, errNobody)
		return
	}
	code, o := secret(), s.open(t)
	amr := session.AMR
	if amr == nil {
		amr = []string{}
	}
	grant := Grant{
		ID: name(), ClientID: t.ClientID, PersonID: session.PersonID, PID: session.PID, Level: session.Level,
		Basis: session.Basis, AuthTime: session.AuthTime, Scopes: t.Scopes,
		Login: &LoggedIn{
			Nonce: t.Login.Nonce, Locale: web.Chosen(c), AMR: amr, Subject: s.OpenID.subject(t.ClientID, session.PID),
		},
	}
	if s.OpenID.Sessions != nil && session.PersonID != "" { // who has no account is logged in for this request alone
		grant.Login.SID, grant.Login.SessionID, grant.Login.SessionEnds = s.OpenID.sid(t.ClientID, session.ID), session.ID, session.Expires
	}
	err := s.Store.ApproveRequest(c.Request.Context(), o, grant, Code{
		Hash: HashOf(code), RedirectURI: t.RedirectURI, CodeChallenge: t.CodeChallenge, JKT: t.JKT, Expires: o.At.Add(codeLife),
	})
	if err != nil {
		s.problem(c, err)
		return
	}
	s.logGrant(c.Request.Context(), "logged in at a service", grant.ID)
	s.redirect(c, t.Request, "code", code)
}
