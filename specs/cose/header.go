package cose

import (
	"bytes"
	"crypto/x509"
	"fmt"
)

// Header labels of the IANA registry "COSE Header Parameters".
const (
	labelAlg         = 1
	labelCrit        = 2
	labelContentType = 3
	labelKID         = 4
	labelType        = 16
	labelX5Chain     = 33
)

const (
	maxChain  = 8  // certificates in an x5chain
	maxLabels = 32 // members of a header; both headers are compared label by label
)

// Header is a protected or an unprotected header. What is zero is absent.
//
//	{1: alg, 3: content type, 4: kid, 16: typ, 33: x5chain}
//
// x5chain is one byte string for one certificate, an array for more (RFC 9360 section 2),
// leaf first. Labels not named here are ignored in reading, except crit (2), which is
// refused since nothing that could be critical is known.
type Header struct {
	Alg         int64
	ContentType string // media type; the numeric form is refused
	KID         []byte
	Type        string // media type; the numeric form is refused
	X5Chain     []*x509.Certificate
}

func (h Header) members() int {
	n := 0
	for _, present := range []bool{h.Alg != 0, h.ContentType != "", h.KID != nil, h.Type != "", len(h.X5Chain) > 0} {
		if present {
			n++
		}
	}
	return n
}

// encode writes the map in deterministic order.
func (h Header) encode() ([]byte, error) {
	b := AppendMap(nil, h.members())
	var err error
	if h.Alg != 0 {
		b = AppendInt(AppendUint(b, labelAlg), h.Alg)
	}
	if h.ContentType != "" {
		b, err = appendValidText(AppendUint(b, labelContentType), h.ContentType)
	}
	if h.KID != nil && err == nil {
		b = AppendBytes(AppendUint(b, labelKID), h.KID)
	}
	if h.Type != "" && err == nil {
		b, err = appendValidText(AppendUint(b, labelType), h.Type)
	}
	if err != nil {
		return nil, err
	}
	if len(h.X5Chain) > 0 {
		return appendChain(AppendUint(b, labelX5Chain), h.X5Chain)
	}
	return b, nil
}

func appendChain(dst []byte, chain []*x509.Certificate) ([]byte, error) {
	if len(chain) > maxChain {
		return nil, fmt.Errorf("%w: %d certificates, at most %d", ErrChain, len(chain), maxChain)
	}
	if len(chain) > 1 {
		dst = AppendArray(dst, len(chain))
	}
	for _, cert := range chain {
		if cert == nil || len(cert.Raw) == 0 {
			return nil, fmt.Errorf("%w: empty certificate", ErrChain)
		}
		dst = AppendBytes(dst, cert.Raw)
	}
	return dst, nil
}

// parseHeader reads a header map and also gives its labels, encoded.
func parseHeader(raw []byte) (Header, [][]byte, error) {
	var h Header
	var labels [][]byte
	r := NewReader(raw)
	n := r.Map()
	if n > maxLabels {
		return Header{}, nil, fmt.Errorf("%w: %d labels, at most %d", ErrHeader, n, maxLabels)
	}
	for range n {
		label := r.Raw()
		labels = append(labels, label)
		h.member(r, label)
	}
	return h, labels, r.Err()
}

func (h *Header) member(r *Reader, label RawMessage) {
	k := NewReader(label)
	if k.Kind() == Text {
		r.Skip()
		return
	}
	switch k.Int() {
	case labelAlg:
		h.Alg = parseAlg(r)
	case labelCrit:
		r.Fail(ErrCrit)
	case labelContentType:
		h.ContentType = parseMediaType(r, "content type")
	case labelKID:
		h.KID = r.Bytes()
	case labelType:
		h.Type = parseMediaType(r, "typ")
	case labelX5Chain:
		h.X5Chain = parseChain(r)
	default:
		r.Skip()
	}
	if k.Err() != nil {
		r.Fail(fmt.Errorf("%w: a label is an integer or text", ErrHeader))
	}
}

func parseAlg(r *Reader) int64 {
	if r.Kind() == Text {
		r.Fail(fmt.Errorf("%w: alg by name", ErrAlg))
	}
	alg := r.Int()
	if alg == 0 {
		r.Fail(fmt.Errorf("%w: alg 0 is reserved", ErrAlg))
	}
	return alg
}

func parseMediaType(r *Reader, name string) string {
	text := r.Text()
	if text == "" {
		r.Fail(fmt.Errorf("%w: empty %s", ErrHeader, name))
	}
	return text
}

func parseChain(r *Reader) []*x509.Certificate {
	n := 1
	if r.Kind() == Array {
		if n = r.Array(); n < 2 || n > maxChain {
			r.Fail(fmt.Errorf("%w: array of %d, want 2 to %d (RFC 9360 section 2)", ErrChain, n, maxChain))
		}
	}
	var chain []*x509.Certificate
	for range n {
		der := r.Bytes()
		if r.Err() != nil {
			return nil
		}
		cert, err := knownCertificates.parse(der)
		if err != nil {
			r.Fail(fmt.Errorf("%w: %w", ErrChain, err))
			return nil
		}
		chain = append(chain, cert)
	}
	return chain
}

// disjoint refuses a label that stands in both headers, RFC 9052 section 3.
func disjoint(protected, unprotected [][]byte) error {
	for _, p := range protected {
		for _, u := range unprotected {
			if bytes.Equal(p, u) {
				return fmt.Errorf("%w: label %x both protected and unprotected", ErrHeader, p)
			}
		}
	}
	return nil
}
