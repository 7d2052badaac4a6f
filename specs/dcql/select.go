package dcql

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Match is one presentation to make: these claims of that credential, in answer to
// that Credential Query.
type Match struct {
	CredentialQueryID string
	CandidateID       string
	// Paths are the claims to disclose, and no others; nil when none are asked for.
	Paths [][]any
}

// Reason tells why a candidate does not answer a Credential Query. CandidateID is ""
// when the reason is about all of them, CredentialQueryID when it is about a set.
type Reason struct {
	CredentialQueryID, CandidateID, Text string
}

// NoMatchError is the ErrNoMatch of Query.Select, with a reason for each candidate
// that was tried for what is missing.
type NoMatchError struct{ Reasons []Reason }

// Error lists the Credential Queries and sets that stay open.
func (e *NoMatchError) Error() string {
	var b strings.Builder
	b.WriteString(ErrNoMatch.Error())
	for _, r := range e.Reasons {
		for _, part := range []string{r.CredentialQueryID, r.Text} {
			if part != "" {
				b.WriteString(": " + part)
			}
		}
	}
	return b.String()
}

// Unwrap gives ErrNoMatch.
func (e *NoMatchError) Unwrap() error { return ErrNoMatch }

// Select chooses what a wallet presents (section 6.4.2): the first candidate that
// answers a Credential Query, all of them when the query says multiple, and of each
// Credential Set Query the first option that can be had. Sets that are not required
// are included when they can be. The order of candidates is the wallet's preference.
//
// When a required part stays open, or nothing at all matches, the error is a
// *NoMatchError and nothing may be sent.
func (q *Query) Select(candidates []Candidate) ([]Match, error) {
	found := map[string][]Match{}
	tried := map[string][]Reason{}
	for i := range q.Credentials {
		c := &q.Credentials[i]
		found[c.ID], tried[c.ID] = c.search(candidates)
	}
	chosen, open := q.choose(func(id string) bool { return len(found[id]) > 0 })
	if len(open) > 0 {
		return nil, &NoMatchError{explain(open, tried)}
	}
	var out []Match
	for _, c := range q.Credentials {
		if chosen[c.ID] {
			out = append(out, found[c.ID]...)
		}
	}
	if len(out) == 0 {
		return nil, &NoMatchError{[]Reason{{Text: "every credential set is optional, and none can be had"}}}
	}
	return out, nil
}

func (c *CredentialQuery) search(candidates []Candidate) (found []Match, tried []Reason) {
	for _, k := range candidates {
		paths, err := c.Match(k)
		if err != nil {
			text := strings.TrimPrefix(err.Error(), ErrNoMatch.Error()+": ")
			tried = append(tried, Reason{c.ID, k.ID, text})
			continue
		}
		found = append(found, Match{c.ID, k.ID, paths})
		if !c.Multiple {
			break
		}
	}
	return found, tried
}

// missing is a required part that cannot be had: the text for people, and the
// Credential Queries whose candidates failed.
type missing struct {
	set string
	ids []string
}

// choose gives the Credential Queries to answer, and the required parts that stay
// open.
func (q *Query) choose(have func(id string) bool) (chosen map[string]bool, open []missing) {
	chosen = map[string]bool{}
	if len(q.CredentialSets) == 0 {
		for _, c := range q.Credentials {
			if chosen[c.ID] = have(c.ID); !chosen[c.ID] {
				open = append(open, missing{ids: []string{c.ID}})
			}
		}
		return chosen, open
	}
	for i := range q.CredentialSets {
		s := &q.CredentialSets[i]
		option := slices.IndexFunc(s.Options, func(ids []string) bool {
			return !slices.ContainsFunc(ids, func(id string) bool { return !have(id) })
		})
		if option < 0 {
			if s.IsRequired() {
				lacking := slices.DeleteFunc(slices.Concat(s.Options...), have)
				open = append(open, missing{fmt.Sprintf("credential_sets[%d]", i), lacking})
			}
			continue
		}
		for _, id := range s.Options[option] {
			chosen[id] = true
		}
	}
	return chosen, open
}

// Open names the first required part of the query that stays open when some Credential Queries cannot be answered; "" when
// all of it can be.
func (q *Query) Open(have func(*CredentialQuery) bool) string {
	there := map[string]bool{}
	for i := range q.Credentials {
		there[q.Credentials[i].ID] = have(&q.Credentials[i])
	}
	_, open := q.choose(func(id string) bool { return there[id] })
	switch {
	case len(open) == 0:
		return ""
	case open[0].set != "":
		return open[0].set
	}
	return open[0].ids[0]
}

func explain(open []missing, tried map[string][]Reason) (reasons []Reason) {
	told := map[string]bool{}
	for _, m := range open {
		if m.set != "" {
			reasons = append(reasons, Reason{Text: "no option of the required " + m.set + " can be had"})
		}
		for _, id := range m.ids {
			if told[id] {
				continue
			}
			told[id] = true
			if len(tried[id]) == 0 {
				reasons = append(reasons, Reason{CredentialQueryID: id, Text: "the wallet is empty"})
			}
			reasons = append(reasons, tried[id]...)
		}
	}
	return reasons
}

// Reasons gives the reasons behind an error of Select, nil for other errors.
func Reasons(err error) []Reason {
	var e *NoMatchError
	if !errors.As(err, &e) {
		return nil
	}
	return e.Reasons
}
