package pages

import (
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/minid/login"
	"lommebok.example/minid/school"
	"lommebok.example/web"
)

// Pages are the pages of MinID in schools. All fields must be set.
type Pages struct {
	Core  *school.Core
	Site  *web.Site
	Login *login.Pages
	Base  string // scheme and host of the service, for the address in the QR code
}

// Mount puts the routes of the package on r.
func (p *Pages) Mount(r gin.IRouter) {
	g := r.Group("", p.Site.OwnForms(), p.Login.Proxies.Middleware(minid.FromAddress), func(c *gin.Context) { c.Header("Cache-Control", "no-store") })
	p.mountOwner(g)
	p.mountTeacher(g)
	p.mountPupil(g)
}

// to sends the browser on with GET, whatever it came with.
func (p *Pages) to(c *gin.Context, path string) {
	c.Redirect(http.StatusSeeOther, path)
	c.Abort()
}

// fault tells what went wrong and is no error in a form. again is the page to come back to after a new login.
func (p *Pages) fault(c *gin.Context, err error, need minid.Need) {
	switch {
	case errors.Is(err, school.ErrLogin):
		if _, ok := p.Login.SignedIn(c, need); ok {
			p.to(c, need.ReturnTo)
		}
	case errors.Is(err, school.ErrForbidden):
		p.Site.Problem(c, web.Problem{
			Status: http.StatusForbidden, Code: "school_forbidden", TextKey: "school.problem.forbidden",
			ReturnURL: "/school", ReturnTextKey: "school.teacher.title",
		})
	case errors.Is(err, school.ErrNotFound):
		p.Site.Problem(c, web.Problem{
			Status: http.StatusNotFound, Code: "school_not_found", TextKey: "school.problem.not_found",
			ReturnURL: "/school", ReturnTextKey: "school.teacher.title",
		})
	default:
		p.Site.Failure(c, err)
	}
}

// need is what a page of a teacher or an owner asks for.
func (p *Pages) need(c *gin.Context, returnTo string) minid.Need {
	n := p.Core.Need()
	n.Service, n.ReturnTo, n.CancelTo = p.Site.T(web.Lang(c), "school.teacher.title"), returnTo, p.Site.Home()
	return n
}

// minutes rounds up: nobody is told to come back too early.
func minutes(d time.Duration) int { return max(1, int(math.Ceil(d.Minutes()))) }

// day is a date in words, and until the last day that a time before midnight stands for.
func day(c *gin.Context, t time.Time) string {
	if web.Lang(c) == "en" {
		return t.Format("2 January 2006")
	}
	return t.Format("02.01.2006")
}

func until(c *gin.Context, t time.Time) string { return day(c, t.Add(-time.Second)) }
