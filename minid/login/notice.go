package login

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/web"
)

// notice is what was wrong with the last form. It travels in a cookie over the 303 to the page that shows it, and stays
// until the next form, so that reloading and changing language do not lose it. It holds a code and a number, never words
// or what the person typed.
type notice struct {
	Kind string
	N    int // minutes, for noticeQuarantined and noticeTooMany
}

// Kinds of notice.
const (
	noticeWrong       = "wrong"
	noticeQuarantined = "quarantined"
	noticeCode        = "code"
	noticeSMS         = "sms"
	noticeTooMany     = "too_many"
	noticeNoPID       = "pid"
	noticeNoPassword  = "password"
	noticeNeither     = "pid_password"
	noticeReset       = "reset"
	noticeNoCode      = "code_missing"
	noticeRecovery    = "recovery"
)

const noticeLife = 5 * time.Minute

func (p *Pages) setNotice(c *gin.Context, n notice) {
	web.SetCookie(c, p.Site, noticeCookie, n.Kind+"."+strconv.Itoa(n.N), noticeLife)
}

func (p *Pages) clearNotice(c *gin.Context) {
	web.SetCookie(c, p.Site, noticeCookie, "", -1)
}

// notice reads the cookie; what it does not know is no notice.
func (p *Pages) notice(c *gin.Context) notice {
	kind, number, _ := strings.Cut(web.Cookie(c, p.Site, noticeCookie), ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > 24*60 {
		return notice{}
	}
	return notice{Kind: kind, N: n}
}

// errors are the notice's words at the fields of the password and the code page, in the person's language.
func (p *Pages) errors(c *gin.Context) []web.FieldError {
	n, lang := p.notice(c), web.Lang(c)
	at := func(field, key string, args ...any) web.FieldError {
		return web.FieldError{Field: field, Text: p.Site.T(lang, key, args...)}
	}
	switch n.Kind {
	case noticeWrong:
		return []web.FieldError{at("pid", "login.error.wrong")}
	case noticeQuarantined:
		if n.N == 1 {
			return []web.FieldError{at("pid", "login.error.quarantined.one", "n", n.N)}
		}
		return []web.FieldError{at("pid", "login.error.quarantined.many", "n", n.N)}
	case noticeNoPID:
		return []web.FieldError{at("pid", "login.error.pid")}
	case noticeNoPassword:
		return []web.FieldError{at("password", "login.error.password")}
	case noticeNeither:
		return []web.FieldError{at("pid", "login.error.pid"), at("password", "login.error.password")}
	case noticeReset:
		return []web.FieldError{at("sms", "login.reset.wrong")}
	case noticeCode:
		return []web.FieldError{at("code", "login.error.code")}
	case noticeSMS:
		return []web.FieldError{at("code", "login.error.sms")}
	case noticeRecovery:
		return []web.FieldError{at("code", "recovery.wrong")}
	case noticeNoCode:
		return []web.FieldError{at("code", "login.error.code_missing")}
	}
	return nil
}

// minutes rounds up: nobody is told to come back too early.
func minutes(d time.Duration) int {
	return max(1, int(math.Ceil(d.Minutes())))
}
