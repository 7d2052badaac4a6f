package login

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// staffLogin is how old the login of somebody who acts for the service may be.
const staffLogin = 30 * time.Minute

// Staff gives the session of somebody who acts for the service in a role, logged in at level substantial not long ago, and
// the organisation they act for. Otherwise it starts a sign-in that comes back to returnTo, or answers 403, and says false.
func (p *Pages) Staff(c *gin.Context, role minid.Role, returnTo string) (s *minid.Session, organisation string, ok bool) {
	s, ok = p.SignedIn(c, minid.Need{
		Service: p.Site.T(web.Lang(c), "login.staff."+string(role)), Level: minid.LevelSubstantial, MaxAge: staffLogin,
		ReturnTo: returnTo, CancelTo: p.Site.Home(),
	})
	if !ok {
		return nil, "", false
	}
	organisation, ok = p.Core.Acts(s, role)
	if !ok {
		p.Site.Problem(c, web.Problem{
			Status: http.StatusForbidden, Code: "role", TextKey: "login.problem.role",
			Args: []any{"role", p.Site.T(web.Lang(c), "login.staff."+string(role))},
		})
		return nil, "", false
	}
	return s, organisation, true
}
