package eidclient

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid/authclient"
	"lommebok.example/specs/oidc"
	"lommebok.example/web"
)

// Client is the services' pages. Its fields are set once, before Mount.
type Client struct {
	Provider *authclient.Client
	Base     string // our own address: scheme and host
	Services []Service
	Store    Store
	Site     *web.Site
	Now      func() time.Time
	Log      *slog.Logger
}

// Cookies: one for the logins under way, one for the session at each service.
const browserCookie = "eid"

func sessionCookie(s *Service) string { return "eid_" + s.ID }

// Mount puts the routes of the package comment on r.
func (c *Client) Mount(r gin.IRouter) {
	for i := range c.Services {
		s := &c.Services[i]
		g := r.Group("/eid/" + s.ID)
		own := g.Group("", c.Site.OwnForms())
		own.GET("", func(x *gin.Context) { c.show(x, s) })
		own.POST("/login", func(x *gin.Context) { c.login(x, s) })
		g.GET("/callback", func(x *gin.Context) { c.callback(x, s) })
		g.GET("/loggedout", func(x *gin.Context) { c.loggedOut(x, s) })
		g.GET("/frontchannel", func(x *gin.Context) { c.frontchannel(x, s) })
		g.POST("/backchannel", func(x *gin.Context) { c.backchannel(x, s) })
	}
}

type view struct {
	Service   string // id, part of the keys of its texts
	Claims    *oidc.IDToken
	AuthTime  string
	Logout    string // the provider's end_session_endpoint
	IDToken   string
	Return    string
	LoggedOut bool
	Limit     web.Limit // of the session
}

func (c *Client) show(x *gin.Context, s *Service) {
	v := view{Service: s.ID}
	session, err := c.Store.Session(x.Request.Context(), hash(web.Cookie(x, c.Site, sessionCookie(s))), s.ID, c.Now())
	switch {
	case errors.Is(err, ErrNotFound):
		v.LoggedOut = x.Query("loggedout") != ""
		c.Site.Render(x, http.StatusOK, "eid_service", v, web.FormActions(c.Provider.Issuer))
		return
	case err != nil:
		c.Site.Failure(x, err)
		return
	}
	metadata, _, err := c.Provider.Provider(x.Request.Context())
	if err != nil {
		c.problem(x, s, err)
		return
	}
	v.Claims, v.AuthTime = &session.Claims, time.Unix(session.Claims.AuthTime, 0).UTC().Format(time.RFC3339)
	v.Limit = web.Limit{TimeKey: "eid.time", Again: "/eid/" + s.ID}.Until(c.Now(), session.Expires)
	v.Logout, v.IDToken, v.Return = metadata.EndSessionEndpoint, session.IDToken, c.address(s, "loggedout")
	c.Site.Render(x, http.StatusOK, "eid_service", v, web.FormActions(c.Provider.Issuer))
}

func (c *Client) login(x *gin.Context, s *Service) {
	browser := authclient.NewSecret()
	address, err := c.begin(x.Request.Context(), s, browser, web.Chosen(x))
	if err != nil {
		c.problem(x, s, err)
		return
	}
	web.SetCookie(x, c.Site, browserCookie, browser, pendingLife)
	c.to(x, address)
}

func (c *Client) callback(x *gin.Context, s *Service) {
	secret, err := c.finish(x.Request.Context(), s, web.Cookie(x, c.Site, browserCookie), x.Request.URL.Query())
	if err != nil {
		c.problem(x, s, err)
		return
	}
	web.SetCookie(x, c.Site, browserCookie, "", -1)
	web.SetCookie(x, c.Site, sessionCookie(s), secret, sessionLife)
	c.to(x, "/eid/"+s.ID)
}

// loggedOut ends the session here too: the provider tells the other services alone.
func (c *Client) loggedOut(x *gin.Context, s *Service) {
	if err := c.Store.EndSession(x.Request.Context(), hash(web.Cookie(x, c.Site, sessionCookie(s))), s.ID); err != nil {
		c.Site.Failure(x, err)
		return
	}
	web.SetCookie(x, c.Site, sessionCookie(s), "", -1)
	c.to(x, "/eid/"+s.ID+"?loggedout=1")
}

// frontchannel is loaded in a frame of the provider's page, maybe without our cookies: sid tells which session it is.
func (c *Client) frontchannel(x *gin.Context, s *Service) {
	x.Header("Cache-Control", "no-store")
	x.Header("Content-Security-Policy", "default-src 'none'; frame-ancestors "+c.Provider.Issuer)
	if x.Query("iss") != c.Provider.Issuer || x.Query("sid") == "" {
		x.String(http.StatusBadRequest, "expected iss and sid")
		return
	}
	if err := c.Store.EndSessions(x.Request.Context(), s.ID, x.Query("sid")); err != nil {
		c.Site.Failure(x, err)
		return
	}
	x.String(http.StatusOK, "ok")
}

// backchannel takes a logout token. One that comes twice ends a session that has ended: jti need not be remembered.
func (c *Client) backchannel(x *gin.Context, s *Service) {
	x.Header("Cache-Control", "no-store")
	x.Request.Body = http.MaxBytesReader(x.Writer, x.Request.Body, 32<<10)
	_, keys, err := c.Provider.Provider(x.Request.Context())
	if err != nil {
		c.Site.Failure(x, err)
		return
	}
	token, err := oidc.VerifyLogoutToken(x.PostForm("logout_token"), keys, c.Provider.Issuer, s.ID, c.Now())
	if err != nil || token.Session == "" {
		c.Log.InfoContext(x.Request.Context(), "logout token refused", "service", s.ID, "why", err)
		x.JSON(http.StatusBadRequest, gin.H{"error": "invalid_request", "error_description": "expected a logout token with sid for this client"})
		return
	}
	if err := c.Store.EndSessions(x.Request.Context(), s.ID, token.Session); err != nil {
		c.Site.Failure(x, err)
		return
	}
	x.Status(http.StatusOK)
}

// problem tells a person what came of a login.
func (c *Client) problem(x *gin.Context, s *Service, err error) {
	p := web.Problem{Status: http.StatusBadGateway, Code: "eid_provider", TextKey: "eid.problem.provider", ReturnURL: "/eid/" + s.ID, ReturnTextKey: "eid.back"}
	var no authclient.Refused
	switch {
	case errors.As(err, &no):
		p.Status, p.Code, p.TextKey = http.StatusForbidden, "eid_refused", "eid.problem.refused"
	case errors.Is(err, authclient.ErrAnswer):
		p.Status, p.Code, p.TextKey = http.StatusBadRequest, "eid_answer", "eid.problem.answer"
	case !errors.Is(err, authclient.ErrProvider):
		c.Site.Failure(x, err)
		return
	}
	c.Log.InfoContext(x.Request.Context(), "login not completed", "service", s.ID, "why", err)
	c.Site.Problem(x, p)
}

func (c *Client) to(x *gin.Context, address string) {
	x.Header("Cache-Control", "no-store")
	x.Redirect(http.StatusSeeOther, address)
}
