package authserver

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/specs/oauth2"
	"lommebok.example/web"
)

// consentView is what the page authserver_consent shows.
type consentView struct {
	web.Form
	Action      string
	Wallet      string
	Registered  bool   // the wallet is one of Clients
	Address     string // host or scheme that the answer goes to
	App         bool   // Address opens an app
	Credentials []consentCredential
}

type consentCredential struct {
	Name, Description  string
	Claims             []string
	Years, Days, Hours int // of the validity; at most one of them is set
}

func (s *Server) showConsent(c *gin.Context, t transaction, resources []Resource, session *minid.Session) {
	credentials, err := s.consentCredentials(resources, web.Lang(c))
	if err != nil {
		s.problem(c, err)
		return
	}
	wallet, registered := s.walletName(t.Request)
	address := redirectHost(t.RedirectURI)
	s.Site.Render(c, http.StatusOK, "authserver_consent", consentView{
		Form:   web.Form{Token: csrf(t.browser, t.ID, session.ID)},
		Action: s.base + "/authorize/consent/" + t.ID, Wallet: wallet, Registered: registered,
		Address: address, App: strings.HasSuffix(address, ":"), Credentials: credentials,
	}, web.FormActions(t.RedirectURI))
}

func (s *Server) consentCredentials(resources []Resource, lang string) ([]consentCredential, error) {
	list := make([]consentCredential, 0, len(resources))
	for _, r := range resources {
		text, ok := s.Catalog.Consent(r.ConfigurationID, lang)
		if !ok {
			return nil, fmt.Errorf("%w: no consent text for %s", errCatalog, r.ConfigurationID)
		}
		credential := consentCredential{Name: text.Name, Description: text.Description, Claims: text.Claims}
		const day = 24 * time.Hour
		switch v := text.Validity; {
		case v <= 0:
		case v >= 365*day && v%(365*day) == 0:
			credential.Years = int(v / (365 * day))
		case v >= 2*day:
			credential.Days = int(v / day)
		default:
			credential.Hours = max(1, int(v/time.Hour))
		}
		list = append(list, credential)
	}
	return list, nil
}

// postConsent takes the person's answer. A no needs nothing but the browser; a yes needs the session that the page was
// shown to, still good enough.
func (s *Server) postConsent(c *gin.Context) {
	if err := s.crossSite.Check(c.Request); err != nil {
		s.forbid(c)
		return
	}
	v, refusal := form(c.Writer, c.Request)
	if refusal != nil {
		s.Site.Problem(c, web.Problem{Status: refusal.Status, Code: refusal.Code, TextKey: "authserver.problem.form"})
		return
	}
	t, err := s.transaction(c)
	if err != nil {
		s.problem(c, err)
		return
	}
	if t.Login != nil {
		s.forbid(c) // a service's request has no such page
		return
	}
	if v.Get("answer") != "yes" {
		s.decline(c, t, declined)
		return
	}
	resources, err := s.resources(t.Request)
	if err != nil {
		s.problem(c, err)
		return
	}
	session, ok := s.signedIn(c, t, resources)
	if !ok {
		return
	}
	if !csrfValid(v.Get("token"), t.browser, t.ID, session.ID) {
		s.forbid(c)
		return
	}
	s.approve(c, t, resources, session)
}

func (s *Server) forbid(c *gin.Context) {
	s.Site.Problem(c, web.Problem{Status: http.StatusForbidden, Code: oauth2.AccessDenied, TextKey: "authserver.problem.form"})
}

// approve ends the request with a code (RFC 6749 section 4.1.2).
func (s *Server) approve(c *gin.Context, t transaction, resources []Resource, session *minid.Session) {
	code, o := secret(), s.open(t)
	grant := Grant{
		ID: name(), ClientID: t.ClientID, PersonID: session.PersonID, PID: session.PID, Level: session.Level,
		Basis: session.Basis, AuthTime: session.AuthTime, Scopes: t.Scopes, Authorized: authorized(t.Request, resources),
		Instance: t.Unit.instance(),
	}
	err := s.Store.ApproveRequest(c.Request.Context(), o, grant, Code{
		Hash: HashOf(code), RedirectURI: t.RedirectURI, CodeChallenge: t.CodeChallenge, JKT: t.JKT, Expires: o.At.Add(codeLife),
	})
	if err != nil {
		s.problem(c, err)
		return
	}
	s.logGrant(c.Request.Context(), "granted", grant.ID)
	s.redirect(c, t.Request, "code", code)
}
