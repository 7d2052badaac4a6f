package pages

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/web"
)

// notice is what came of the last form. It travels in a cookie over the 303 to the page that shows it, as a code and a
// number, never as words or what was typed.
type notice struct {
	kind string
	n    int // minutes
}

const (
	noticeCookie = "school_notice"
	noticeLife   = 5 * time.Minute

	noticeRule = "rule_" // and the rule of the password
)

// wrong are the notices that stand at a field: its id, and the text, which takes {n} where counted.
var wrong = map[string]struct {
	field, text string
	counted     bool
}{
	"presence": {"present", "school.error.presence", false},
	"choose":   {"pupils", "school.error.choose", false},
	"cannot":   {"pupils", "school.error.cannot", false},
	"too_many": {"pupils", "school.error.too_many", true},

	"teacher": {"teacher", "school.owner.error.teacher", false},
	"classes": {"classes", "school.owner.error.classes", false},
	"until":   {"until", "school.owner.error.until", false},

	"code":  {"code", "school.number.error.code", false},
	"pid":   {"pid", "school.number.error.pid", false},
	"wrong": {"pid", "school.number.error.wrong", false},
	"over":  {"code", "school.number.error.over", false},

	"factor":   {"factor", "school.details.error.factor", false},
	"phone":    {"phone", "school.details.error.phone", false},
	"email":    {"email", "school.details.error.email", false},
	"not_sent": {"phone", "school.details.error.not_sent", false},
	"sends":    {"phone", "school.details.error.sends", true},

	noticeRule + "short":   {"new", "login.rule.short", false},
	noticeRule + "long":    {"new", "login.rule.long", false},
	noticeRule + "common":  {"new", "login.rule.common", false},
	noticeRule + "context": {"new", "login.rule.context", false},
	noticeRule + "text":    {"new", "login.rule.text", false},

	"confirm": {"otp", "school.confirm.error", false},
}

// done are the notices of what went well.
var done = map[string]string{
	"authorised": "school.owner.done.authorised", "withdrawn": "school.owner.done.withdrawn", "revoked": "school.owner.done.revoked",
}

func (p *Pages) setNotice(c *gin.Context, kind string, n int) {
	web.SetCookie(c, p.Site, noticeCookie, kind+"."+strconv.Itoa(n), noticeLife)
}

func (p *Pages) clearNotice(c *gin.Context) { web.SetCookie(c, p.Site, noticeCookie, "", -1) }

// notice reads the cookie; what it does not know is no notice.
func (p *Pages) notice(c *gin.Context) notice {
	kind, number, _ := strings.Cut(web.Cookie(c, p.Site, noticeCookie), ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > 24*60 {
		return notice{}
	}
	return notice{kind, n}
}

// errors are the notice's words at their fields, for a page that has these fields. A notice may be of several kinds.
func (p *Pages) errors(c *gin.Context, fields ...string) (list []web.FieldError) {
	n := p.notice(c)
	for kind := range strings.SplitSeq(n.kind, "+") {
		if w, ok := wrong[kind]; ok && slices.Contains(fields, w.field) {
			list = append(list, web.FieldError{Field: w.field, Text: p.words(web.Lang(c), w.text, w.counted, n.n)})
		}
	}
	return list
}

func (p *Pages) words(lang, key string, counted bool, n int) string {
	if !counted {
		return p.Site.T(lang, key)
	}
	if n == 1 {
		return p.Site.T(lang, key+".one", "n", n)
	}
	return p.Site.T(lang, key+".many", "n", n)
}

// done is what went well, in words; "" for nothing.
func (p *Pages) done(c *gin.Context) string {
	if key, ok := done[p.notice(c).kind]; ok {
		return p.Site.T(web.Lang(c), key)
	}
	return ""
}
