package issuance

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/signing"
	"lommebok.example/issuer/source"
)

// errFacts: the source does not say what the type cannot do without.
var errFacts = errors.New("issuance: a mandatory claim has no fact")

// values gives the claims of a type for a person. A claim that is not mandatory is left out when there is no fact.
func values(t *credentials.Type, facts *source.Facts, life signing.Lifetime) ([]signing.Value, error) {
	out := make([]signing.Value, 0, len(t.Claims))
	for _, claim := range t.Claims {
		is, ok := valueOf(claim, facts, life)
		switch {
		case ok:
			out = append(out, signing.Value{Claim: claim, Is: is})
		case claim.Mandatory:
			return nil, fmt.Errorf("%w: %s", errFacts, strings.Join(claim.Path, "."))
		}
	}
	return out, nil
}

// takes is how long it takes until all that a type says of a person can be had.
func takes(t *credentials.Type, facts *source.Facts) time.Duration {
	var longest time.Duration
	for _, claim := range t.Claims {
		longest = max(longest, facts.Takes(claim.Source))
	}
	return longest
}

func valueOf(claim credentials.Claim, facts *source.Facts, life signing.Lifetime) (any, bool) {
	switch claim.Source {
	case "":
		return claim.Value, true
	case credentials.IssuanceDate:
		return dateOf(life.From), true
	case credentials.IssuanceExpiry:
		return dateOf(life.Until), true
	default:
		return facts.Value(claim.Source)
	}
}

// lifetimeAt rounds to the day, so that credentials of one batch, and of everybody that day, have the same times and do
// not link (OpenID4VCI 1.0 section 15.4.1, RFC 9901 section 10.1).
func lifetimeAt(now time.Time, validity time.Duration) signing.Lifetime {
	y, m, d := now.UTC().Date()
	from := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return signing.Lifetime{From: from, Until: from.Add(validity)}
}

func dateOf(t time.Time) source.Date {
	y, m, d := t.UTC().Date()
	return source.Date{Year: y, Month: m, Day: d}
}
