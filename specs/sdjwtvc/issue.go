package sdjwtvc

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwt"
)

// Typ is the typ of the Issuer-signed JWT (section 2.2.1).
const Typ = "dc+sd-jwt"

// inTheOpen are the claims that are never in a disclosure, with all that is in them (section 2.2.2.3).
var inTheOpen = []string{"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"}

// fromFields are the claims that Template has fields for.
var fromFields = []string{"iss", "iat", "nbf", "exp", "cnf", "vct", "status"}

// StatusRef is the place of a credential in a Token Status List: {"status": {"status_list": {"idx", "uri"}}}.
type StatusRef struct {
	Index uint64
	URI   string
}

// Template is a credential to be. Zero fields are left out, but VCT, Holder and Expires are required (HAIP 1.0 section
// 6.1). Times are written as whole seconds.
type Template struct {
	VCT       string
	Claims    map[string]any // may hold sdjwt.SD marks; without the claims that have a field here
	Holder    *ecdsa.PublicKey
	Issuer    string
	IssuedAt  time.Time
	NotBefore time.Time
	Expires   time.Time
	Status    *StatusRef
}

// Unsigned is a credential with all its bytes but the signature: what a lint sees is what Sign signs.
type Unsigned struct {
	payload     []byte
	disclosures []string
	expires     time.Time
}

// Payload is the payload of the Issuer-signed JWT as JSON text.
func (u *Unsigned) Payload() []byte { return bytes.Clone(u.payload) }

// Disclosures are the disclosures, encoded, in the order in which they are issued.
func (u *Unsigned) Disclosures() []string { return slices.Clone(u.disclosures) }

// Prepare makes salts, disclosures and payload. Errors: ErrTemplate, ErrNotSelective, and those of sdjwt.Encode.
func Prepare(t Template) (*Unsigned, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	holder := jose.PublicJWK(t.Holder)
	if holder.Kty == "" {
		return nil, fmt.Errorf("%w: the holder key is on no curve that is known", ErrTemplate)
	}
	payload, disclosures, err := sdjwt.EncodeJSON(0, t.Claims, t.own(holder))
	if err != nil {
		return nil, err
	}
	return &Unsigned{payload: payload, disclosures: disclosures, expires: t.Expires}, nil
}

func (t Template) check() error {
	for _, name := range inTheOpen {
		if marked(t.Claims[name]) {
			return fmt.Errorf("%w: %s", ErrNotSelective, name)
		}
	}
	for _, name := range fromFields {
		if _, there := t.Claims[name]; there {
			return fmt.Errorf("%w: claim %s has a field of its own", ErrTemplate, name)
		}
	}
	switch {
	case t.VCT == "":
		return fmt.Errorf("%w: vct is required", ErrTemplate)
	case t.Holder == nil:
		return fmt.Errorf("%w: a holder key is required", ErrTemplate)
	case t.Expires.IsZero():
		return fmt.Errorf("%w: exp is required", ErrTemplate)
	case !t.Expires.After(t.IssuedAt) || !t.Expires.After(t.NotBefore):
		return fmt.Errorf("%w: exp is not after iat and nbf", ErrTemplate)
	case t.Status != nil && t.Status.URI == "":
		return fmt.Errorf("%w: the status has no uri", ErrTemplate)
	}
	return nil
}

// marked tells whether there is an SD mark at v or anywhere in it.
func marked(v any) bool {
	switch v := v.(type) {
	case sdjwt.SD:
		return true
	case map[string]any:
		for _, v := range v {
			if marked(v) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, marked)
	}
	return false
}

// own are the claims that the fields of the template become.
func (t Template) own(holder jose.JWK) map[string]any {
	out := make(map[string]any, len(fromFields))
	out["vct"] = t.VCT
	out["cnf"] = map[string]any{"jwk": map[string]any{"kty": holder.Kty, "crv": holder.Crv, "x": holder.X, "y": holder.Y}}
	if t.Issuer != "" {
		out["iss"] = t.Issuer
	}
	setTime(out, "iat", t.IssuedAt)
	setTime(out, "nbf", t.NotBefore)
	setTime(out, "exp", t.Expires)
	if t.Status != nil {
		out["status"] = map[string]any{"status_list": map[string]any{"idx": t.Status.Index, "uri": t.Status.URI}}
	}
	return out
}

// setTime writes a NumericDate (RFC 7519 section 2) in whole seconds, unless the time is zero.
func setTime(claims map[string]any, name string, at time.Time) {
	if !at.IsZero() {
		claims[name] = at.Unix()
	}
}

// Signer signs credentials with one key and its chain. Its header is encoded once. It is safe for concurrent use if the
// key is.
type Signer struct {
	jws      *jose.Signer
	notAfter time.Time
}

// NewSigner takes the issuer's key and its chain, leaf first, without the trust anchor: a self-signed certificate is
// refused (HAIP 1.0 section 6.1.1). Errors: ErrCertificate.
func NewSigner(key crypto.Signer, chain []*x509.Certificate) (*Signer, error) {
	if len(chain) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrCertificate)
	}
	for i, cert := range chain {
		if bytes.Equal(cert.RawSubject, cert.RawIssuer) {
			return nil, fmt.Errorf("%w: certificate %d is self-signed", ErrCertificate, i)
		}
		if i > 0 && chain[i-1].CheckSignatureFrom(cert) != nil {
			return nil, fmt.Errorf("%w: certificate %d is not signed by the next", ErrCertificate, i-1)
		}
	}
	jws, err := jose.NewSigner(key, jose.Header{Typ: Typ, X5C: chain})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return &Signer{jws: jws, notAfter: chain[0].NotAfter}, nil
}

// Sign signs the credential: an SD-JWT that ends with "~". A credential that outlives the leaf of the chain is refused,
// since nobody could verify it to its end. Errors: ErrCertificate, and those of the key.
func (u *Unsigned) Sign(s *Signer) (string, error) {
	if u.expires.After(s.notAfter) {
		return "", fmt.Errorf("%w: exp is after the leaf's end, %s", ErrCertificate, s.notAfter.UTC().Format(time.RFC3339))
	}
	jwt, err := s.jws.Sign(u.payload)
	if err != nil {
		return "", fmt.Errorf("sdjwtvc: %w", err)
	}
	size := len(jwt) + 1
	for _, d := range u.disclosures {
		size += len(d) + 1
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString(jwt)
	b.WriteByte('~')
	for _, d := range u.disclosures {
		b.WriteString(d)
		b.WriteByte('~')
	}
	if b.Len() > sdjwt.MaxSize {
		return "", fmt.Errorf("%w: %w: %d bytes", ErrTemplate, sdjwt.ErrTooLarge, b.Len())
	}
	return b.String(), nil
}

// Issue is Prepare and Sign.
func (s *Signer) Issue(t Template) (string, error) {
	u, err := Prepare(t)
	if err != nil {
		return "", err
	}
	return u.Sign(s)
}
