package login

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

const accountsPage = "/operator/accounts"

// mountAccounts puts the page on g where an operator closes an account, and opens it again.
func (p *Pages) mountAccounts(g *gin.RouterGroup) {
	g.GET(accountsPage, p.accounts)
	g.POST(accountsPage, p.guardedTo(sessionCookie, accountsPage), p.setQuarantine)
}

func (p *Pages) accounts(c *gin.Context) {
	if _, _, ok := p.Staff(c, minid.RoleOperator, accountsPage); !ok {
		return
	}
	n, lang := p.notice(c), web.Lang(c)
	data := struct {
		web.Form
		Done string
	}{Form: web.Form{Token: web.FormToken(p.sessionSecret(c))}}
	switch n.Kind {
	case accountsPID, accountsNone:
		data.Errors = []web.FieldError{{Field: "pid", Text: p.Site.T(lang, "operator.accounts."+n.Kind)}}
	case accountsQuarantined, accountsReleased:
		data.Done = p.Site.T(lang, "operator.accounts."+n.Kind)
	}
	p.Site.Render(c, http.StatusOK, "operator_accounts", data)
}

// Kinds of notice of the operator's page on accounts.
const (
	accountsPID         = "accounts_pid"
	accountsNone        = "accounts_none"
	accountsQuarantined = "accounts_quarantined"
	accountsReleased    = "accounts_released"
)

func (p *Pages) setQuarantine(c *gin.Context) {
	s, _, ok := p.Staff(c, minid.RoleOperator, accountsPage)
	if !ok {
		return
	}
	pid := formPID(c)
	if !elevenDigits(pid) {
		p.noticeAt(c, accountsPID, 0, accountsPage)
		return
	}
	act, done := p.Core.Quarantine, accountsQuarantined
	if c.PostForm("act") == "release" {
		act, done = p.Core.Release, accountsReleased
	}
	switch err := act(c.Request.Context(), pid, s.PersonID); {
	case errors.Is(err, minid.ErrNotFound):
		p.noticeAt(c, accountsNone, 0, accountsPage)
	case err != nil:
		p.Site.Failure(c, err)
	default:
		p.noticeAt(c, done, 0, accountsPage)
	}
}
