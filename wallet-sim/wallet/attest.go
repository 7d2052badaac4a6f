package wallet

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"lommebok.example/specs/attestation"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
)

// Attested is how a flow authenticates the wallet: a wallet attestation for this issuer, and the key that it is about. Both are
// new for each flow, so that nobody can tell two of them to be of one wallet (HAIP 1.0 section 4.4.1).
type Attested struct {
	JWT       string `json:"wallet_attestation"`
	Key       Key    `json:"instance_key"`
	Combined  bool   `json:"combined,omitempty"` // the DPoP proof is the proof of possession (ABCA section 5.2)
	Challenge string `json:"challenge,omitempty"`
}

// attest gets a wallet attestation, where the authorization server takes one and there is a wallet provider, and a challenge
// where the server has an endpoint for it (ABCA section 6.1).
func (w *Wallet) attest(ctx context.Context, f *Flow) error {
	methods := f.Plan.Server.TokenEndpointAuthMethodsSupported
	separate, combined := slices.Contains(methods, oauth2.AuthAttestation), slices.Contains(methods, oauth2.AuthAttestationDPoP)
	if w.Attester == nil || !separate && !combined {
		return nil
	}
	f.Attested = &Attested{Key: f.Key, Combined: !separate}
	if separate {
		key, err := w.newKey()
		if err != nil {
			return err
		}
		f.Attested.Key = key
	}
	if err := w.renew(f); err != nil || f.Plan.Server.ChallengeEndpoint == "" {
		return err
	}
	return w.challenge(ctx, f)
}

// renew gets a new attestation of the same key.
func (w *Wallet) renew(f *Flow) (err error) {
	f.Attested.JWT, err = w.Attester.AttestWallet(f.Plan.Server.Issuer, &f.Attested.Key.PublicKey)
	return err
}

// challenge asks for one. In the combined mode it goes where the nonce of DPoP stands.
func (w *Wallet) challenge(ctx context.Context, f *Flow) error {
	address := f.Plan.Server.ChallengeEndpoint
	c := call{step: "attestation challenge (draft-ietf-oauth-attestation-based-client-auth-10 section 6.1)", method: http.MethodPost, url: address, accept: "application/json"}
	a, err := w.do(ctx, c, nil)
	if err != nil {
		return err
	}
	raw, err := jsonOf(c, a, http.StatusOK)
	if err != nil {
		return err
	}
	var answer struct {
		Challenge string `json:"attestation_challenge"`
	}
	if err := jose.Unmarshal(raw, &answer); err != nil || answer.Challenge == "" {
		return fmt.Errorf("%s: %w: expected attestation_challenge", c.step, ErrAnswer)
	}
	f.Attested.Challenge = answer.Challenge
	if f.Attested.Combined {
		f.Nonces[origin(f.Plan.Server.TokenEndpoint)] = answer.Challenge
	}
	return nil
}

// attested marks a call to the authorization server in which the wallet authenticates itself.
func (c call) attested(f *Flow) call {
	if c.attest = f.Attested != nil; c.attest {
		c.sent = append(c.sent, "header "+attestation.HeaderWallet+", with its proof of possession")
	}
	return c
}

// attestation gives the headers of an attested call.
func (p *prover) attestation() (http.Header, error) {
	a, h := p.flow.Attested, http.Header{}
	h.Set(attestation.HeaderWallet, a.JWT)
	if a.Combined {
		return h, nil
	}
	pop, err := attestation.SignPoP(a.Key, p.w.ClientID, p.flow.Plan.Server.Issuer, a.Challenge, p.w.Now())
	h.Set(attestation.HeaderPoP, pop)
	return h, err
}
