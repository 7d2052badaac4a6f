package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/dcql"
	"lommebok.example/verifier/relyingparty"
	"lommebok.example/verifier/workbench"
	"lommebok.example/web"
)

// bench is the page on which somebody writes a query and sees what it would get.
type bench struct {
	services *relyingparty.Set
	examples []workbench.Example
	site     *web.Site
}

func (b *bench) mount(r gin.IRouter) {
	r.GET("/workbench", b.show)
	r.POST("/workbench", b.try)
}

// benchView is the data of verifier_workbench.
type benchView struct {
	web.Form
	Query   string
	Presets []serviceView
	Sent    []sentView
	Missing []dcql.Reason
	Queries []queryView
}

// sentView is a presentation that a wallet would make.
type sentView struct {
	Query, Example string
	Claims         []string
}

// queryView is one Credential Query against each example.
type queryView struct {
	ID, Format, Type string
	Tries            []tryView
}

type tryView struct {
	Name   string
	Why    string // "" when it matches
	Claims []workbench.ClaimTry
}

// show begins with the query of a service.
func (b *bench) show(c *gin.Context) {
	service := b.services.ByID(c.Query("preset"))
	if service == nil {
		service = b.services.All()[0]
	}
	text, err := json.MarshalIndent(service.Query, "", "  ")
	if err != nil {
		b.site.Failure(c, err)
		return
	}
	b.render(c, http.StatusOK, string(text))
}

func (b *bench) try(c *gin.Context) { b.render(c, http.StatusOK, c.PostForm("query")) }

func (b *bench) render(c *gin.Context, status int, text string) {
	lang := web.Lang(c)
	v := benchView{Query: text}
	for _, s := range b.services.All() {
		v.Presets = append(v.Presets, viewService(s, lang))
	}
	query, err := dcql.Parse([]byte(text))
	if err == nil {
		err = query.Validate()
	}
	if err != nil {
		status = http.StatusUnprocessableEntity
		v.Errors = []web.FieldError{{Field: "query", Text: b.site.T(lang, "workbench.invalid", "why", err.Error())}}
	} else {
		v.tell(workbench.Run(query, b.examples), lang)
	}
	b.site.Render(c, status, "verifier_workbench", v)
}

func (v *benchView) tell(t *workbench.Trial, lang string) {
	v.Missing = t.Missing
	names := map[string]string{}
	for _, q := range t.Queries {
		row := queryView{ID: q.ID, Format: q.Format, Type: q.Type}
		for _, one := range q.Tries {
			names[one.Example.ID] = one.Example.Name.In(lang)
			row.Tries = append(row.Tries, tryView{one.Example.Name.In(lang), one.Why, one.Claims})
		}
		// What matches stands first.
		slices.SortStableFunc(row.Tries, func(a, b tryView) int { return rank(a) - rank(b) })
		v.Queries = append(v.Queries, row)
	}
	for i, m := range v.Missing {
		v.Missing[i].CandidateID = names[m.CandidateID]
	}
	for _, m := range t.Sent {
		sent := sentView{Query: m.CredentialQueryID, Example: names[m.CandidateID]}
		for _, path := range m.Paths {
			sent.Claims = append(sent.Claims, dcql.PathText(path))
		}
		v.Sent = append(v.Sent, sent)
	}
}

func rank(t tryView) int {
	switch {
	case t.Why == "":
		return 0
	case strings.HasPrefix(t.Why, "the format"):
		return 2
	}
	return 1
}
