package authserver

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/minid"
	"lommebok.example/specs/oauth2"
	"lommebok.example/web"
)

// browserCookie holds the secret that a browser's requests are bound to.
const browserCookie = "authserver"

// getAuthorize takes a request_uri and nothing else (RFC 9126 section 4): other parameters are ignored.
func (s *Server) getAuthorize(c *gin.Context) {
	clientID, uri := c.Query("client_id"), c.Query("request_uri")
	if clientID == "" || !strings.HasPrefix(uri, requestURIPrefix) {
		s.Site.Problem(c, web.Problem{Status: http.StatusBadRequest, Code: oauth2.InvalidRequest, TextKey: "authserver.problem.push", Side: web.SideService})
		return
	}
	browser := web.Cookie(c, s.Site, browserCookie)
	if !isSecret(browser) {
		browser = secret()
	}
	at := s.Now()
	request, err := s.Store.ClaimRequest(c.Request.Context(), Claim{
		Reference: HashOf(uri), Browser: HashOf(browser), ClientID: known(clientID), At: at, Until: at.Add(browserLife),
	})
	if err != nil {
		s.problem(c, err)
		return
	}
	observe.Linked(c.Request.Context(), "authorization_request", request.ID)
	web.SetCookie(c, s.Site, browserCookie, browser, browserLife)
	if request.Login != nil {
		s.Site.SuggestLanguage(c, request.Login.Locale)
	}
	s.advance(c, transaction{request, browser})
}

// getConsent is where the person comes back after the sign-in.
func (s *Server) getConsent(c *gin.Context) {
	t, err := s.transaction(c)
	if err != nil {
		s.problem(c, err)
		return
	}
	s.advance(c, t)
}

// getCancel is where a sign-in ends that the person gave up, or that cannot reach the level.
func (s *Server) getCancel(c *gin.Context) {
	t, err := s.transaction(c)
	if err != nil {
		s.problem(c, err)
		return
	}
	if c.Query("reason") != "level" {
		s.decline(c, t, declined)
		return
	}
	if t.Login != nil {
		s.decline(c, t, unmet(t.Login.Level))
		return
	}
	resources, err := s.resources(t.Request)
	if err != nil {
		s.problem(c, err)
		return
	}
	level, _ := strictest(resources)
	s.decline(c, t, unmet(level))
}

// transaction is a claimed request in the hand of its browser.
type transaction struct {
	*Request
	browser string
}

func (s *Server) open(t transaction) Open {
	return Open{ID: t.ID, Browser: HashOf(t.browser), At: s.Now()}
}

func (s *Server) transaction(c *gin.Context) (transaction, error) {
	t := transaction{&Request{ID: known(c.Param("id"))}, web.Cookie(c, s.Site, browserCookie)}
	var err error
	t.Request, err = s.Store.ClaimedRequest(c.Request.Context(), s.open(t))
	return t, err
}

// advance takes the transaction to its next step: the sign-in, or the question to the person; for a service, which asks
// no question, the answer.
func (s *Server) advance(c *gin.Context, t transaction) {
	if t.Login != nil {
		s.advanceLogin(c, t)
		return
	}
	resources, err := s.resources(t.Request)
	if err != nil {
		s.problem(c, err)
		return
	}
	if session, ok := s.signedIn(c, t, resources); ok {
		s.showConsent(c, t, resources, session)
	}
}

// signedIn gives a session that meets the need of the resources; false when the answer has been written.
func (s *Server) signedIn(c *gin.Context, t transaction, resources []Resource) (*minid.Session, bool) {
	level, age := strictest(resources)
	wallet, _ := s.walletName(t.Request)
	session, ok := s.SignIn.SignedIn(c, minid.Need{
		Service: wallet, Level: level, MaxAge: age,
		ReturnTo: s.base + "/authorize/consent/" + t.ID, CancelTo: s.base + "/authorize/cancel/" + t.ID,
	})
	if ok && session.Level < level {
		s.decline(c, t, unmet(level))
		return nil, false
	}
	return session, ok
}

// walletName is the name that the person knows the wallet by, and whether we know it: it is registered, or a wallet provider
// that we trust says what it is called. Who is neither has only its client_id.
func (s *Server) walletName(r *Request) (name string, known bool) {
	attested := ""
	if r.Unit != nil {
		attested = r.Unit.Name
	}
	return s.WalletName(r.ClientID, attested)
}

// WalletName is walletName for a wallet of the past: attested is the Name of its WalletUnit then.
func (s *Server) WalletName(clientID, attested string) (name string, known bool) {
	if client, ok := s.registered(clientID); ok {
		return client.Name, true
	}
	if attested != "" {
		return attested, true
	}
	return clientID, false
}

// problem shows the page for a request that cannot be answered by a redirect.
func (s *Server) problem(c *gin.Context, err error) {
	if errors.Is(err, ErrNoRequest) {
		s.Site.Problem(c, web.Problem{Status: http.StatusBadRequest, Code: oauth2.InvalidRequest, TextKey: "authserver.problem.request"})
		return
	}
	s.logFault(c.Request.Context(), "authorization", err)
	s.Site.Problem(c, web.Problem{Status: http.StatusInternalServerError, Code: oauth2.ServerError})
}
