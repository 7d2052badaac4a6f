package login

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

const passportPath = "/minid/passport"

// mountPassport puts the check of a passport on g, where one is configured.
func (p *Pages) mountPassport(g gin.IRouter) {
	if p.Core.Passport == nil {
		return
	}
	own := g.Group(passportPath, func(c *gin.Context) { c.Header("Cache-Control", "no-store") })
	own.GET("", p.passport)
	own.POST("", p.guarded(sessionCookie), p.startPassport)
	own.GET("/return", p.finishPassport)
	own.GET("/done", func(c *gin.Context) { p.Site.Render(c, http.StatusOK, "passport_done", nil) })
}

// withPassport is somebody signed in at whatever level they reach: what is too low now is what the check may raise.
func (p *Pages) withPassport(c *gin.Context, maxAge time.Duration, returnTo string) bool {
	_, ok := p.SignedIn(c, minid.Need{
		Service: p.Site.T(web.Lang(c), "passport.title"), Level: minid.LevelLow, MaxAge: maxAge,
		ReturnTo: returnTo, CancelTo: p.Site.Home(),
	})
	return ok
}

func (p *Pages) passport(c *gin.Context) {
	if p.withPassport(c, freshLogin, passportPath) {
		p.Site.Render(c, http.StatusOK, "passport_start", web.Form{Token: web.FormToken(p.sessionSecret(c))},
			web.FormActions(p.Core.Passport.Home()))
	}
}

func (p *Pages) startPassport(c *gin.Context) {
	address, err := p.Core.StartPassport(c.Request.Context(), p.sessionSecret(c))
	if err != nil {
		p.passportRefused(c, err)
		return
	}
	p.to(c, address)
}

// finishPassport is where the person comes back to. What was found comes behind the browser's back.
func (p *Pages) finishPassport(c *gin.Context) {
	state := c.Query("state")
	if !p.withPassport(c, 0, passportPath+"/return?"+url.Values{"state": {state}}.Encode()) {
		return
	}
	if err := p.Core.FinishPassport(inLanguage(c), p.sessionSecret(c), state); err != nil {
		p.passportRefused(c, err)
		return
	}
	p.to(c, passportPath+"/done")
}

func (p *Pages) passportRefused(c *gin.Context, err error) {
	problem := web.Problem{Status: http.StatusConflict, Code: "passport", TextKey: "passport.problem.check", ReturnURL: passportPath, ReturnTextKey: "passport.title"}
	switch {
	case errors.Is(err, minid.ErrPassport):
	case errors.Is(err, minid.ErrLastFactor):
		problem.Code, problem.TextKey = "last_factor", "passport.problem.last"
	case errors.Is(err, minid.ErrNoSession), errors.Is(err, minid.ErrSessionTooOld):
		if p.withPassport(c, freshLogin, passportPath) {
			p.to(c, passportPath)
		}
		return
	default:
		p.Site.Failure(c, err)
		return
	}
	p.Site.Problem(c, problem)
}
