package relyingparty

import (
	"fmt"
	"slices"

	"lommebok.example/specs/dcql"
)

// Permit is a kind of credential that a party may ask for, and the claims in it. A path allows what stands below it; null
// in it stands for every element of an array (OpenID4VP 1.0 section 7).
type Permit struct {
	Format string   `yaml:"format"`
	Types  []string `yaml:"types"` // vct, or doctype
	Claims [][]any  `yaml:"claims"`
}

func (p *Permit) check() error {
	if p.Format != dcql.FormatSDJWTVC && p.Format != dcql.FormatMdoc || len(p.Types) == 0 {
		return fmt.Errorf("expected the format %s or %s, and types", dcql.FormatSDJWTVC, dcql.FormatMdoc)
	}
	for _, path := range p.Claims {
		for i, e := range path {
			switch v := e.(type) {
			case string, nil:
			case uint64: // the form in which YAML has it
				path[i] = int(v)
			default:
				return fmt.Errorf("claims: expected paths of names, indices and null (OpenID4VP 1.0 section 7), got %v", path)
			}
		}
		if len(path) == 0 {
			return fmt.Errorf("claims: expected no empty path (OpenID4VP 1.0 section 7)")
		}
	}
	return nil
}

// NotPermittedError is why a party may not send a query: the credential is not on its list, or a claim in it.
type NotPermittedError struct {
	Query    string   // id in the DCQL query
	Type     string   // of the credential
	Claim    string   // path, joined by slashes; "" when it is the credential as a whole
	Expected []string // what the party may ask for instead
}

// Error names the claim.
func (e *NotPermittedError) Error() string {
	if e.Claim == "" {
		return fmt.Sprintf("credential %s: %s is not among what this relying party may ask for", e.Query, e.Type)
	}
	return fmt.Sprintf("credential %s: the claim %s of %s is not among what this relying party may ask for", e.Query, e.Claim, e.Type)
}

// Check tells whether the party may ask for all of a query. The error is a *NotPermittedError.
func (p *Party) Check(q *dcql.Query) error {
	for i := range q.Credentials {
		c := &q.Credentials[i]
		types := c.Types()
		for _, kind := range types {
			if err := p.checkType(c, kind); err != nil {
				return err
			}
		}
		if len(types) == 0 {
			return &NotPermittedError{Query: c.ID, Type: c.Format, Expected: p.kinds()}
		}
	}
	return nil
}

func (p *Party) checkType(c *dcql.CredentialQuery, kind string) error {
	var allowed [][]any
	found := false
	for _, permit := range p.MayAsk {
		if permit.Format == c.Format && slices.Contains(permit.Types, kind) {
			found = true
			allowed = append(allowed, permit.Claims...)
		}
	}
	if !found {
		return &NotPermittedError{Query: c.ID, Type: c.Format + " " + kind, Expected: p.kinds()}
	}
	for _, claim := range c.Claims {
		if !slices.ContainsFunc(allowed, func(path []any) bool { return covers(path, claim.Path) }) {
			e := &NotPermittedError{Query: c.ID, Type: kind, Claim: dcql.PathText(claim.Path)}
			for _, path := range allowed {
				e.Expected = append(e.Expected, dcql.PathText(path))
			}
			return e
		}
	}
	return nil
}

func (p *Party) kinds() []string {
	var all []string
	for _, permit := range p.MayAsk {
		for _, kind := range permit.Types {
			all = append(all, permit.Format+" "+kind)
		}
	}
	return all
}

// covers tells whether whatever asked selects lies within what allowed selects.
func covers(allowed, asked []any) bool {
	if len(asked) < len(allowed) {
		return false
	}
	for i, a := range allowed {
		_, name := asked[i].(string)
		if a == nil && name || a != nil && a != asked[i] {
			return false
		}
	}
	return true
}
