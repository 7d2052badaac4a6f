package login

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// DeskPlace is where people are identified in person, and when: an address, and opening hours by language.
type DeskPlace struct {
	Address string
	Hours   map[string]string
}

const deskFront = "/desk"

// mountDesk puts the service desk on g: its clerks' pages, and the page that tells visitors what to bring.
func (p *Pages) mountDesk(g gin.IRouter) {
	g.GET("/login/desk", p.visit)
	own := g.Group(deskFront, func(c *gin.Context) { c.Header("Cache-Control", "no-store") })
	own.GET("", p.desk)
	own.GET("/cases/:id", p.deskCase)
	for path, act := range map[string]gin.HandlerFunc{
		"/find": p.deskFind, "/cases/:id/propose": p.deskPropose, "/cases/:id/approve": p.deskApprove,
		"/cases/:id/refuse": p.deskRefuse, "/cases/:id/code": p.deskCode,
	} {
		own.POST(path, p.guarded(sessionCookie), act)
	}
}

type visitView struct {
	UnderWay       bool
	Address, Hours string // empty for those of the demonstration
}

func (p *Pages) visit(c *gin.Context) {
	v := visitView{UnderWay: web.Cookie(c, p.Site, signInCookie) != ""}
	if p.Desk != nil {
		v.Address, v.Hours = p.Desk.Address, p.Desk.Hours[web.Lang(c)]
	}
	p.Site.Render(c, http.StatusOK, "desk_visit", v)
}

type deskView struct {
	web.Form
	Waiting, Recent []deskLine
}

// deskLine is a case in a list: the number is masked.
type deskLine struct {
	minid.DeskCase
	Number string
	Now    minid.DeskState
}

func (p *Pages) desk(c *gin.Context) {
	clerk, _, ok := p.Staff(c, minid.RoleServiceDesk, deskFront)
	if !ok {
		return
	}
	cases, err := p.Core.DeskCases(c.Request.Context(), clerk)
	if err != nil {
		p.Site.Failure(c, err)
		return
	}
	v := deskView{Form: p.deskForm(c)}
	for _, one := range cases {
		line := deskLine{DeskCase: one, Number: (&minid.Person{PID: one.PID}).MaskedPID(), Now: one.StateAt(p.Core.Now())}
		if one.MayDecide(clerk.PersonID, p.Core.Now()) {
			v.Waiting = append(v.Waiting, line)
		} else {
			v.Recent = append(v.Recent, line)
		}
	}
	p.Site.Render(c, http.StatusOK, "desk_front", v)
}

func (p *Pages) deskForm(c *gin.Context) web.Form {
	return web.Form{Token: web.FormToken(p.sessionSecret(c)), Errors: p.deskErrors(c)}
}

// deskFind takes a number that is never in an address: the case has an identifier of its own.
func (p *Pages) deskFind(c *gin.Context) {
	clerk, _, ok := p.Staff(c, minid.RoleServiceDesk, deskFront)
	if !ok {
		return
	}
	pid := strings.Join(strings.Fields(c.PostForm("pid")), "")
	if !elevenDigits(pid) {
		p.setNotice(c, notice{Kind: deskNoPID})
		p.to(c, deskFront)
		return
	}
	id, err := p.Core.OpenDeskCase(c.Request.Context(), clerk, pid)
	if errors.Is(err, minid.ErrNotFound) {
		p.setNotice(c, notice{Kind: deskNobody})
		p.to(c, deskFront)
		return
	}
	if err != nil {
		p.deskRefused(c, err, deskFront)
		return
	}
	p.clearNotice(c)
	p.to(c, deskFront+"/cases/"+id)
}

type deskCaseView struct {
	web.Form
	deskLine
	Resident                          *minid.Resident
	Documents                         []minid.DeskDocument
	MayPropose, MayDecide, MayHandOut bool
	Minutes                           int // left for the step that is due
}

func (p *Pages) deskCase(c *gin.Context) {
	clerk, id, ok := p.clerk(c)
	if !ok {
		return
	}
	d, resident, err := p.Core.DeskCase(c.Request.Context(), clerk, id)
	if errors.Is(err, minid.ErrNotFound) {
		p.Site.Problem(c, web.Problem{
			Status: http.StatusNotFound, Code: "desk_case", TextKey: "desk.problem.case", ReturnURL: deskFront, ReturnTextKey: "desk.back",
		})
		return
	}
	if err != nil {
		p.Site.Failure(c, err)
		return
	}
	now := p.Core.Now()
	p.Site.Render(c, http.StatusOK, "desk_case", deskCaseView{
		Form: p.deskForm(c), deskLine: deskLine{DeskCase: *d, Number: (&minid.Person{PID: d.PID}).MaskedPID(), Now: d.StateAt(now)}, Resident: resident,
		Documents: minid.DeskDocuments, MayPropose: d.MayPropose(clerk.PersonID, now), MayDecide: d.MayDecide(clerk.PersonID, now),
		MayHandOut: d.MayHandOut(clerk.PersonID, now), Minutes: minutes(d.Expires.Sub(now)),
	})
}

// clerk gives who acts and on which case; an identifier that is none of ours leads nowhere.
func (p *Pages) clerk(c *gin.Context) (clerk *minid.Session, id string, ok bool) {
	if id = c.Param("id"); strings.Trim(id, "0123456789abcdef") != "" {
		id = "unknown"
	}
	clerk, _, ok = p.Staff(c, minid.RoleServiceDesk, deskFront+"/cases/"+id)
	return clerk, id, ok
}

func (p *Pages) deskPropose(c *gin.Context) {
	clerk, id, ok := p.clerk(c)
	if !ok {
		return
	}
	proposal := minid.DeskProposal{
		Document: minid.DeskDocument(c.PostForm("document")), Reference: c.PostForm("reference"),
		Picture: c.PostForm("picture") != "", Agrees: c.PostForm("agrees") != "",
	}
	for _, f := range c.PostFormArray("lost") {
		proposal.Lost = append(proposal.Lost, minid.Factor(f))
	}
	p.deskAnswer(c, id, p.Core.ProposeDeskCase(c.Request.Context(), clerk, id, proposal))
}

func (p *Pages) deskApprove(c *gin.Context) {
	if clerk, id, ok := p.clerk(c); ok {
		err := p.Core.ApproveDeskCase(inLanguage(c), clerk, id, c.PostForm("seen") != "")
		if errors.Is(err, minid.ErrDeskUnseen) {
			p.setNotice(c, notice{Kind: deskNotSeen})
			p.to(c, deskFront+"/cases/"+id)
			return
		}
		p.deskAnswer(c, id, err)
	}
}

func (p *Pages) deskRefuse(c *gin.Context) {
	if clerk, id, ok := p.clerk(c); ok {
		p.deskAnswer(c, id, p.Core.RefuseDeskCase(c.Request.Context(), clerk, id, c.PostForm("reason")))
	}
}

type deskCodeView struct {
	ID, Name, Code string
	Expires        time.Time
}

// deskCode shows the code in the answer itself: it is shown once, and is in no cookie and on no page one can come back to.
func (p *Pages) deskCode(c *gin.Context) {
	clerk, id, ok := p.clerk(c)
	if !ok {
		return
	}
	_, resident, err := p.Core.DeskCase(c.Request.Context(), clerk, id)
	var code string
	var expires time.Time
	if err == nil {
		code, expires, err = p.Core.HandOutDeskCode(c.Request.Context(), clerk, id)
	}
	if err != nil {
		p.deskRefused(c, err, deskFront+"/cases/"+id)
		return
	}
	p.Site.Render(c, http.StatusOK, "desk_code", deskCodeView{ID: id, Name: resident.Name, Code: groups(code), Expires: expires})
}

func (p *Pages) deskAnswer(c *gin.Context, id string, err error) {
	if err != nil {
		p.deskRefused(c, err, deskFront+"/cases/"+id)
		return
	}
	p.clearNotice(c)
	p.to(c, deskFront+"/cases/"+id)
}

// deskRefused goes back to where with what is to be corrected.
func (p *Pages) deskRefused(c *gin.Context, err error, where string) {
	var tooMany minid.ErrTooManyAttempts
	if errors.As(err, &tooMany) {
		p.setNotice(c, notice{deskTooMany, minutes(tooMany.RetryAfter)})
		p.to(c, where)
		return
	}
	for known, kind := range deskRefusals {
		if errors.Is(err, known) {
			p.setNotice(c, notice{Kind: kind})
			p.to(c, where)
			return
		}
	}
	p.Site.Failure(c, fmt.Errorf("service desk: %w", err))
}

// Kinds of notice of the service desk.
const (
	deskNoPID     = "desk_pid"
	deskNobody    = "desk_nobody"
	deskSelf      = "desk_self"
	deskAccount   = "desk_account"
	deskTooMany   = "desk_too_many" // N is minutes
	deskDocument  = "desk_document"
	deskReference = "desk_reference"
	deskUnseen    = "desk_unseen"
	deskNotSeen   = "desk_not_seen"
	deskReason    = "desk_reason"
	deskGone      = "desk_gone"
	deskOpen      = "desk_open"
)

var deskRefusals = map[error]string{
	minid.ErrDeskSelf: deskSelf, minid.ErrDeskAccount: deskAccount, minid.ErrDeskDocument: deskDocument,
	minid.ErrDeskReference: deskReference, minid.ErrDeskUnseen: deskUnseen, minid.ErrDeskReason: deskReason,
	minid.ErrDeskCase: deskGone, minid.ErrNotFound: deskGone, minid.ErrDeskOpen: deskOpen,
}

// deskFields are where a notice belongs.
var deskFields = map[string]string{
	deskNoPID: "pid", deskNobody: "pid", deskSelf: "pid", deskAccount: "pid", deskTooMany: "main", deskDocument: "document-passport",
	deskReference: "reference", deskUnseen: "picture", deskNotSeen: "seen", deskReason: "reason", deskGone: "main", deskOpen: "main",
}

func (p *Pages) deskErrors(c *gin.Context) []web.FieldError {
	n := p.notice(c)
	field, ok := deskFields[n.Kind]
	if !ok {
		return nil
	}
	kind := strings.TrimPrefix(n.Kind, "desk_")
	return []web.FieldError{{Field: field, Text: p.Site.T(web.Lang(c), "desk.error."+kind, "n", n.N)}}
}
