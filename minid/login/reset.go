package login

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// forgot asks for the number of who has forgotten the password. It is a step of the sign-in, and leads back to it.
func (p *Pages) forgot(c *gin.Context) {
	if p.Core.Sender == nil {
		p.to(c, "/login/help")
		return
	}
	v, ok := p.view(c)
	if !ok {
		return
	}
	if v.Step != minid.StepPassword && v.Step != minid.StepReset {
		p.to(c, "/login")
		return
	}
	p.Site.Render(c, http.StatusOK, "login_forgot", stepView{
		Form: web.Form{Token: web.FormToken(web.Cookie(c, p.Site, signInCookie)), Errors: p.errors(c)}, Service: v.Service,
		Limit:   p.limitOf(v),
		Letters: p.Core.OffersLetters(),
	})
}

// startReset takes the number. What is answered is the same for every number of eleven digits.
func (p *Pages) startReset(c *gin.Context) {
	pid := strings.Join(strings.Fields(c.PostForm("pid")), "")
	if !elevenDigits(pid) {
		p.setNotice(c, notice{Kind: noticeNoPID})
		p.to(c, "/login/forgot")
		return
	}
	v, err := p.Core.StartReset(inLanguage(c), web.Cookie(c, p.Site, signInCookie), pid)
	p.answered(c, v, err)
}

func (p *Pages) reset(c *gin.Context) {
	code := func(field string) string { return strings.Join(strings.Fields(c.PostForm(field)), "") }
	v, err := p.Core.ResetCodes(inLanguage(c), web.Cookie(c, p.Site, signInCookie), code("sms"), code("email"))
	if errors.Is(err, minid.ErrWrongCode) {
		p.clearNotice(c)
		p.setNotice(c, notice{Kind: noticeReset})
		p.to(c, "/login")
		return
	}
	p.answered(c, v, err)
}

// newPassword sets the password, and says so on the page where it can be used at once.
func (p *Pages) newPassword(c *gin.Context) {
	v, err := p.Core.NewPassword(inLanguage(c), web.Cookie(c, p.Site, signInCookie), c.PostForm("new"))
	var rule minid.ErrPasswordRule
	switch {
	case errors.As(err, &rule):
		p.setNotice(c, notice{Kind: noticeRule + string(rule.Rule)})
	case err == nil:
		p.setNotice(c, notice{Kind: donePassword})
	default:
		p.answered(c, v, err)
		return
	}
	p.to(c, "/login")
}
