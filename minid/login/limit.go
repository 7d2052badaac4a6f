package login

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// limitOf is what ends first of the step at hand and the sign-in. A sign-in that has run out is begun anew by the service's
// own path; a code or an approval by the page itself.
func (p *Pages) limitOf(v *minid.View) web.Limit {
	now := p.Core.Now()
	switch {
	case v.SMS != nil && v.SMS.State == minid.CodeLive && v.SMS.Expires.Before(v.Expires):
		return web.Limit{TimeKey: "login.time.code", Again: "/login"}.Until(now, v.SMS.Expires)
	case v.App != nil && v.App.State.Open() && v.App.Expires.Before(v.Expires):
		return web.Limit{TimeKey: "login.time.app", Again: "/login"}.Until(now, v.App.Expires)
	}
	return web.Limit{TimeKey: "login.time.signin", Again: v.ReturnTo}.Until(now, v.Expires)
}

// changeLimit is when the login becomes too old to change how the person signs in.
func (p *Pages) changeLimit(c *gin.Context) web.Limit {
	l := web.Limit{TimeKey: "login.time.change", Again: "/minid"}
	if s := p.Session(c); s != nil {
		return l.Until(p.Core.Now(), s.AuthTime.Add(freshLogin))
	}
	return l.Until(p.Core.Now(), p.Core.Now())
}

// setPairing lets the browser keep a pairing code that was just made, and until when.
func (p *Pages) setPairing(c *gin.Context, code string, expires time.Time) {
	web.SetCookie(c, p.Site, pairingCookie, code+"."+strconv.FormatInt(expires.Unix(), 10), expires.Sub(p.Core.Now()))
}

// pairing reads the cookie. It is the browser's: what is not a code is not shown. A code that was used is not shown either,
// and the browser forgets it.
func (p *Pages) pairing(c *gin.Context) (code string, limit web.Limit, used bool, err error) {
	code, until, _ := strings.Cut(web.Cookie(c, p.Site, pairingCookie), ".")
	seconds, _ := strconv.ParseInt(until, 10, 64) // what is no number is long past
	expires, now := time.Unix(seconds, 0), p.Core.Now()
	if !expires.After(now) {
		return "", web.Limit{}, false, nil
	}
	waits, err := p.Core.PairingCodeWaits(c.Request.Context(), code)
	if err != nil {
		return "", web.Limit{}, false, err
	}
	if !waits {
		web.SetCookie(c, p.Site, pairingCookie, "", -1)
		return "", web.Limit{}, true, nil
	}
	return groups(code), web.Limit{TimeKey: "login.time.pairing", Again: "/minid"}.Until(now, expires), false, nil
}

// setStart keeps where the person came from, so that they can start again when the sign-in is over.
func (p *Pages) setStart(c *gin.Context, path string) {
	web.SetCookie(c, p.Site, startCookie, base64.RawURLEncoding.EncodeToString([]byte(path)), whileOpen)
}

// start reads the cookie. It is the browser's: only a local path is taken.
func (p *Pages) start(c *gin.Context) string {
	raw, err := base64.RawURLEncoding.DecodeString(web.Cookie(c, p.Site, startCookie))
	if err != nil || !web.LocalPath(string(raw)) {
		return ""
	}
	return string(raw)
}
