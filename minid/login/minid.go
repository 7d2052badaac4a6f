package login

import (
	"errors"
	"strings"
	"time"

	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// freshLogin is how recent a login must be to change how a person signs in.
const freshLogin = 5 * time.Minute

type minidView struct {
	web.Form
	PID         string // masked
	Level       minid.Level
	Basis       minid.Basis
	Factors     []minid.Factor
	Minutes     int // since the login
	PairingCode string
	Paired      bool // with the code that was shown just now
	AtDesk      bool // the pairing code is given at the service desk
	Account     *minid.Account
	Ends        string // last digits of the phone
	Mail        string // masked
	Done        string
	Onward      string // to the service that the person was on the way to
	Limit       web.Limit
	PairLimit   web.Limit // of PairingCode
}

func (p *Pages) needOfMyMinID(c *gin.Context, maxAge time.Duration) minid.Need {
	return minid.Need{
		Service: p.Site.T(web.Lang(c), "login.minid.title"), Level: minid.LevelSubstantial, MaxAge: maxAge,
		ReturnTo: "/minid", CancelTo: p.Site.Home(),
	}
}

// myMinID shows who is signed in.
func (p *Pages) myMinID(c *gin.Context) {
	s, ok := p.SignedIn(c, p.needOfMyMinID(c, 0))
	if !ok {
		return
	}
	account, err := p.Core.Account(c.Request.Context(), p.sessionSecret(c))
	if err != nil {
		p.change(c, err, "", "/minid")
		return
	}
	code, pairLimit, paired, err := p.pairing(c)
	if err != nil {
		p.Site.Failure(c, err)
		return
	}
	_, onward := p.onward(c)
	c.Header("Cache-Control", "no-store")
	p.Site.Render(c, http.StatusOK, "login_minid", minidView{
		Form: p.accountForm(c), Account: account, Done: p.accountDone(c), Onward: onward,
		Ends: lastTwo(account.Person.Phone), Mail: maskMail(account.Person.Email),
		PID: account.Person.MaskedPID(), Level: s.Level, Basis: s.Basis, Factors: s.Factors,
		Minutes:     minutes(p.Core.Now().Sub(s.AuthTime)),
		PairingCode: code, PairLimit: pairLimit, Limit: web.Limit{TimeKey: "login.time.session", Again: "/minid"}.Until(p.Core.Now(), s.Ends),
		Paired: paired && account.Device != nil,
		AtDesk: p.Core.PairsAtDesk(s),
	})
}

// pair makes a pairing code and shows it on /minid, which tells who must get theirs at the service desk. A login that is
// too old for it is renewed first, at the level it had.
func (p *Pages) pair(c *gin.Context) {
	code, expires, err := p.Core.StartPairing(c.Request.Context(), web.Cookie(c, p.Site, sessionCookie))
	switch {
	case err == nil:
		p.setPairing(c, code, expires)
		p.to(c, "/minid#pair")
	case errors.Is(err, minid.ErrPairAtDesk):
		p.to(c, "/minid#pair")
	case errors.Is(err, minid.ErrSessionTooOld), errors.Is(err, minid.ErrSessionTooLow), errors.Is(err, minid.ErrNoSession):
		need := p.needOfMyMinID(c, freshLogin)
		if s := p.Session(c); s != nil {
			need.Level = max(need.Level, s.Level)
		}
		if _, ok := p.SignedIn(c, need); ok {
			p.to(c, "/minid")
		}
	default:
		p.Site.Failure(c, err)
	}
}

// groups writes a code in groups of four, as people read codes, and what is not a code not at all.
func groups(code string) string {
	if len(code) > 64 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return ""
	}
	var b strings.Builder
	for i, r := range code {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// logout ends the session. A sign-in under way is left alone: it is another form's.
func (p *Pages) logout(c *gin.Context) {
	s := p.Session(c)
	if err := p.End(c); err != nil {
		p.Site.Failure(c, err)
		return
	}
	if s != nil && p.Ended != nil && p.Ended(c, s) {
		return
	}
	p.to(c, p.Site.Home())
}
