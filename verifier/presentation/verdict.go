package presentation

import (
	"errors"
	"time"
)

// Check is the outcome of one rule. Name and Code are stable; what was expected and what came is for people who look for
// the cause, and holds no claim of a person.
type Check struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Expected string `json:"expected,omitempty"`
	Got      string `json:"got,omitempty"`
	Section  string `json:"section"`
	Code     string `json:"code"` // "ok", or why not
	// AsOf is the time that the list speaks of from which the outcome was read; zero for what stands on no list.
	AsOf time.Time `json:"as_of,omitzero"`
}

// Credential is the verdict on one presentation. Claims are those that were asked for, and only in an accepted verdict.
type Credential struct {
	Query  string         `json:"query"`
	Format string         `json:"format"`
	Type   string         `json:"type"`
	Checks []Check        `json:"checks"`
	Claims map[string]any `json:"claims,omitempty"`
}

// Verdict is the outcome of every check of an answer.
type Verdict struct {
	Accepted    bool         `json:"accepted"`
	Checks      []Check      `json:"checks"` // of the answer as a whole
	Credentials []Credential `json:"credentials"`
}

// settle accepts when every check of the answer and of each credential holds, and drops the claims otherwise.
func (v *Verdict) settle() {
	v.Accepted = len(v.Credentials) > 0 && allOK(v.Checks)
	for _, c := range v.Credentials {
		v.Accepted = v.Accepted && allOK(c.Checks)
	}
	if v.Accepted {
		return
	}
	for i := range v.Credentials {
		v.Credentials[i].Claims = nil
	}
}

// Failed lists the checks that did not hold.
func (v *Verdict) Failed() []Check {
	var failed []Check
	add := func(checks []Check) {
		for _, c := range checks {
			if !c.OK {
				failed = append(failed, c)
			}
		}
	}
	add(v.Checks)
	for _, c := range v.Credentials {
		add(c.Checks)
	}
	return failed
}

func allOK(checks []Check) bool {
	for _, c := range checks {
		if !c.OK {
			return false
		}
	}
	return len(checks) > 0
}

// rule is a check before it is made: its name, its section, and what was expected.
type rule struct{ name, section, expected string }

// reason gives the code for the errors that a rule can end with.
type reason struct {
	err  error
	code string
}

// checklist collects the checks of one presentation.
type checklist []Check

// removed tells of a code whether its check is taken out. It is nil but in the test that sees what each check holds back.
var removed func(code string) bool

// add records the outcome of a rule, and tells whether it holds. An error that no reason names has the code of the rule's name with
// "_failed".
func (l *checklist) add(r rule, err error, reasons ...reason) bool {
	c := Check{Name: r.name, OK: err == nil, Expected: r.expected, Section: r.section, Code: "ok"}
	if err != nil {
		c.Code, c.Got = r.name+"_failed", err.Error()
		for _, reason := range reasons {
			if errors.Is(err, reason.err) {
				c.Code = reason.code
				break
			}
		}
		if removed != nil && removed(c.Code) {
			c.OK, c.Code, c.Got = true, "ok", ""
		}
	}
	*l = append(*l, c)
	return c.OK
}

// need is add for a rule without which there is nothing to go on with.
func (l *checklist) need(r rule, err error, reasons ...reason) bool {
	l.add(r, err, reasons...)
	return err == nil
}
