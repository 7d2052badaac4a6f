package check

import (
	"slices"
	"strings"
	"testing"
)

// refusedFor are the faults in presentations by the code that our verifier refuses each with: of the first check that does not hold. A fault
// stands twice when a value decides, which another disclosure has each time: a bit that is turned may leave no JSON.
var refusedFor = map[string]string{
	"state_mismatch": `state_other state_missing`,
	"invalid_request": `state_number vp_token_missing vp_token_empty vp_token_array vp_token_text vp_token_no_presentations
		vp_token_number twice in_the_clear jwe_changed jwe_other_key jwe_kid_unknown jwe_no_jwe jwe_unsecured
		parameter_twice nothing error_besides jwe_kid_missing jwe_header_changed jwe_alg_other jwe_enc_other
		jwe_enc_missing jwe_epk_missing jwe_crit jwe_encrypted_key jwe_iv_changed jwe_ciphertext_changed
		jwe_tag_missing jwe_tag_base64`,
	"format_failed": `garbage sdjwt_kb_unsigned sdjwt_issuer_unsigned mdoc_device_signature_missing mdoc_device_signed_missing
		mdoc_hex mdoc_base64 mdoc_element_withheld mdoc_element_twice mdoc_issuer_payload_missing`,
	"not_asked":         `query_unknown`,
	"not_as_asked":      `two_in_one credential_other claim_withheld sdjwt_disclosure_missing`,
	"key_binding_nonce": `sdjwt_nonce_other sdjwt_nonce_longer`,
	"key_binding_claims": `sdjwt_nonce_missing sdjwt_nonce_number sdjwt_aud_missing sdjwt_iat_missing sdjwt_iat_text
		sdjwt_sd_hash_missing`,
	"key_binding_audience":  `sdjwt_aud_other sdjwt_aud_without_prefix`,
	"key_binding_time":      `sdjwt_iat_long_ago sdjwt_iat_tomorrow`,
	"key_binding_sd_hash":   `sdjwt_sd_hash_other`,
	"key_binding_type":      `sdjwt_kb_typ sdjwt_kb_typ_missing sdjwt_kb_crit sdjwt_kb_signature_base64 sdjwt_kb_alg_hs256`,
	"key_binding_missing":   `sdjwt_kb_missing`,
	"key_binding_signature": `sdjwt_kb_other_key sdjwt_kb_changed sdjwt_kb_signature_hex sdjwt_kb_nonce_unsigned`,
	"issuer_signature": `sdjwt_issuer_signature sdjwt_issuer_claim_changed mdoc_issuer_signature sdjwt_issuer_type_changed
		sdjwt_issuer_holder_dropped sdjwt_digests_reversed sdjwt_digest_changed mdoc_mso_digest mdoc_mso_type mdoc_mso_valid_until`,
	"credential_typ":          `sdjwt_issuer_typ`,
	"issuer_untrusted":        `sdjwt_issuer_untrusted mdoc_issuer_untrusted`,
	"disclosure_unreferenced": `sdjwt_disclosure_invented sdjwt_disclosure_changed sdjwt_disclosure_of_another sdjwt_disclosure_of_sd`,
	"disclosure_doubled":      `sdjwt_disclosure_twice`,
	"device_signature": `mdoc_nonce_other mdoc_client_id_other mdoc_response_uri_other mdoc_thumbprint_missing mdoc_signature_changed
		mdoc_thumbprint_other mdoc_other_key mdoc_device_elements_unsigned`,
	"issuer_chain_missing": `sdjwt_issuer_chain_missing mdoc_issuer_chain_missing`,
	"disclosure_malformed": `sdjwt_disclosure_changed sdjwt_disclosure_hex sdjwt_disclosure_object sdjwt_disclosure_of_four`,
	"version":              `mdoc_version`,
	"response_status":      `mdoc_status`,
	"document_count":       `mdoc_documents_missing mdoc_document_twice`,
	"document_type":        `mdoc_document_type`,
	"digest_mismatch":      `mdoc_element_value mdoc_element_name mdoc_element_changed`,
	"digest_missing":       `mdoc_element_digest_id`,
	"digest_algorithm":     `mdoc_mso_digest_algorithm`,
}

// eachForItsReason holds that each fault of the library is refused for what is wrong with it, and not for something else.
func eachForItsReason(t *testing.T, r *Report) {
	t.Helper()
	want := map[string][]string{}
	for code, names := range refusedFor {
		for name := range strings.FieldsSeq(names) {
			want["presentation_"+name] = append(want["presentation_"+name], code)
		}
	}
	for _, one := range r.Results {
		if !strings.HasPrefix(one.ID, "presentation_") {
			continue
		}
		codes := want[one.ID]
		delete(want, one.ID)
		switch last := len(one.Exchanges) - 1; {
		case last < 0 || one.Exchanges[last].Refusal == nil:
			t.Errorf("%s: no refusal: %s %s", one.ID, one.Why, one.Found)
		case !slices.Contains(codes, one.Exchanges[last].Refusal.Code):
			t.Errorf("%s: %q, expected one of %q: %s", one.ID, one.Exchanges[last].Refusal.Code, codes, one.Exchanges[last].Refusal.Description)
		}
	}
	if len(want) > 0 {
		t.Errorf("in the table, and not in the library: %v", want)
	}
}
