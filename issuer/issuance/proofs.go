package issuance

import (
	"context"
	"crypto/ecdsa"
	"slices"
	"time"

	"lommebok.example/minid/authserver"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/openid4vci"
)

// proofAlgs are the algorithms that a key proof and a key attestation may be signed with (EUDI TS3 section 2.6).
var proofAlgs = attestation.Algs

// verifyProofs is phase 5: every proof holds, each is by another key, each carries a nonce of ours that is not too old, and
// the keys are guarded as the type demands, in a wallet unit that is still good. Whether a nonce has been used is seen when
// it is taken.
func (s *Service) verifyProofs(ctx context.Context, o *order, access *authserver.Access, request *openid4vci.CredentialRequest, now time.Time) error {
	configuration := configurationOf(o.typ)
	if err := configuration.CheckProofs(request, o.typ.Batch); err != nil {
		return err
	}
	a := &attested{service: s, order: o, at: now}
	if err := a.checkUnit(ctx, access.Unit); err != nil {
		return err
	}
	var err error
	if request.Proofs.Type == openid4vci.ProofTypeAttestation {
		err = a.verifyAttestation(ctx, request.Proofs.JWTs[0])
	} else {
		err = a.verifyJWTs(ctx, request.Proofs.JWTs, access.ClientID)
	}
	if err != nil {
		return err
	}
	if len(o.keys) > o.typ.Batch {
		o.keys = o.keys[:o.typ.Batch] // the others are bound to nothing (EUDI TS3 section 2.2.2.1)
	}
	// Sorted, so that two requests that want the same nonces wait for each other and never each for the other.
	slices.SortFunc(o.nonces, compareNonces)
	o.nonces = slices.Compact(o.nonces)
	return nil
}

// verifyJWTs takes key proofs of type jwt (appendix F.1). A key attestation in the header of one brings all the keys that it
// attests; the same one in several is verified once.
func (a *attested) verifyJWTs(ctx context.Context, jwts []string, clientID string) error {
	o := a.order
	proofs, err := openid4vci.VerifyProofs(jwts, openid4vci.ProofExpect{
		Audience: a.service.Issuer, At: a.at, ClientID: clientID, Algs: proofAlgs, FirstSigns: o.typ.KeyAttestation != nil,
		Attested: func(jwt string) ([]*ecdsa.PublicKey, error) { return a.keys(ctx, jwt, true) },
	})
	if err != nil {
		return err
	}
	for n, proof := range proofs {
		used, ok := a.service.Nonces.Use(proof.Nonce)
		switch {
		case !ok:
			return refusal(openid4vci.InvalidNonce,
				"key proof %d: the c_nonce is not one of ours, or too old; get another from the nonce endpoint (OpenID4VCI section 7)", n+1)
		case proof.KeyAttestation == "" && o.typ.KeyAttestation != nil:
			return refusal(openid4vci.InvalidProof, "key proof %d: %s demands a key_attestation in the header (OpenID4VCI section 12.2.4)", n+1, o.typ.ID)
		case proof.KeyAttestation == "":
			a.add(proof.Key)
		}
		for _, key := range proof.Attested {
			a.add(key)
		}
		o.nonces = append(o.nonces, used)
	}
	return nil
}

// verifyAttestation takes a key attestation as the proof (appendix F.3): nobody signs with the keys, so the c_nonce is in it.
func (a *attested) verifyAttestation(ctx context.Context, jwt string) error {
	keys, err := a.keys(ctx, jwt, false)
	if err != nil {
		return err
	}
	if len(a.order.nonces) == 0 {
		return refusal(openid4vci.InvalidProof, "key attestation: nonce: expected a c_nonce of the nonce endpoint (OpenID4VCI appendix F.3)")
	}
	for _, key := range keys {
		a.add(key)
	}
	return nil
}
