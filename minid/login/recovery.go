package login

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// mountRecovery puts the pages of recovery codes on g, and those of the person's own MinID on own.
func (p *Pages) mountRecovery(g, own gin.IRouter) {
	g.POST("/login/recovery", p.guarded(signInCookie), p.recovery)
	own.GET("/recovery", p.recoveryCodes)
	own.POST("/recovery", p.guarded(sessionCookie), p.makeRecoveryCodes)
}

// recovery takes a recovery code as second factor.
func (p *Pages) recovery(c *gin.Context) { p.code(c, p.Core.Recovery) }

type recoveryView struct {
	web.Form
	Codes []string // just made; shown once
	Left  int
	Done  string
}

// recoveryShown is how long codes that were made wait to be shown, once.
const recoveryShown = 2 * time.Minute

// makeRecoveryCodes makes codes, and shows them on the page that it leads to. They travel in a cookie of this browser and
// are forgotten when they have been shown: a reload makes no new ones, and going back shows none.
func (p *Pages) makeRecoveryCodes(c *gin.Context) {
	codes, err := p.Core.MakeRecoveryCodes(inLanguage(c), p.sessionSecret(c))
	if err != nil {
		p.change(c, err, "", "/minid")
		return
	}
	p.clearNotice(c)
	web.SetCookie(c, p.Site, recoveryCookie, strings.Join(codes, "."), recoveryShown)
	p.to(c, "/minid/recovery")
}

func (p *Pages) recoveryCodes(c *gin.Context) {
	if _, ok := p.SignedIn(c, p.needOfMyMinID(c, freshLogin)); !ok {
		return
	}
	account, err := p.Core.Account(c.Request.Context(), p.sessionSecret(c))
	if err != nil {
		p.change(c, err, "", "/minid")
		return
	}
	v := recoveryView{Form: p.accountForm(c), Left: account.Recovery, Done: p.accountDone(c)}
	for code := range strings.SplitSeq(web.Cookie(c, p.Site, recoveryCookie), ".") {
		if shown := groups(code); shown != "" { // the cookie is the browser's: what is not a code is not shown
			v.Codes = append(v.Codes, shown)
		}
	}
	web.SetCookie(c, p.Site, recoveryCookie, "", -1)
	p.Site.Render(c, http.StatusOK, "login_recovery_codes", v)
}

// confirmTOTP takes the first code of a new authenticator app. Who has no recovery codes is led to them.
func (p *Pages) confirmTOTP(c *gin.Context) {
	err := p.Core.ConfirmTOTP(inLanguage(c), p.sessionSecret(c), formCode(c))
	if err != nil {
		p.change(c, err, "", "/minid/totp")
		return
	}
	account, err := p.Core.Account(c.Request.Context(), p.sessionSecret(c))
	if err != nil || account.Recovery > 0 {
		p.change(c, err, doneTOTP, "/minid")
		return
	}
	p.clearNotice(c)
	p.setNotice(c, notice{Kind: doneTOTP})
	p.to(c, "/minid/recovery")
}

// recoveryLeft is how many codes the person has whom an invitation of the kind is for.
func (p *Pages) recoveryLeft(c *gin.Context, kind string) (int, error) {
	if kind != "recovery" {
		return 0, nil
	}
	account, err := p.Core.Account(c.Request.Context(), p.sessionSecret(c))
	if errors.Is(err, minid.ErrNoSession) || errors.Is(err, minid.ErrSessionTooLow) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return account.Recovery, nil
}

// invitationKind is how an invitation travels in the cookie.
func invitationKind(i *minid.Invitation) string {
	switch {
	case i.Recovery:
		return "recovery"
	case i.PINDropped:
		return "pin"
	}
	return "sms"
}
