package issuance

import (
	"slices"
	"time"

	"lommebok.example/minid/authserver"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
)

// proofAlgs are the algorithms that a key proof may be signed with.
var proofAlgs = []jose.Alg{jose.ES256}

// verifyProofs is phase 5: every proof holds, each is by another key, each carries a nonce of ours that is not too old.
// Whether a nonce has been used is seen when it is taken.
func (s *Service) verifyProofs(o *order, access *authserver.Access, request *openid4vci.CredentialRequest, now time.Time) error {
	configuration := configurationOf(o.typ)
	if err := configuration.CheckProofs(request, o.typ.Batch); err != nil {
		return err
	}
	proofs, err := openid4vci.VerifyProofs(request.Proofs.JWTs, openid4vci.ProofExpect{
		Audience: s.Issuer, At: now, ClientID: access.ClientID, Algs: proofAlgs,
	})
	if err != nil {
		return err
	}
	for n, proof := range proofs {
		if !s.Nonces.Valid(proof.Nonce) {
			return refusal(openid4vci.InvalidNonce,
				"key proof %d: the c_nonce is not one of ours, or too old; get another from the nonce endpoint (OpenID4VCI section 7)", n+1)
		}
		o.keys = append(o.keys, proof.Key)
		o.nonces = append(o.nonces, proof.Nonce)
	}
	// Sorted, so that two requests that want the same nonces wait for each other and never each for the other.
	slices.Sort(o.nonces)
	o.nonces = slices.Compact(o.nonces)
	return nil
}
