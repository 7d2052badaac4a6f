package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/minid/school"
	"lommebok.example/web"
)

func (p *Pages) mountOwner(g gin.IRouter) {
	g.GET("/school/owner", p.schools)
	g.GET("/school/owner/:school", p.school)
	g.POST("/school/owner/:school/authorise", p.Login.Guarded(), p.authorise)
	g.POST("/school/owner/:school/withdraw", p.Login.Guarded(), p.withdraw)
	g.GET("/school/owner/:school/:class", p.vouched)
	g.GET("/school/enrolments/:id/revoke", p.askRevoke)
	g.POST("/school/enrolments/:id/revoke", p.Login.Guarded(), p.revoke)
}

// owner is the session of who acts for a school owner; false when the answer has been written.
func (p *Pages) owner(c *gin.Context, returnTo string) (*minid.Session, bool) {
	s, _, ok := p.Login.Staff(c, minid.RoleSchoolOwner, returnTo)
	return s, ok
}

func ownerPath(number string) string { return "/school/owner/" + url.PathEscape(number) }

type ownerView struct {
	web.Form
	Schools []school.Owned // all, or the one of the page
	Done    string
	Given   []givenView
	Default string // the last day that is proposed, YYYY-MM-DD
	Latest  string
}

type givenView struct {
	school.Given
	Last string
}

func (p *Pages) schools(c *gin.Context) {
	s, ok := p.owner(c, "/school/owner")
	if !ok {
		return
	}
	all, err := p.Core.Schools(c.Request.Context(), s)
	if err != nil {
		p.fault(c, err, p.need(c, "/school/owner"))
		return
	}
	p.Site.Render(c, http.StatusOK, "school_owner", ownerView{Schools: all})
}

func (p *Pages) school(c *gin.Context) {
	path := ownerPath(c.Param("school"))
	s, ok := p.owner(c, path)
	if !ok {
		return
	}
	all, err := p.Core.Schools(c.Request.Context(), s)
	i := slices.IndexFunc(all, func(o school.Owned) bool { return o.Number == c.Param("school") })
	if err == nil && i < 0 {
		err = school.ErrForbidden
	}
	if err != nil {
		p.fault(c, err, p.need(c, path))
		return
	}
	now := p.Core.MinID.Now()
	v := ownerView{
		Form:    web.Form{Token: p.Login.FormToken(c), Errors: p.errors(c, "teacher", "classes", "until")},
		Schools: all[i : i+1], Done: p.done(c), Default: school.TermEnds(now).Format(time.DateOnly), Latest: now.AddDate(1, 0, 0).Format(time.DateOnly),
	}
	for _, g := range all[i].Authorisations {
		v.Given = append(v.Given, givenView{g, until(c, g.Until)})
	}
	p.Site.Render(c, http.StatusOK, "school_authorise", v)
}

func (p *Pages) authorise(c *gin.Context) {
	path := ownerPath(c.Param("school"))
	s, ok := p.owner(c, path)
	if !ok {
		return
	}
	o := school.Order{School: c.Param("school"), Teacher: c.PostForm("teacher"), Classes: c.PostFormArray("class"), Until: c.PostForm("until")}
	err := p.Core.Authorise(c.Request.Context(), s, o)
	switch {
	case err == nil:
		p.setNotice(c, "authorised", 0)
	case errors.Is(err, school.ErrOrder) && o.Teacher == "":
		p.setNotice(c, "teacher", 0)
	case errors.Is(err, school.ErrOrder) && len(o.Classes) == 0:
		p.setNotice(c, "classes", 0)
	case errors.Is(err, school.ErrOrder):
		p.setNotice(c, "until", 0)
	default:
		p.fault(c, err, p.need(c, path))
		return
	}
	p.to(c, path)
}

func (p *Pages) withdraw(c *gin.Context) {
	path := ownerPath(c.Param("school"))
	s, ok := p.owner(c, path)
	if !ok {
		return
	}
	if err := p.Core.RevokeAuthorisation(c.Request.Context(), s, c.PostForm("authorisation")); err != nil {
		p.fault(c, err, p.need(c, path))
		return
	}
	p.setNotice(c, "withdrawn", 0)
	p.to(c, path)
}

type vouchedView struct {
	web.Form
	School  *school.School
	Class   string
	Vouched []school.Vouched
	Done    string
}

func classPath(number, class string) string { return ownerPath(number) + "/" + url.PathEscape(class) }

func (p *Pages) vouched(c *gin.Context) {
	path := classPath(c.Param("school"), c.Param("class"))
	s, ok := p.owner(c, path)
	if !ok {
		return
	}
	one, list, err := p.Core.Vouched(c.Request.Context(), s, c.Param("school"), c.Param("class"))
	if err != nil {
		p.fault(c, err, p.need(c, path))
		return
	}
	p.Site.Render(c, http.StatusOK, "school_vouched", vouchedView{School: one, Class: c.Param("class"), Vouched: list, Done: p.done(c)})
}

func (p *Pages) askRevoke(c *gin.Context) {
	p.revoking(c, func(s *minid.Session, e *school.Vouched) {
		p.clearNotice(c)
		p.Site.Render(c, http.StatusOK, "school_revoke", struct {
			web.Form
			Vouched *school.Vouched
			Back    string
		}{web.Form{Token: p.Login.FormToken(c)}, e, classPath(e.School, e.Class)})
	})
}

func (p *Pages) revoke(c *gin.Context) {
	p.revoking(c, func(s *minid.Session, e *school.Vouched) {
		if err := p.Core.RevokeEnrolment(minid.InLanguage(c.Request.Context(), web.Lang(c)), s, e.ID); err != nil {
			p.fault(c, err, p.need(c, "/school/owner"))
			return
		}
		p.setNotice(c, "revoked", 0)
		p.to(c, classPath(e.School, e.Class))
	})
}

func (p *Pages) revoking(c *gin.Context, do func(*minid.Session, *school.Vouched)) {
	path := "/school/enrolments/" + url.PathEscape(c.Param("id")) + "/revoke"
	s, ok := p.owner(c, path)
	if !ok {
		return
	}
	e, err := p.Core.Enrolment(c.Request.Context(), s, c.Param("id"))
	if err != nil {
		p.fault(c, err, p.need(c, "/school/owner"))
		return
	}
	do(s, e)
}
