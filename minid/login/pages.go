package login

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/peer"
	"lommebok.example/minid"
	"lommebok.example/web"
)

// Pages are the pages of a sign-in. Core and Site must be set.
type Pages struct {
	Core    *minid.Core
	Site    *web.Site
	Proxies peer.Proxies // whom to believe who is calling; nobody but the connection when empty
	// Ended is told of a session that the person ended here, and says whether it has written the answer; nil for nobody.
	Ended func(c *gin.Context, s *minid.Session) bool
	// Desk is where and when people are identified in person; nil for what the demonstration says.
	Desk *DeskPlace
}

// Names of the cookies.
const (
	signInCookie  = "signin"
	sessionCookie = "session"
	noticeCookie  = "notice"
	pairingCookie = "pairing"
	onwardCookie  = "onward"
	startCookie   = "start"

	recoveryCookie = "recovery"
)

// Until the browser closes; the core knows when sign-in and session end.
const whileOpen time.Duration = 0

// Mount puts the routes of the package on r.
func (p *Pages) Mount(r gin.IRouter) {
	g := r.Group("", p.Site.OwnForms(), p.Proxies.Middleware(minid.FromAddress))
	g.GET("/login", p.step)
	g.POST("/login/password", p.guarded(signInCookie), p.password)
	g.POST("/login/totp", p.guarded(signInCookie), p.totp)
	g.POST("/login/sms", p.guarded(signInCookie), p.sms)
	g.GET("/login/forgot", p.forgot)
	g.POST("/login/forgot", p.guarded(signInCookie), p.startReset)
	g.POST("/login/reset", p.guarded(signInCookie), p.reset)
	g.POST("/login/new-password", p.guarded(signInCookie), p.newPassword)
	g.POST("/login/method", p.guarded(signInCookie), p.method)
	p.mountApp(g)
	g.GET("/login/cancel", p.cancel)
	g.GET("/login/help", p.help)
	g.GET("/login/invitation", p.invitation)
	g.POST("/logout", p.guarded(sessionCookie), p.logout)
	p.mountDesk(g)
	p.mountPassport(g)
	g.GET("/minid", p.myMinID)
	g.POST("/minid/pair", p.guarded(sessionCookie), p.pair)
	own := g.Group("/minid", func(c *gin.Context) { c.Header("Cache-Control", "no-store") })
	p.mountRecovery(g, own)
	own.GET("/totp", p.showTOTP)
	own.GET("/phone", p.accountPage("login_new_phone"))
	own.GET("/password", p.accountPage("login_change_password"))
	for path, take := range map[string]gin.HandlerFunc{
		"/totp": p.startTOTP, "/totp/confirm": p.confirmTOTP, "/factor/remove": p.removeFactor, "/factor/rename": p.renameFactor,
		"/factor/prefer": p.prefer, "/phone": p.startPhone, "/phone/confirm": p.confirmPhone, "/password": p.changePassword,
		"/password/strength": p.strength, "/sessions/end": p.endOther,
	} {
		own.POST(path, p.guarded(sessionCookie), take)
	}
	p.mountContact(g, own)
	p.mountLetters(g)
	p.mountAccounts(g)
}

// SignedIn gives the browser's session when it meets the need. Otherwise it starts a sign-in, answers with 303 to /login,
// and says false: after success the browser comes to need.ReturnTo; when the person cancels or cannot reach the level, to
// need.CancelTo with reason=cancelled or reason=level added. Both must be local paths: anything else is answered with 400.
func (p *Pages) SignedIn(c *gin.Context, need minid.Need) (*minid.Session, bool) {
	if !web.LocalPath(need.ReturnTo) || !web.LocalPath(need.CancelTo) {
		p.Site.Problem(c, web.Problem{Status: http.StatusBadRequest, Code: "return_address", TextKey: "login.problem.address", Side: web.SideService})
		return nil, false
	}
	secret := web.Cookie(c, p.Site, sessionCookie)
	s, err := p.session(c, secret)
	if err != nil {
		p.Site.Failure(c, err)
		return nil, false
	}
	if s != nil && s.Meets(need, p.Core.Now()) {
		return s, true
	}
	signIn, _, err := p.Core.Begin(minid.FromAddress(inLanguage(c), p.Proxies.Of(c.Request)), need, secret) // another's route may have led here
	if err != nil {
		p.Site.Failure(c, err)
		return nil, false
	}
	web.SetCookie(c, p.Site, signInCookie, signIn, whileOpen)
	p.setStart(c, need.ReturnTo)
	p.clearNotice(c)
	p.to(c, "/login")
	return nil, false
}

// Session is who is signed in in this browser, at whatever level; nil when nobody is, or when it cannot be known now.
func (p *Pages) Session(c *gin.Context) *minid.Session {
	s, err := p.session(c, web.Cookie(c, p.Site, sessionCookie))
	if err != nil {
		_ = c.Error(err)
		return nil
	}
	return s
}

func (p *Pages) session(c *gin.Context, secret string) (*minid.Session, error) {
	if secret == "" {
		return nil, nil
	}
	s, err := p.Core.Session(c.Request.Context(), secret)
	if errors.Is(err, minid.ErrNoSession) {
		return nil, nil
	}
	return s, err
}

// End ends the session of this browser, and lets the browser forget it.
func (p *Pages) End(c *gin.Context) error {
	if err := p.Core.EndSession(c.Request.Context(), web.Cookie(c, p.Site, sessionCookie)); err != nil {
		return err
	}
	web.SetCookie(c, p.Site, sessionCookie, "", -1)
	web.SetCookie(c, p.Site, pairingCookie, "", -1)
	web.SetCookie(c, p.Site, recoveryCookie, "", -1)
	return nil
}

// guarded lets a form through that carries the token of the secret in the cookie.
func (p *Pages) guarded(cookie string) gin.HandlerFunc { return p.guardedTo(cookie, "/login") }

// guardedTo is guarded for forms that are opened anew elsewhere.
func (p *Pages) guardedTo(cookie, back string) gin.HandlerFunc {
	words := "login.problem.open"
	if back != "/login" {
		words = "letter.problem.back"
	}
	return func(c *gin.Context) {
		if err := c.Request.ParseForm(); err != nil {
			p.badForm(c, err)
			return
		}
		if len(c.Request.PostForm) > maxFields {
			p.badForm(c, errTooManyFields)
			return
		}
		if !web.CheckFormToken(web.Cookie(c, p.Site, cookie), c.PostForm("token")) {
			p.Site.Problem(c, web.Problem{
				Status: http.StatusForbidden, Code: "form_token", TextKey: "login.problem.token",
				ReturnURL: back, ReturnTextKey: words,
			})
			return
		}
		c.Next()
	}
}

const maxFields = 64

var errTooManyFields = errors.New("login: too many fields in a form")

func (p *Pages) badForm(c *gin.Context, err error) {
	bad := web.Problem{Status: http.StatusBadRequest, Code: "form", TextKey: "common.problem.form", ReturnURL: "/login", ReturnTextKey: "login.problem.open"}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		bad.Status, bad.TextKey = http.StatusRequestEntityTooLarge, "login.problem.too_large"
	}
	p.Site.Problem(c, bad)
}

// to sends the browser on with GET, whatever it came with.
func (p *Pages) to(c *gin.Context, path string) {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, path)
	c.Abort()
}

// answered writes the answer to a form of the sign-in: on to the next step, which may be the end of it, or back with a
// notice of what was wrong.
func (p *Pages) answered(c *gin.Context, v *minid.View, err error) {
	var (
		busy        minid.ErrBusy
		quarantined minid.ErrQuarantined
		tooMany     minid.ErrTooManyAttempts
		address     minid.ErrAddress
	)
	p.clearNotice(c)
	switch {
	case errors.As(err, &address):
		p.TooManyFrom(c, address, "/login", "login.problem.open")
		return
	case err == nil && v.Step == minid.StepDone:
		p.finish(c, v)
		return
	case err == nil && v.RetryAfter > 0:
		p.setNotice(c, notice{noticeTooMany, minutes(v.RetryAfter)})
	case errors.As(err, &busy):
		p.Site.Problem(c, web.Problem{
			Status: http.StatusServiceUnavailable, Code: "busy", TextKey: "login.problem.busy", RetryAfter: busy.RetryAfter,
			ReturnURL: "/login", ReturnTextKey: "login.problem.open",
		})
		return
	case errors.As(err, &quarantined):
		p.setNotice(c, notice{noticeQuarantined, minutes(quarantined.RetryAfter)})
	case errors.As(err, &tooMany):
		p.setNotice(c, notice{noticeTooMany, minutes(tooMany.RetryAfter)})
	case errors.Is(err, minid.ErrWrong):
		p.setNotice(c, notice{Kind: noticeWrong})
	case errors.Is(err, minid.ErrWrongCode) && v.Step == minid.StepSMS:
		p.setNotice(c, notice{Kind: noticeSMS})
	case errors.Is(err, minid.ErrWrongCode) && v.Step == minid.StepRecovery:
		p.setNotice(c, notice{Kind: noticeRecovery})
	case errors.Is(err, minid.ErrWrongCode):
		p.setNotice(c, notice{Kind: noticeCode})
	case err == nil, errors.Is(err, minid.ErrStep), errors.Is(err, minid.ErrExpired):
	default:
		p.Site.Failure(c, err)
		return
	}
	p.to(c, "/login")
}

// finish turns a sign-in that is done into a session, with new secrets, and goes back to the service.
func (p *Pages) finish(c *gin.Context, v *minid.View) {
	secret, _, err := p.Core.Finish(c.Request.Context(), web.Cookie(c, p.Site, signInCookie))
	switch {
	case errors.Is(err, minid.ErrStep), errors.Is(err, minid.ErrExpired):
		p.over(c)
		return
	case err != nil:
		p.Site.Failure(c, err)
		return
	}
	web.SetCookie(c, p.Site, sessionCookie, secret, whileOpen)
	web.SetCookie(c, p.Site, pairingCookie, "", -1) // may be of another person
	p.forgetSignIn(c)
	invite, err := p.Core.Invite(c.Request.Context(), secret)
	if err != nil {
		p.Site.Failure(c, err)
		return
	}
	if invite != nil {
		p.invite(c, invite, v.ReturnTo)
		return
	}
	ask, err := p.Core.AskContact(c.Request.Context(), secret)
	if err != nil {
		p.Site.Failure(c, err)
		return
	}
	if ask {
		p.askContact(c, v.ReturnTo)
		return
	}
	p.to(c, v.ReturnTo)
}

// inLanguage is the request's context with the person's language, for what is sent to them.
func inLanguage(c *gin.Context) context.Context {
	return minid.InLanguage(c.Request.Context(), web.Lang(c))
}

// over tells that there is no sign-in, or none any more, and leads to where the last one began.
func (p *Pages) over(c *gin.Context) {
	p.forgetSignIn(c)
	over := web.Problem{Status: http.StatusGone, Code: "sign_in_over", TextKey: "login.problem.expired"}
	if start := p.start(c); start != "" {
		over.ReturnURL, over.ReturnTextKey = start, "common.time.start"
	}
	p.Site.Problem(c, over)
}

func (p *Pages) forgetSignIn(c *gin.Context) {
	web.SetCookie(c, p.Site, signInCookie, "", -1)
	p.clearNotice(c)
}

// view shows the sign-in of the browser's cookie; false when the answer has been written.
func (p *Pages) view(c *gin.Context) (*minid.View, bool) {
	v, err := viewOf(c.Request.Context(), p.Core, web.Cookie(c, p.Site, signInCookie))
	switch {
	case err == nil:
		return v, true
	case errors.Is(err, minid.ErrExpired):
		p.over(c)
	default:
		p.Site.Failure(c, err)
	}
	return nil, false
}

// viewOf makes one error of the ways in which a sign-in can be over.
func viewOf(ctx context.Context, core *minid.Core, signIn string) (*minid.View, error) {
	if signIn == "" {
		return nil, minid.ErrExpired
	}
	v, err := core.View(ctx, signIn)
	if err == nil && v.Step == minid.StepEnded {
		return nil, minid.ErrExpired
	}
	return v, err
}
