package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// SetCookie gives the browser a cookie that only this service reads: HttpOnly, SameSite=Lax, Path=/, and with https Secure
// and the __Host- prefix. A maxAge of 0 keeps it until the browser closes, a negative one removes it.
func SetCookie(c *gin.Context, s *Site, name, value string, maxAge time.Duration) {
	seconds := int(maxAge.Seconds())
	if maxAge < 0 {
		seconds, value = -1, ""
	}
	http.SetCookie(c.Writer, &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: seconds,
		Secure: s.cfg.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// Cookie gives the value of a cookie that SetCookie made, "" when there is none.
func Cookie(c *gin.Context, s *Site, name string) string {
	cookie, err := c.Request.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// cookieName holds the service, because a browser does not tell ports apart: on a developer's machine all services would
// otherwise share their cookies. It holds the path below which the service stands for those that share a host: the prefix __Host- allows
// no Path of their own.
func (s *Site) cookieName(name string) string {
	name = "lommebok_" + s.cfg.Service + strings.ReplaceAll(s.cfg.Under, "/", "_") + "_" + name
	if s.cfg.Secure {
		return "__Host-" + name
	}
	return name
}
