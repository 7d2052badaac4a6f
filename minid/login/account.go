package login

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// change answers a form of /minid: back to where with what came of it, or to a new login when the old one is not good
// enough for the change.
func (p *Pages) change(c *gin.Context, err error, done, where string) {
	var (
		busy        minid.ErrBusy
		quarantined minid.ErrQuarantined
		tooMany     minid.ErrTooManyAttempts
		rule        minid.ErrPasswordRule
		address     minid.ErrAddress
	)
	p.clearNotice(c)
	switch {
	case errors.As(err, &address):
		p.TooManyFrom(c, address, "/minid", "login.unreachable.my_minid")
		return
	case err == nil:
		p.setNotice(c, notice{Kind: done})
		p.to(c, "/minid")
		return
	case errors.Is(err, minid.ErrSessionTooOld), errors.Is(err, minid.ErrSessionTooLow), errors.Is(err, minid.ErrNoSession):
		if _, ok := p.SignedIn(c, p.needOfMyMinID(c, freshLogin)); ok {
			p.to(c, "/minid")
		}
		return
	case errors.As(err, &busy):
		p.Site.Problem(c, web.Problem{
			Status: http.StatusServiceUnavailable, Code: "busy", TextKey: "login.problem.busy", RetryAfter: busy.RetryAfter,
			ReturnURL: "/minid", ReturnTextKey: "login.unreachable.my_minid",
		})
		return
	case errors.As(err, &quarantined):
		p.setNotice(c, notice{noticeCurrentLocked, minutes(quarantined.RetryAfter)})
	case errors.As(err, &tooMany):
		p.setNotice(c, notice{noticeSends, minutes(tooMany.RetryAfter)})
	case errors.As(err, &rule):
		p.setNotice(c, notice{Kind: noticeRule + string(rule.Rule)})
	case errors.Is(err, minid.ErrWrongCode):
		p.setNotice(c, notice{Kind: noticeNewCode})
	default:
		kind, known := refusals[refusal(err)]
		if !known {
			p.Site.Failure(c, err)
			return
		}
		p.setNotice(c, notice{Kind: kind})
	}
	p.to(c, where)
}

// refusals are what a person can do about by themselves.
var refusals = map[error]string{
	minid.ErrWrong: noticeCurrent, minid.ErrPhone: noticePhone, minid.ErrNotSent: noticeNotSent, minid.ErrName: noticeName,
	minid.ErrLastFactor: noticeLast, minid.ErrNotFound: noticeGone,
}

func refusal(err error) error {
	for known := range refusals {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

func (p *Pages) sessionSecret(c *gin.Context) string { return web.Cookie(c, p.Site, sessionCookie) }

func formCode(c *gin.Context) string { return strings.Join(strings.Fields(c.PostForm("code")), "") }

func (p *Pages) startTOTP(c *gin.Context) {
	if err := p.Core.StartTOTP(c.Request.Context(), p.sessionSecret(c)); err != nil {
		p.change(c, err, "", "/minid")
		return
	}
	p.clearNotice(c)
	p.to(c, "/minid/totp")
}

type totpView struct {
	web.Form
	Address string // otpauth, for the QR code
	Secret  string // in groups
	Limit   web.Limit
}

// showTOTP shows the secret that waits for its first code.
func (p *Pages) showTOTP(c *gin.Context) {
	secret, err := p.Core.PendingTOTP(c.Request.Context(), p.sessionSecret(c))
	if err != nil {
		p.change(c, err, "", "/minid")
		return
	}
	address := url.URL{Scheme: "otpauth", Host: "totp", Path: "/MinID", RawQuery: url.Values{
		"secret": {secret}, "issuer": {"MinID demonstrasjon"}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"},
	}.Encode()}
	p.Site.Render(c, http.StatusOK, "login_new_totp", totpView{
		Form: p.accountForm(c), Address: strings.ReplaceAll(address.String(), "+", "%20"), Secret: groups(secret),
		Limit: p.changeLimit(c),
	})
}

func (p *Pages) removeFactor(c *gin.Context) {
	err := p.Core.RemoveFactor(inLanguage(c), p.sessionSecret(c), minid.Factor(c.PostForm("factor")))
	p.change(c, err, doneRemoved, "/minid")
}

func (p *Pages) renameFactor(c *gin.Context) {
	err := p.Core.RenameFactor(c.Request.Context(), p.sessionSecret(c), minid.Factor(c.PostForm("factor")), c.PostForm("name"))
	p.change(c, err, doneRenamed, "/minid")
}

func (p *Pages) prefer(c *gin.Context) {
	err := p.Core.Prefer(c.Request.Context(), p.sessionSecret(c), minid.Factor(c.PostForm("factor")))
	p.change(c, err, donePreferred, "/minid")
}

func (p *Pages) startPhone(c *gin.Context) {
	if err := p.Core.StartPhone(inLanguage(c), p.sessionSecret(c), c.PostForm("phone")); err != nil {
		p.change(c, err, "", "/minid")
		return
	}
	p.clearNotice(c)
	p.to(c, "/minid/phone")
}

func (p *Pages) confirmPhone(c *gin.Context) {
	p.change(c, p.Core.ConfirmPhone(inLanguage(c), p.sessionSecret(c), formCode(c)), donePhone, "/minid/phone")
}

type accountView struct {
	web.Form
	Limit web.Limit
}

// accountPage shows a page of /minid that has a form and nothing else to know.
func (p *Pages) accountPage(page string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if _, ok := p.SignedIn(c, p.needOfMyMinID(c, freshLogin)); ok {
			p.Site.Render(c, http.StatusOK, page, accountView{p.accountForm(c), p.changeLimit(c)})
		}
	}
}

func (p *Pages) accountForm(c *gin.Context) web.Form {
	return web.Form{Token: web.FormToken(p.sessionSecret(c)), Errors: p.accountErrors(c)}
}

func (p *Pages) changePassword(c *gin.Context) {
	strength, err := p.Core.ChangePassword(inLanguage(c), p.sessionSecret(c), c.PostForm("password"), c.PostForm("new"))
	p.change(c, err, donePassword, "/minid/password")
	if err == nil {
		p.setNotice(c, notice{donePassword, strength})
	}
}

// strength tells the script how strong a password is that is being typed. Nothing is kept of it.
func (p *Pages) strength(c *gin.Context) {
	n, err := p.Core.StrengthFor(c.Request.Context(), p.sessionSecret(c), c.PostForm("new"))
	p.tellStrength(c, n, err)
}

func (p *Pages) tellStrength(c *gin.Context, n int, err error) {
	var rule minid.ErrPasswordRule
	lang := web.Lang(c)
	switch {
	case errors.As(err, &rule):
		p.Site.Poll(c, web.PollAnswer{Text: p.Site.T(lang, "login.rule."+string(rule.Rule))})
	case err != nil:
		p.Site.Poll(c, web.PollAnswer{})
	default:
		p.Site.Poll(c, web.PollAnswer{Text: p.Site.T(lang, strengthKeys[n])})
	}
}

// strengthKeys are the words for a strength from 0 to 4.
var strengthKeys = [...]string{"login.strength.0", "login.strength.1", "login.strength.2", "login.strength.3", "login.strength.4"}

func (p *Pages) endOther(c *gin.Context) {
	p.change(c, p.Core.EndOther(c.Request.Context(), p.sessionSecret(c), c.PostForm("session")), doneEnded, "/minid")
}
