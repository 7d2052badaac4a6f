package openid4vp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

// AttestationTyp is the typ of a verifier attestation (section 12).
const AttestationTyp = "verifier-attestation+jwt"

// VerifierAttestation is the word of an attester for a verifier and its key (section 12).
type VerifierAttestation struct {
	Iss string `json:"iss"`
	Sub string `json:"sub"` // the client_id without its prefix
	Iat int64  `json:"iat,omitempty"`
	Nbf int64  `json:"nbf,omitempty"`
	Exp int64  `json:"exp"` // seconds since 1970
	Cnf struct {
		JWK *jose.JWK `json:"jwk"`
	} `json:"cnf"`
	RedirectURIs []string `json:"redirect_uris,omitempty"` // absent lets the verifier choose
}

// Attest signs an attestation of the key pub, with the attester's key and chain, without its anchor.
func (a VerifierAttestation) Attest(pub *ecdsa.PublicKey, key crypto.Signer, chain []*x509.Certificate) (string, error) {
	jwk := jose.PublicJWK(pub)
	a.Cnf.JWK = &jwk
	signer, err := jose.NewSigner(key, jose.Header{Typ: AttestationTyp, X5C: chain})
	if err != nil {
		return "", reasons(ErrAttestation, err)
	}
	return signer.SignJSON(a)
}

var attestationRules = jose.Rules{
	Typ:   AttestationTyp,
	Algs:  []jose.Alg{jose.ES256, jose.ES384, jose.ES512},
	Allow: []string{"x5c", "kid"},
}

// peekAttestation reads an attestation of the verifier's own; the wallet is who verifies it.
func peekAttestation(jwt string) (*VerifierAttestation, error) {
	u, err := jose.Parse(jwt, attestationRules)
	if err != nil {
		return nil, reasons(ErrAttestation, err)
	}
	return readAttestation(u.UnsafePayload())
}

func readAttestation(payload []byte) (*VerifierAttestation, error) {
	var a VerifierAttestation
	if err := jose.Unmarshal(payload, &a); err != nil {
		return nil, reasons(ErrAttestation, err)
	}
	if a.Iss == "" || a.Sub == "" || a.Exp == 0 || a.Cnf.JWK == nil {
		return nil, fail(ErrAttestation, "expected iss, sub, exp and cnf.jwk (section 12)")
	}
	return &a, nil
}

// byAttestation is for the prefix verifier_attestation.
func byAttestation(u *jose.Unverified, sub string, attesters *x5c.Anchors, at time.Time) (*authentic, error) {
	a, err := verifiedAttestation(u.Header.Extra[headerAttestation], attesters, at)
	switch {
	case err != nil:
		return nil, refuse(InvalidClient, err, "jwt: %v (sections 5.9.3 and 12)", err)
	case a.Sub != sub:
		return nil, refuse(InvalidClient, ErrAttestation, "client_id: expected the sub of the verifier attestation (section 5.9.3)")
	}
	pub, err := a.Cnf.JWK.PublicKey()
	if err != nil {
		return nil, refuse(InvalidClient, reasons(ErrAttestation, err), "jwt: cnf: %v (section 12)", err)
	}
	payload, err := verified(u, pub)
	if err != nil {
		return nil, err
	}
	return &authentic{payload: payload, uris: a.RedirectURIs}, nil
}

func verifiedAttestation(header json.RawMessage, attesters *x5c.Anchors, at time.Time) (*VerifierAttestation, error) {
	var jwt string
	if err := json.Unmarshal(header, &jwt); err != nil {
		return nil, fail(ErrAttestation, "expected a verifier attestation in the header member jwt")
	}
	u, err := jose.Parse(jwt, attestationRules)
	if err != nil {
		return nil, reasons(ErrAttestation, err)
	}
	if attesters == nil || len(u.Header.X5C) == 0 {
		return nil, fail(ErrAttestation, "expected x5c under an attester that is trusted")
	}
	if _, err := attesters.Verify(u.Header.X5C, x5c.Any, at); err != nil {
		return nil, reasons(ErrAttestation, err)
	}
	pub, ok := u.Header.X5C[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fail(ErrAttestation, "x5c: expected an ECDSA key")
	}
	payload, err := u.Verify(pub)
	if err != nil {
		return nil, reasons(ErrAttestation, err)
	}
	a, err := readAttestation(payload)
	if err != nil {
		return nil, err
	}
	if at.After(time.Unix(a.Exp, 0)) || at.Add(maxSkew).Before(time.Unix(max(a.Iat, a.Nbf), 0)) {
		return nil, fail(ErrAttestation, "expired, or of the future")
	}
	return a, nil
}
