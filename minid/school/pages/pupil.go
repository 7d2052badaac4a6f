package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/minid/school"
	"lommebok.example/web"
)

const (
	enrolmentCookie = "enrolment"
	codeCookie      = "enrol_code"
	codeLife        = 5 * time.Minute

	whileOpen time.Duration = 0 // the core knows when an enrolment ends
)

func (p *Pages) mountPupil(g gin.IRouter) {
	g.GET("/enrol", p.step)
	g.POST("/enrol", p.claim)
	g.POST("/enrol/details", p.guarded, p.details)
	g.POST("/enrol/confirm", p.guarded, p.confirm)
	g.POST("/enrol/back", p.guarded, p.back)
	g.POST("/enrol/strength", p.guarded, p.strength)
}

func (p *Pages) secret(c *gin.Context) string { return web.Cookie(c, p.Site, enrolmentCookie) }

// guarded lets forms of the enrolment in this browser through. A form of none goes to the beginning.
func (p *Pages) guarded(c *gin.Context) {
	if p.secret(c) == "" || !web.CheckFormToken(p.secret(c), c.PostForm("token")) {
		p.over(c)
	}
}

// over forgets the enrolment and begins anew, with the reason.
func (p *Pages) over(c *gin.Context) {
	web.SetCookie(c, p.Site, enrolmentCookie, "", -1)
	p.setNotice(c, "over", 0)
	p.to(c, "/enrol")
}

type enrolView struct {
	web.Form
	*school.View
	Code    string // typed before
	Address string // otpauth
	Key     string // in groups
	Ends    string // last digits of the phone
	Limit   web.Limit
}

var codeForm = regexp.MustCompile(`^[A-Z2-7]{8}$`)

// step shows where the pupil is.
func (p *Pages) step(c *gin.Context) {
	switch p.notice(c).kind {
	case "has_account":
		p.Site.Render(c, http.StatusOK, "school_has", nil)
		p.clearNotice(c)
		return
	case "cannot_enrol":
		p.Site.Render(c, http.StatusOK, "school_cannot", nil)
		p.clearNotice(c)
		return
	}
	if p.secret(c) == "" {
		p.number(c)
		return
	}
	v, err := p.Core.View(c.Request.Context(), p.secret(c))
	if errors.Is(err, school.ErrOver) {
		p.over(c)
		return
	}
	if err != nil {
		p.Site.Failure(c, err)
		return
	}
	data := enrolView{
		Form: web.Form{Token: web.FormToken(p.secret(c))}, View: v, Ends: v.Phone[max(0, len(v.Phone)-2):],
		Limit: web.Limit{TimeKey: "school.time.enrol", Again: "/enrol"}.Until(p.Core.MinID.Now(), v.Expires),
	}
	switch v.Step {
	case school.StepDetails:
		data.Errors = p.errors(c, "new", "factor", "phone", "email")
		p.Site.Render(c, http.StatusOK, "school_details", data)
	case school.StepConfirm:
		data.Errors = p.errors(c, "otp")
		data.Address, data.Key = otpauth(v.TOTPSecret), groups(v.TOTPSecret)
		p.Site.Render(c, http.StatusOK, "school_confirm", data)
	default:
		p.Site.Render(c, http.StatusOK, "school_done", data)
	}
}

func (p *Pages) number(c *gin.Context) {
	v := enrolView{Form: web.Form{Errors: p.errors(c, "code", "pid")}}
	if code := web.Cookie(c, p.Site, codeCookie); codeForm.MatchString(code) {
		v.Code = code
	}
	p.Site.Render(c, http.StatusOK, "school_number", v)
}

func otpauth(secret string) string {
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/MinID", RawQuery: url.Values{
		"secret": {secret}, "issuer": {"MinID demonstrasjon"}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"},
	}.Encode()}
	return strings.ReplaceAll(u.String(), "+", "%20")
}

func groups(secret string) string {
	var b strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// claim takes code and number. What has another form than either is told at once and counts for nothing.
func (p *Pages) claim(c *gin.Context) {
	if err := c.Request.ParseForm(); err != nil {
		p.over(c)
		return
	}
	code := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(c.PostForm("code")))
	pid := strings.Join(strings.Fields(c.PostForm("pid")), "")
	web.SetCookie(c, p.Site, codeCookie, "", -1)
	if !codeForm.MatchString(code) {
		p.setNotice(c, "code", 0)
		p.to(c, "/enrol")
		return
	}
	if len(pid) != 11 || strings.Trim(pid, "0123456789") != "" {
		p.keepCode(c, code, "pid")
		return
	}
	var address minid.ErrAddress
	secret, err := p.Core.Claim(c.Request.Context(), code, pid)
	switch {
	case err == nil:
		web.SetCookie(c, p.Site, enrolmentCookie, secret, whileOpen)
		p.clearNotice(c)
	case errors.Is(err, school.ErrHasAccount):
		p.setNotice(c, "has_account", 0)
	case errors.Is(err, school.ErrPupil):
		p.setNotice(c, "cannot_enrol", 0)
	case errors.Is(err, school.ErrCode):
		p.keepCode(c, code, "wrong")
		return
	case errors.As(err, &address):
		p.Login.TooManyFrom(c, address, "/enrol", "school.number.title")
		return
	default:
		p.Site.Failure(c, err)
		return
	}
	p.to(c, "/enrol")
}

func (p *Pages) keepCode(c *gin.Context, code, kind string) {
	web.SetCookie(c, p.Site, codeCookie, code, codeLife)
	web.SetCookie(c, p.Site, enrolmentCookie, "", -1) // another's, who used the browser before
	p.setNotice(c, kind, 0)
	p.to(c, "/enrol")
}

func inLanguage(c *gin.Context) context.Context {
	return minid.InLanguage(c.Request.Context(), web.Lang(c))
}

func (p *Pages) details(c *gin.Context) {
	p.went(c, p.Core.Details(inLanguage(c), p.secret(c), school.Details{
		Password: c.PostForm("new"), Factor: minid.Factor(c.PostForm("factor")), Phone: c.PostForm("phone"), Email: c.PostForm("email"),
	}))
}

func (p *Pages) confirm(c *gin.Context) {
	p.went(c, p.Core.Confirm(inLanguage(c), p.secret(c), strings.Join(strings.Fields(c.PostForm("otp")), "")))
}

func (p *Pages) back(c *gin.Context) { p.went(c, p.Core.Back(c.Request.Context(), p.secret(c))) }

// went answers a form of the enrolment: on to the step at hand, with all that was wrong.
func (p *Pages) went(c *gin.Context, err error) {
	var busy minid.ErrBusy
	p.clearNotice(c)
	switch {
	case err == nil:
	case errors.As(err, &busy):
		p.Site.Problem(c, web.Problem{
			Status: http.StatusServiceUnavailable, Code: "busy", TextKey: "school.problem.busy", RetryAfter: busy.RetryAfter,
			ReturnURL: "/enrol", ReturnTextKey: "school.back",
		})
		return
	case errors.Is(err, school.ErrHasAccount):
		web.SetCookie(c, p.Site, enrolmentCookie, "", -1)
		p.setNotice(c, "has_account", 0)
	case errors.Is(err, school.ErrOver):
		p.over(c)
		return
	default:
		kinds, n := kindsOf(err)
		if len(kinds) == 0 {
			p.Site.Failure(c, err)
			return
		}
		p.setNotice(c, strings.Join(kinds, "+"), n)
	}
	p.to(c, "/enrol")
}

// kindsOf are the notices of what a pupil can correct, in the order of the fields, and the minutes to wait.
func kindsOf(err error) (kinds []string, n int) {
	var (
		rule    minid.ErrPasswordRule
		tooMany minid.ErrTooManyAttempts
		address minid.ErrAddress // of sends: an enrolment's own tries are counted by its code
	)
	if errors.As(err, &rule) {
		kinds = append(kinds, noticeRule+string(rule.Rule))
	}
	if errors.As(err, &tooMany) {
		kinds, n = append(kinds, "sends"), minutes(tooMany.RetryAfter)
	}
	if errors.As(err, &address) {
		kinds, n = append(kinds, "sends"), minutes(address.RetryAfter)
	}
	for _, one := range []struct {
		err  error
		kind string
	}{
		{school.ErrFactor, "factor"}, {minid.ErrPhone, "phone"}, {minid.ErrNotSent, "not_sent"}, {school.ErrEmail, "email"},
		{minid.ErrWrongCode, "confirm"},
	} {
		if errors.Is(err, one.err) {
			kinds = append(kinds, one.kind)
		}
	}
	return kinds, n
}

// strengthKeys are the words for a strength from 0 to 4.
var strengthKeys = [...]string{"login.strength.0", "login.strength.1", "login.strength.2", "login.strength.3", "login.strength.4"}

// strength tells the script how strong a password is that is being typed. Nothing is kept of it.
func (p *Pages) strength(c *gin.Context) {
	n, err := p.Core.StrengthFor(c.Request.Context(), p.secret(c), c.PostForm("new"))
	var rule minid.ErrPasswordRule
	lang := web.Lang(c)
	switch {
	case errors.As(err, &rule):
		p.Site.Poll(c, web.PollAnswer{Text: p.Site.T(lang, wrong[noticeRule+string(rule.Rule)].text)})
	case err != nil:
		p.Site.Poll(c, web.PollAnswer{})
	default:
		p.Site.Poll(c, web.PollAnswer{Text: p.Site.T(lang, strengthKeys[n])})
	}
}
