package mdoc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"time"

	"lommebok.example/specs/cose"
)

// IssuerSigned is what the issuer said, 8.3.2.1.2.2. Parsing it says nothing about its
// truth; each Verify method makes one check and does not rely on the others.
type IssuerSigned struct {
	nameSpaces []namespace
	issuerAuth *cose.Sign1
	rawAuth    cose.RawMessage
	mso        *MSO
}

// ParseIssuerSigned reads an IssuerSigned strictly. It keeps its own copy of b.
func ParseIssuerSigned(b []byte) (*IssuerSigned, error) {
	if len(b) > cose.MaxBytes {
		return nil, fmt.Errorf("IssuerSigned: %w", cose.ErrTooLarge)
	}
	return parseIssuerSigned(cose.NewReader(bytes.Clone(b)))
}

func parseIssuerSigned(r *cose.Reader) (*IssuerSigned, error) {
	i := new(IssuerSigned)
	for range r.Map() {
		switch r.Text() {
		case "nameSpaces":
			i.parseNameSpaces(r)
		case "issuerAuth":
			i.rawAuth = r.Raw()
		default:
			r.Skip()
		}
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("IssuerSigned: %w", r.Err())
	}
	if i.rawAuth == nil {
		return nil, fmt.Errorf("%w: IssuerSigned without issuerAuth", ErrMalformed)
	}
	auth, err := cose.ParseSign1(i.rawAuth)
	if err != nil {
		return nil, fmt.Errorf("issuerAuth: %w", err)
	}
	i.issuerAuth = auth
	return i, i.parseMSO(auth.Payload)
}

func (i *IssuerSigned) parseMSO(payload []byte) error {
	if payload == nil {
		return fmt.Errorf("%w: issuerAuth without payload", ErrMalformed)
	}
	mso, err := parseMSO(payload)
	if err != nil {
		return err
	}
	i.mso = mso
	return nil
}

// Elements are those that were disclosed, in the order received.
func (i *IssuerSigned) Elements() []Element {
	var out []Element
	for _, ns := range i.nameSpaces {
		for _, it := range ns.items {
			out = append(out, it.element)
		}
	}
	return out
}

// Claims are the disclosed elements as namespace → identifier → value, for showing and
// for DCQL: namespaces are map[string]any; [cose.FullDate] and [cose.TDate] become their
// text, byte strings base64url without padding, other tags their content; the rest is as
// [cose.Reader.Value] gives it, so integers are int64.
func (i *IssuerSigned) Claims() map[string]any { return claims(i.Elements()) }

// MSO is the mobile security object, which is only as true as VerifySignature says.
func (i *IssuerSigned) MSO() *MSO { return i.mso }

// DocType is the document type that stands in the mobile security object.
func (i *IssuerSigned) DocType() string { return i.mso.DocType }

// DeviceKey is the key that the issuer bound the document to, or ErrKey if it is none
// that [cose.ParseKey] accepts.
func (i *IssuerSigned) DeviceKey() (*ecdsa.PublicKey, error) {
	if err := i.mso.deviceKeyErr; err != nil {
		return nil, fmt.Errorf("%w: deviceKey: %w", ErrKey, err)
	}
	return i.mso.deviceKey, nil
}

// Status is the place in a status list, or nil when there is none.
func (i *IssuerSigned) Status() *StatusRef { return i.mso.Status }

// Identifier is the name on an identifier list, or nil when there is none.
func (i *IssuerSigned) Identifier() *IdentifierRef { return i.mso.Identifier }

// ValidFrom is the first second of validity.
func (i *IssuerSigned) ValidFrom() time.Time { return i.mso.ValidFrom }

// ValidUntil is the second in which validity ends.
func (i *IssuerSigned) ValidUntil() time.Time { return i.mso.ValidUntil }

// Chain is x5chain, leaf first: from the unprotected header, where the first edition
// puts it, or the protected one. It is nil when there is none. No certificate in it has been checked.
func (i *IssuerSigned) Chain() []*x509.Certificate {
	if i.issuerAuth == nil {
		return nil
	}
	if chain := i.issuerAuth.Protected.X5Chain; chain != nil {
		return chain
	}
	return i.issuerAuth.Unprotected.X5Chain
}

// VerifySignature checks issuerAuth with the key of the chain's leaf. Whether that leaf
// may speak is for the caller to decide.
func (i *IssuerSigned) VerifySignature() error {
	chain := i.Chain()
	if len(chain) == 0 {
		return fmt.Errorf("%w: issuerAuth has none", ErrChain)
	}
	pub, ok := chain[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return fmt.Errorf("%w: want an ECDSA key in the leaf, got %T", ErrChain, chain[0].PublicKey)
	}
	if err := i.issuerAuth.Verify(pub, nil); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// VerifyDigests checks every disclosed item, over the bytes received, against the
// mobile security object.
func (i *IssuerSigned) VerifyDigests() error {
	h := i.mso.hash.New()
	var sum []byte
	for _, ns := range i.nameSpaces {
		for _, it := range ns.items {
			want := i.mso.lookup(ns.name, it.digestID)
			if want == nil {
				return fmt.Errorf("%w: %s in %s, digestID %d", ErrNoDigest, it.element.Identifier, ns.name, it.digestID)
			}
			h.Reset()
			h.Write(it.raw)
			if sum = h.Sum(sum[:0]); !bytes.Equal(want, sum) {
				return fmt.Errorf("%w: %s in %s, digestID %d", ErrDigest, it.element.Identifier, ns.name, it.digestID)
			}
		}
	}
	return nil
}

// VerifyValidity checks that at lies from validFrom up to but not at validUntil, and that
// the document was signed while the leaf was valid.
func (i *IssuerSigned) VerifyValidity(at time.Time) error {
	if at.Before(i.mso.ValidFrom) {
		return fmt.Errorf("%w: from %s", ErrNotYetValid, cose.TDate(i.mso.ValidFrom))
	}
	if !at.Before(i.mso.ValidUntil) {
		return fmt.Errorf("%w: until %s", ErrExpired, cose.TDate(i.mso.ValidUntil))
	}
	chain := i.Chain()
	if len(chain) > 0 && (i.mso.Signed.Before(chain[0].NotBefore) || i.mso.Signed.After(chain[0].NotAfter)) {
		return fmt.Errorf("%w: signed %s", ErrSignedTime, cose.TDate(i.mso.Signed))
	}
	return nil
}
