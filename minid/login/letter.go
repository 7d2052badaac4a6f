package login

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// Names of the cookies of an order and of a registration by letter. Before there is one, a random secret stands there: the
// first form needs a token too.
const (
	orderCookie        = "order"
	registrationCookie = "registration"
)

// mountLetters puts the order of an activation letter, and the registration with one, on g.
func (p *Pages) mountLetters(g *gin.RouterGroup) {
	g.GET("/letter", p.letter)
	g.GET("/letter/code", p.letterCode)
	g.GET("/letter/ordered", p.plainPage("login_letter_ordered"))
	g.GET("/register", p.register)
	g.GET("/register/step", p.registerStep)
	g.GET("/register/done", p.registered)
	g.GET("/register/refused", p.plainPage("login_register_refused"))
	for path, take := range map[string]gin.HandlerFunc{"/letter": p.orderLetter, "/letter/code": p.confirmLetter, "/letter/again": p.letterAgain} {
		g.POST(path, p.guardedTo(orderCookie, "/letter"), take)
	}
	for path, take := range map[string]gin.HandlerFunc{
		"/register": p.startRegistration, "/register/password": p.registerPassword, "/register/strength": p.registerStrength,
		"/register/phone": p.registerPhone, "/register/phone/again": p.registerPhoneAgain, "/register/email": p.registerEmail,
		"/register/email/code": p.registerEmailCode, "/register/refuse": p.refuseLetter,
	} {
		g.POST(path, p.guardedTo(registrationCookie, "/register"), take)
	}
}

func (p *Pages) plainPage(page string) gin.HandlerFunc {
	return func(c *gin.Context) { p.Site.Render(c, http.StatusOK, page, nil) }
}

// letterForm is the form of a page, with the token of a cookie that is made when it is not there.
func (p *Pages) letterForm(c *gin.Context, cookie string) web.Form {
	secret := web.Cookie(c, p.Site, cookie)
	if secret == "" {
		secret = rand.Text()
		web.SetCookie(c, p.Site, cookie, secret, whileOpen)
	}
	return web.Form{Token: web.FormToken(secret), Errors: p.letterErrors(c)}
}

// letter asks for number and phone.
func (p *Pages) letter(c *gin.Context) {
	if !p.Core.OffersLetters() {
		p.Site.Problem(c, web.Problem{Status: http.StatusNotFound, Code: "no_letters", TextKey: "letter.problem.none"})
		return
	}
	p.Site.Render(c, http.StatusOK, "login_letter", p.letterForm(c, orderCookie))
}

func formPID(c *gin.Context) string { return strings.Join(strings.Fields(c.PostForm("pid")), "") }

// orderLetter takes number and phone. What is answered is the same for every number of eleven digits.
func (p *Pages) orderLetter(c *gin.Context) {
	pid := formPID(c)
	if !elevenDigits(pid) {
		p.noticeAt(c, orderPID, 0, "/letter")
		return
	}
	order, err := p.Core.OrderLetter(inLanguage(c), pid, c.PostForm("phone"))
	if err == nil {
		web.SetCookie(c, p.Site, orderCookie, order, whileOpen)
	}
	p.letterAnswer(c, err, "/letter/code", "/letter")
}

// letterCode asks for the code that went to the phone.
func (p *Pages) letterCode(c *gin.Context) {
	switch err := p.Core.LetterOrderOpen(c.Request.Context(), web.Cookie(c, p.Site, orderCookie)); {
	case errors.Is(err, minid.ErrExpired):
		p.letterOver(c, "/letter", "letter.problem.order")
	case err != nil:
		p.Site.Failure(c, err)
	default:
		p.Site.Render(c, http.StatusOK, "login_letter_code", p.letterForm(c, orderCookie))
	}
}

func (p *Pages) confirmLetter(c *gin.Context) {
	err := p.Core.ConfirmOrder(inLanguage(c), web.Cookie(c, p.Site, orderCookie), formCode(c))
	if err == nil {
		web.SetCookie(c, p.Site, orderCookie, "", -1)
	}
	p.letterAnswer(c, err, "/letter/ordered", "/letter/code")
}

func (p *Pages) letterAgain(c *gin.Context) {
	err := p.Core.ResendOrderCode(inLanguage(c), web.Cookie(c, p.Site, orderCookie))
	p.letterAnswer(c, err, "/letter/code", "/letter/code")
}

// letterAnswer leads on when there is no error, and else back, with a notice of what is to be corrected.
func (p *Pages) letterAnswer(c *gin.Context, err error, onward, back string) {
	var (
		busy    minid.ErrBusy
		closed  minid.ErrQuarantined
		tooMany minid.ErrTooManyAttempts
		rule    minid.ErrPasswordRule
		address minid.ErrAddress
	)
	p.clearNotice(c)
	switch {
	case err == nil:
		p.to(c, onward)
	case errors.As(err, &address):
		p.TooManyFrom(c, address, back, "letter.problem.back")
	case errors.As(err, &busy):
		p.Site.Problem(c, web.Problem{
			Status: http.StatusServiceUnavailable, Code: "busy", TextKey: "login.problem.busy", RetryAfter: busy.RetryAfter,
			ReturnURL: back, ReturnTextKey: "letter.problem.back",
		})
	case errors.As(err, &closed):
		p.noticeAt(c, activationClosed, minutes(closed.RetryAfter), back)
	case errors.As(err, &tooMany):
		p.noticeAt(c, orderSends, minutes(tooMany.RetryAfter), back)
	case errors.As(err, &rule):
		p.noticeAt(c, noticeRule+string(rule.Rule), 0, back)
	case errors.Is(err, minid.ErrPhone):
		p.noticeAt(c, orderPhone, 0, back)
	case errors.Is(err, minid.ErrEmail):
		p.noticeAt(c, registerEmail, 0, back)
	case errors.Is(err, minid.ErrNotSent):
		p.noticeAt(c, orderNotSent, 0, back)
	case errors.Is(err, minid.ErrWrongCode) && back == "/register":
		p.noticeAt(c, activationWrong, 0, back)
	case errors.Is(err, minid.ErrWrongCode):
		p.noticeAt(c, orderCode, 0, back)
	case errors.Is(err, minid.ErrStep):
		p.to(c, back)
	case errors.Is(err, minid.ErrExpired):
		p.letterExpired(c, back)
	case errors.Is(err, minid.ErrNoLetters):
		p.to(c, "/letter")
	default:
		p.Site.Failure(c, err)
	}
}

func (p *Pages) noticeAt(c *gin.Context, kind string, n int, where string) {
	p.setNotice(c, notice{kind, n})
	p.to(c, where)
}

func (p *Pages) letterExpired(c *gin.Context, back string) {
	if strings.HasPrefix(back, "/letter") {
		p.letterOver(c, "/letter", "letter.problem.order")
		return
	}
	p.letterOver(c, "/register", "letter.problem.registration")
}

// letterOver tells that there is no order, or no registration, under way, and where to begin anew.
func (p *Pages) letterOver(c *gin.Context, begin, text string) {
	p.clearNotice(c)
	p.Site.Problem(c, web.Problem{
		Status: http.StatusGone, Code: "over", TextKey: text, ReturnURL: begin, ReturnTextKey: "letter.problem.begin",
	})
}

// Kinds of notice of the pages on letters.
const (
	orderPID         = "order_pid"
	orderPhone       = "order_phone"
	orderCode        = "order_code"
	orderSends       = "order_sends"
	orderNotSent     = "order_not_sent"
	activationWrong  = "activation_wrong"
	activationClosed = "activation_closed"
	activationPID    = "activation_pid"
	registerEmail    = "email_wrong"
)

// letterFieldOf is where a notice belongs, on the pages that have the field.
var letterFieldOf = map[string]string{
	orderPID: "pid", orderPhone: "phone", orderCode: "code", orderSends: "again", orderNotSent: "again", activationWrong: "code",
	activationClosed: "code", activationPID: "pid", registerEmail: "email",
}

// letterErrors are the notice's words at the fields of the pages on letters.
func (p *Pages) letterErrors(c *gin.Context) []web.FieldError {
	n, lang := p.notice(c), web.Lang(c)
	field, ok := letterFieldOf[n.Kind]
	switch {
	case !ok:
		return p.accountErrors(c) // a rule that a password broke
	case n.Kind == activationClosed || n.Kind == orderSends:
		form := ".many"
		if n.N == 1 {
			form = ".one"
		}
		return []web.FieldError{{Field: field, Text: p.Site.T(lang, "letter.error."+n.Kind+form, "n", n.N)}}
	}
	return []web.FieldError{{Field: field, Text: p.Site.T(lang, "letter.error."+n.Kind)}}
}
