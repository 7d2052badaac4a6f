package wallet

import (
	"encoding/json"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
)

// A verifier's own words on what it asks for, and what of a registration certificate tells nothing.
func TestPurposeIsTold(t *testing.T) {
	for name, c := range map[string]struct{ format, payload, lang, want string }{
		"in the language":    {openid4vp.FormatRegistrationCert, `{"purpose":[{"lang":"en","content":"Age"},{"lang":"nb-NO","value":"Alder"}]}`, "nb", "Alder"},
		"in another":         {openid4vp.FormatRegistrationCert, `{"purpose":[{"lang":"en","content":"Age"}]}`, "nn", "Age"},
		"another format":     {"x", `{"purpose":[{"lang":"en","content":"Age"}]}`, "en", ""},
		"none":               {openid4vp.FormatRegistrationCert, `{}`, "en", ""},
		"of another kind":    {openid4vp.FormatRegistrationCert, `{"purpose":"Age"}`, "en", ""},
		"too long to be one": {openid4vp.FormatRegistrationCert, `{"purpose":[{"lang":"en","content":"` + strings.Repeat("x", maxShown+1) + `"}]}`, "en", ""},
		"no JSON":            {openid4vp.FormatRegistrationCert, `x`, "en", ""},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal("e30." + jose.EncodeBase64URL([]byte(c.payload)) + ".x")
			check(t, err)
			v := Verifier{Purposes: purposes(&openid4vp.RequestObject{VerifierInfo: []openid4vp.VerifierInfo{{Format: c.format, Data: data}}})}
			if got := v.Purpose(c.lang); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
