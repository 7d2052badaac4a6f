package login

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"

	"lommebok.example/minid"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/fnr"
	"lommebok.example/verifier/presentation"
)

// Types of person identification data (Commission Implementing Regulation (EU) 2024/2977): they alone are proofed at high.
const (
	pidSDJWT = "urn:eudi:pid:1"
	pidMdoc  = "eu.europa.ec.eudi.pid.1"
)

// Trusted is a type of credential that says who a person is.
type Trusted struct {
	Format string      `yaml:"format"` // dcql.FormatSDJWTVC or dcql.FormatMdoc
	Type   string      `yaml:"type"`   // vct, or doctype, which is also the namespace of the number
	Level  minid.Level `yaml:"level"`  // that a login with it has
}

// Trust is the types that let people in, in the order in which they are asked for.
type Trust []Trusted

// DefaultTrust gives level high to a PID in either format, and substantial to the MinID credential, which is issued on a
// login at that level.
func DefaultTrust() Trust {
	return Trust{
		{dcql.FormatSDJWTVC, pidSDJWT, minid.LevelHigh},
		{dcql.FormatMdoc, pidMdoc, minid.LevelHigh},
		{dcql.FormatSDJWTVC, "no:minid:mpid:1", minid.LevelSubstantial},
	}
}

// ErrTrust is what is wrong with a Trust.
var ErrTrust = errors.New("login: not a list of credentials that let people in")

// ParseTrust reads a list in YAML or JSON. A member that is not known is refused. ErrTrust.
//
//   - {format: dc+sd-jwt, type: "urn:eudi:pid:1", level: high}
//   - {format: dc+sd-jwt, type: "no:minid:mpid:1", level: substantial}
func ParseTrust(raw []byte) (Trust, error) {
	var t Trust
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&t); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrTrust, yaml.FormatError(err, false, false))
	}
	return t, t.Check()
}

// Check holds a list to what may be trusted at all: level high is a PID's, and each type stands once. ErrTrust.
func (t Trust) Check() error {
	if len(t) == 0 {
		return fmt.Errorf("%w: it is empty", ErrTrust)
	}
	for i, one := range t {
		switch {
		case one.Format != dcql.FormatSDJWTVC && one.Format != dcql.FormatMdoc, one.Type == "":
			return fmt.Errorf("%w: %q: expected a type, of format %s or %s", ErrTrust, one.Type, dcql.FormatSDJWTVC, dcql.FormatMdoc)
		case one.Level < minid.LevelLow || one.Level > minid.LevelHigh:
			return fmt.Errorf("%w: %q: expected level low, substantial or high", ErrTrust, one.Type)
		case one.Level == minid.LevelHigh && one.Type != pidSDJWT && one.Type != pidMdoc:
			return fmt.Errorf("%w: %q: expected level substantial at the most: high is a PID's (CIR (EU) 2015/1502)", ErrTrust, one.Type)
		case slices.ContainsFunc(t[:i], func(o Trusted) bool { return o.Format == one.Format && o.Type == one.Type }):
			return fmt.Errorf("%w: %q stands twice", ErrTrust, one.Type)
		}
	}
	return nil
}

const number = "personal_administrative_number"

func (one Trusted) path() []any {
	if one.Format == dcql.FormatMdoc {
		return []any{one.Type, number}
	}
	return []any{number}
}

// claim is the path as presentation.Credential names it.
func (one Trusted) claim() string {
	if one.Format == dcql.FormatMdoc {
		return one.Type + "." + number
	}
	return number
}

// Query asks for one credential of those that suffice for a level, and of it for the number alone. ErrTrust when none does.
func (t Trust) Query(level minid.Level) (*dcql.Query, error) {
	q := &dcql.Query{}
	var options [][]string
	for i, one := range t {
		if one.Level < level {
			continue
		}
		c := dcql.CredentialQuery{ID: fmt.Sprintf("person_%d", i+1), Format: one.Format, Claims: []dcql.ClaimsQuery{{Path: one.path()}}}
		if one.Format == dcql.FormatMdoc {
			c.Meta.DoctypeValue = one.Type
		} else {
			c.Meta.VCTValues = []string{one.Type}
		}
		q.Credentials, options = append(q.Credentials, c), append(options, []string{c.ID})
	}
	if len(options) == 0 {
		return nil, fmt.Errorf("%w: nothing gives level %s", ErrTrust, level)
	}
	q.CredentialSets = []dcql.CredentialSetQuery{{Options: options}}
	return q, nil
}

// Person is who logs in, and how surely.
type Person struct {
	PID   string
	Level minid.Level
}

// ErrPerson: an accepted answer does not say who the person is.
var ErrPerson = errors.New("login: the answer names nobody, or more than one")

// Person reads who the person is by an accepted verdict. Whoever shows several credentials has the level of the weakest, and
// all must be of the same person, whose number is one of those that the operator takes in. ErrPerson.
func (t Trust) Person(v *presentation.Verdict, numbers fnr.Policy) (*Person, error) {
	p := &Person{Level: minid.LevelHigh}
	if v == nil || !v.Accepted || len(v.Credentials) == 0 {
		return nil, ErrPerson
	}
	for _, c := range v.Credentials {
		i := slices.IndexFunc(t, func(o Trusted) bool { return o.Format == c.Format && o.Type == c.Type })
		if i < 0 {
			return nil, fmt.Errorf("%w: %s lets nobody in", ErrPerson, c.Type)
		}
		text, _ := c.Claims[t[i].claim()].(string)
		n, err := numbers.Parse(text)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %s: %w", ErrPerson, number, err)
		case p.PID != "" && p.PID != n.Digits():
			return nil, fmt.Errorf("%w: two numbers", ErrPerson)
		}
		p.PID, p.Level = n.Digits(), min(p.Level, t[i].Level)
	}
	return p, nil
}

// Shown is the highest level of the credentials in a verdict, accepted or not: it tells a person whose credential gave too
// little what it would have given. LevelNone when no credential lets anybody in.
func (t Trust) Shown(v *presentation.Verdict) minid.Level {
	level := minid.LevelNone
	if v == nil {
		return level
	}
	for _, c := range v.Credentials {
		for _, one := range t {
			if one.Type == c.Type {
				level = max(level, one.Level)
			}
		}
	}
	return level
}
