package wallet

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"slices"

	"lommebok.example/specs/attestation"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
)

// proofs proves the keys over a c_nonce. Without a c_nonce there is no proof: one that is not fresh could have been made long
// ago by somebody who had the keys then.
func (w *Wallet) proofs(ctx context.Context, p *prover, f *Flow, configurationID string, keys []Key) (*openid4vci.Proofs, error) {
	name, proofType, err := w.proofType(f, configurationID)
	if err != nil {
		return nil, err
	}
	required := proofType.KeyAttestationsRequired
	if required != nil && w.Attester == nil {
		return nil, fmt.Errorf("%w: the issuer requires key attestations, and this wallet has no wallet provider (OpenID4VCI 1.0 appendix D)", ErrUnsupported)
	}
	nonce, err := w.nonce(ctx, p, f)
	if err != nil {
		return nil, err
	}
	proofs := &openid4vci.Proofs{Type: name}
	switch {
	case name == openid4vci.ProofTypeAttestation:
		jwt, err := w.attestKeys(nonce, keys, required)
		proofs.JWTs = []string{jwt}
		return proofs, err
	case required != nil:
		proof, err := w.attestedProof(f, nonce, keys, required)
		proofs.JWTs = []string{proof}
		return proofs, err
	}
	for _, key := range keys {
		proof, err := openid4vci.SignProof(key, f.Plan.Issuer.CredentialIssuer, nonce, w.ClientID, w.Now())
		if err != nil {
			return nil, err
		}
		proofs.JWTs = append(proofs.JWTs, proof)
	}
	return proofs, nil
}

// proofType is the one that is used: that of Wallet.ProofType, or jwt, or attestation where the issuer takes no jwt.
func (w *Wallet) proofType(f *Flow, configurationID string) (string, openid4vci.ProofType, error) {
	taken := w.configuration(&f.Plan, configurationID).ProofTypesSupported
	name := w.ProofType
	if name == "" {
		name = openid4vci.ProofTypeJWT
		if _, ok := taken[name]; !ok && w.Attester != nil {
			name = openid4vci.ProofTypeAttestation
		}
	}
	proofType, ok := taken[name]
	switch {
	case !ok:
		return "", proofType, fmt.Errorf("%w: the issuer takes no key proof of type %s for %s (OpenID4VCI 1.0 appendix F)", ErrUnsupported, name, configurationID)
	case !slices.Contains(proofType.ProofSigningAlgValuesSupported, string(jose.ES256)):
		return "", proofType, fmt.Errorf("%w: the issuer takes no key proof signed with ES256", ErrUnsupported)
	case name == openid4vci.ProofTypeAttestation && w.Attester == nil:
		return "", proofType, fmt.Errorf("%w: the proof type attestation takes a wallet provider (OpenID4VCI 1.0 appendix F.3)", ErrUnsupported)
	}
	return name, proofType, nil
}

// attestedProof is one proof, by the first key, with the key attestation of all (HAIP 1.0 section 4.5.1, EUDI TS3 section
// 2.2.2.1).
func (w *Wallet) attestedProof(f *Flow, nonce string, keys []Key, required *openid4vci.KeyAttestationsRequired) (string, error) {
	jwt, err := w.attestKeys(nonce, keys, required)
	if err != nil {
		return "", err
	}
	return openid4vci.SignAttestedProof(keys[0], jwt, f.Plan.Issuer.CredentialIssuer, nonce, w.ClientID, w.Now())
}

// attestKeys has the keys attested, at the levels that the issuer asks for.
func (w *Wallet) attestKeys(nonce string, keys []Key, required *openid4vci.KeyAttestationsRequired) (string, error) {
	public := make([]*ecdsa.PublicKey, len(keys))
	for i, key := range keys {
		public[i] = &key.PublicKey
	}
	keyStorage, userAuthentication := []string{attestation.High}, []string{attestation.High}
	if required != nil && len(required.KeyStorage) > 0 {
		keyStorage = required.KeyStorage[:1]
	}
	if required != nil && len(required.UserAuthentication) > 0 {
		userAuthentication = required.UserAuthentication[:1]
	}
	return w.Attester.AttestKeys(nonce, public, keyStorage, userAuthentication)
}
