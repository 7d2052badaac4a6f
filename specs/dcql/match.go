package dcql

import (
	"fmt"
	"slices"
)

// Candidate is a credential in the wallet, as far as a query may ask about it.
type Candidate struct {
	ID     string // the wallet's own name for it
	Format string
	// VCT is the type of an SD-JWT VC and, behind it, the types it extends.
	VCT     []string
	DocType string // of an mdoc
	// AuthorityKeyIDs are the AuthorityKeyIdentifiers of all certificates of the
	// credential's chain, base64url without padding.
	AuthorityKeyIDs []string
	// Claims are an SD-JWT's processed claims, or an mdoc's namespace → element →
	// value. Objects are map[string]any, arrays []any.
	Claims map[string]any
	// HolderBound tells that the wallet can prove possession of the key in it.
	HolderBound bool
	// Withheld tells of a path that the person keeps back from a Credential Query: the claim then counts as absent. With nil for the path it
	// tells of the credential. nil: nothing is kept back.
	Withheld func(credentialQueryID string, path []any) bool
}

func (k *Candidate) withholds(id string, path []any) bool {
	return k.Withheld != nil && k.Withheld(id, path)
}

// Match tells whether a candidate answers the Credential Query, and with which claims
// (section 6.4.1). The paths are those of the query, in its order; a path with a null
// and values becomes one path for each element that has a wanted value, for the others
// count as absent. nil paths: no selectively disclosable claim is asked for.
//
// The error wraps ErrNoMatch and says why, without any value of the credential.
func (c *CredentialQuery) Match(k Candidate) ([][]any, error) {
	if k.withholds(c.ID, nil) {
		return nil, fmt.Errorf("%w: the person keeps it back", ErrNoMatch)
	}
	for _, wrong := range []string{c.wrongType(k), c.wrongAuthority(k), c.wrongBinding(k)} {
		if wrong != "" {
			return nil, fmt.Errorf("%w: %s", ErrNoMatch, wrong)
		}
	}
	paths, lacking := c.chooseClaims(func(q *ClaimsQuery) [][]any {
		held := q.held(k.Claims)
		if slices.ContainsFunc(held, func(path []any) bool { return k.withholds(c.ID, path) }) {
			return nil
		}
		return held
	})
	if lacking != "" {
		return nil, fmt.Errorf("%w: %s", ErrNoMatch, lacking)
	}
	return paths, nil
}

func (c *CredentialQuery) wrongType(k Candidate) string {
	switch {
	case k.Format != c.Format:
		return fmt.Sprintf("the format is %s; asked for is %s", k.Format, c.Format)
	case c.Format == FormatSDJWTVC && !overlap(k.VCT, c.Meta.VCTValues):
		return "the vct is none of vct_values"
	case c.Format == FormatMdoc && k.DocType != c.Meta.DoctypeValue:
		return "the doctype is not doctype_value"
	case c.Format != FormatSDJWTVC && c.Format != FormatMdoc:
		return fmt.Sprintf("the format %s is not supported", c.Format)
	}
	return ""
}

// wrongAuthority is about section 6.1.1: one value of one entry suffices. Types other
// than aki cannot be evaluated from a certificate chain alone and match nothing.
func (c *CredentialQuery) wrongAuthority(k Candidate) string {
	if len(c.TrustedAuthorities) == 0 {
		return ""
	}
	for _, a := range c.TrustedAuthorities {
		if a.Type == TypeAKI && overlap(a.Values, k.AuthorityKeyIDs) {
			return ""
		}
	}
	return "the issuer is under none of the trusted_authorities"
}

func (c *CredentialQuery) wrongBinding(k Candidate) string {
	if c.HolderBindingRequired() && !k.HolderBound {
		return "there is no cryptographic holder binding"
	}
	return ""
}

// chooseClaims applies section 6.4.1. get gives the paths at which a claim is there,
// nil when it is not. lacking tells why no choice satisfies the query.
func (c *CredentialQuery) chooseClaims(get func(*ClaimsQuery) [][]any) (paths [][]any, lacking string) {
	if len(c.ClaimSets) == 0 {
		for i := range c.Claims {
			q := &c.Claims[i]
			if duplicates(c.Claims[:i], q.Path) {
				continue
			}
			found := get(q)
			if found == nil {
				return nil, fmt.Sprintf("the claim %s is missing or has another value", PathText(q.Path))
			}
			paths = append(paths, found...)
		}
		return paths, ""
	}
	there := map[string][][]any{}
	for i := range c.Claims {
		there[c.Claims[i].ID] = get(&c.Claims[i])
	}
	for _, set := range c.ClaimSets {
		if slices.ContainsFunc(set, func(id string) bool { return there[id] == nil }) {
			continue
		}
		return union(set, there), ""
	}
	return nil, "none of the claim_sets is there as a whole"
}

func union(set []string, there map[string][][]any) (paths [][]any) {
	for _, id := range set {
		for _, p := range there[id] {
			if !slices.ContainsFunc(paths, func(q []any) bool { return samePath(p, q) }) {
				paths = append(paths, p)
			}
		}
	}
	return paths
}

// held gives the paths at which the wallet holds what is asked for.
func (q *ClaimsQuery) held(claims map[string]any) [][]any {
	found, err := locate(q.Path, claims)
	if err != nil {
		return nil
	}
	if len(q.Values) == 0 {
		return [][]any{q.Path}
	}
	var paths [][]any
	for _, l := range found {
		if matches(l.value, q.Values) {
			paths = append(paths, l.path)
		}
	}
	return paths
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
