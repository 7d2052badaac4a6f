package server

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/issuer/cases"
	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/issuance"
	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/statuslist"
	"lommebok.example/web"
)

// staff tells who acts for the service; login.Pages is one.
type staff interface {
	Staff(c *gin.Context, role minid.Role, returnTo string) (s *minid.Session, organisation string, ok bool)
}

// casework is the pages of case workers. No identity number and nothing that leads to a person stands in an address: the person who
// was found is carried from form to form, sealed for the case worker who found them.
type casework struct {
	core    *cases.Core
	seal    issuance.Seal
	staff   staff
	types   *credentials.Set
	signers func() []string // the names of the keys that a bulk can be of
	view    func(i issuance.Issued, lang string) issuedView
	site    *web.Site
	now     func() time.Time
	log     *slog.Logger
}

const casesFront = "/cases"

func (w *casework) mount(r gin.IRouter) {
	g := r.Group(casesFront, func(c *gin.Context) { c.Header("Cache-Control", "no-store") })
	g.GET("", w.front)
	g.POST("/find", w.find)
	g.POST("/act", w.act)
	g.POST("/bulks/count", w.count)
	g.POST("/bulks", w.propose)
	g.POST("/bulks/:id/approve", w.decide(true))
	g.POST("/bulks/:id/refuse", w.decide(false))
}

// caseType is a type in a form.
type caseType struct{ ID, Name string }

type casesView struct {
	Reasons            []string
	Types              []caseType
	Providers, Signers []string // wallet providers, and names of keys
	Bulks              []bulkView
	Said               string
	Wrong              string // which form was filled in wrongly, and how
	Reason             string
}

func (w *casework) front(c *gin.Context) {
	if s, _, ok := w.staff.Staff(c, minid.RoleCaseWorker, casesFront); ok {
		w.showFront(c, s, http.StatusOK, "")
	}
}

func (w *casework) showFront(c *gin.Context, s *minid.Session, status int, wrong string) {
	ctx, lang := c.Request.Context(), web.Lang(c)
	all, err := w.core.Bulks(ctx)
	v := casesView{Reasons: cases.Reasons, Wrong: wrong, Signers: w.signers()}
	if err == nil {
		v.Providers, err = w.core.Providers(ctx)
	}
	if err != nil {
		w.site.Failure(c, err)
		return
	}
	if said := c.Query("said"); slices.Contains([]string{"proposed", "approved", "refused"}, said) {
		v.Said = said
	}
	for _, t := range w.types.All() {
		v.Types = append(v.Types, caseType{t.ID, t.Display.Name.In(lang) + " (" + t.ID + ")"})
	}
	for _, b := range all {
		v.Bulks = append(v.Bulks, w.bulkView(b, s.PersonID, lang))
	}
	w.site.Render(c, status, "issuer_cases", v)
}

// caseView is what a case worker sees of a person.
type caseView struct {
	Case    string // sealed
	Number  string // masked
	Issued  []issuedView
	Reasons []string
	Reason  string // of the search
	Said    string
	Wrong   bool
}

func (w *casework) find(c *gin.Context) {
	s, _, ok := w.staff.Staff(c, minid.RoleCaseWorker, casesFront)
	if !ok {
		return
	}
	pid, reason := strings.Join(strings.Fields(c.PostForm("pid")), ""), c.PostForm("reason")
	p, all, err := w.core.Find(c.Request.Context(), s.PersonID, pid, reason)
	switch {
	case errors.Is(err, cases.ErrReason):
		w.showFront(c, s, http.StatusUnprocessableEntity, "reason")
	case errors.Is(err, cases.ErrNobody):
		w.showFront(c, s, http.StatusUnprocessableEntity, "nobody")
	case err != nil:
		w.site.Failure(c, err)
	default:
		w.log.Info("case opened", "trace_id", observe.TraceID(c.Request.Context()), "reason", reason)
		w.showCase(c, caseView{Case: w.sealed(s.PersonID, p), Number: p.MaskedPID(), Reason: reason}, all, http.StatusOK)
	}
}

func (w *casework) showCase(c *gin.Context, v caseView, all []issuance.Issued, status int) {
	v.Reasons = cases.Reasons
	for _, i := range all {
		one := w.view(i, web.Lang(c))
		one.Restorable = one.State == "suspended"
		if one.Client != one.ClientID { // which a bulk is of
			one.Client += " (" + one.ClientID + ")"
		}
		v.Issued = append(v.Issued, one)
	}
	w.site.Render(c, status, "issuer_case", v)
}

// caseLife is how long a person who was found can be seen without another search.
const caseLife = 30 * time.Minute

const useCase = "case"

func (w *casework) sealed(worker string, p *minid.Person) string {
	text := strings.Join([]string{strconv.FormatInt(w.now().Add(caseLife).Unix(), 10), p.ID, p.MaskedPID()}, "\n")
	return jose.EncodeBase64URL(w.seal.Seal([]byte(text), useCase, worker))
}

func (w *casework) opened(worker, text string) (person, number string, ok bool) {
	raw, err := jose.DecodeBase64URL(text)
	if err != nil {
		return "", "", false
	}
	plain, err := w.seal.Open(raw, useCase, worker)
	parts := strings.Split(string(plain), "\n")
	if err != nil || len(parts) != 3 {
		return "", "", false
	}
	until, err := strconv.ParseInt(parts[0], 10, 64)
	return parts[1], parts[2], err == nil && w.now().Unix() < until
}

// changes are what a case worker can do, by the value of the button.
var changes = map[string]statuslist.Status{"suspend": statuslist.Suspended, "restore": statuslist.Valid, "revoke": statuslist.Invalid}

func (w *casework) act(c *gin.Context) {
	s, _, ok := w.staff.Staff(c, minid.RoleCaseWorker, casesFront)
	if !ok {
		return
	}
	ctx := c.Request.Context()
	person, number, ok := w.opened(s.PersonID, c.PostForm("case"))
	to, known := changes[c.PostForm("to")]
	if !ok || !known {
		w.showFront(c, s, http.StatusUnprocessableEntity, "case")
		return
	}
	v := caseView{Case: c.PostForm("case"), Number: number, Reason: c.PostForm("reason")}
	status := http.StatusOK
	err := w.core.Change(ctx, s.PersonID, person, c.PostForm("issuance"), to, v.Reason)
	switch {
	case err == nil:
		v.Said = c.PostForm("to")
		w.log.Info("case changed", "trace_id", observe.TraceID(ctx), "issuance", c.PostForm("issuance"), "to", v.Said, "reason", v.Reason)
	case errors.Is(err, cases.ErrReason), errors.Is(err, issuance.ErrNotFound), errors.Is(err, issuance.ErrNotSuspendable):
		v.Wrong, status = true, http.StatusUnprocessableEntity
	default:
		w.site.Failure(c, err)
		return
	}
	all, err := w.core.Seen(ctx, person)
	if err != nil {
		w.site.Failure(c, err)
		return
	}
	w.showCase(c, v, all, status)
}
