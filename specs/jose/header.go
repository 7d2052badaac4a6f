package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"slices"
)

// maxX5C bounds the certificates of one header before they are parsed.
const maxX5C = 8

// Header is the protected header of a JWS (RFC 7515 section 4.1).
type Header struct {
	Alg   Alg
	Typ   string
	Kid   string
	JWK   *ecdsa.PublicKey           // member "jwk", checked to lie on its curve
	X5C   []*x509.Certificate        // member "x5c", leaf first, not yet trusted
	Extra map[string]json.RawMessage // members beyond these, named by Rules.Allow
}

// Rules says what a JWS must look like before its signature is worth checking.
type Rules struct {
	Typ      string   // exact value of typ; empty when the caller looks at Header.Typ itself
	Algs     []Alg    // accepted algorithms; none named means ES256 alone
	Allow    []string // header members accepted beside alg and typ
	MaxBytes int      // longest compact serialization; 0 means 64 KiB
}

var onlyES256 = []Alg{ES256}

func (r Rules) accepts(alg Alg) bool {
	algs := r.Algs
	if len(algs) == 0 {
		algs = onlyES256
	}
	return slices.Contains(algs, alg)
}

// parseHeader reads a protected header, as it was sent, by the rules.
func parseHeader(text string, r Rules) (Header, error) {
	var few fewMembers
	known := knownHeaders.find(text)
	list := known.list
	if list == nil {
		raw, err := DecodeBase64URL(text)
		if err != nil {
			return Header{}, err
		}
		if list, err = members(few[:0], raw); err != nil {
			return Header{}, err
		}
	}
	h := Header{X5C: known.chain()}
	for _, m := range list {
		if err := h.set(m, r); err != nil {
			return Header{}, err
		}
	}
	if suiteByAlg(h.Alg) == nil || !r.accepts(h.Alg) {
		return Header{}, fmt.Errorf("%w: alg: got %q (RFC 7515 section 4.1.1)", ErrAlg, clip(string(h.Alg)))
	}
	if r.Typ != "" && h.Typ != r.Typ {
		return Header{}, fmt.Errorf("%w: expected %q, got %q (RFC 8725 section 3.11)", ErrTyp, r.Typ, clip(h.Typ))
	}
	if known.list == nil && h.X5C != nil {
		kept := make([]member, len(list)) // the list itself is on the stack
		copy(kept, list)
		knownHeaders.keep(text, knownHeader{list: kept, x5c: h.X5C})
	}
	return h, nil
}

// set takes one member; the checked names come before the general ones, so that
// no Rules can let crit in.
func (h *Header) set(m member, r Rules) error {
	name := string(m.name)
	switch {
	case name == "crit" || name == "b64":
		return fmt.Errorf("%w: member %q (RFC 7515 section 4.1.11)", ErrCrit, name)
	case name == "alg":
		alg, err := m.text()
		h.Alg = Alg(alg)
		return err
	case name == "typ":
		typ, err := m.text()
		h.Typ = typ
		return err
	case !slices.Contains(r.Allow, name):
		return fmt.Errorf("%w: member %q", ErrHeader, clip(name))
	}
	return h.setAllowed(name, m)
}

func (h *Header) setAllowed(name string, m member) (err error) {
	switch name {
	case "kid":
		h.Kid, err = m.text()
	case "jwk":
		_, h.JWK, err = ParseJWK(m.raw)
	case "x5c":
		if h.X5C == nil { // else it is known from before, by the same text
			h.X5C, err = parseX5C(m.raw)
		}
	default:
		if h.Extra == nil {
			h.Extra = make(map[string]json.RawMessage)
		}
		h.Extra[name] = bytes.Clone(m.raw)
	}
	return err
}

// parseX5C reads certificates in standard base64, leaf first (RFC 7515 section 4.1.6).
func parseX5C(raw []byte) ([]*x509.Certificate, error) {
	var texts []string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, fmt.Errorf("%w: x5c: %w", ErrHeader, err)
	}
	if len(texts) == 0 || len(texts) > maxX5C {
		return nil, fmt.Errorf("%w: x5c: expected 1 to %d certificates, got %d", ErrHeader, maxX5C, len(texts))
	}
	chain := make([]*x509.Certificate, len(texts))
	for i, text := range texts {
		der, err := decode(std, text)
		if err != nil {
			return nil, fmt.Errorf("x5c: %w", err)
		}
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			return nil, fmt.Errorf("%w: x5c: %w", ErrHeader, err)
		}
	}
	return chain, nil
}
