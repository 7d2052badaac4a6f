package inspect

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lommebok.example/specs/sdjwtvc"
)

var (
	ruleEntitled    = rule{"issuer's entitlement", "OpenID4VP 1.0 section 8.6; SD-JWT VC section 2.5"}
	ruleCountry     = rule{"issuing country", "ISO/IEC 18013-5 section 9.3.1; EUDI PID Rulebook"}
	ruleTransaction = rule{"transaction data", "OpenID4VP 1.0 appendix B.3.3.1"}
)

// entitled holds the type against those of the anchor; nil is the anchor of nobody who is trusted.
func (v *Verdict) entitled(anchor *x509.Certificate, e Expect) {
	switch {
	case anchor == nil:
		v.leave(ruleEntitled, "who issued it is not trusted")
		return
	case e.Types == nil:
		v.leave(ruleEntitled, "the anchors were given without the types that they count for")
		return
	}
	types, known, err := e.Types(anchor)
	switch {
	case err != nil:
		v.leave(ruleEntitled, err.Error())
	case !known:
		v.leave(ruleEntitled, "no YAML file beside the trust anchor says what it counts for")
	case !slices.Contains(types, v.Type):
		v.add(ruleEntitled, fmt.Errorf("%s counts for %s, not for %s", anchor.Subject.CommonName, strings.Join(types, ", "), v.Type))
	default:
		v.add(ruleEntitled, nil)
	}
}

// pidTypes begin the types of a PID.
var pidTypes = []string{"urn:eudi:pid:", "eu.europa.ec.eudi.pid."}

// country holds what is shown of issuing_country against the issuer's certificate.
func (v *Verdict) country(leaf *x509.Certificate, shown []any) {
	for _, one := range shown {
		if country, _ := one.(string); !slices.Equal(leaf.Subject.Country, []string{country}) {
			v.add(ruleCountry, fmt.Errorf("issuing_country is %v, and the country of the certificate %s", one, strings.Join(leaf.Subject.Country, ", ")))
			return
		}
	}
	if len(shown) > 0 {
		v.add(ruleCountry, nil)
	} else if v.pid() {
		v.leave(ruleCountry, "issuing_country is not shown")
	}
}

func (v *Verdict) pid() bool {
	return slices.ContainsFunc(pidTypes, func(begin string) bool { return strings.HasPrefix(v.Type, begin) })
}

// countriesOf are the issuing_country of each name space of an mdoc; an SD-JWT VC has one.
func countriesOf(claims map[string]any) (shown []any) {
	for _, namespace := range slices.Sorted(maps.Keys(claims)) {
		elements, _ := claims[namespace].(map[string]any)
		if country, ok := elements["issuing_country"]; ok {
			shown = append(shown, country)
		}
	}
	return shown
}

// transaction names what a holder agreed to with the proof, which the hashes do not say.
func (v *Verdict) transaction(c *sdjwtvc.Credential) {
	claims, err := c.SDJWT().KeyBindingClaims()
	_, hashes := claims["transaction_data_hashes"]
	_, alg := claims["transaction_data_hashes_alg"]
	if err == nil && (hashes || alg) {
		v.leave(ruleTransaction, "the proof signs hashes of transaction data, which are not known here")
	}
}
