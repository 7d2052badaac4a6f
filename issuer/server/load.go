package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/internal/serve"
	"lommebok.example/minid"
	"lommebok.example/specs/oauth2"
	"lommebok.example/web"
)

// What is worked on at once. Who waits longer than this had better come back: the server ends an answer after ten seconds.
const (
	running    = 64
	waiting    = 1024
	longestJam = 2 * time.Second
	longestRun = 6 * time.Second // of a person's request, which a slow disk may hold up
)

// machines are the beginnings of the routes that wallets, phones and services call. They have a gate of their own, so that a
// storm of people who log in holds up nobody's credential.
var machines = []string{
	"/.well-known/", "/par", "/challenge", "/token", "/nonce", "/credential", "/deferred-credential", "/notification", "/offers/:state/credential-offer",
	"/types/", "/statuslists", "/identifierlists/", "/minid/app/", "/jwks", "/userinfo", "/tokeninfo", "/revoke",
}

// free are routes that must answer when nothing else does, and cost little.
var free = []string{"/health", "/operator/", "/assets/", "/trust/", "/openapi.yaml"}

// gates sends away what is more than the service can do in time.
func (p *parts) gates() gin.HandlerFunc {
	crowd := serve.NewGate(running, waiting, longestJam)
	crowd.Work = longestRun
	people := crowd.Middleware(p.crowded, minid.WhileWaiting)
	wallets := serve.NewGate(running, waiting, longestJam).Middleware(crowdedWire, minid.WhileWaiting)
	return func(c *gin.Context) {
		switch route := c.FullPath(); {
		case begins(route, free):
		case begins(route, machines):
			wallets(c)
		default:
			people(c)
		}
	}
}

func begins(route string, with []string) bool {
	for _, beginning := range with {
		if strings.HasPrefix(route, beginning) {
			return true
		}
	}
	return false
}

// crowded tells a person to come back.
func (p *parts) crowded(c *gin.Context) {
	p.site.Busy(c, web.Problem{
		Code: "busy", TextKey: "login.problem.busy", RetryAfter: minid.RetryAfter(),
	})
}

// crowdedWire tells a program to come back (RFC 9110 section 15.6.4).
func crowdedWire(c *gin.Context) {
	observe.Refused(c.Request.Context(), oauth2.TemporarilyUnavailable)
	c.Header("Retry-After", "2")
	oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusServiceUnavailable, oauth2.TemporarilyUnavailable, "too many requests at once; see Retry-After"))
}
