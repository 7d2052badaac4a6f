package wallet

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

// read is a credential that was verified: what it is, what it says, whose key it is bound to.
type read struct {
	kind      string
	claims    map[string]any // processed claims, or namespace → element → value
	holder    *ecdsa.PublicKey
	expires   time.Time
	sdjwt     *sdjwtvc.Credential
	mdoc      *mdoc.IssuerSigned
	authority []string // AuthorityKeyIdentifiers of the chain, base64url
}

// verify makes every check of a credential that a holder can make (RFC 9901 section 7.2, ISO/IEC 18013-5 section 9.3.1):
// signature, trust, digests, validity.
func (w *Wallet) verify(format, text string, at time.Time) (*read, error) {
	switch format {
	case openid4vci.FormatSDJWTVC:
		return w.verifySDJWT(text, at)
	case openid4vci.FormatMdoc:
		return w.verifyMdoc(text, at)
	}
	return nil, fmt.Errorf("%w: the format %s", ErrUnsupported, format)
}

func (w *Wallet) verifySDJWT(text string, at time.Time) (*read, error) {
	r, err := readSDJWT(text)
	if err != nil {
		return nil, err
	}
	anchors, err := w.Trust.Issuers()
	if err != nil {
		return nil, err
	}
	if _, err := anchors.Verify(r.sdjwt.Chain(), x5c.CredentialIssuer, at); err != nil {
		return nil, err
	}
	return r, r.sdjwt.VerifyValidity(at)
}

// readSDJWT reads what is in the wallet already, whose signature is checked with the leaf it came with.
func readSDJWT(text string) (*read, error) {
	c, err := sdjwtvc.ParseIssued(text)
	if err != nil {
		return nil, err
	}
	if err := c.VerifySignature(); err != nil {
		return nil, err
	}
	r := &read{kind: c.VCT(), expires: c.Expires(), sdjwt: c, authority: authorities(c.Chain())}
	if r.claims, err = c.Claims(); err != nil {
		return nil, err
	}
	r.holder, err = c.HolderKey()
	return r, err
}

func (w *Wallet) verifyMdoc(text string, at time.Time) (*read, error) {
	r, err := readMdoc(text)
	if err != nil {
		return nil, err
	}
	anchors, err := w.Trust.Issuers()
	if err != nil {
		return nil, err
	}
	if _, err := anchors.Verify(r.mdoc.Chain(), x5c.DocumentSigner, at); err != nil {
		return nil, err
	}
	return r, r.mdoc.VerifyValidity(at)
}

func readMdoc(text string) (*read, error) {
	raw, err := jose.DecodeBase64URL(text)
	if err != nil {
		return nil, err
	}
	i, err := mdoc.ParseIssuerSigned(raw)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(i.VerifySignature(), i.VerifyDigests()); err != nil {
		return nil, err
	}
	r := &read{kind: i.DocType(), claims: i.Claims(), expires: i.ValidUntil(), mdoc: i, authority: authorities(i.Chain())}
	r.holder, err = i.DeviceKey()
	return r, err
}

// open reads a copy that is in the wallet.
func open(format, text string) (*read, error) {
	if format == openid4vci.FormatMdoc {
		return readMdoc(text)
	}
	return readSDJWT(text)
}

// accept verifies what the issuer sent, and makes one credential of it: each copy of the type that was asked for, bound
// to a key of ours that no other copy has. One bad copy and nothing is stored.
func (w *Wallet) accept(config openid4vci.Configuration, keys []Key, issued []openid4vci.IssuedCredential) (*Credential, error) {
	at := w.Now()
	c := &Credential{Format: config.Format, Type: config.VCT + config.DocType, Stored: at}
	free := make(map[string]Key, len(keys))
	for _, key := range keys {
		free[jose.Thumbprint(&key.PublicKey)] = key
	}
	for n, one := range issued {
		r, err := w.verify(config.Format, one.Credential, at)
		if err != nil {
			return nil, fmt.Errorf("%w: copy %d: %w", ErrCredential, n+1, err)
		}
		if r.kind != c.Type {
			return nil, fmt.Errorf("%w: copy %d is of type %q, expected %q", ErrCredential, n+1, r.kind, c.Type)
		}
		holder := jose.Thumbprint(r.holder)
		key, ok := free[holder]
		if !ok {
			return nil, fmt.Errorf("%w: copy %d is not bound to a key of this wallet, or to one that another copy has (RFC 9901 section 7.2)", ErrCredential, n+1)
		}
		delete(free, holder)
		if c.Expires.IsZero() || r.expires.Before(c.Expires) {
			c.Expires = r.expires
		}
		c.Copies = append(c.Copies, Copy{Credential: one.Credential, Key: key})
	}
	return c, nil
}
