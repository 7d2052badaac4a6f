package login

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// stepView is the data of the pages of a step.
type stepView struct {
	web.Form
	Service           string
	Others            []minid.Factor
	Required, Reached minid.Level
	Axis              minid.Unreachable
	PINDropped        bool
	Letters           bool   // an activation letter can be ordered
	Done              bool   // a new password was set just now
	Ends              string // last digits of the number that a code was sent to
	PassportHelps     bool   // a check of the passport would reach the level
	HasMyMinID        bool   // what was reached opens /minid
	Second            bool   // a second factor is asked for
	Limit             web.Limit
	approvalView
}

// approvalView is how the login attempt in the MinID app, or the code by SMS, stands.
type approvalView struct {
	State   string // "waiting", "rejected", "expired" or "too_many"; of SMS, a minid.CodeState
	Number  string
	Minutes int // until the app may be asked, or a code be sent, again
}

var pageOf = map[minid.Step]string{
	minid.StepPassword:    "login_password",
	minid.StepTOTP:        "login_totp",
	minid.StepApp:         "login_app",
	minid.StepSMS:         "login_sms",
	minid.StepUnreachable: "login_unreachable",
	minid.StepRecovery:    "login_recovery",
	minid.StepReset:       "login_reset",
	minid.StepNewPassword: "login_new_password",
}

// step shows the step the sign-in is at. A sign-in that was completed elsewhere, in the app, ends here.
func (p *Pages) step(c *gin.Context) {
	v, ok := p.view(c)
	if !ok {
		return
	}
	if v.Step == minid.StepDone {
		p.finish(c, v)
		return
	}
	data := stepView{
		Form:    web.Form{Token: web.FormToken(web.Cookie(c, p.Site, signInCookie))},
		Service: v.Service, Others: v.Factors, Required: v.Required, Reached: v.Reached, Axis: v.Unreachable,
		Second: v.Required > minid.LevelLow, Limit: p.limitOf(v),
		PINDropped: v.PINDropped, HasMyMinID: v.Reached >= minid.LevelSubstantial, PassportHelps: v.PassportHelps, Letters: p.Core.OffersLetters(),
	}
	switch v.Step {
	case minid.StepPassword, minid.StepTOTP, minid.StepReset, minid.StepRecovery:
		data.Errors, data.Done = p.errors(c), p.notice(c).Kind == donePassword
	case minid.StepNewPassword:
		data.Errors = p.accountErrors(c)
	case minid.StepApp:
		data.approvalView = p.approvalOf(v, p.notice(c))
	case minid.StepSMS:
		data.approvalView, data.Ends = smsOf(v, p.notice(c)), v.SMS.Ends
		if data.State == string(minid.CodeLive) {
			data.Errors = p.errors(c)
		}
	}
	p.Site.Render(c, http.StatusOK, pageOf[v.Step], data, web.FormActions(onward(v)...))
}

// onward is where the form of a step may lead in the end: back to the service, and from there to one elsewhere.
func onward(v *minid.View) []string {
	if v.Onward == "" {
		return nil
	}
	return []string{v.Onward}
}

// password takes the first form. A number of another length can be nobody's, so it is told at once and not counted.
func (p *Pages) password(c *gin.Context) {
	pid, password := strings.Join(strings.Fields(c.PostForm("pid")), ""), c.PostForm("password")
	missing := ""
	switch {
	case !elevenDigits(pid) && password == "":
		missing = noticeNeither
	case !elevenDigits(pid):
		missing = noticeNoPID
	case password == "":
		missing = noticeNoPassword
	}
	if missing != "" {
		p.setNotice(c, notice{Kind: missing})
		p.to(c, "/login")
		return
	}
	v, err := p.Core.Password(inLanguage(c), web.Cookie(c, p.Site, signInCookie), pid, password)
	p.answered(c, v, err)
}

func elevenDigits(s string) bool {
	return len(s) == 11 && strings.Trim(s, "0123456789") == ""
}

func smsOf(v *minid.View, n notice) approvalView {
	sms := approvalView{State: string(v.SMS.State)}
	if n.Kind == noticeTooMany {
		sms.Minutes = n.N
	}
	return sms
}

// totp takes a code. Apps show it in two groups, so blanks between digits are left out.
func (p *Pages) totp(c *gin.Context) {
	p.code(c, p.Core.TOTP)
}

// sms takes a code that came by SMS.
func (p *Pages) sms(c *gin.Context) {
	p.code(c, p.Core.SMS)
}

func (p *Pages) code(c *gin.Context, check func(ctx context.Context, signIn, code string) (*minid.View, error)) {
	code := strings.Join(strings.Fields(c.PostForm("code")), "")
	if code == "" {
		p.setNotice(c, notice{Kind: noticeNoCode})
		p.to(c, "/login")
		return
	}
	v, err := check(inLanguage(c), web.Cookie(c, p.Site, signInCookie), code)
	p.answered(c, v, err)
}

// method goes to another factor, and notes when it is to be the one from now on. What is no way now is no wish either.
func (p *Pages) method(c *gin.Context) {
	signIn, f := web.Cookie(c, p.Site, signInCookie), minid.Factor(c.PostForm("factor"))
	if c.PostForm("remember") != "" {
		if err := p.Core.Remember(c.Request.Context(), signIn, f); err != nil && !errors.Is(err, minid.ErrStep) && !errors.Is(err, minid.ErrExpired) {
			p.Site.Failure(c, err)
			return
		}
	}
	v, err := p.Core.ChooseFactor(inLanguage(c), signIn, f)
	p.answered(c, v, err)
}

// cancel ends the sign-in. At a level that cannot be reached it is the button back to the service.
func (p *Pages) cancel(c *gin.Context) {
	if c.GetHeader("Sec-Fetch-Site") == "cross-site" {
		p.to(c, "/login")
		return
	}
	v, ok := p.view(c)
	if !ok {
		return
	}
	reason := "cancelled"
	if v.Step == minid.StepUnreachable {
		reason = "level"
	}
	if _, err := p.Core.Cancel(c.Request.Context(), web.Cookie(c, p.Site, signInCookie)); err != nil && !errors.Is(err, minid.ErrExpired) {
		p.Site.Failure(c, err)
		return
	}
	p.forgetSignIn(c)
	p.to(c, withReason(v.CancelTo, reason))
}

func withReason(path, reason string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "reason=" + reason
}

func (p *Pages) help(c *gin.Context) {
	underWay := web.Cookie(c, p.Site, signInCookie) != ""
	p.Site.Render(c, http.StatusOK, "login_help", gin.H{"UnderWay": underWay, "Letters": p.Core.OffersLetters()})
}
