package corpus

import "strings"

// disclosureKinds are broken in what is disclosed.
func disclosureKinds(w *world) []Kind {
	const s42, s71, s97 = "RFC 9901 section 4.2", "RFC 9901 section 7.1", "RFC 9901 section 9.7; SD-JWT VC section 2.2.2.3"
	shown := func(text string) func(*sdjwt) { return func(s *sdjwt) { s.add(text) } }
	salt := `"c2FsdHNhbHRzYWx0c2FsdA"`
	malformed := func(name, what, text string) Kind {
		return w.broken("disclosure-"+name, what, s42, "disclosure_malformed", shown(text), unfit)
	}
	kinds := append(validityKinds(w),
		w.broken("disclosure-empty", "a disclosure is empty", s42, "format_failed", func(s *sdjwt) { s.disclosures = append(s.disclosures, "") }, unfit),
		malformed("padded", "a disclosure is padded base64url", givenName+"="),
		malformed("standard-base64", "a disclosure is base64 and not base64url", "W+/+"),
		malformed("loose-bits", "a disclosure has bits that no byte needs", "W10B"[:3]+"1"),
		malformed("no-json", "a disclosure is no JSON", b64("hello")),
		malformed("object", "a disclosure is an object", b64(`{"given_name":"Eksakt"}`)),
		malformed("one-element", "a disclosure has one element", b64(`[`+salt+`]`)),
		malformed("four-elements", "a disclosure has four elements", b64(`[`+salt+`,"a","b","c"]`)),
		malformed("salt-number", "the salt is a number", b64(`[1,"a","b"]`)),
		malformed("name-number", "the name of a claim is a number", b64(`[`+salt+`,1,"b"]`)),
		malformed("trailing", "something follows a disclosure", b64(`[`+salt+`,"a","b"] []`)),
		malformed("name-twice", "a member in a disclosure stands twice", b64(`[`+salt+`,"a",{"x":1,"x":2}]`)),
		malformed("deep", "a disclosure is nested without end", b64(`[`+salt+`,"a",`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`]`)),
		w.broken("disclosure-invented", "a disclosure was added that no digest stands for", s71, "disclosure_unreferenced", func(s *sdjwt) {
			s.disclosures = append(s.disclosures, disclose("nickname", "Falsk"))
		}, unfit),
		w.broken("disclosure-exchanged", "a value was changed", s71, "disclosure_unreferenced", func(s *sdjwt) { s.disclosures[0] = disclose("given_name", "Falsk") }, unfit),
		w.broken("disclosure-twice", "a disclosure is shown twice", s71, "disclosure_doubled", func(s *sdjwt) { s.disclosures = append(s.disclosures, givenName) }, unfit),
		w.broken("digest-twice", "a digest stands twice", s71, "disclosure_doubled", func(s *sdjwt) { s.payload["_sd"] = append(s.payload["_sd"].([]any), sha(givenName)) }, unfit),
		w.broken("digest-number", "a digest is a number", s71, "digest_malformed", func(s *sdjwt) { s.payload["_sd"] = append(s.payload["_sd"].([]any), 1) }, unfit),
		w.broken("sd-text", "_sd is a text", s71, "digest_malformed", func(s *sdjwt) { s.payload["address"] = object{"_sd": "x"} }, unfit),
		w.broken("sd-alg-unknown", "_sd_alg is md5", "RFC 9901 section 4.1.1", "hash_algorithm", func(s *sdjwt) { s.payload["_sd_alg"] = "md5" }, "key_binding_sd_hash", unfit),
		w.broken("sd-alg-another", "_sd_alg is sha-512 and the digests are not", "RFC 9901 section 4.1.1", "disclosure_unreferenced", func(s *sdjwt) { s.payload["_sd_alg"] = "sha-512" }, "key_binding_sd_hash", unfit),
		w.broken("sd-alg-inside", "_sd_alg stands in a claim", "RFC 9901 section 4.1.1", "disclosure_name", func(s *sdjwt) { s.payload["address"] = object{"_sd_alg": "sha-256"} }, unfit),
		w.broken("element-as-claim", "the disclosure of an element stands in _sd", s71, "disclosure_position", func(s *sdjwt) { s.add(disclose("SE")) }, unfit),
		w.broken("claim-as-element", "the disclosure of a claim stands in an array", s71, "disclosure_position", func(s *sdjwt) {
			d := disclose("nickname", "Falsk")
			s.disclosures = append(s.disclosures, aNation, d)
			s.payload["nationalities"] = []any{object{"...": sha(aNation)}, object{"...": sha(d)}}
		}, unfit),
		w.broken("collision", "a disclosed claim is there already", s71, "disclosure_collision", shown(disclose("issuing_country", "NO")), unfit),
		w.broken("collision-of-two", "two disclosures have one name", s71, "disclosure_collision", shown(disclose("given_name", "Falsk")), unfit),
		w.broken("name-sd", "a disclosed claim is called _sd", s71, "disclosure_name", shown(disclose("_sd", []string{})), unfit),
		w.broken("name-dots", "a disclosed claim is called ...", s71, "disclosure_name", shown(disclose("...", "x")), unfit),
		w.broken("dots-and-more", "a member stands beside ...", s71, "disclosure_name", func(s *sdjwt) {
			s.payload["nationalities"] = []any{object{"...": "x", "more": 1}}
		}, unfit),
		w.broken("nested-without-end", "disclosures lead into disclosures without end", "RFC 9901 section 7.1", "disclosure_depth", nest, unfit),
		w.broken("claim-missing", "a claim that was asked for was not shown", "OpenID4VP 1.0 section 6.4.1", unfit, func(s *sdjwt) { s.disclosures = s.disclosures[1:] }),
		w.broken("value-another", "a claim has another value than was asked for", "OpenID4VP 1.0 section 6.3", unfit, func(s *sdjwt) {
			other := disclose("age_over_18", false)
			s.disclosures[1], s.payload["_sd"] = other, []any{sha(givenName), sha(other)}
		}),
		w.broken("another-vct", "the credential is of another type", "OpenID4VP 1.0 appendix B.3.5", unfit, func(s *sdjwt) { s.payload["vct"] = "urn:eudi:pid:2" }),
		w.broken("hidden-exp", "exp is in a disclosure", s97, "claim_hidden", func(s *sdjwt) { s.hide("exp") }, "no_expiry", unfit),
		w.broken("hidden-cnf", "cnf is in a disclosure", s97, "claim_hidden", func(s *sdjwt) { s.hide("cnf") }, "holder_key", unfit),
		w.broken("hidden-vct", "vct is in a disclosure", s97, "credential_claims", func(s *sdjwt) { s.hide("vct") }, unfit),
	)
	for _, name := range []string{"nbf", "iss", "status"} {
		kinds = append(kinds, w.broken("hidden-"+name, name+" is in a disclosure", s97, "claim_hidden", func(s *sdjwt) { s.hide(name) }, unfit))
	}
	for _, name := range []string{"aka_vcts", "vct#integrity"} {
		kinds = append(kinds, w.broken("hidden-"+strings.Map(plain, name), name+" is in a disclosure", s97, "claim_hidden", shown(disclose(name, "x")), unfit))
	}
	for _, name := range []string{"cnf", "status"} {
		kinds = append(kinds, w.broken("hidden-in-"+name, "a part of "+name+" is in a disclosure", s97, "claim_hidden", func(s *sdjwt) {
			d := disclose("more", "x")
			s.disclosures = append(s.disclosures, d)
			s.payload[name].(object)["_sd"] = []any{sha(d)}
		}, unfit))
	}
	return kinds
}

func plain(r rune) rune {
	if r == '#' || r == '_' {
		return '-'
	}
	return r
}

// nest hangs each disclosure into the one before, deeper than any limit of JSON in one text.
func nest(s *sdjwt) {
	inner := disclose("end", "x")
	chain := []string{inner}
	for range 40 {
		inner = disclose("deep", object{"_sd": []string{sha(inner)}})
		chain = append(chain, inner)
	}
	s.disclosures = append(s.disclosures, chain[:len(chain)-1]...)
	s.add(inner)
}
