package presentation

import "slices"

// Code is an outcome of a check that is not "ok". Names and codes are stable: programs may go by them, as those do that judge the
// corpus (verifier/corpus).
type Code struct {
	Check   string `json:"check"` // Check.Name
	Code    string `json:"code"`  // Check.Code
	Section string `json:"section"`
	Meaning string `json:"meaning"`
}

// Codes lists every code by its check: the checks of the answer as a whole, and then those of a presentation in the order in which
// they are made. The check of the query comes last, and stands with the presentation where it concerns one alone.
func Codes() []Code { return slices.Clone(allCodes) }

var allCodes = tableOf(
	codesOfRule{ruleState, []meaning{{"state_mismatch", "state is not that of this request, or is missing"}}},
	codesOfRule{ruleQuery, []meaning{{"not_as_asked", "what came is not what was asked for: type, claims, values, authority, number, or a required credential is missing; or nothing came that could authorize a transaction"}}},
	codesOfRule{ruleFormat, []meaning{
		{"not_asked", "nothing was asked for under this id, in a format that this verifier reads"},
		{"format_failed", "the presentation is not in the format that was asked for; got says where it departs"},
		{"too_large", "the presentation is larger than this verifier reads"},
		{"algorithm", "the algorithm is none that is accepted"},
		{"critical_header", "the header names what must be understood, and is not"},
		{"header", "the header has a member that is not accepted, or a chain that cannot be read"},
		{"credential_typ", "typ is not dc+sd-jwt"},
		{"issuer_chain_missing", "the issuer's certificate chain is missing"},
		{"disclosure_malformed", "a disclosure is not base64url of [salt, name, value] or [salt, value]"},
		{"version", "a version is not 1.0"},
		{"document_count", "the DeviceResponse has not exactly one document"},
		{"response_status", "the DeviceResponse tells an error"},
		{"digest_algorithm", "the digest algorithm is not SHA-256, SHA-384 or SHA-512"},
	}},
	codesOfRule{ruleSignature, []meaning{
		{"issuer_signature", "the signature is not that of the key in the issuer's certificate"},
		{"issuer_chain_missing", "the chain is missing, or its certificate has no ECDSA key"},
		{"credential_claims", "a claim that the format knows is missing or of the wrong form"},
		{"claim_hidden", "a part of a claim that must stand in the open is selectively disclosable"},
	}},
	codesOfRule{ruleTrust, []meaning{
		{"issuer_untrusted", "the chain leads to no trust anchor of this verifier"},
		{"issuer_certificate_expired", "a certificate of the chain has ended"},
		{"issuer_certificate_not_yet_valid", "a certificate of the chain has not begun"},
		{"issuer_certificate_purpose", "the certificate is not for signing credentials of this format"},
		{"issuer_chain_malformed", "the chain is not one, or holds its own anchor or a certificate that signed itself"},
		{"trust_list_expired", "the chain leads to an anchor on trust lists that have ended, and to no other"},
	}},
	codesOfRule{ruleEntitled, []meaning{{"issuer_not_entitled", "the trust anchor is known, and not entitled to this type of credential; got names it and its types"}}},
	codesOfRule{ruleDigests, []meaning{
		{"disclosure_unreferenced", "no digest stands for a disclosure"},
		{"disclosure_doubled", "a disclosure or a digest stands twice"},
		{"claim_hidden", "a claim that must stand in the open came in a disclosure"},
		{"hash_algorithm", "_sd_alg is not sha-256, sha-384 or sha-512"},
		{"digest_malformed", "an embedded digest has the wrong form"},
		{"disclosure_position", "the disclosure of a claim stands in an array, or that of an element in an object"},
		{"disclosure_collision", "a disclosed claim is there already"},
		{"disclosure_name", "a reserved name is used as the name of a claim"},
		{"disclosure_depth", "disclosures are nested too deeply"},
		{"digest_mismatch", "an element is not the one whose digest was signed"},
		{"digest_missing", "no digest was signed for an element"},
	}},
	codesOfRule{ruleDocType, []meaning{{"document_type", "docType of the document is not that of the mobile security object"}}},
	codesOfRule{ruleCountry, []meaning{{"issuing_country", "issuing_country is not the country of the issuer's certificate"}}},
	codesOfRule{ruleValidity, []meaning{
		{"expired", "the credential has ended"},
		{"not_yet_valid", "the credential has not begun"},
		{"no_expiry", "the credential has no exp"},
		{"signed_time", "the document was signed outside the life of the signer's certificate"},
	}},
	codesOfRule{ruleHolder, []meaning{
		{"key_binding_missing", "the Key Binding JWT is missing"},
		{"key_binding_type", "the Key Binding JWT has another header than is accepted, or is no strict JSON"},
		{"key_binding_signature", "the Key Binding JWT is not signed with the holder's key"},
		{"key_binding_claims", "iat, aud, nonce or sd_hash is missing or of the wrong form"},
		{"key_binding_audience", "aud is not the whole client_id of this verifier"},
		{"key_binding_nonce", "nonce is not that of this request"},
		{"key_binding_sd_hash", "sd_hash is not that of what was shown"},
		{"key_binding_time", "iat lies more than a minute away, or exp or nbf does not hold"},
		{"holder_key", "the credential is bound to no key that can be used"},
		{"device_signature", "the device's signature is not over this request with the device key"},
		{"device_algorithm", "the algorithm of the device's signature is not that of the device key"},
		{"device_mac", "the device made a MAC: OpenID4VP 1.0 gives it no key of the reader to make one for"},
	}},
	codesOfRule{ruleAgreement, []meaning{
		{"transaction_data_missing", "the Key Binding JWT carries no array transaction_data_hashes"},
		{"transaction_data_hash", "the hashes are not those of the transactions that were sent, each once"},
		{"transaction_data_algorithm", "transaction_data_hashes_alg is not one that was sent, or is missing where some were"},
	}},
	codesOfRule{ruleStatus, []meaning{
		{"revoked", "the issuer has revoked the credential"},
		{"suspended", "the issuer has suspended the credential"},
		{"status_unknown_value", "the status is one that this verifier does not know"},
		{"status_mechanism", "the status is told by a mechanism that this verifier does not know"},
		{"status_not_asked", "the status was not looked up, because the issuer is not trusted"},
		{"status_unreachable", "the list could not be fetched, or came as another media type than was asked for"},
		{"status_malformed", "the list is no token of its form"},
		{"status_type", "the list is a token of another type"},
		{"status_chain", "the protected header of the list has no chain of its signer that can be read"},
		{"status_signature", "the list is not signed with the key of its certificate"},
		{"status_signer_untrusted", "the signer of the list is not trusted for this type of credential"},
		{"status_claims", "a claim of the list is missing or of the wrong form"},
		{"status_bits", "bits is not 1, 2, 4 or 8"},
		{"status_compression", "the list is not one whole zlib stream"},
		{"status_too_large", "the list is larger than this verifier reads"},
		{"status_subject", "the list is of another address"},
		{"status_issued_in_future", "the list is of a time to come"},
		{"status_expired", "the list has ended"},
		{"status_index", "the index lies outside the list"},
	}},
)

type meaning struct{ code, text string }

type codesOfRule struct {
	rule  rule
	codes []meaning
}

func tableOf(rules ...codesOfRule) []Code {
	var all []Code
	for _, r := range rules {
		for _, c := range r.codes {
			all = append(all, Code{Check: r.rule.name, Code: c.code, Section: r.rule.section, Meaning: c.text})
		}
	}
	return all
}
