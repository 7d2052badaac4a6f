package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lommebok.example/transaction"
)

// The profiles.
const (
	OpenID4VCI = "OpenID4VCI"
	OpenID4VP  = "OpenID4VP"
	HAIP       = "HAIP"
)

// Requirement is one rule that the other side is held to.
type Requirement struct {
	ID      string `json:"id"` // stable: the section, and a name
	Profile string `json:"profile"`
	Section string `json:"section"`
	Says    string `json:"says"`
}

// Outcome is how a requirement ended.
type Outcome string

// The outcomes.
const (
	Held      Outcome = "held"
	Failed    Outcome = "failed"
	NotTested Outcome = "not_tested"
)

// Result is a requirement with its outcome.
type Result struct {
	Requirement
	Outcome  Outcome `json:"outcome"`
	Expected string  `json:"expected,omitempty"` // when it failed
	Found    string  `json:"found,omitempty"`
	Why      string  `json:"why,omitempty"` // when it was not tested; of one that held, what it does not speak of
	// Exchanges are the request and the answer that it was judged by, masked; of a fault all of its flow.
	Exchanges []*transaction.Entry `json:"exchanges,omitempty"`
	Millis    int64                `json:"milliseconds"` // of the exchanges
}

// Report is what came of a check.
type Report struct {
	Kind    string    `json:"kind"` // issuer or verifier
	Address string    `json:"address"`
	At      time.Time `json:"at"`
	Millis  int64     `json:"milliseconds"`
	Results []Result  `json:"results"`
}

// Count tells how many requirements ended so.
func (r *Report) Count(o Outcome) (n int) {
	for _, one := range r.Results {
		if one.Outcome == o {
			n++
		}
	}
	return n
}

// Chosen narrows a check. The zero value takes all.
type Chosen struct {
	Profiles []string
	IDs      []string // requirements, or what their identifiers begin or end with
}

// ErrChosen: what was chosen is not there.
var ErrChosen = errors.New("check: there is no such thing to check")

// check refuses a choice of nothing. Errors: ErrChosen.
func (c *Chosen) check(all []Requirement) error {
	if !slices.ContainsFunc(all, c.has) {
		return fmt.Errorf("%w: no requirement is called so, or is of this profile: %s", ErrChosen, strings.Join(append(slices.Clone(c.Profiles), c.IDs...), ", "))
	}
	return nil
}

func (c *Chosen) has(r Requirement) bool {
	if len(c.Profiles) > 0 && !slices.Contains(c.Profiles, r.Profile) {
		return false
	}
	return len(c.IDs) == 0 || slices.ContainsFunc(c.IDs, func(id string) bool {
		return strings.HasPrefix(r.ID, id) || strings.HasSuffix(r.ID, id)
	})
}

// verdict is what a judge says, and by what.
type verdict struct {
	outcome              Outcome
	expected, found, why string
	by                   []*transaction.Exchanged
}

func held(by ...*transaction.Exchanged) verdict { return verdict{outcome: Held, by: by} }

func untested(format string, args ...any) verdict {
	return verdict{outcome: NotTested, why: fmt.Sprintf(format, args...)}
}

func failed(by *transaction.Exchanged, expected, found string, args ...any) verdict {
	v := verdict{outcome: Failed, expected: expected, found: fmt.Sprintf(found, args...)}
	if by != nil {
		v.by = []*transaction.Exchanged{by}
	}
	return v
}

// whether is held when it is so.
func whether(so bool, by *transaction.Exchanged, expected, found string, args ...any) verdict {
	if so {
		return held(by)
	}
	return failed(by, expected, found, args...)
}

// worst joins the verdicts on several things: it failed when it failed for one, and held when it held for one.
func worst(all []verdict) verdict {
	joined := untested("nothing to judge by")
	for _, v := range all {
		switch {
		case v.outcome == Failed:
			return v
		case v.outcome == Held && joined.outcome != Held, v.outcome == NotTested && joined.outcome == NotTested:
			joined = v
		}
	}
	return joined
}

// records are exchanges as they are shown: masked once, and shown for every requirement that they are looked at for.
type records map[*transaction.Exchanged]*transaction.Entry

// result writes a verdict down.
func (m records) result(r Requirement, v verdict) Result {
	out := Result{Requirement: r, Outcome: v.outcome, Expected: v.expected, Found: v.found, Why: v.why}
	var took time.Duration
	for _, x := range v.by {
		if x == nil {
			continue
		}
		if m[x] == nil {
			m[x] = x.Entry()
		}
		out.Exchanges = append(out.Exchanges, m[x])
		took += x.Took
	}
	out.Millis = took.Milliseconds()
	return out
}
