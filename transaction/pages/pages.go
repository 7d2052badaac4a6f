// Package pages is the pages of package transaction: what a wallet's maker sees of a transaction, and an operator of the latest ones.
//
//	route                              who
//	GET  /transactions/:id             whoever has the address; transactions stands for the path of the Recorder
//	GET  /transactions/:id/har, /json  the same as HTTP Archive 1.2 and as JSON
//	GET  /transactions/:id/new         whether there is more than the page shows
//	POST /transactions/:id/share       makes an address that ends sooner; not from such an address
//	GET  /operator/transactions        an operator: the latest ones, all or those that were refused with a code
//	GET  /operator/transactions/:id    an operator: one of them; /har, /json, /new and /share below it
package pages

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/transaction"
	"lommebok.example/web"
)

// Pages shows what a Recorder recorded.
type Pages struct {
	Recorder *transaction.Recorder
	Site     *web.Site
	// Service is issuer or verifier, as the texts call it.
	Service string
	// Operator tells whether an operator asks; when not, it has written the answer, which may lead back to returnTo. nil where there are
	// none, and no list.
	Operator func(c *gin.Context, returnTo string) bool
}

const operatorPath = "/operator/transactions/"

// Mount puts the routes of the package comment on r, which takes forms of its own origin alone.
func (p *Pages) Mount(r gin.IRouter) {
	p.mountAt(r.Group(p.Recorder.Path), p.Recorder.Path, p.Recorder.Read)
	if p.Operator == nil {
		return
	}
	operators := r.Group("", func(c *gin.Context) {
		if !p.Operator(c, "/operator/transactions") {
			c.Abort()
		}
	})
	operators.GET("/operator/transactions", p.list)
	p.mountAt(operators.Group(operatorPath), operatorPath, p.Recorder.ReadByID)
}

// place is one way to come to a transaction.
type place struct {
	*Pages
	path string
	read func(ctx context.Context, id string) (*transaction.Transaction, error)
}

func (p *Pages) mountAt(r gin.IRouter, path string, read func(context.Context, string) (*transaction.Transaction, error)) {
	at := &place{p, path, read}
	r.GET(":id", at.show)
	r.GET(":id/har", at.har)
	r.GET(":id/json", at.json)
	r.GET(":id/new", at.more)
	r.POST(":id/share", at.share)
}

// found reads the transaction; false when the answer has been written.
func (p *place) found(c *gin.Context) (*transaction.Transaction, bool) {
	c.Header("Cache-Control", "no-store")
	t, err := p.read(c.Request.Context(), c.Param("id"))
	switch {
	case errors.Is(err, transaction.ErrNotFound):
		p.Site.Problem(c, web.Problem{Status: http.StatusNotFound, Code: "transaction_over", TextKey: "transaction.problem.over"})
	case err != nil:
		p.Site.Failure(c, err)
	}
	return t, err == nil
}

func (p *place) show(c *gin.Context) {
	if t, ok := p.found(c); ok {
		p.Site.Render(c, http.StatusOK, "transaction_page", p.view(c, t))
	}
}

// more tells the page to be asked for anew when there is more than the n entries that it shows.
func (p *place) more(c *gin.Context) {
	if t, ok := p.found(c); ok {
		p.Site.Poll(c, web.PollAnswer{
			Text: p.Site.T(web.Lang(c), "transaction.live"), Done: strconv.Itoa(len(t.Entries)+t.LeftOut) != c.Query("n"),
		})
	}
}

func (p *place) har(c *gin.Context) {
	if t, ok := p.found(c); ok {
		c.Header("Content-Disposition", `attachment; filename="transaction.har"`)
		c.JSON(http.StatusOK, transaction.Archive(p.Recorder.Base, t.Entries))
	}
}

func (p *place) json(c *gin.Context) {
	if t, ok := p.found(c); ok {
		c.JSON(http.StatusOK, t)
	}
}

// lives are how long an address that is shared may live, by what the form says.
var lives = map[string]time.Duration{"15m": 15 * time.Minute, "1h": time.Hour, "8h": 8 * time.Hour}

func (p *place) share(c *gin.Context) {
	t, ok := p.found(c)
	if !ok {
		return
	}
	life, known := lives[c.PostForm("life")]
	if t.Shared || !known {
		p.Site.Problem(c, web.Problem{Status: http.StatusForbidden, Code: "transaction_share", TextKey: "transaction.problem.share"})
		return
	}
	v := p.view(c, t)
	address, until, err := p.Recorder.Share(c.Request.Context(), t, life)
	switch {
	case errors.Is(err, transaction.ErrNotFound):
		p.Site.Problem(c, web.Problem{Status: http.StatusTooManyRequests, Code: "transaction_share", TextKey: "transaction.problem.shares"})
		return
	case err != nil:
		p.Site.Failure(c, err)
		return
	}
	v.Address, v.AddressEnds, v.Live = address, web.Clock(until), false
	p.Site.Render(c, http.StatusOK, "transaction_page", v)
}
