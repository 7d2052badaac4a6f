package dcql

import (
	"fmt"
	"maps"
	"slices"
)

// Presented is a presentation whose signatures the verifier has checked.
type Presented struct {
	Format, VCT, DocType string
	AuthorityKeyIDs      []string
	// Claims are what was disclosed, in the form of Candidate.Claims.
	Claims map[string]any
	// HolderBound tells that a proof of holder binding came and was verified.
	HolderBound bool
}

// Finding is the outcome of one check, in words for people. CredentialQueryID is ""
// when the check is about the answer as a whole.
type Finding struct {
	CredentialQueryID string
	OK                bool
	Reason            string
}

// Check tells what a vp_token satisfies of the query (OpenID4VP 1.0 section 8.6), by
// Credential Query identifier. A presentation that fails counts as not sent when the
// required combinations are looked at. The checks that hold are listed too;
// Satisfied tells whether all of them do.
//
// Wanted values are compared although a wallet may answer without regard to them
// (section 6.4.1): what came is then not what was asked for.
func (q *Query) Check(got map[string][]Presented) []Finding {
	var out []Finding
	good := map[string]bool{}
	for i := range q.Credentials {
		c := &q.Credentials[i]
		presented, came := got[c.ID]
		if !came {
			continue
		}
		findings := c.check(presented)
		good[c.ID] = Satisfied(findings)
		out = append(out, findings...)
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		if !slices.ContainsFunc(q.Credentials, func(c CredentialQuery) bool { return c.ID == id }) {
			out = append(out, Finding{"", false, "a presentation came that no Credential Query asks for (section 8.1)"})
		}
	}
	_, open := q.choose(func(id string) bool { return good[id] })
	for _, m := range open {
		out = append(out, m.finding(got))
	}
	if len(open) == 0 {
		out = append(out, Finding{"", true, "all credentials that are required came"})
	}
	return out
}

// Satisfied tells whether every finding is positive. No finding at all satisfies
// nothing.
func Satisfied(findings []Finding) bool {
	return len(findings) > 0 && !slices.ContainsFunc(findings, func(f Finding) bool { return !f.OK })
}

func (m missing) finding(got map[string][]Presented) Finding {
	if m.set != "" {
		return Finding{"", false, "no option of the required " + m.set + " is fulfilled (section 6.4.2)"}
	}
	if _, came := got[m.ids[0]]; came {
		return Finding{m.ids[0], false, "the required credential came, and does not pass (section 6.4.2)"}
	}
	return Finding{m.ids[0], false, "the required credential did not come (section 6.4.2)"}
}

func (c *CredentialQuery) check(presented []Presented) []Finding {
	switch n := len(presented); {
	case n == 0:
		return []Finding{{c.ID, false, "the array of presentations is empty (section 8.1)"}}
	case n > 1 && !c.Multiple:
		return []Finding{{c.ID, false, fmt.Sprintf("%d presentations came, one is asked for (section 8.1)", n)}}
	}
	var out []Finding
	for i, p := range presented {
		for _, f := range c.checkOne(p) {
			if len(presented) > 1 {
				f.Reason = fmt.Sprintf("presentation %d: %s", i+1, f.Reason)
			}
			out = append(out, f)
		}
	}
	return out
}

func (c *CredentialQuery) checkOne(p Presented) []Finding {
	k := Candidate{Format: p.Format, VCT: []string{p.VCT}, DocType: p.DocType,
		AuthorityKeyIDs: p.AuthorityKeyIDs, HolderBound: p.HolderBound}
	out := []Finding{
		c.finding(c.wrongType(k), "format and type are what was asked for"),
		c.finding(c.wrongBinding(k), "the holder binding is as asked for"),
	}
	if len(c.TrustedAuthorities) > 0 {
		out = append(out, c.finding(c.wrongAuthority(k), "the issuer is under one of the trusted_authorities"))
	}
	_, lacking := c.chooseClaims(func(q *ClaimsQuery) [][]any { return c.came(q, p.Claims) })
	return append(out, c.finding(lacking, "the claims asked for are there"))
}

func (c *CredentialQuery) finding(wrong, right string) Finding {
	if wrong != "" {
		return Finding{c.ID, false, wrong}
	}
	return Finding{c.ID, true, right}
}

// came tells whether a presentation holds what is asked for.
func (c *CredentialQuery) came(q *ClaimsQuery, claims map[string]any) [][]any {
	values := c.shown(q.Path, claims)
	if len(q.Values) > 0 {
		values = slices.DeleteFunc(values, func(v any) bool { return !matches(v, q.Values) })
	}
	if len(values) == 0 {
		return nil
	}
	return [][]any{q.Path}
}

func (c *CredentialQuery) shown(path []any, claims map[string]any) []any {
	if c.Format == FormatSDJWTVC && slices.ContainsFunc(path, func(p any) bool { _, index := p.(int); return index }) {
		return disclosed(path, claims)
	}
	values, err := Resolve(path, claims)
	if err != nil {
		return nil
	}
	return values
}
