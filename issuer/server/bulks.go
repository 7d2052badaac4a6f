package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/issuer/cases"
	"lommebok.example/minid"
	"lommebok.example/web"
)

// bulkView is a bulk for people.
type bulkView struct {
	cases.Bulk
	Name, Day, Last string // Name is "" for all types
	Revokes         bool
	Mine, Open      bool
	Ended           bool
	Counted, Many   bool // whether Still is known, and whether it is more than is told
}

func (w *casework) bulkView(b cases.Bulk, worker, lang string) bulkView {
	v := bulkView{
		Bulk: b, Name: b.ConfigurationID, Day: dateIn(lang, b.From), Last: dateIn(lang, b.Until.Add(-time.Second)), Revokes: b.To == changes["revoke"],
		Mine: b.ProposedBy == worker, Open: b.Open(worker, w.now()), Ended: b.State == cases.Proposed && !w.now().Before(b.Ends),
		Counted: b.Still != cases.NotCounted, Many: b.Still > cases.MaxStill,
	}
	if t, ok := w.types.ByID(b.ConfigurationID); ok {
		v.Name = t.Display.Name.In(lang)
	}
	return v
}

// bulkIn reads the form of a bulk. cases.ErrBulk when it cannot be one.
func (w *casework) bulkIn(c *gin.Context) (cases.Bulk, error) {
	b := cases.Bulk{
		To: changes[c.PostForm("to")], Reason: c.PostForm("reason"), ConfigurationID: c.PostForm("configuration"),
		ClientID: strings.TrimSpace(c.PostForm("client")), WalletProvider: c.PostForm("provider"), Signer: c.PostForm("signer"),
	}
	var first, last error
	b.From, first = time.Parse(time.DateOnly, c.PostForm("from"))
	b.Until, last = time.Parse(time.DateOnly, c.PostForm("until"))
	if _, known := w.types.ByID(b.ConfigurationID); first != nil || last != nil || b.ConfigurationID != "" && !known {
		return b, cases.ErrBulk
	}
	return b, nil
}

// wrongBulk shows the form again when a bulk was wrongly filled in.
func (w *casework) wrongBulk(c *gin.Context, s *minid.Session, err error) {
	if errors.Is(err, cases.ErrBulk) || errors.Is(err, cases.ErrReason) {
		w.showFront(c, s, http.StatusUnprocessableEntity, "bulk")
		return
	}
	w.site.Failure(c, err)
}

// field is a hidden one.
type field struct{ Name, Value string }

// count shows how many issuances a bulk would change before anything is proposed, and carries its form on.
func (w *casework) count(c *gin.Context) {
	s, _, ok := w.staff.Staff(c, minid.RoleCaseWorker, casesFront)
	if !ok {
		return
	}
	b, err := w.bulkIn(c)
	if err == nil {
		b, err = w.core.Look(c.Request.Context(), b)
	}
	if err != nil {
		w.wrongBulk(c, s, err)
		return
	}
	v := struct {
		Bulk   bulkView
		Fields []field
	}{Bulk: w.bulkView(b, s.PersonID, web.Lang(c))}
	for _, name := range []string{"configuration", "from", "until", "client", "provider", "signer", "to", "reason"} {
		v.Fields = append(v.Fields, field{name, c.PostForm(name)})
	}
	w.site.Render(c, http.StatusOK, "issuer_bulk", v)
}

func (w *casework) propose(c *gin.Context) {
	s, _, ok := w.staff.Staff(c, minid.RoleCaseWorker, casesFront)
	if !ok {
		return
	}
	b, err := w.bulkIn(c)
	if err == nil {
		b, err = w.core.Propose(c.Request.Context(), s.PersonID, b)
	}
	if err != nil {
		w.wrongBulk(c, s, err)
		return
	}
	w.log.Info("bulk proposed", "trace_id", observe.TraceID(c.Request.Context()), "bulk", b.ID, "matching", b.Matching)
	c.Redirect(http.StatusSeeOther, casesFront+"?said=proposed")
}

// atOnce is how long an approval is carried out in its own request.
const atOnce = 2 * time.Second

// decide also begins what was approved, so that a small bulk is done when the page comes; the rest is done by RunBulks.
func (w *casework) decide(approve bool) gin.HandlerFunc {
	said := "refused"
	if approve {
		said = "approved"
	}
	return func(c *gin.Context) {
		s, _, ok := w.staff.Staff(c, minid.RoleCaseWorker, casesFront)
		if !ok {
			return
		}
		ctx := c.Request.Context()
		err := w.core.Decide(ctx, s.PersonID, c.Param("id"), approve)
		if errors.Is(err, cases.ErrDecided) {
			w.showFront(c, s, http.StatusConflict, "decided")
			return
		}
		if err != nil {
			w.site.Failure(c, err)
			return
		}
		w.log.Info("bulk "+said, "trace_id", observe.TraceID(ctx), "bulk", c.Param("id"))
		if approve {
			soon, cancel := context.WithTimeout(ctx, atOnce)
			defer cancel()
			if err := w.core.Run(soon); err != nil {
				w.log.Error("bulk", "trace_id", observe.TraceID(ctx), "bulk", c.Param("id"), "cause", err)
			}
		}
		c.Redirect(http.StatusSeeOther, casesFront+"?said="+said)
	}
}
