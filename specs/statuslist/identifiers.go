package statuslist

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"lommebok.example/specs/cose"
)

// MediaTypeIdentifiers names an identifier list when it is fetched, and in its header.
const MediaTypeIdentifiers = "application/identifierlist+cwt"

// The claims of an identifier list by their CWT labels.
const (
	labelSub         = 2
	labelExp         = 4
	labelIat         = 6
	labelIdentifiers = 65530
	labelTTL         = 65534
)

// Identifiers is an identifier list (ISO/IEC 18013-5, second edition, 12.3.6) whose signature holds with the leaf of its chain. What
// it names is revoked; it knows nothing between valid and revoked.
type Identifiers struct {
	About
	ids map[string]bool
}

// Has tells whether the list names an identifier.
func (l *Identifiers) Has(id []byte) bool { return l.ids[string(id)] }

// Len is the number of identifiers.
func (l *Identifiers) Len() int { return len(l.ids) }

// SignIdentifiers makes an identifier list: a COSE_Sign1 under tag 18, with type (16) and x5chain (33) in the protected header and the
// claims
//
//	{2: uri, 4: exp, 6: iat, 65530: {"identifiers": {bstr: {}, …}}, 65534: ttl}
//
// The identifiers stand in the order of their bytes, so that nothing is told of when each was revoked; one that is given twice stands
// there once. chain is leaf first, without the anchor; ttl is cut to whole seconds. Errors: ErrClaims, ErrChain, and those of cose,
// cose.ErrTooLarge among them when the list is larger than a reader takes.
func SignIdentifiers(key crypto.Signer, chain []*x509.Certificate, ids [][]byte, uri string, iat, exp time.Time, ttl time.Duration) ([]byte, error) {
	if err := checkChain(key, chain); err != nil {
		return nil, err
	}
	c, err := aboutToSign(uri, iat, exp, ttl)
	if err != nil {
		return nil, err
	}
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b []byte) int { return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(a, b)) })
	ids = slices.CompactFunc(ids, bytes.Equal)
	if len(ids) > 0 && len(ids[0]) == 0 {
		return nil, fmt.Errorf("%w: an identifier is empty", ErrClaims)
	}
	b := cose.AppendMap(nil, 5)
	b = cose.AppendText(cose.AppendUint(b, labelSub), *c.sub)
	b = cose.AppendInt(cose.AppendUint(b, labelExp), *c.exp)
	b = cose.AppendInt(cose.AppendUint(b, labelIat), *c.iat)
	b = cose.AppendText(cose.AppendMap(cose.AppendUint(b, labelIdentifiers), 1), "identifiers")
	b = cose.AppendMap(b, len(ids))
	for _, id := range ids {
		b = cose.AppendMap(cose.AppendBytes(b, id), 0)
	}
	b = cose.AppendInt(cose.AppendUint(b, labelTTL), *c.ttl)
	return sealCWT(key, chain, MediaTypeIdentifiers, b)
}

// ParseIdentifiers reads an identifier list and verifies its signature with the leaf of its protected x5chain. exp is required.
// Errors: ErrTooLarge, ErrType, ErrToken, ErrChain, ErrSignature, ErrClaims.
func ParseIdentifiers(b []byte) (*Identifiers, error) {
	signed, err := openCWT(b, MediaTypeIdentifiers)
	if err != nil {
		return nil, err
	}
	return readIdentifiers(signed.Payload, signed.Protected.X5Chain)
}

// readIdentifiers judges claims whose signature has been verified.
func readIdentifiers(payload []byte, chain []*x509.Certificate) (*Identifiers, error) {
	var c claims
	var ids map[string]bool
	r := cose.NewListReader(payload)
	for range r.Map() {
		if r.Kind() != cose.Uint {
			r.Skip()
			r.Skip()
			continue
		}
		switch r.Uint() {
		case labelSub:
			c.sub = ptr(r.Text())
		case labelExp:
			c.exp = ptr(r.Int())
		case labelIat:
			c.iat = ptr(r.Int())
		case labelTTL:
			c.ttl = ptr(r.Int())
		case labelIdentifiers:
			ids = identifiers(r)
		default:
			r.Skip()
		}
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrClaims, r.Err())
	}
	if ids == nil || c.exp == nil {
		return nil, fmt.Errorf("%w: identifiers and exp are required", ErrClaims)
	}
	about, err := c.about(chain)
	if err != nil {
		return nil, err
	}
	return &Identifiers{About: about, ids: ids}, nil
}

func ptr[T any](v T) *T { return &v }

// identifiers reads {"identifiers": {bstr: {…}}, …}; nil when there are none such. Other members, and what an identifier's own map
// may hold in time, are passed over: an identifier that stands here is revoked whatever else is said.
func identifiers(r *cose.Reader) map[string]bool {
	var ids map[string]bool
	for range r.Map() {
		if r.Text() != "identifiers" {
			r.Skip()
			continue
		}
		n := r.Map()
		ids = make(map[string]bool, n)
		for range n {
			id := r.Bytes()
			if len(id) == 0 || r.Kind() != cose.Map {
				r.Fail(fmt.Errorf("%w: expected an identifier that is not empty, and a map", ErrClaims))
			}
			ids[string(id)] = true
			r.Skip()
		}
	}
	return ids
}
