package login

import (
	"errors"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// mountApp puts what belongs to an approval in the MinID app on g.
func (p *Pages) mountApp(g gin.IRouter) {
	g.GET("/login/app", p.approval)
	g.POST("/login/app/again", p.guarded(signInCookie), p.askAgain)
}

// askAgain is for who did not get the notice.
func (p *Pages) askAgain(c *gin.Context) {
	v, err := p.Core.AskAgain(inLanguage(c), web.Cookie(c, p.Site, signInCookie))
	p.answered(c, v, err)
}

// approval tells the script how the approval stands. Whatever is not waiting any more is shown by /login.
func (p *Pages) approval(c *gin.Context) {
	v, err := viewOf(c.Request.Context(), p.Core, web.Cookie(c, p.Site, signInCookie))
	if err != nil && !errors.Is(err, minid.ErrExpired) {
		p.Site.Failure(c, err)
		return
	}
	if err != nil || v.Step != minid.StepApp || p.approvalOf(v, notice{}).State != "waiting" {
		p.Site.Poll(c, web.PollAnswer{Done: true})
		return
	}
	p.Site.Poll(c, web.PollAnswer{Text: p.Site.T(web.Lang(c), "login.app.waiting")})
}

func (p *Pages) approvalOf(v *minid.View, n notice) approvalView {
	switch {
	case v.App != nil && v.App.State.Open():
		waiting := approvalView{State: "waiting", Number: v.App.Number}
		if n.Kind == noticeTooMany {
			waiting.Minutes = n.N
		}
		return waiting
	case n.Kind == noticeTooMany:
		return approvalView{State: "too_many", Minutes: n.N}
	case v.App != nil && v.App.State == minid.AttemptRejected:
		return approvalView{State: "rejected"}
	}
	return approvalView{State: "expired"}
}
