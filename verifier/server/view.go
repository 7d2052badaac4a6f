package server

import (
	"fmt"
	"slices"
	"strings"

	"lommebok.example/specs/dcql"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/relyingparty"
	"lommebok.example/web"
)

// serviceView is a service in the person's words.
type serviceView struct {
	ID, Anchor, Name, Purpose string
}

func viewService(s *relyingparty.Service, lang string) serviceView {
	return serviceView{ID: s.ID, Anchor: "service-" + s.ID, Name: s.Name.In(lang), Purpose: s.Purpose.In(lang)}
}

// waitingView is the data of verifier_waiting.
type waitingView struct {
	Service     serviceView
	Transaction *transaction
	Claims      []string
	Limit       web.Limit
	Renews      bool   // the page gets new links by itself when these expire
	Cancel      string // where a login goes that the person gives up; "" for what is no login
}

// claimNames are the claims for which the texts have a name, verifier.claim.<name>.
var claimNames = []string{
	"age_over_18", "birth_date", "birthdate", "family_name", "given_name", "personal_administrative_number",
	"role", "school_administrative_number", "school_name",
}

// claimName is the last name in a claims path, "" when the texts have none for it.
func claimName(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	if slices.Contains(claimNames, name) {
		return name
	}
	return ""
}

// claimsAsked are the names of what a query asks for, each once: credentials that stand in for each other ask for the
// same by other paths.
func claimsAsked(q *dcql.Query) []string {
	var names []string
	for _, credential := range q.Credentials {
		for _, claim := range credential.Claims {
			name := claimName(fmt.Sprint(claim.Path[len(claim.Path)-1]))
			if name == "birth_date" {
				name = "birthdate"
			}
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// claimView is a claim that was shown. Name is "" when the texts have none; Path is what it is called in the credential.
type claimView struct{ Name, Path, Value string }

// credentialView is the verdict on one presentation.
type credentialView struct {
	Number       int
	Type, Format string
	Checks       []checkView
	Claims       []claimView
}

// verdictView is the data of verifier_verdict.
type verdictView struct {
	Service     serviceView
	Accepted    bool
	State       presentation.State
	Error       string   // of the wallet
	Record      string   // the page for the maker of the wallet, "" where nothing is recorded
	Words       string   // what the service says when it accepts
	Failed      []string // names of the rules that did not hold, each once
	Checks      []checkView
	Credentials []credentialView
}

// checkView is a row of a table of checks. Label names its words, verifier.check.<label>.
type checkView struct {
	presentation.Check
	Label string
}

// rowsOf makes the rows of a table. A rule may be checked in several parts: of those that held one row is enough, and
// none beside a part that did not. The rule query is about completeness where it is about the answer as a whole.
func rowsOf(checks []presentation.Check, whole bool) []checkView {
	var rows []checkView
	for i, c := range checks {
		told := slices.ContainsFunc(checks, func(o presentation.Check) bool { return o.Name == c.Name && !o.OK }) ||
			slices.ContainsFunc(checks[:i], func(o presentation.Check) bool { return o.Name == c.Name })
		if c.OK && told {
			continue
		}
		row := checkView{Check: c, Label: c.Name}
		if whole && c.Name == "query" {
			row.Label = "complete"
		}
		rows = append(rows, row)
	}
	return rows
}

func viewVerdict(s *relyingparty.Service, t *transaction, lang string) verdictView {
	v := verdictView{Service: viewService(s, lang), State: t.State, Error: t.Error, Record: t.Record}
	if t.Verdict == nil {
		return v
	}
	v.Accepted, v.Checks = t.Verdict.Accepted, rowsOf(t.Verdict.Checks, true)
	if v.Accepted {
		v.Words = s.Accepted.In(lang)
	}
	v.Failed = failedRules(t.Verdict)
	for i, c := range t.Verdict.Credentials {
		v.Credentials = append(v.Credentials, credentialView{
			Number: i + 1, Type: c.Type, Format: c.Format, Checks: rowsOf(c.Checks, false), Claims: claimsOf(t.result.Ask.Query, c),
		})
	}
	return v
}

// failedRules are the names of the rules that did not hold, each once; a credential on hold is told apart from a revoked one. That the query is not satisfied follows from some
// of the others, and is then not told as a reason of its own.
func failedRules(v *presentation.Verdict) []string {
	var names []string
	follows := false
	for _, check := range v.Failed() {
		name := check.Name
		if check.Code == "suspended" {
			name = "suspended"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		follows = follows || slices.Contains([]string{"format", "issuer_signature", "disclosures", "holder_binding"}, check.Name)
	}
	if follows {
		names = slices.DeleteFunc(names, func(name string) bool { return name == "query" })
	}
	return names
}

// claimsOf lists what was shown in the order in which it was asked for.
func claimsOf(q *dcql.Query, c presentation.Credential) []claimView {
	var out []claimView
	for _, path := range presentation.ClaimPaths(q, c.Query) {
		if value, shown := c.Claims[path]; shown {
			out = append(out, claimView{Name: claimName(path), Path: path, Value: valueText(value)})
		}
	}
	return out
}

// valueText is a claim's value on one line; booleans are words of the template.
func valueText(value any) string {
	switch v := value.(type) {
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = valueText(v[i])
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		var parts []string
		for name := range v {
			parts = append(parts, name+": "+valueText(v[name]))
		}
		slices.Sort(parts)
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(value)
}
