package issuance

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/source"
	"lommebok.example/specs/cose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwt"
)

// errFacts: the source does not say what the type cannot do without.
var errFacts = errors.New("issuance: a mandatory claim has no fact")

// value is one claim of one person: a string, a bool, a source.Date, a []string or a map[string]string.
type value struct {
	claim credentials.Claim
	is    any
}

// values gives the claims of a type for a person. A claim that is not mandatory is left out when there is no fact.
func values(t *credentials.Type, facts *source.Facts, life lifetime) ([]value, error) {
	var out []value
	for _, claim := range t.Claims {
		is, ok := valueOf(claim, facts, life)
		switch {
		case ok:
			out = append(out, value{claim, is})
		case claim.Mandatory:
			return nil, fmt.Errorf("%w: %s", errFacts, strings.Join(claim.Path, "."))
		}
	}
	return out, nil
}

func valueOf(claim credentials.Claim, facts *source.Facts, life lifetime) (any, bool) {
	switch claim.Source {
	case "":
		return claim.Value, true
	case credentials.IssuanceDate:
		return dateOf(life.from), true
	case credentials.IssuanceExpiry:
		return dateOf(life.until), true
	default:
		return facts.Value(claim.Source)
	}
}

// lifetime is from when until when a credential is valid.
type lifetime struct{ from, until time.Time }

// lifetimeAt rounds to the day, so that credentials of one batch, and of everybody that day, have the same times and do
// not link (OpenID4VCI 1.0 section 15.4.1, RFC 9901 section 10.1).
func lifetimeAt(now time.Time, validity time.Duration) lifetime {
	y, m, d := now.UTC().Date()
	from := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return lifetime{from: from, until: from.Add(validity)}
}

func dateOf(t time.Time) source.Date {
	y, m, d := t.UTC().Date()
	return source.Date{Year: y, Month: m, Day: d}
}

// sdjwtClaims gives the claims with their marks for selective disclosure. Every copy needs a call of its own.
func sdjwtClaims(values []value) map[string]any {
	root := map[string]any{}
	for _, v := range values {
		at := root
		for _, name := range v.claim.Path[:len(v.claim.Path)-1] {
			inner, ok := at[name].(map[string]any)
			if !ok {
				inner = map[string]any{}
				at[name] = inner
			}
			at = inner
		}
		at[v.claim.Path[len(v.claim.Path)-1]] = marked(v.claim.Disclosure, jsonValue(v.is))
	}
	return root
}

func jsonValue(is any) any {
	switch is := is.(type) {
	case source.Date:
		return is.String()
	case []string:
		list := make([]any, len(is))
		for i, s := range is {
			list[i] = s
		}
		return list
	case map[string]string:
		object := make(map[string]any, len(is))
		for name, s := range is {
			object[name] = s
		}
		return object
	default:
		return is
	}
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

func mdocElements(values []value) []mdoc.Element {
	elements := make([]mdoc.Element, 0, len(values))
	for _, v := range values {
		element := mdoc.Element{Namespace: v.claim.Path[0], Identifier: v.claim.Path[1], Value: jsonValue(v.is)}
		if date, ok := v.is.(source.Date); ok {
			element.Value = cose.FullDate(date.String()) // tag 1004, RFC 8943
		}
		elements = append(elements, element)
	}
	return elements
}
