// Package workbench tries a DCQL query against example credentials, for who writes one: what a wallet would send, what matches and
// what does not, and why (OpenID4VP 1.0 section 6.4). A file under examples is a credential of a synthetic person, as the issuer
// of this project makes it.
package workbench

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"lommebok.example/specs/dcql"
	"lommebok.example/verifier/relyingparty"
)

//go:embed examples/*.yaml
var files embed.FS

// ErrExample is returned for a file that is no example.
var ErrExample = errors.New("workbench: not an example")

// Example is a credential to try a query against.
type Example struct {
	Name relyingparty.Words
	dcql.Candidate
}

// file is the YAML form of an example.
type file struct {
	Name    relyingparty.Words `yaml:"name"`
	Format  string             `yaml:"format"`
	VCT     string             `yaml:"vct"`
	DocType string             `yaml:"doctype"`
	Claims  map[string]any     `yaml:"claims"`
}

// Examples reads the examples, in the order of their files' names. ErrExample.
func Examples() ([]Example, error) {
	entries, err := files.ReadDir("examples")
	if err != nil {
		return nil, err
	}
	all := make([]Example, len(entries))
	for i, entry := range entries {
		raw, err := files.ReadFile("examples/" + entry.Name())
		if err == nil {
			all[i], err = parse(raw)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrExample, entry.Name(), err)
		}
		all[i].ID = strings.TrimSuffix(entry.Name(), ".yaml")
	}
	return all, nil
}

func parse(raw []byte) (Example, error) {
	var f file
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&f); err != nil {
		return Example{}, err
	}
	e := Example{Name: f.Name, Candidate: dcql.Candidate{Format: f.Format, DocType: f.DocType, HolderBound: true}}
	if f.VCT != "" {
		e.VCT = []string{f.VCT}
	}
	// The claims as they are in a credential that has been read.
	text, err := json.Marshal(f.Claims)
	if err != nil {
		return Example{}, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return e, d.Decode(&e.Claims)
}

// Trial is what became of a query. Sent is what a wallet with all examples would send, with its claims; Missing is why it would
// send nothing.
type Trial struct {
	Sent    []dcql.Match
	Missing []dcql.Reason
	Queries []QueryTrial
}

// QueryTrial is one Credential Query against each example.
type QueryTrial struct {
	ID, Format, Type string
	Tries            []Try
}

// Try is one Credential Query against one example. Why is "" when it matches. Claims are those that are asked for, when format and
// type are right.
type Try struct {
	Example Example
	Why     string
	Claims  []ClaimTry
}

// ClaimTry tells whether the example has a claim, with a value that is asked for.
type ClaimTry struct {
	Path string
	OK   bool
}

// Run tries a query.
func Run(q *dcql.Query, examples []Example) *Trial {
	candidates := make([]dcql.Candidate, len(examples))
	for i, e := range examples {
		candidates[i] = e.Candidate
	}
	t := &Trial{}
	sent, err := q.Select(candidates)
	t.Sent, t.Missing = sent, dcql.Reasons(err)
	for i := range q.Credentials {
		t.Queries = append(t.Queries, tryQuery(&q.Credentials[i], examples))
	}
	return t
}

func tryQuery(c *dcql.CredentialQuery, examples []Example) QueryTrial {
	t := QueryTrial{ID: c.ID, Format: c.Format, Type: strings.Join(c.Types(), ", ")}
	for _, e := range examples {
		one := Try{Example: e}
		if _, err := c.Match(e.Candidate); err != nil {
			one.Why = strings.TrimPrefix(err.Error(), dcql.ErrNoMatch.Error()+": ")
		}
		if _, err := withClaims(c, nil).Match(e.Candidate); err == nil {
			for i := range c.Claims {
				_, err := withClaims(c, c.Claims[i:i+1]).Match(e.Candidate)
				one.Claims = append(one.Claims, ClaimTry{dcql.PathText(c.Claims[i].Path), err == nil})
			}
		}
		t.Tries = append(t.Tries, one)
	}
	return t
}

// withClaims is the same Credential Query for these claims alone.
func withClaims(c *dcql.CredentialQuery, claims []dcql.ClaimsQuery) *dcql.CredentialQuery {
	only := *c
	only.Claims, only.ClaimSets = claims, nil
	return &only
}
