package sdjwtvc

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwt"
)

// Credential is an SD-JWT VC that was received. Its checks stand apart, so that a Verifier can tell the outcome of each.
// VerifySignature comes first: before it nothing is told of the payload.
type Credential struct {
	presented *sdjwt.SDJWT
	jwt       *jose.Unverified
	payload   []byte // nil until the signature has been verified
	signed    signedClaims
}

var rules = jose.Rules{
	Typ:      Typ,
	Algs:     []jose.Alg{jose.ES256, jose.ES384, jose.ES512},
	Allow:    []string{"x5c", "kid"},
	MaxBytes: sdjwt.MaxSize,
}

// Parse reads a presentation or an issued credential. Nothing is verified yet, but the header has the right typ and a
// chain. Errors: ErrType, ErrToken, ErrChain, and those of sdjwt.Parse.
func Parse(presentation string) (*Credential, error) {
	s, err := sdjwt.Parse(presentation)
	if err != nil {
		return nil, err
	}
	jwt, err := jose.Parse(s.Issuer, rules)
	if errors.Is(err, jose.ErrTyp) {
		return nil, fmt.Errorf("%w: %w", ErrType, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	if len(jwt.Header.X5C) == 0 {
		return nil, fmt.Errorf("%w: x5c is required in the protected header (HAIP 1.0 section 6.1.1)", ErrChain)
	}
	return &Credential{presented: s, jwt: jwt}, nil
}

// ParseIssued is Parse for a Holder that receives a credential from its Issuer: one with a Key Binding JWT is refused
// (RFC 9901 section 7.2).
func ParseIssued(credential string) (*Credential, error) {
	c, err := Parse(credential)
	if err != nil {
		return nil, err
	}
	if c.presented.KeyBinding != "" {
		return nil, ErrKeyBinding
	}
	return c, nil
}

// Chain is the chain of x5c, leaf first. Trust in it is the caller's to check (x5c.CredentialIssuer).
func (c *Credential) Chain() []*x509.Certificate { return c.jwt.Header.X5C }

// SDJWT is the credential in its parts.
func (c *Credential) SDJWT() *sdjwt.SDJWT { return c.presented }

// VerifySignature verifies the issuer's signature with the key of the leaf, and then that the signed claims have the
// form of section 2.2.2. Errors: ErrChain, ErrSignature, ErrClaims, ErrHidden.
func (c *Credential) VerifySignature() error {
	pub, ok := c.Chain()[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return fmt.Errorf("%w: the leaf has no ECDSA key", ErrChain)
	}
	payload, err := c.jwt.Verify(pub)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	signed, err := readClaims(payload)
	if err != nil {
		return err
	}
	c.payload, c.signed = payload, signed
	return nil
}

// Claims are the signed claims with the disclosures put in; numbers are json.Number. A disclosure that holds a claim of
// section 2.2.2.3 is refused. Errors: ErrUnverified, ErrHidden, and those of sdjwt's Process.
func (c *Credential) Claims() (map[string]any, error) {
	if c.payload == nil {
		return nil, ErrUnverified
	}
	claims, err := c.presented.ProcessObject(c.signed.plain)
	if err != nil {
		return nil, err
	}
	for _, name := range inTheOpen {
		_, signed := c.signed.plain[name]
		if _, shown := claims[name]; shown && !signed {
			return nil, fmt.Errorf("%w: %s", ErrHidden, name)
		}
	}
	return claims, nil
}

// marked are the claims with an sdjwt.SD mark wherever one is selectively disclosable.
func (c *Credential) marked() (map[string]any, error) {
	if c.payload == nil {
		return nil, ErrUnverified
	}
	return c.presented.ProcessMarked(c.signed.plain)
}

// TypeIntegrity is vct#integrity, what VerifyIntegrity holds type metadata against; "" when there is none, and until
// VerifySignature has held.
func (c *Credential) TypeIntegrity() string {
	text, _ := c.signed.plain["vct#integrity"].(string)
	return text
}

// VCT is the type of the credential; "" until VerifySignature has held.
func (c *Credential) VCT() string { return c.signed.vct }

// Status is where the status of the credential is published. It is nil when the credential has none, and until
// VerifySignature has held; a status that cannot be read fails VerifySignature.
func (c *Credential) Status() *StatusRef { return c.signed.status }

// HolderKey is the key of cnf.jwk. Errors: ErrUnverified, ErrHolderKey.
func (c *Credential) HolderKey() (*ecdsa.PublicKey, error) {
	if c.payload == nil {
		return nil, ErrUnverified
	}
	return c.signed.holderKey()
}

// VerifyKeyBinding verifies the Key Binding JWT with the holder key. Errors: those of HolderKey and of
// sdjwt's VerifyKeyBinding.
func (c *Credential) VerifyKeyBinding(e sdjwt.ExpectKB) error {
	holder, err := c.HolderKey()
	if err != nil {
		return err
	}
	return c.presented.VerifyKeyBindingObject(c.signed.plain, holder, e)
}

// Select keeps the disclosures that are needed to show the claims at these paths, for a Holder to present.
// Errors: ErrUnverified, and those of sdjwt.Select.
func (c *Credential) Select(paths [][]any) (*sdjwt.SDJWT, error) {
	if c.payload == nil {
		return nil, ErrUnverified
	}
	return sdjwt.Select(c.presented, c.payload, paths)
}
