package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/transaction"
	"lommebok.example/web"
)

// pageView is the page of a transaction.
type pageView struct {
	Path             string // of the page
	Service          string
	Entries          []entryView
	Refused          int
	LeftOut, Dropped int
	Ends, EndsOn     string
	Client           string
	Live, Shareable  bool
	Shown            int
	Address          string // made just now to share, "" for none
	AddressEnds      string
}

// entryView is one step.
type entryView struct {
	transaction.Entry
	N           int
	Clock, ISO  string // UTC
	Took        string
	Outcome     string // served, onward or refused
	ExpectedKey string // a text on what was expected, for a refusal whose description does not say it
	Checked     []checkedView
}

// checkedView is what was checked of one part of what was sent, "" for the whole.
type checkedView struct {
	Of     string
	Checks []checkView
}

// checkView is a row of the table of checks.
type checkView struct {
	Label, Section, Expected, Got, Code string
	OK                                  bool
	AsOf                                time.Time // never set
}

// liveFor is how long after its last request a transaction is followed.
const liveFor = 15 * time.Minute

func (p *place) view(c *gin.Context, t *transaction.Transaction) pageView {
	v := pageView{
		Path: p.path + c.Param("id"), Service: p.Service, LeftOut: t.LeftOut, Dropped: t.Dropped, Ends: web.Clock(t.Until), EndsOn: web.Date(t.Until), Shareable: !t.Shared,
		Live: p.Recorder.Now().Sub(t.Last) < liveFor, Shown: len(t.Entries) + t.LeftOut,
	}
	for i, e := range t.Entries {
		one := entryOf(i+1, e)
		if one.Outcome == "refused" {
			v.Refused++
		}
		if v.Client == "" {
			v.Client = e.Client
		}
		v.Entries = append(v.Entries, one)
	}
	return v
}

func entryOf(n int, e transaction.Entry) entryView {
	v := entryView{
		Entry: e, N: n, Clock: e.At.UTC().Format("15:04:05.000"), ISO: e.At.UTC().Format(time.RFC3339Nano),
		Took: fmt.Sprintf("%.1f ms", float64(e.Micros)/1000), Outcome: "served",
	}
	v.Checked = checkedBy(e.Findings)
	switch {
	case e.Refusal != nil:
		v.Outcome = "refused"
		if e.Refusal.Expected == "" {
			v.ExpectedKey = "transaction.expected." + known(e.Refusal.Code)
		}
	case e.Response.Status >= 300:
		v.Outcome = "onward"
	}
	return v
}

// checkedBy gives the findings on each part. A rule may be checked in several steps: of those that held one row is enough.
func checkedBy(findings []observe.Finding) []checkedView {
	var parts []checkedView
	for _, f := range findings {
		i := slices.IndexFunc(parts, func(p checkedView) bool { return p.Of == f.Of })
		if i < 0 {
			i, parts = len(parts), append(parts, checkedView{Of: f.Of})
		}
		row := checkView{Label: f.Rule, Section: f.Section, Expected: f.Expected, Got: f.Came, Code: f.Code, OK: f.OK}
		if f.Of == "" && f.Rule == "query" {
			row.Label = "complete"
		}
		told := func(c checkView) bool { return c.OK && c.Label == row.Label && c.Section == row.Section }
		if !f.OK || !slices.ContainsFunc(parts[i].Checks, told) {
			parts[i].Checks = append(parts[i].Checks, row)
		}
	}
	return parts
}

// explained are the codes that have a text on what was expected.
var explained = []string{
	"access_denied", "insufficient_scope", "invalid_client", "invalid_client_attestation", "invalid_dpop_proof", "invalid_grant", "invalid_nonce",
	"invalid_proof", "invalid_request", "invalid_scope", "invalid_token", "server_error", "temporarily_unavailable", "unmet_authentication_requirements",
	"use_attestation_challenge", "use_dpop_nonce",
}

func known(code string) string {
	if slices.Contains(explained, code) {
		return code
	}
	return "other"
}

// listView is the operator's list.
type listView struct {
	List  []summaryView
	Codes []string
	Code  string
}

type summaryView struct {
	transaction.Summary
	Clock, ISO string
}

func (p *Pages) list(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	code := strings.TrimSpace(c.Query("code"))
	list, codes, err := p.Recorder.Store.RecentTransactions(c.Request.Context(), code, p.Recorder.Now())
	if err != nil {
		p.Site.Failure(c, err)
		return
	}
	v := listView{Codes: codes, Code: code}
	for _, s := range list {
		v.List = append(v.List, summaryView{s, s.Last.Format("15:04:05"), s.Last.Format(time.RFC3339)})
	}
	p.Site.Render(c, http.StatusOK, "transaction_list", v)
}
