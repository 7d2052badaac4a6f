package sdjwt

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
)

const (
	digestsName = "_sd"     // section 4.2.4.1
	elementName = "..."     // section 4.2.4.2
	hashAlgName = "_sd_alg" // section 4.1.1
)

// isReserved: section 4.1, rule 7, and section 4.1.1.
func isReserved(name string) bool {
	return name == digestsName || name == elementName || name == hashAlgName
}

// digestFunc picks the hash by the _sd_alg of the payload (section 4.1.1). The digest is over the text as received.
func digestFunc(payload map[string]any) (func(string) string, error) {
	alg, named := payload[hashAlgName]
	if !named {
		alg = "sha-256"
	}
	encode := base64.RawURLEncoding.EncodeToString
	switch alg {
	case "sha-256":
		return func(s string) string { sum := sha256.Sum256([]byte(s)); return encode(sum[:]) }, nil
	case "sha-384":
		return func(s string) string { sum := sha512.Sum384([]byte(s)); return encode(sum[:]) }, nil
	case "sha-512":
		return func(s string) string { sum := sha512.Sum512([]byte(s)); return encode(sum[:]) }, nil
	default:
		return nil, fmt.Errorf("%w: expected sha-256, sha-384 or sha-512", ErrHashAlg)
	}
}

// Process puts the disclosures into the payload by section 7.1, step 3, and gives the Processed SD-JWT Payload. payload
// is the payload of the Issuer-signed JWT after its signature has been verified. Numbers are json.Number.
// Errors: ErrJSON, ErrHashAlg, ErrDigest, ErrDuplicateDigest, ErrUnreferenced, ErrPosition, ErrCollision,
// ErrReservedName, ErrDepth.
func (s *SDJWT) Process(payload []byte) (map[string]any, error) {
	claims, err := DecodeObject(payload)
	if err != nil {
		return nil, err
	}
	return s.ProcessObject(claims)
}

// ProcessObject is Process for a payload that DecodeObject has read. It does not change claims.
func (s *SDJWT) ProcessObject(claims map[string]any) (map[string]any, error) {
	p, err := newProcessor(s, claims)
	if err != nil {
		return nil, err
	}
	out, err := p.object(claims, 1)
	if err != nil {
		return nil, err
	}
	if p.used != len(s.Disclosures) {
		return nil, fmt.Errorf("%w: %d of %d", ErrUnreferenced, len(s.Disclosures)-p.used, len(s.Disclosures))
	}
	return out, nil
}

// seen is the place of a digest that has been met in the payload: meeting it again is an error.
const seen = -1

type processor struct {
	disclosures []Disclosure
	index       map[string]int // digest → place in disclosures, or seen
	used        int
}

func newProcessor(s *SDJWT, claims map[string]any) (*processor, error) {
	digest, err := digestFunc(claims)
	if err != nil {
		return nil, err
	}
	p := &processor{disclosures: s.Disclosures, index: make(map[string]int, 2*len(s.Disclosures))}
	for i := range s.Disclosures {
		d := digest(s.Disclosures[i].Encoded)
		if _, twice := p.index[d]; twice {
			return nil, fmt.Errorf("%w: disclosure %d repeats an earlier one", ErrDuplicateDigest, i)
		}
		p.index[d] = i
	}
	return p, nil
}

// take gives the disclosure of an embedded digest, or nil when there is none: the claim stays hidden, or it is a decoy.
func (p *processor) take(digest any) (*Disclosure, error) {
	text, ok := digest.(string)
	if !ok {
		return nil, fmt.Errorf("%w: a digest is not a string", ErrDigest)
	}
	i, known := p.index[text]
	if known && i == seen {
		return nil, ErrDuplicateDigest
	}
	p.index[text] = seen
	if !known {
		return nil, nil
	}
	p.used++
	return &p.disclosures[i], nil
}

func (p *processor) value(v any, depth int) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return p.object(v, depth+1)
	case []any:
		return p.array(v, depth+1)
	default:
		return v, nil
	}
}

// object processes an object that stands at a depth, 1 being the payload itself.
func (p *processor) object(in map[string]any, depth int) (map[string]any, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("%w: more than %d levels", ErrDepth, MaxDepth)
	}
	out := make(map[string]any, len(in))
	for name, v := range in {
		if isReserved(name) {
			if name == elementName || name == hashAlgName && depth > 1 {
				return nil, fmt.Errorf("%w: %s in an object at depth %d", ErrReservedName, name, depth)
			}
			continue
		}
		v, err := p.value(v, depth)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	if digests, ok := in[digestsName]; ok {
		return out, p.insert(out, digests, depth)
	}
	return out, nil
}

// insert puts the claims of an _sd array beside it (section 7.1, step 3.3.2).
func (p *processor) insert(out map[string]any, digests any, depth int) error {
	list, ok := digests.([]any)
	if !ok {
		return fmt.Errorf("%w: _sd is not an array", ErrDigest)
	}
	for _, digest := range list {
		d, err := p.take(digest)
		if err != nil {
			return err
		}
		if d == nil {
			continue
		}
		if d.ArrayElement {
			return fmt.Errorf("%w: an array element in _sd", ErrPosition)
		}
		if isReserved(d.Name) {
			return fmt.Errorf("%w: %s in a disclosure", ErrReservedName, d.Name)
		}
		if _, taken := out[d.Name]; taken {
			return fmt.Errorf("%w: at depth %d", ErrCollision, depth)
		}
		if out[d.Name], err = p.value(d.Value, depth); err != nil {
			return err
		}
	}
	return nil
}

func (p *processor) array(in []any, depth int) ([]any, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("%w: more than %d levels", ErrDepth, MaxDepth)
	}
	out := make([]any, 0, len(in))
	for _, v := range in {
		if digest, ok := placeholder(v); ok {
			d, err := p.take(digest)
			if err != nil {
				return nil, err
			}
			if d == nil {
				continue
			}
			if !d.ArrayElement {
				return nil, fmt.Errorf("%w: a claim in an array", ErrPosition)
			}
			v = d.Value
		}
		v, err := p.value(v, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// placeholder gives the digest of {"...": digest}. Another member beside it leaves "..." to be refused as a claim name.
func placeholder(v any) (any, bool) {
	object, ok := v.(map[string]any)
	if !ok || len(object) != 1 {
		return nil, false
	}
	digest, ok := object[elementName]
	return digest, ok
}
