package login

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

const onwardLife = 10 * time.Minute

// invite shows the invitation before the person goes on to the service. The way on is kept in a cookie of the browser,
// and is a link: a form may not lead to where the service sends people from there.
func (p *Pages) invite(c *gin.Context, i *minid.Invitation, returnTo string) {
	p.keepOnward(c, invitationKind(i), returnTo)
	p.to(c, "/login/invitation")
}

func (p *Pages) keepOnward(c *gin.Context, kind, returnTo string) {
	web.SetCookie(c, p.Site, onwardCookie, kind+":"+base64.RawURLEncoding.EncodeToString([]byte(returnTo)), onwardLife)
}

// invitation is the page; without an invitation there is nothing to see.
func (p *Pages) invitation(c *gin.Context) {
	kind, onward := p.onward(c)
	if onward == "" {
		p.to(c, p.Site.Home())
		return
	}
	left, err := p.recoveryLeft(c, kind)
	if err != nil {
		p.Site.Failure(c, err)
		return
	}
	p.Site.Render(c, http.StatusOK, "login_invite", struct {
		Kind   string // "sms", "pin" or "recovery"
		Left   int    // recovery codes
		Onward string
	}{kind, left, onward})
}

// onward reads the cookie. It is the browser's: only a local path is taken.
func (p *Pages) onward(c *gin.Context) (kind, path string) {
	kind, text, _ := strings.Cut(web.Cookie(c, p.Site, onwardCookie), ":")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || !web.LocalPath(string(raw)) {
		return "", ""
	}
	return kind, string(raw)
}
