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

// digestFunc appends the digest of a text, which is the one received, in base64url.
type digestFunc func(dst, text []byte) []byte

func digest256(dst, text []byte) []byte {
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.AppendEncode(dst, sum[:])
}

func digest384(dst, text []byte) []byte {
	sum := sha512.Sum384(text)
	return base64.RawURLEncoding.AppendEncode(dst, sum[:])
}

func digest512(dst, text []byte) []byte {
	sum := sha512.Sum512(text)
	return base64.RawURLEncoding.AppendEncode(dst, sum[:])
}

// digestOf picks the hash by the _sd_alg of the payload (section 4.1.1).
func digestOf(payload map[string]any) (digestFunc, error) {
	alg, named := payload[hashAlgName]
	if !named {
		alg = "sha-256"
	}
	switch alg {
	case "sha-256":
		return digest256, nil
	case "sha-384":
		return digest384, nil
	case "sha-512":
		return digest512, nil
	default:
		return nil, fmt.Errorf("%w: expected sha-256, sha-384 or sha-512", ErrHashAlg)
	}
}

// digests are those of the disclosures in their order, as parts of one text.
func (s *SDJWT) digests(digest digestFunc) []string {
	work := newBuffers()
	defer work.free()
	for i := range s.Disclosures {
		work.payload = append(work.payload[:0], s.Disclosures[i].Encoded...)
		work.disclosures = digest(work.disclosures, work.payload)
	}
	all := string(work.disclosures)
	out := make([]string, len(s.Disclosures))
	for i := range out {
		size := len(all) / (len(out) - i) // all digests are of one length
		out[i], all = all[:size], all[size:]
	}
	return out
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
	return s.process(claims, false)
}

// Undisclosed is the value, in what ProcessMarked gives, of an array element that is not disclosed.
type Undisclosed struct{}

// ProcessMarked is ProcessObject with an SD mark wherever a claim or an element came by a disclosure, as Encode takes them.
// Array elements that are not disclosed keep their place, as SD{Undisclosed{}}. Errors: those of ProcessObject.
func (s *SDJWT) ProcessMarked(claims map[string]any) (map[string]any, error) {
	return s.process(claims, true)
}

func (s *SDJWT) process(claims map[string]any, mark bool) (map[string]any, error) {
	p, err := newProcessor(s, claims)
	if err != nil {
		return nil, err
	}
	p.mark = mark
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
	mark        bool // what is disclosed
}

// disclosed processes the value of a disclosure.
func (p *processor) disclosed(v any, depth int) (any, error) {
	v, err := p.value(v, depth)
	if err == nil && p.mark {
		v = SD{v}
	}
	return v, err
}

func newProcessor(s *SDJWT, claims map[string]any) (*processor, error) {
	digest, err := digestOf(claims)
	if err != nil {
		return nil, err
	}
	p := &processor{disclosures: s.Disclosures, index: make(map[string]int, len(s.Disclosures))}
	for i, d := range s.digests(digest) {
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
	more, _ := in[digestsName].([]any) // at most so many claims come in
	out := make(map[string]any, len(in)+min(len(more), len(p.disclosures)))
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
		if out[d.Name], err = p.disclosed(d.Value, depth); err != nil {
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
		var there bool
		var err error
		if digest, ok := placeholder(v); ok {
			v, there, err = p.element(digest, depth)
		} else {
			there = true
			v, err = p.value(v, depth)
		}
		if err != nil {
			return nil, err
		}
		if there {
			out = append(out, v)
		}
	}
	return out, nil
}

// element is the array element of a digest; one that is not disclosed is not there.
func (p *processor) element(digest any, depth int) (v any, there bool, err error) {
	d, err := p.take(digest)
	switch {
	case err != nil:
		return nil, false, err
	case d == nil:
		return SD{Undisclosed{}}, p.mark, nil
	case !d.ArrayElement:
		return nil, false, fmt.Errorf("%w: a claim in an array", ErrPosition)
	}
	v, err = p.disclosed(d.Value, depth)
	return v, true, err
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
