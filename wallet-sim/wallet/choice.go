package wallet

import (
	"errors"
	"fmt"
	"slices"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/sdjwtvc"
)

// ErrKept: what the person keeps back cannot all be kept back, or is not optional.
var ErrKept = errors.New("wallet: the request cannot be answered without all of that")

// Kept names what the person keeps back: a credential by its Credential Query, a claim by that and its Key.
type Kept struct{ Query, Claim string }

// kept tells the query of what is kept back.
func kept(all []Kept) func(query string, path []any) bool {
	return func(query string, path []any) bool {
		one := Kept{Query: query}
		if path != nil {
			one.Claim = Claim{Path: path}.Key()
		}
		return slices.Contains(all, one)
	}
}

// offerChoice notes what may be kept back (OpenID4VP 1.0 sections 6.2 and 6.4.1): each thing without which the query chooses part of
// the rest, and nothing in its place that the person has not seen. A claim without which its credential would go is not one: the
// credential is.
func (r *Request) offerChoice() error {
	for i := range r.Shares {
		s := &r.Shares[i]
		_, err := r.without([]Kept{{Query: s.Query}})
		if s.Optional = err == nil; err != nil && !errors.Is(err, ErrKept) {
			return err
		}
		for n := range s.Claims {
			left, err := r.without([]Kept{{s.Query, s.Claims[n].Key()}})
			if err != nil && !errors.Is(err, ErrKept) {
				return err
			}
			s.Claims[n].Optional = slices.ContainsFunc(left, func(o Share) bool { return o.Query == s.Query })
		}
	}
	return nil
}

// without is what would be shared when the person keeps something back: ErrKept.
func (r *Request) without(back []Kept) ([]Share, error) {
	shares, err := r.selected(kept(back))
	if dcql.Reasons(err) != nil {
		return nil, fmt.Errorf("%w: %w", ErrKept, err)
	}
	if err != nil {
		return nil, err
	}
	for _, s := range shares {
		i := slices.IndexFunc(r.Shares, func(o Share) bool { return o.Query == s.Query && o.Credential.ID == s.Credential.ID })
		if i < 0 || slices.ContainsFunc(s.Claims, func(c Claim) bool { return !has(r.Shares[i].Claims, c) }) {
			return nil, fmt.Errorf("%w: something else would be shared in its place", ErrKept)
		}
	}
	return shares, nil
}

// Keep leaves out of the answer what the person keeps back: ErrKept.
func (r *Request) Keep(back []Kept) error {
	if len(back) == 0 {
		return nil
	}
	shares, err := r.without(back)
	if err != nil {
		return err
	}
	for i := range shares {
		if err := shares[i].rest(); err != nil {
			return err
		}
	}
	r.Shares, r.Transactions = shares, nil
	return r.agree()
}

// rest tells what else of the credential is shown, and what is not: in an SD-JWT what the issuer made no disclosure of is always shown.
func (s *Share) rest() error {
	shown := s.read.claims
	if s.read.mdoc == nil {
		selected, err := s.read.sdjwt.Select(s.paths)
		if err != nil {
			return err
		}
		left, err := sdjwtvc.ParseIssued(selected.String())
		if err != nil {
			return err
		}
		if err := left.VerifySignature(); err != nil {
			return err
		}
		if shown, err = left.Claims(); err != nil {
			return err
		}
	}
	for _, c := range shownClaims(s.Credential, s.read, s.Credential.described(s.read)) {
		_, err := dcql.Resolve(c.Path, shown)
		switch {
		case s.read.mdoc == nil && slices.Contains(ofTheFormat, c.Key()):
		case slices.ContainsFunc(s.paths, func(path []any) bool { return related(path, c.Path) }):
		case s.read.mdoc == nil && err == nil:
			s.Besides = append(s.Besides, c)
		default:
			s.Hidden = append(s.Hidden, c)
		}
	}
	return nil
}

// ofTheFormat are the claims of an SD-JWT VC that say nothing of the person (draft-ietf-oauth-sd-jwt-vc section 2.2.2.2).
var ofTheFormat = []string{"iss", "nbf", "exp", "iat", "cnf", "vct", "vct#integrity", "status"}

// related tells whether one path leads to the other, or to the same.
func related(a, b []any) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != nil && b[i] != nil && a[i] != b[i] {
			return false
		}
	}
	return true
}

func has(claims []Claim, one Claim) bool {
	return slices.ContainsFunc(claims, func(c Claim) bool { return c.Key() == one.Key() })
}
