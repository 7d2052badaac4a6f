package authserver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
	"lommebok.example/web"
)

// A logout goes by two addresses. The first takes what the service says, in the query or in a form, and holds it against
// the registration. The second is the person's: the session's cookie is not sent with a form from elsewhere, and an ID
// token does not stay in the address bar. Between them goes a ticket, signed by us, that tells nothing of the person.
const (
	ticketType = "logout-ticket+jwt"
	ticketLife = 10 * time.Minute
)

// ticket is a service's wish to log a person out.
type ticket struct {
	ClientID string `json:"client_id,omitempty"`
	Subject  string `json:"sub,omitempty"` // of id_token_hint, as are sid and auth_time
	SID      string `json:"sid,omitempty"`
	AuthTime int64  `json:"auth_time,omitempty"`
	Return   string `json:"return,omitempty"` // post_logout_redirect_uri with state
	Expires  int64  `json:"exp"`
}

// endSession takes a logout request (RP-Initiated Logout 1.0 section 2). What is wrong with it is told to the person,
// since nothing says where else to send the answer.
func (s *Server) endSession(c *gin.Context) {
	v, refusal := c.Request.URL.Query(), (*oauth2.Error)(nil)
	if c.Request.Method == http.MethodPost {
		v, refusal = form(c.Writer, c.Request)
	} else {
		refusal = once(v)
	}
	var wish *ticket
	if refusal == nil {
		wish, refusal = s.logoutWish(v)
	}
	if refusal != nil {
		s.logRefusal(c.Request.Context(), refusal.Code, refusal.Description)
		s.Site.Problem(c, web.Problem{Status: refusal.Status, Code: refusal.Code, TextKey: "authserver.problem.logout_request", Side: web.SideService})
		return
	}
	wish.Expires = s.Now().Add(ticketLife).Unix()
	signed, err := s.OpenID.sign(func(k *signers) *jose.Signer { return k.tickets }, wish)
	if err != nil {
		s.problem(c, err)
		return
	}
	s.Site.SuggestLanguage(c, oidc.ParseUILocales(v.Get("ui_locales"), web.Offered))
	s.sendTo(c, s.base+"/endsession/person?ticket="+signed)
}

// logoutWish holds the parameters against the registration. An address that is not registered, character by character, for
// the service that the request is provably or avowedly from, ends the request.
func (s *Server) logoutWish(v url.Values) (*ticket, *oauth2.Error) {
	refuse := func(format string, args ...any) (*ticket, *oauth2.Error) {
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, format, args...)
	}
	wish := &ticket{ClientID: v.Get("client_id")}
	if hint := v.Get("id_token_hint"); hint != "" {
		claims, err := oidc.ReadHint(hint, s.OpenID.jwks(), s.Issuer)
		switch {
		case err != nil:
			return refuse("id_token_hint: %v (RP-Initiated Logout 1.0 section 4)", err)
		case wish.ClientID != "" && wish.ClientID != claims.Audience[0]:
			return refuse("client_id is not the one of id_token_hint (RP-Initiated Logout 1.0 section 2)")
		}
		wish.ClientID, wish.Subject, wish.SID, wish.AuthTime = claims.Audience[0], claims.Subject, claims.Session, claims.AuthTime
	}
	service := s.OpenID.service(wish.ClientID)
	if service == nil && wish.ClientID != "" {
		return refuse("the client is not registered (RP-Initiated Logout 1.0 section 2)")
	}
	to, state := v.Get("post_logout_redirect_uri"), v.Get("state")
	switch {
	case to == "":
		return wish, nil
	case service == nil:
		return refuse("post_logout_redirect_uri needs id_token_hint or client_id (RP-Initiated Logout 1.0 section 3)")
	case !slices.Contains(service.PostLogoutRedirectURIs, to):
		return refuse("expected a registered post_logout_redirect_uri, character by character (RP-Initiated Logout 1.0 section 3)")
	case len(state) > maxState || !visible(state):
		return refuse("expected a state of at most %d printable ASCII characters", maxState)
	}
	if wish.Return = to; state != "" {
		separator := "?"
		if strings.Contains(to, "?") {
			separator = "&"
		}
		wish.Return += separator + "state=" + url.QueryEscape(state)
	}
	return wish, nil
}

// readTicket verifies a ticket that is alive.
func (s *Server) readTicket(signed string) (*ticket, bool) {
	u, err := jose.Parse(signed, jose.Rules{Typ: ticketType, MaxBytes: 16 << 10})
	if err != nil {
		return nil, false
	}
	payload, err := oidc.VerifyWith(u, s.OpenID.jwks())
	if err != nil {
		return nil, false
	}
	var t ticket
	if jose.Unmarshal(payload, &t) != nil || !s.Now().Before(time.Unix(t.Expires, 0)) {
		return nil, false
	}
	return &t, true
}

// getLeave ends the session that the service means, and asks the person when it may be another one (RP-Initiated Logout
// 1.0 sections 2, 6).
func (s *Server) getLeave(c *gin.Context) {
	wish, ok := s.readTicket(c.Query("ticket"))
	if !ok {
		s.Site.Problem(c, web.Problem{Status: http.StatusBadRequest, Code: oauth2.InvalidRequest, TextKey: "authserver.problem.logout"})
		return
	}
	session := s.OpenID.session(c)
	switch {
	case session == nil:
		s.loggedOut(c, wish, nil)
	case s.means(wish, session):
		s.leave(c, wish, session)
	default:
		s.Site.Render(c, http.StatusOK, "authserver_logout", logoutView{
			Form:   web.Form{Token: s.leaveToken(c.Query("ticket"), session)},
			Action: s.base + "/endsession/person", Ticket: c.Query("ticket"), Service: s.serviceName(c, wish.ClientID),
		}, web.FormActions(wish.Return))
	}
}

type logoutView struct {
	web.Form
	Action, Ticket, Service string
}

// means tells whether the service proved that it knows this very session: by its sid, and where the ID token has none, since the
// service is not given it or the login began no session, by when the person logged in.
func (s *Server) means(wish *ticket, session *minid.Session) bool {
	if wish.Subject == "" || wish.Subject != s.OpenID.subject(wish.ClientID, session.PID) {
		return false
	}
	if wish.SID == "" {
		return wish.AuthTime == session.AuthTime.Unix()
	}
	return wish.SID == s.OpenID.sid(wish.ClientID, session.ID)
}

// leaveToken binds the form to the session and the ticket that it was shown for.
func (s *Server) leaveToken(ticket string, session *minid.Session) string {
	return s.OpenID.keyed("leave", ticket, session.ID)
}

// postLeave takes the person's answer.
func (s *Server) postLeave(c *gin.Context) {
	if err := s.crossSite.Check(c.Request); err != nil {
		s.forbid(c)
		return
	}
	v, refusal := form(c.Writer, c.Request)
	if refusal != nil {
		s.Site.Problem(c, web.Problem{Status: refusal.Status, Code: refusal.Code, TextKey: "authserver.problem.logout"})
		return
	}
	wish, ok := s.readTicket(v.Get("ticket"))
	if !ok {
		s.Site.Problem(c, web.Problem{Status: http.StatusBadRequest, Code: oauth2.InvalidRequest, TextKey: "authserver.problem.logout"})
		return
	}
	session := s.OpenID.session(c)
	switch {
	case session == nil:
		s.loggedOut(c, wish, nil)
	case v.Get("token") != s.leaveToken(v.Get("ticket"), session):
		s.forbid(c)
	case v.Get("answer") != "yes":
		s.sendTo(c, s.Site.Home())
	default:
		s.leave(c, wish, session)
	}
}

// leave ends the session here and at the services.
func (s *Server) leave(c *gin.Context, wish *ticket, session *minid.Session) {
	if err := s.OpenID.Sessions.End(c); err != nil {
		s.problem(c, err)
		return
	}
	frames, err := s.tellServices(c.Request.Context(), session.ID, wish.ClientID)
	if err != nil {
		s.problem(c, err)
		return
	}
	s.loggedOut(c, wish, frames)
}

// SessionEnded tells the services that a session has ended by other means than a service's wish. It is true when it has
// written the answer: a page that reaches services through the browser.
func (s *Server) SessionEnded(c *gin.Context, session *minid.Session) bool {
	frames, err := s.tellServices(c.Request.Context(), session.ID, "")
	if err != nil {
		s.problem(c, err)
		return true
	}
	if len(frames) == 0 {
		return false
	}
	s.loggedOut(c, &ticket{Return: s.Site.Home()}, frames)
	return true
}

// loggedOut sends the browser on; when services are to be reached through it, by a page that does that first.
func (s *Server) loggedOut(c *gin.Context, wish *ticket, frames []string) {
	if len(frames) == 0 && wish.Return != "" {
		s.sendTo(c, wish.Return)
		return
	}
	s.Site.Render(c, http.StatusOK, "authserver_loggedout", loggedOutView{
		Service: s.serviceName(c, wish.ClientID), Return: wish.Return, Frames: frames,
	}, web.FrameSources(frames...))
}

type loggedOutView struct {
	Service, Return string
	Frames          []string
}

func (s *Server) serviceName(c *gin.Context, id string) string {
	if service := s.OpenID.service(id); service != nil {
		return service.Name.In(web.Lang(c))
	}
	return ""
}

// sendTo sends the browser on with GET.
func (s *Server) sendTo(c *gin.Context, address string) {
	c.Header("Cache-Control", "no-store")
	c.Header("Location", address)
	c.Status(http.StatusSeeOther)
}
