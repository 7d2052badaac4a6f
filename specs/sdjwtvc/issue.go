package sdjwtvc

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strconv"
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
	Decoys    int // digests of nothing beside those of claims (RFC 9901 section 4.2.5)
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
	var few [1 << 10]byte
	open, err := t.appendOwn(few[:0])
	if err != nil {
		return nil, err
	}
	payload, disclosures, err := sdjwt.EncodeAfter(open, t.Decoys, t.Claims)
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

// appendOwn writes the members that the fields of the template become, with commas between them. None of their names is
// in Claims: check has seen to that.
func (t Template) appendOwn(b []byte) ([]byte, error) {
	b, err := jose.AppendPublicJWK(append(b, `"cnf":{"jwk":`...), t.Holder)
	if err != nil {
		return nil, fmt.Errorf("%w: holder: %w", ErrTemplate, err)
	}
	b = appendTime(append(b, '}'), `,"iat":`, t.IssuedAt)
	b = appendTime(b, `,"nbf":`, t.NotBefore)
	b = appendTime(b, `,"exp":`, t.Expires)
	if b, err = sdjwt.AppendString(append(b, `,"vct":`...), t.VCT); err != nil {
		return nil, err
	}
	if t.Issuer != "" {
		if b, err = sdjwt.AppendString(append(b, `,"iss":`...), t.Issuer); err != nil {
			return nil, err
		}
	}
	if t.Status == nil {
		return b, nil
	}
	b = strconv.AppendUint(append(b, `,"status":{"status_list":{"idx":`...), t.Status.Index, 10)
	if b, err = sdjwt.AppendString(append(b, `,"uri":`...), t.Status.URI); err != nil {
		return nil, err
	}
	return append(b, "}}"...), nil
}

// appendTime writes a NumericDate (RFC 7519 section 2) in whole seconds, unless the time is zero.
func appendTime(b []byte, name string, at time.Time) []byte {
	if at.IsZero() {
		return b
	}
	return strconv.AppendInt(append(b, name...), at.Unix(), 10)
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
	size := s.jws.Size(u.payload) + 1
	for _, d := range u.disclosures {
		size += len(d) + 1
	}
	var b strings.Builder
	b.Grow(size)
	if err := s.jws.SignTo(&b, u.payload); err != nil {
		return "", fmt.Errorf("sdjwtvc: %w", err)
	}
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
