package pages

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/minid/school"
	"lommebok.example/web"
)

func (p *Pages) mountTeacher(g gin.IRouter) {
	g.GET("/school", p.classes)
	g.GET("/school/classes/:school/:class", p.pupils)
	g.POST("/school/classes/:school/:class", p.Login.Guarded(), p.vouch)
	g.GET("/school/codes/:id", p.code)
	g.GET("/school/codes/:id/state", p.codeState)
	g.POST("/school/codes/:id/renew", p.Login.Guarded(), p.renew)
	g.POST("/school/codes/:id/cancel", p.Login.Guarded(), p.cancel)
}

func pupilsPath(number, class string) string {
	return "/school/classes/" + url.PathEscape(number) + "/" + url.PathEscape(class)
}

func codePath(id string) string { return "/school/codes/" + url.PathEscape(id) }

type classView struct {
	school.Class
	Path, Last string
}

// classes shows a teacher's own; who has none is told so.
func (p *Pages) classes(c *gin.Context) {
	need := p.need(c, "/school")
	s, ok := p.Login.SignedIn(c, need)
	if !ok {
		return
	}
	all, err := p.Core.Classes(c.Request.Context(), s)
	if err != nil {
		p.fault(c, err, need)
		return
	}
	if len(all) == 0 {
		p.Site.Problem(c, web.Problem{Status: http.StatusForbidden, Code: "school_not_teacher", TextKey: "school.problem.not_teacher"})
		return
	}
	p.clearNotice(c)
	var views []classView
	for _, one := range all {
		views = append(views, classView{one, pupilsPath(one.School.Number, one.Class), until(c, one.Until)})
	}
	p.Site.Render(c, http.StatusOK, "school_classes", struct{ Classes []classView }{views})
}

type pupilsView struct {
	web.Form
	classView
	Can, Others []school.Pupil
}

func (p *Pages) pupils(c *gin.Context) {
	need := p.need(c, pupilsPath(c.Param("school"), c.Param("class")))
	s, ok := p.Login.SignedIn(c, need)
	if !ok {
		return
	}
	class, all, err := p.Core.Pupils(c.Request.Context(), s, c.Param("school"), c.Param("class"))
	if err != nil {
		p.fault(c, err, need)
		return
	}
	v := pupilsView{
		Form:      web.Form{Token: p.Login.FormToken(c), Errors: p.errors(c, "pupils", "present")},
		classView: classView{*class, need.ReturnTo, until(c, class.Until)},
	}
	for _, one := range all {
		if one.Can {
			v.Can = append(v.Can, one)
		} else {
			v.Others = append(v.Others, one)
		}
	}
	p.Site.Render(c, http.StatusOK, "school_pupils", v)
}

func (p *Pages) vouch(c *gin.Context) {
	need := p.need(c, pupilsPath(c.Param("school"), c.Param("class")))
	s, ok := p.Login.SignedIn(c, need)
	if !ok {
		return
	}
	if c.PostForm("pupil") == "" {
		p.setNotice(c, "choose", 0)
		p.to(c, need.ReturnTo)
		return
	}
	id, err := p.Core.Vouch(c.Request.Context(), s, c.Param("school"), c.Param("class"), c.PostForm("pupil"), c.PostForm("present") == "1")
	p.answered(c, id, err, need)
}

// answered goes on to the new code, or back with what was wrong.
func (p *Pages) answered(c *gin.Context, id string, err error, need minid.Need) {
	var many school.ErrTooMany
	switch {
	case err == nil:
		p.clearNotice(c)
		p.to(c, codePath(id))
		return
	case errors.As(err, &many):
		p.setNotice(c, "too_many", minutes(many.RetryAfter))
	case errors.Is(err, school.ErrPresence):
		p.setNotice(c, "presence", 0)
	case errors.Is(err, school.ErrPupil):
		p.setNotice(c, "cannot", 0)
	default:
		p.fault(c, err, need)
		return
	}
	p.to(c, need.ReturnTo)
}

type codeView struct {
	web.Form
	school.Offer
	Address string // with the code, for the QR code
	Typed   string // the address without it
	Grouped string
	Limit   web.Limit
	Waiting bool // offered or claimed
	Class   string
	Back    string
}

func (p *Pages) offer(c *gin.Context) (*minid.Session, *school.Offer, bool) {
	need := p.need(c, codePath(c.Param("id")))
	s, ok := p.Login.SignedIn(c, need)
	if !ok {
		return nil, nil, false
	}
	o, err := p.Core.Offer(c.Request.Context(), s, c.Param("id"))
	if err != nil {
		p.fault(c, err, need)
		return nil, nil, false
	}
	return s, o, true
}

func (p *Pages) code(c *gin.Context) {
	_, o, ok := p.offer(c)
	if !ok {
		return
	}
	v := codeView{
		Form: web.Form{Token: p.Login.FormToken(c)}, Offer: *o, Class: o.Class, Back: pupilsPath(o.School.Number, o.Class),
		Limit:   web.Limit{TimeKey: "school.time.code", Again: codePath(o.ID)}.Until(p.Core.MinID.Now(), o.Expires),
		Waiting: o.State == school.StateOffered || o.State == school.StateClaimed,
		Typed:   p.Base + "/enrol",
	}
	if o.Code != "" {
		v.Address, v.Grouped = p.Base+"/enrol#"+o.Code, o.Code[:4]+"-"+o.Code[4:]
	}
	p.Site.Render(c, http.StatusOK, "school_code", v)
}

// codeState tells the script how the enrolment stands; the page is loaded anew when that is another state than the page shows.
func (p *Pages) codeState(c *gin.Context) {
	s := p.Login.Session(c)
	if s == nil {
		p.Site.Poll(c, web.PollAnswer{Done: true})
		return
	}
	o, err := p.Core.Offer(c.Request.Context(), s, c.Param("id"))
	if err != nil || string(o.State) != c.Query("seen") {
		p.Site.Poll(c, web.PollAnswer{Done: true})
		return
	}
	lang := web.Lang(c)
	if o.State == school.StateClaimed {
		p.Site.Poll(c, web.PollAnswer{Text: p.Site.T(lang, "school.code.under_way"), Note: p.Site.T(lang, "school.code.under_way_note")})
		return
	}
	p.Site.Poll(c, web.PollAnswer{Text: p.Site.T(lang, "school.code.waiting")})
}

func (p *Pages) renew(c *gin.Context) {
	s, o, ok := p.offer(c)
	if !ok {
		return
	}
	id, err := p.Core.Renew(c.Request.Context(), s, o.ID)
	p.answered(c, id, err, p.need(c, pupilsPath(o.School.Number, o.Class)))
}

func (p *Pages) cancel(c *gin.Context) {
	s, o, ok := p.offer(c)
	if !ok {
		return
	}
	if err := p.Core.Cancel(c.Request.Context(), s, o.ID); err != nil {
		p.fault(c, err, p.need(c, codePath(o.ID)))
		return
	}
	p.clearNotice(c)
	p.to(c, pupilsPath(o.School.Number, o.Class))
}
