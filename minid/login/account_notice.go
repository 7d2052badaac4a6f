package login

import (
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/web"
)

// Kinds of notice of /minid: what is to be corrected, and what was done.
const (
	noticeNewCode       = "new_code"
	noticeCurrent       = "current"
	noticeCurrentLocked = "current_locked"
	noticePhone         = "phone_wrong"
	noticeNotSent       = "not_sent"
	noticeSends         = "sends"
	noticeName          = "name_wrong"
	noticeLast          = "last"
	noticeGone          = "gone"
	noticeRule          = "rule_" // and the rule
	noticeMail          = "mail_wrong"
	noticeMailNotSent   = "mail_not_sent"
	noticeMailSends     = "mail_sends"
	noticeSure          = "sure"

	doneTOTP      = "done_totp"
	doneRemoved   = "done_removed"
	doneRenamed   = "done_renamed"
	donePreferred = "done_preferred"
	donePhone     = "done_phone"
	donePassword  = "done_password" // N is the strength
	doneEnded     = "done_ended"
	doneMail      = "done_mail"
	doneContact   = "done_contact"
)

// fieldOf is where a notice belongs.
var fieldOf = map[string]string{
	noticeNewCode: "code", noticeCurrent: "password", noticeCurrentLocked: "password", noticePhone: "phone",
	noticeNotSent: "phone", noticeSends: "phone", noticeName: "factors", noticeLast: "factors", noticeGone: "factors",
	noticeMail: "email", noticeMailNotSent: "email", noticeMailSends: "email", noticeSure: "sure",
}

// accountErrors are the notice's words at the fields of the pages of /minid.
func (p *Pages) accountErrors(c *gin.Context) []web.FieldError {
	n, lang := p.notice(c), web.Lang(c)
	if rule, ok := strings.CutPrefix(n.Kind, noticeRule); ok && rules[rule] {
		return []web.FieldError{{Field: "new", Text: p.Site.T(lang, "login.rule."+rule)}}
	}
	field, ok := fieldOf[n.Kind]
	if !ok {
		return nil
	}
	return []web.FieldError{{Field: field, Text: p.Site.T(lang, "login.account."+n.Kind, "n", n.N)}}
}

// rules are those a cookie may name.
var rules = map[string]bool{"short": true, "long": true, "common": true, "context": true, "text": true}

// accountDone is what was done, in words; "" for nothing.
func (p *Pages) accountDone(c *gin.Context) string {
	n, lang := p.notice(c), web.Lang(c)
	switch n.Kind {
	case doneTOTP, doneRemoved, doneRenamed, donePreferred, donePhone, doneEnded, doneMail:
		return p.Site.T(lang, "login.account."+n.Kind)
	case donePassword:
		return p.Site.T(lang, "login.account.done_password") + " " + p.Site.T(lang, strengthKeys[min(n.N, 4)])
	}
	return ""
}
