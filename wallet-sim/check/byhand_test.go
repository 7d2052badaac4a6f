package check

import (
	"strings"
	"testing"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/wallet"
)

// Where a person signs in and the issuer gives no refresh token, what comes before the sign-in is faulted all the same; the rest is left
// out, and says why. Of several credentials that one is got whose key proofs can be forged.
func TestByHandWithoutARefreshToken(t *testing.T) {
	forged := openid4vci.Configuration{ProofTypesSupported: map[string]openid4vci.ProofType{openid4vci.ProofTypeJWT: {}}}
	s := &issuerSeen{
		Issuer: &Issuer{ByHand: true}, as: &oauth2.ServerMetadata{AuthorizationEndpoint: "https://as.example/authorize"},
		metadata:  &openid4vci.IssuerMetadata{CredentialConfigurationsSupported: map[string]openid4vci.Configuration{"a": {}, "b": forged, "c": forged}},
		issuances: []*issuance{{id: "b", config: forged, got: []*wallet.Credential{{}}}},
	}
	if got := s.types(); len(got) != 1 || got[0] != "b" {
		t.Errorf("%q is got", got)
	}
	for at, why := range map[string]string{stepPAR: "", stepToken: "no refresh token", stepAsk: "no refresh token"} {
		if got := s.unfit(&faults.Fault{At: at}); (why == "") != (got == "") || !strings.Contains(got, why) {
			t.Errorf("%s: %q", at, got)
		}
	}
	s.issuances[0].got[0].Grant = "x"
	if got := s.unfit(&faults.Fault{At: stepToken}); got != "" {
		t.Errorf("with a refresh token: %q", got)
	}
}
