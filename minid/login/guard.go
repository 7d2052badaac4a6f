package login

import (
	"github.com/gin-gonic/gin"

	"lommebok.example/web"
)

// FormToken is the value of the hidden field token, for the forms of other pages of who is signed in in this browser.
func (p *Pages) FormToken(c *gin.Context) string { return web.FormToken(p.sessionSecret(c)) }

// Guarded lets only forms with that token through.
func (p *Pages) Guarded() gin.HandlerFunc { return p.guarded(sessionCookie) }
