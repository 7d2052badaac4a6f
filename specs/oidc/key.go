package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"

	"lommebok.example/specs/jose"
)

// Key is a signing key with its name in a key set.
type Key struct {
	Signer crypto.Signer
	ID     string // kid
}

// NewKey names a key on P-256 by its thumbprint (RFC 7638). Errors: ErrKey.
func NewKey(signer crypto.Signer) (Key, error) {
	pub, ok := signer.Public().(*ecdsa.PublicKey)
	if !ok || jose.PublicJWK(pub).Crv != "P-256" {
		return Key{}, fmt.Errorf("%w: expected a key on P-256", ErrKey)
	}
	return Key{Signer: signer, ID: jose.Thumbprint(pub)}, nil
}

// JWKS is the key set with the public half.
func (k Key) JWKS() jose.JWKS {
	pub, ok := k.Signer.Public().(*ecdsa.PublicKey)
	if !ok {
		return jose.JWKS{}
	}
	jwk := jose.PublicJWK(pub)
	jwk.Kid, jwk.Use, jwk.Alg = k.ID, "sig", string(jose.ES256)
	return jose.JWKS{Keys: []jose.JWK{jwk}}
}
