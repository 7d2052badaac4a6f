package dpop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"fmt"
	"net/url"
	"time"

	"lommebok.example/specs/jose"
)

// Prover makes the proofs of one client with one key. It is safe for concurrent
// use when its key is.
type Prover struct {
	signer *jose.Signer
	jkt    string
}

// NewProver prepares proofs by the key, whose public part goes into each.
func NewProver(key crypto.Signer) (*Prover, error) {
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("dpop: expected an ECDSA key, got %T", key.Public())
	}
	signer, err := jose.NewSigner(key, jose.Header{Typ: proofType, JWK: pub})
	if err != nil {
		return nil, fmt.Errorf("dpop: %w", err)
	}
	return &Prover{signer: signer, jkt: jose.Thumbprint(pub)}, nil
}

// JKT is the thumbprint that tokens are bound to, and the value of dpop_jkt
// (RFC 9449 sections 6.1 and 10).
func (p *Prover) JKT() string {
	return p.jkt
}

// Proof is the value of the DPoP header for one request (RFC 9449 section 4.2).
// nonce is the server's latest, accessToken the token sent along; either may be
// empty. Query and fragment of the URL are left out.
func (p *Prover) Proof(method, target, nonce, accessToken string, at time.Time) (string, error) {
	u, err := url.Parse(target)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrURL, err)
	}
	u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = "", false, "", ""
	var jti [16]byte
	if _, err := rand.Read(jti[:]); err != nil {
		return "", fmt.Errorf("dpop: %w", err)
	}
	iat := float64(at.Unix())
	c := claims{JTI: jose.EncodeBase64URL(jti[:]), HTM: method, HTU: u.String(), IAT: &iat, Nonce: nonce}
	if accessToken != "" {
		c.ATH = tokenHash(accessToken)
	}
	return p.signer.SignJSON(c)
}
