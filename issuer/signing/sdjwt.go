package signing

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
)

type sdjwtCopy struct {
	*sdjwtvc.Unsigned
	with *sdjwtvc.Signer
}

func (s *Signers) prepareSDJWT(c *copied) (unsigned, error) {
	u, err := sdjwtvc.Prepare(sdjwtvc.Template{
		VCT: c.Type.VCT, Claims: c.marked, Holder: c.holder, Issuer: c.issuer,
		IssuedAt: c.Life.From, NotBefore: c.Life.From, Expires: c.Life.Until,
		Status: &sdjwtvc.StatusRef{Index: c.index.Index, URI: c.list}, Decoys: c.decoys,
	})
	return sdjwtCopy{u, s.cfg.SDJWT}, err
}

func (c sdjwtCopy) sign() (string, error) { return c.Sign(c.with) }

func (c sdjwtCopy) lint(want *copied) error { return lintSDJWT(c.Payload(), c.Disclosures(), want) }

// lintSDJWT looks at a payload and its disclosures: first at what stands in the open, then at what is held back.
func lintSDJWT(payload []byte, encoded []string, want *copied) error {
	open, err := sdjwt.DecodeObject(payload)
	if err != nil {
		return err
	}
	if err := want.lintFormat(open); err != nil {
		return err
	}
	if err := lintOpen(open, want.marked, "_sd", "_sd_alg"); err != nil {
		return err
	}
	if digests, _ := open["_sd"].([]any); len(digests) != want.digests {
		return fmt.Errorf("%d digests of %d", len(digests), want.digests)
	}
	disclosures, err := sdjwt.ReadDisclosures(encoded)
	if err != nil {
		return err
	}
	if err := lintDisclosures(disclosures, want.marks); err != nil {
		return err
	}
	// Each digest has its disclosure, each disclosure its digest, and together they say what was meant and no more.
	said, err := (&sdjwt.SDJWT{Disclosures: disclosures}).ProcessObject(open)
	if err != nil {
		return err
	}
	return lintClaims(said, want)
}

// ofFormat are the members that the format itself has. They are never held back (RFC 9901 section 9.7), and neither is any
// part of them.
var ofFormat = []string{"iss", "iat", "nbf", "exp", "cnf", "vct", "status"}

// lintFormat looks at the members that the format has: each is what was meant, and nothing is beside it.
func (c *copied) lintFormat(open object) error {
	holder, from := jose.PublicJWK(c.holder), numericDate(c.Life.From)
	jwk, status := only(open["cnf"], "jwk"), only(open["status"], "status_list")
	for _, m := range [...]struct {
		name string
		is   bool
	}{
		{"iss", open["iss"] == c.issuer}, {"vct", open["vct"] == c.Type.VCT},
		{"iat", open["iat"] == from}, {"nbf", open["nbf"] == from}, {"exp", open["exp"] == numericDate(c.Life.Until)},
		{"cnf", len(jwk) == 4 && jwk["kty"] == holder.Kty && jwk["crv"] == holder.Crv && jwk["x"] == holder.X && jwk["y"] == holder.Y},
		{"status", len(status) == 2 && status["idx"] == json.Number(strconv.FormatUint(c.index.Index, 10)) && status["uri"] == c.list},
	} {
		if !m.is {
			return fmt.Errorf("%s in the open is not what was meant", m.name)
		}
	}
	return nil
}

// only gives the object in v, when v is an object that holds one of that name and nothing else; nil otherwise.
func only(v any, name string) object {
	if outer, ok := v.(object); ok && len(outer) == 1 {
		inner, _ := outer[name].(object)
		return inner
	}
	return nil
}

// same compares two values as they are read from JSON. What JSON does not have is the same as nothing.
func same(a, b any) bool {
	switch a := a.(type) {
	case object:
		b, ok := b.(object)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, v := range a {
			if other, there := b[name]; !there || !same(v, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case string:
		b, ok := b.(string)
		return ok && a == b
	case json.Number:
		b, ok := b.(json.Number)
		return ok && a == b
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	default:
		return false
	}
}

// numericDate is a time as it stands in a payload that has been read (RFC 7519 section 2).
func numericDate(t time.Time) json.Number { return json.Number(strconv.FormatInt(t.Unix(), 10)) }

// lintOpen refuses a claim in the open that was meant to be held back, or that was not meant at all.
func lintOpen(open, meant map[string]any, besides ...string) error {
	for name, is := range open {
		if slices.Contains(besides, name) || len(besides) > 1 && slices.Contains(ofFormat, name) {
			continue
		}
		_, known := meant[name]
		if _, hidden := meant[name].(sdjwt.SD); !known || hidden {
			return fmt.Errorf("the claim %s stands in the open", name)
		}
		inner, object := is.(map[string]any)
		if in, nested := meant[name].(map[string]any); object && nested {
			if err := lintOpen(inner, in, "_sd"); err != nil {
				return err
			}
		}
	}
	return nil
}

// count fills in how many digests stand at the top of a credential: as many in each of the type. What one lacks has a decoy, so that
// their number does not tell who has no address (RFC 9901 section 4.2.5).
func (m *meant) count(claims []credentials.Claim) {
	for _, claim := range m.marked {
		if _, hidden := claim.(sdjwt.SD); hidden {
			m.digests++
		}
	}
	for _, claim := range claims {
		if _, has := m.marked[claim.Path[0]]; !has && len(claim.Path) == 1 && claim.Disclosure != credentials.Never {
			m.decoys++
		}
	}
	m.digests += m.decoys
}

// marks counts the marks at v and in it.
func marks(v any) int {
	n := 0
	switch v := v.(type) {
	case sdjwt.SD:
		n = 1 + marks(v.Value)
	case map[string]any:
		for _, inner := range v {
			n += marks(inner)
		}
	case []any:
		for _, inner := range v {
			n += marks(inner)
		}
	}
	return n
}

// lintDisclosures refuses a short salt (RFC 9901 section 9.3), a salt that is there twice, a member of the format that is
// held back (section 9.7), and disclosures in other pieces than was meant.
func lintDisclosures(disclosures []sdjwt.Disclosure, n int) error {
	if n != len(disclosures) {
		return fmt.Errorf("%d disclosures of %d", len(disclosures), n)
	}
	for n, d := range disclosures {
		again := func(other sdjwt.Disclosure) bool { return other.Salt == d.Salt }
		if len(d.Salt) < 22 || slices.ContainsFunc(disclosures[:n], again) {
			return fmt.Errorf("a salt has less than 128 bits or is there twice")
		}
		if !d.ArrayElement && slices.Contains(ofFormat, d.Name) {
			return fmt.Errorf("the claim %s may not be held back", d.Name)
		}
	}
	return nil
}

// lintClaims compares what the credential says, all disclosed, with the batch's values.
func lintClaims(said map[string]any, want *copied) error {
	meant := want.plain
	for name, is := range said {
		if slices.Contains(ofFormat, name) {
			continue
		}
		if !same(is, meant[name]) {
			return fmt.Errorf("the claim %s does not say what was meant", name)
		}
	}
	if n := len(said) - len(ofFormat); n != len(meant) {
		return fmt.Errorf("%d claims of %d", n, len(meant))
	}
	return nil
}

// sdjwtClaims gives the claims, with their marks for selective disclosure or as they are when all is disclosed.
func sdjwtClaims(values []Value, marks bool) map[string]any {
	root := map[string]any{}
	for _, v := range values {
		at := root
		for _, name := range v.Claim.Path[:len(v.Claim.Path)-1] {
			inner, ok := at[name].(map[string]any)
			if !ok {
				inner = map[string]any{}
				at[name] = inner
			}
			at = inner
		}
		how := v.Claim.Disclosure
		if !marks {
			how = credentials.Never
		}
		at[v.Claim.Path[len(v.Claim.Path)-1]] = marked(how, credentials.JSONValue(v.Is))
	}
	return root
}

func marked(how credentials.Disclosure, is any) any {
	if how == credentials.Never {
		return is
	}
	if how == credentials.Parts {
		markParts(is)
	}
	return sdjwt.SD{Value: is}
}

func markParts(is any) {
	switch is := is.(type) {
	case []any:
		for i := range is {
			is[i] = sdjwt.SD{Value: is[i]}
		}
	case map[string]any:
		for name := range is {
			is[name] = sdjwt.SD{Value: is[name]}
		}
	}
}
