package login

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// mountContact puts the address for mail, the yearly question and the closing of an account on g, and own below /minid.
func (p *Pages) mountContact(g, own *gin.RouterGroup) {
	g.GET("/login/contact", p.contact)
	g.POST("/login/contact", p.guarded(sessionCookie), p.confirmContact)
	own.GET("/email", p.accountPage("login_new_email"))
	own.POST("/email", p.guarded(sessionCookie), p.startEmail)
	own.POST("/email/confirm", p.guarded(sessionCookie), p.confirmEmail)
	own.GET("/close", p.accountPage("login_close"))
	own.POST("/close", p.guarded(sessionCookie), p.closeAccount)
	g.GET("/login/closed", p.plainPage("login_closed"))
}

func (p *Pages) startEmail(c *gin.Context) {
	err := p.Core.StartEmail(inLanguage(c), p.sessionSecret(c), c.PostForm("email"))
	if err == nil {
		p.clearNotice(c)
		p.to(c, "/minid/email")
		return
	}
	var tooMany minid.ErrTooManyAttempts
	switch {
	case errors.As(err, &tooMany):
		p.noticeAt(c, noticeMailSends, minutes(tooMany.RetryAfter), "/minid")
	case errors.Is(err, minid.ErrEmail):
		p.noticeAt(c, noticeMail, 0, "/minid")
	case errors.Is(err, minid.ErrNotSent):
		p.noticeAt(c, noticeMailNotSent, 0, "/minid")
	default:
		p.change(c, err, "", "/minid")
	}
}

func (p *Pages) confirmEmail(c *gin.Context) {
	p.change(c, p.Core.ConfirmEmail(inLanguage(c), p.sessionSecret(c), formCode(c)), doneMail, "/minid/email")
}

// closeAccount closes the account of who has ticked that they mean it.
func (p *Pages) closeAccount(c *gin.Context) {
	if c.PostForm("sure") == "" {
		p.noticeAt(c, noticeSure, 0, "/minid/close")
		return
	}
	s := p.Session(c)
	if err := p.Core.CloseAccount(inLanguage(c), p.sessionSecret(c)); err != nil {
		p.change(c, err, "", "/minid/close")
		return
	}
	p.clearNotice(c)
	if err := p.End(c); err != nil {
		p.Site.Failure(c, err)
		return
	}
	if s != nil && p.Ended != nil && p.Ended(c, s) {
		return
	}
	p.to(c, "/login/closed")
}

// askContact shows the question on the way to the service.
func (p *Pages) askContact(c *gin.Context, returnTo string) {
	p.keepOnward(c, "contact", returnTo)
	p.to(c, "/login/contact")
}

type contactView struct {
	web.Form
	Ends, Mail, Onward string
	Thanks             bool
}

func (p *Pages) contact(c *gin.Context) {
	_, onward := p.onward(c)
	account, err := p.Core.Account(c.Request.Context(), p.sessionSecret(c))
	switch {
	case onward == "" || errors.Is(err, minid.ErrNoSession) || errors.Is(err, minid.ErrSessionTooLow):
		p.to(c, p.Site.Home())
	case err != nil:
		p.Site.Failure(c, err)
	default:
		p.Site.Render(c, http.StatusOK, "login_contact", contactView{
			Form: p.accountForm(c), Ends: lastTwo(account.Person.Phone), Mail: maskMail(account.Person.Email), Onward: onward,
			Thanks: p.notice(c).Kind == doneContact,
		})
	}
}

func (p *Pages) confirmContact(c *gin.Context) {
	err := p.Core.ConfirmContact(c.Request.Context(), p.sessionSecret(c))
	if err != nil {
		p.change(c, err, "", "/login/contact")
		return
	}
	p.noticeAt(c, doneContact, 0, "/login/contact")
}

func lastTwo(phone string) string { return phone[max(0, len(phone)-2):] }

// maskMail keeps the first letter and the domain.
func maskMail(address string) string {
	name, domain, ok := strings.Cut(address, "@")
	if !ok || name == "" {
		return ""
	}
	return name[:1] + "***@" + domain
}
