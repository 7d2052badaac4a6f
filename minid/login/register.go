package login

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// registerView is the data of the pages of a registration by letter.
type registerView struct {
	web.Form
	Ends string // last digits of the phone
	Live bool   // the code that was sent last can be used
}

var registerPageOf = map[minid.ActivationStep]string{
	minid.ActivationPassword:  "login_register_password",
	minid.ActivationPhone:     "login_register_phone",
	minid.ActivationEmail:     "login_register_email",
	minid.ActivationEmailCode: "login_register_email_code",
}

const registerSteps = "/register/step"

// register asks for number and activation code. The code may stand in the fragment of the address: the script puts it into
// the field, and no server sees it before the form is sent.
func (p *Pages) register(c *gin.Context) {
	p.Site.Render(c, http.StatusOK, "login_register", struct {
		web.Form
		Letters bool
	}{p.letterForm(c, registrationCookie), p.Core.OffersLetters()})
}

func (p *Pages) startRegistration(c *gin.Context) {
	pid := formPID(c)
	if !elevenDigits(pid) {
		p.noticeAt(c, activationPID, 0, "/register")
		return
	}
	secret, _, err := p.Core.StartActivation(inLanguage(c), pid, c.PostForm("code"))
	if err == nil {
		web.SetCookie(c, p.Site, registrationCookie, secret, whileOpen)
	}
	p.letterAnswer(c, err, registerSteps, "/register")
}

func (p *Pages) registration(c *gin.Context) string { return web.Cookie(c, p.Site, registrationCookie) }

// registerStep shows the step that the registration is at.
func (p *Pages) registerStep(c *gin.Context) {
	v, err := p.Core.ActivationView(c.Request.Context(), p.registration(c))
	switch {
	case errors.Is(err, minid.ErrExpired) || err == nil && v.Step == minid.ActivationEnded:
		p.letterOver(c, "/register", "letter.problem.registration")
	case err != nil:
		p.Site.Failure(c, err)
	case v.Step == minid.ActivationReady: // a fault came between the last code and the account
		p.registerDone(c, p.Core.FinishActivation(inLanguage(c), p.registration(c)))
	default:
		p.Site.Render(c, http.StatusOK, registerPageOf[v.Step], registerView{
			Form: p.letterForm(c, registrationCookie), Ends: v.Ends, Live: v.Code == minid.CodeLive,
		})
	}
}

func (p *Pages) registerPassword(c *gin.Context) {
	err := p.Core.ChooseActivationPassword(inLanguage(c), p.registration(c), c.PostForm("new"))
	p.letterAnswer(c, err, registerSteps, registerSteps)
}

// registerStrength tells the script how strong a password is that is being typed. Nothing is kept of it.
func (p *Pages) registerStrength(c *gin.Context) {
	n, err := p.Core.ActivationStrength(c.Request.Context(), p.registration(c), c.PostForm("new"))
	p.tellStrength(c, n, err)
}

func (p *Pages) registerPhone(c *gin.Context) {
	p.letterAnswer(c, p.Core.PassActivationPhone(inLanguage(c), p.registration(c), formCode(c)), registerSteps, registerSteps)
}

func (p *Pages) registerPhoneAgain(c *gin.Context) {
	p.letterAnswer(c, p.Core.ResendActivationSMS(inLanguage(c), p.registration(c)), registerSteps, registerSteps)
}

func (p *Pages) registerEmail(c *gin.Context) {
	p.letterAnswer(c, p.Core.StartActivationEmail(inLanguage(c), p.registration(c), c.PostForm("email")), registerSteps, registerSteps)
}

func (p *Pages) registerEmailCode(c *gin.Context) {
	p.registerDone(c, p.Core.PassActivationEmail(inLanguage(c), p.registration(c), formCode(c)))
}

func (p *Pages) registerDone(c *gin.Context, err error) {
	if err == nil {
		web.SetCookie(c, p.Site, registrationCookie, "", -1)
	}
	p.letterAnswer(c, err, "/register/done", registerSteps)
}

func (p *Pages) refuseLetter(c *gin.Context) {
	err := p.Core.RefuseLetter(c.Request.Context(), p.registration(c))
	if err == nil {
		web.SetCookie(c, p.Site, registrationCookie, "", -1)
	}
	p.letterAnswer(c, err, "/register/refused", registerSteps)
}

// registered tells that MinID is ready. Nobody is signed in by a registration: the way on is the sign-in that the person came
// from, or their own page.
func (p *Pages) registered(c *gin.Context) {
	v, err := viewOf(c.Request.Context(), p.Core, web.Cookie(c, p.Site, signInCookie))
	if err != nil && !errors.Is(err, minid.ErrExpired) {
		p.Site.Failure(c, err)
		return
	}
	data := struct{ Onward, Service string }{Onward: "/minid"}
	if err == nil {
		data.Onward, data.Service = "/login", v.Service
	}
	p.Site.Render(c, http.StatusOK, "login_register_done", data)
}
