package sdjwt

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// SD marks a claim of an object or an element of an array as selectively disclosable (section 4.2). Marks nest: the value
// may hold further marks, whose digests then stand inside the disclosure (section 4.2.6).
type SD struct{ Value any }

// MarshalJSON refuses: a mark that Encode does not see would show the claim in the open.
func (SD) MarshalJSON() ([]byte, error) { return nil, ErrMark }

// saltSize is 128 bits, section 9.3.
const saltSize = 16

// Encode makes the payload of an Issuer-signed JWT and its disclosures. Claims hold map[string]any, []any and anything
// that encoding/json takes; marks may stand as values of a map[string]any and as elements of an []any. decoys is the
// number of decoy digests added at the top level (section 4.2.5). Digests are SHA-256 and sorted, so that their order
// tells nothing; the disclosures come in any order. Without marks and decoys neither _sd nor _sd_alg is written.
// Errors: ErrMark, ErrValue, ErrReservedName, ErrDepth, ErrTooLarge.
func Encode(claims map[string]any, decoys int) (payload map[string]any, disclosures []string, err error) {
	text, disclosures, err := EncodeJSON(decoys, claims)
	if err != nil {
		return nil, nil, err
	}
	payload, err = DecodeObject(text)
	return payload, disclosures, err
}

// EncodeJSON is Encode with the payload as JSON text, ready to sign. The claims may come in several maps; a name that is
// in two of them is ErrCollision.
func EncodeJSON(decoys int, claims ...map[string]any) (payload []byte, disclosures []string, err error) {
	return EncodeAfter(nil, decoys, claims...)
}

// EncodeAfter is EncodeJSON with the payload beginning with members that the caller has written, with commas between
// them and without the braces. That their names are in none of the maps, and not reserved, is for the caller to know.
func EncodeAfter(open []byte, decoys int, claims ...map[string]any) (payload []byte, disclosures []string, err error) {
	n := 0
	for _, c := range claims {
		n += marks(c, 0)
	}
	if decoys < 0 || decoys > MaxDisclosures || n > MaxDisclosures {
		return nil, nil, fmt.Errorf("%w: %d marks and %d decoys, at most %d of each", ErrTooLarge, n, decoys, MaxDisclosures)
	}
	work := newBuffers()
	defer work.free()
	e := encoder{buf: append(work.payload, '{'), text: work.disclosures, ends: work.ends[:0], digests: work.digests[:0]}
	if need := n*saltSize + decoys*sha256.Size; need > len(work.random) {
		e.random = make([]byte, need)
	} else {
		e.random = work.random[:need]
	}
	if _, err := rand.Read(e.random); err != nil {
		return nil, nil, fmt.Errorf("sdjwt: salts: %w", err)
	}
	for range decoys {
		e.digests = append(e.digests, sha256.Sum256(e.take(sha256.Size)))
	}
	e.buf = append(e.buf, open...)
	err = e.payload(claims)
	work.payload, work.disclosures = e.buf, e.text // grown, perhaps
	if err != nil {
		return nil, nil, err
	}
	return bytes.Clone(e.buf), e.disclosures(), nil
}

// marks counts the SD marks, and so the salts.
func marks(v any, depth int) int {
	n := 0
	switch v := v.(type) {
	case SD:
		n = 1 + marks(v.Value, depth)
	case map[string]any:
		for _, v := range v {
			if depth < MaxDepth {
				n += marks(v, depth+1)
			}
		}
	case []any:
		for _, v := range v {
			if depth < MaxDepth {
				n += marks(v, depth+1)
			}
		}
	}
	return n
}

// encoder appends the payload to buf. A disclosure is written at the end of buf, moved to text, and cut off again; so
// nested disclosures need no buffers of their own. digests is a stack with a part for each open object.
type encoder struct {
	buf     []byte
	text    []byte // the disclosures one after the other
	ends    []int  // where each of them ends in text
	digests [][sha256.Size]byte
	random  []byte
}

func (e *encoder) take(n int) []byte {
	part := e.random[:n]
	e.random = e.random[n:]
	return part
}

func (e *encoder) disclosures() []string {
	all, start := string(e.text), 0
	out := make([]string, len(e.ends))
	for i, end := range e.ends {
		out[i], start = all[start:end], end
	}
	return out
}

func (e *encoder) value(v any, depth int) error {
	switch v := v.(type) {
	case map[string]any:
		return e.object(v, depth+1)
	case []any:
		return e.array(v, depth+1)
	case SD:
		return fmt.Errorf("%w: a mark directly inside a mark", ErrMark)
	default:
		return e.scalar(v, depth)
	}
}

// payload writes the claims of all maps into the object that has been opened, with all the decoys that are there in its
// _sd.
func (e *encoder) payload(claims []map[string]any) error {
	const start = 1 // behind the opening brace
	for i, c := range claims {
		for _, earlier := range claims[:i] {
			for name := range c {
				if _, twice := earlier[name]; twice {
					return fmt.Errorf("%w: in two maps", ErrCollision)
				}
			}
		}
		if err := e.members(c, 1, start); err != nil {
			return err
		}
	}
	selective := len(e.ends) > 0 || len(e.digests) > 0
	e.writeDigests(0, start)
	if selective {
		e.comma(start)
		e.buf = append(e.buf, `"_sd_alg":"sha-256"`...)
	}
	e.buf = append(e.buf, '}')
	return nil
}

// object writes an object inside the payload, which stands at depth 1 itself.
func (e *encoder) object(claims map[string]any, depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("%w: more than %d levels", ErrDepth, MaxDepth)
	}
	base := len(e.digests)
	e.buf = append(e.buf, '{')
	start := len(e.buf)
	if err := e.members(claims, depth, start); err != nil {
		return err
	}
	e.writeDigests(base, start)
	e.buf = append(e.buf, '}')
	return nil
}

func (e *encoder) members(claims map[string]any, depth, start int) error {
	for name, v := range claims {
		if isReserved(name) {
			return fmt.Errorf("%w: %s", ErrReservedName, name)
		}
		if err := e.claim(name, v, depth, start); err != nil {
			return err
		}
	}
	return nil
}

// claim writes a plain claim, or makes the disclosure of a marked one.
func (e *encoder) claim(name string, v any, depth, start int) error {
	if sd, marked := v.(SD); marked {
		digest, err := e.disclose(&name, sd.Value, depth)
		e.digests = append(e.digests, digest)
		return err
	}
	e.comma(start)
	if err := e.string(name); err != nil {
		return err
	}
	e.buf = append(e.buf, ':')
	return e.value(v, depth)
}

func (e *encoder) array(elements []any, depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("%w: more than %d levels", ErrDepth, MaxDepth)
	}
	e.buf = append(e.buf, '[')
	start := len(e.buf)
	for _, v := range elements {
		e.comma(start)
		sd, marked := v.(SD)
		if !marked {
			if err := e.value(v, depth); err != nil {
				return err
			}
			continue
		}
		digest, err := e.disclose(nil, sd.Value, depth)
		if err != nil {
			return err
		}
		e.buf = append(e.buf, `{"...":"`...)
		e.buf = base64.RawURLEncoding.AppendEncode(e.buf, digest[:])
		e.buf = append(e.buf, `"}`...)
	}
	e.buf = append(e.buf, ']')
	return nil
}

// disclose makes the disclosure of a claim, or of an array element when name is nil, and gives its digest.
func (e *encoder) disclose(name *string, v any, depth int) (digest [sha256.Size]byte, err error) {
	if depth == MaxDepth { // its digest stands one level deeper
		return digest, fmt.Errorf("%w: a mark at level %d", ErrDepth, depth)
	}
	start := len(e.buf)
	e.buf = append(e.buf, `["`...)
	e.buf = base64.RawURLEncoding.AppendEncode(e.buf, e.take(saltSize))
	e.buf = append(e.buf, `",`...)
	if name != nil {
		if err := e.string(*name); err != nil {
			return digest, err
		}
		e.buf = append(e.buf, ',')
	}
	if err := e.value(v, depth); err != nil {
		return digest, err
	}
	e.buf = append(e.buf, ']')
	from := len(e.buf)
	e.buf = base64.RawURLEncoding.AppendEncode(e.buf, e.buf[start:])
	digest = sha256.Sum256(e.buf[from:])
	e.text = append(e.text, e.buf[from:]...)
	e.ends = append(e.ends, len(e.text))
	e.buf = e.buf[:start]
	return digest, nil
}

// writeDigests writes the _sd of an object, from the digests above base, and takes them from the stack.
func (e *encoder) writeDigests(base, start int) {
	digests := e.digests[base:]
	e.digests = e.digests[:base]
	if len(digests) == 0 {
		return
	}
	slices.SortFunc(digests, byPrefix)
	e.comma(start)
	e.buf = append(e.buf, `"_sd":[`...)
	first := len(e.buf)
	for i := range digests {
		e.comma(first)
		e.buf = append(e.buf, '"')
		e.buf = base64.RawURLEncoding.AppendEncode(e.buf, digests[i][:])
		e.buf = append(e.buf, '"')
	}
	e.buf = append(e.buf, ']')
}

// byPrefix orders digests by their first 64 bits, which is enough to part them from the order of the claims.
func byPrefix(a, b [sha256.Size]byte) int {
	return cmp.Compare(binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(b[:]))
}

// comma separates an item from the one before it, if there is one since start.
func (e *encoder) comma(start int) {
	if len(e.buf) > start {
		e.buf = append(e.buf, ',')
	}
}

// other writes what has no form of its own here by way of encoding/json, and reads it back, so that reserved names and
// marks inside a struct are found too.
func (e *encoder) other(v any, depth int) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrValue, err)
	}
	plain, err := decodeJSON(string(text))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrValue, err)
	}
	return e.value(plain, depth)
}
