package cose

import (
	"fmt"
	"hash"
)

// message is what COSE_Sign1 and COSE_Mac0 have in common, RFC 9052 section 4.2 and 6.2:
//
//	[protected: bstr, unprotected: map, payload: bstr / nil, last: bstr]
//
// The headers are kept as received, since the protected one is signed as bytes.
type message struct {
	rawProtected, rawUnprotected []byte
	protected, unprotected       Header
	payload, last                []byte
}

func parseMessage(data []byte) (message, error) {
	var m message
	r := NewReader(data)
	r.ArrayOf(4)
	m.rawProtected = r.Bytes()
	m.rawUnprotected = r.Raw()
	if !r.Null() {
		m.payload = r.Bytes()
	}
	m.last = r.Bytes()
	if r.Err() != nil {
		return message{}, r.Err()
	}
	return m, m.parseHeaders()
}

func (m *message) parseHeaders() error {
	var protectedLabels [][]byte
	if len(m.rawProtected) > 0 { // an empty header is an empty string
		var err error
		if m.protected, protectedLabels, err = parseHeader(m.rawProtected); err != nil {
			return fmt.Errorf("protected header: %w", err)
		}
	}
	unprotected, labels, err := parseHeader(m.rawUnprotected)
	if err != nil {
		return fmt.Errorf("unprotected header: %w", err)
	}
	m.unprotected = unprotected
	return disjoint(protectedLabels, labels)
}

// secured sums up, with h, the Sig_structure or MAC_structure with empty external data.
// The payload, which may be large, is not copied for it.
//
//	[context, protected: bstr, external_aad: h'', payload: bstr]
func secured(h hash.Hash, context string, rawProtected, payload []byte) []byte {
	b := make([]byte, 0, len(context)+len(rawProtected)+32)
	b = AppendText(AppendArray(b, 4), context)
	b = AppendBytes(AppendBytes(b, rawProtected), nil)
	h.Write(appendHead(b, majorBytes, uint64(len(payload))))
	h.Write(payload)
	return h.Sum(nil)
}

// pickPayload takes the payload inside or the detached one, never a choice of two.
func pickPayload(inside, detached []byte) ([]byte, error) {
	if inside == nil && detached == nil {
		return nil, fmt.Errorf("%w: detached, and none given", ErrPayload)
	}
	if inside != nil && detached != nil {
		return nil, fmt.Errorf("%w: both inside and detached", ErrPayload)
	}
	if inside != nil {
		return inside, nil
	}
	return detached, nil
}
