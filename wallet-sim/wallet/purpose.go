package wallet

import (
	"encoding/json"
	"strings"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
)

// purposes are what a verifier's registration certificate says that it asks for, language → text; nil when it says nothing. The
// signature of the certificate is not verified: the verifier has signed the request that brings it, and it is the verifier's word.
// The member purpose is an array of {lang, content} or {lang, value} (ETSI TS 119 475, second-hand).
func purposes(o *openid4vp.RequestObject) map[string]string {
	found := map[string]string{}
	for _, info := range o.VerifierInfo {
		var jwt string
		if info.Format != openid4vp.FormatRegistrationCert || json.Unmarshal(info.Data, &jwt) != nil {
			continue
		}
		parts := strings.Split(jwt, ".")
		if len(parts) != 3 {
			continue
		}
		raw, err := jose.DecodeBase64URL(parts[1])
		if err != nil {
			continue
		}
		var told struct {
			Purpose []struct{ Lang, Content, Value string }
		}
		if json.Unmarshal(raw, &told) != nil {
			continue
		}
		for _, p := range told.Purpose {
			lang, _, _ := strings.Cut(p.Lang, "-")
			if text := p.Content + p.Value; text != "" && len(text) <= maxShown {
				found[lang] = text
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// Purpose is what the verifier asks for, in its own words, in a language or another; "" when it does not say.
func (v *Verifier) Purpose(lang string) string {
	for _, l := range []string{lang, "nb", "nn", "en", "no", ""} {
		if text := v.Purposes[l]; text != "" {
			return text
		}
	}
	return ""
}
