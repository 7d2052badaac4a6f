package mdoc

import (
	"cmp"
	"fmt"
	"slices"

	"lommebok.example/specs/cose"
)

const minRandom = 16 // bytes, 9.1.2.5

// item is an IssuerSignedItem with the bytes it came in.
type item struct {
	raw      cose.RawMessage // #6.24(bstr), what the digest is over
	digestID uint64
	element  Element
}

// namespace is one entry of IssuerNameSpaces, in the order received.
type namespace struct {
	name  string
	items []item
}

// parseItem reads one IssuerSignedItemBytes. The four members must be there and no other:
// what has no meaning here must not travel under the digest.
func parseItem(raw cose.RawMessage, content cose.Encoded, ns string) (item, error) {
	it := item{raw: raw, element: Element{Namespace: ns}}
	r := cose.NewReader(content)
	members := r.Map()
	var random []byte
	found := 0
	for range members {
		switch r.Text() {
		case "digestID":
			it.digestID = r.Uint()
		case "random":
			random = r.Bytes()
		case "elementIdentifier":
			it.element.Identifier = r.Text()
		case "elementValue":
			it.element.Value = r.Value()
		default:
			r.Fail(fmt.Errorf("%w: item with a fifth member", ErrMalformed))
		}
		found++
	}
	if r.Err() != nil {
		return item{}, fmt.Errorf("item in %s: %w", ns, r.Err())
	}
	if found != 4 || it.element.Identifier == "" {
		return item{}, fmt.Errorf("%w: item in %s without one of its four members", ErrMalformed, ns)
	}
	if len(random) < minRandom || it.digestID > digestIDMax {
		return item{}, fmt.Errorf("%w: item in %s has random below %d bytes or digestID beyond 32 bits", ErrMalformed, ns, minRandom)
	}
	return it, nil
}

// parseNameSpaces reads IssuerNameSpaces. An identifier or digestID that comes twice in a
// namespace is refused, since two readers could then believe two things.
func (i *IssuerSigned) parseNameSpaces(r *cose.Reader) {
	n := r.Map()
	if r.Err() == nil && n == 0 {
		r.Fail(fmt.Errorf("%w: nameSpaces is empty", ErrMalformed))
	}
	for range n {
		ns := namespace{name: r.Text()}
		ns.items = parseItems(r, ns.name)
		i.nameSpaces = append(i.nameSpaces, ns)
	}
}

func parseItems(r *cose.Reader, ns string) []item {
	n := r.Array()
	if r.Err() == nil && n == 0 {
		r.Fail(fmt.Errorf("%w: %s has no items", ErrMalformed, ns))
	}
	items := make([]item, 0, n)
	ids := make([]uint64, 0, n)
	names := make([]string, 0, n)
	for range n {
		content, raw := r.EncodedRaw()
		if r.Err() != nil {
			return nil
		}
		it, err := parseItem(raw, content, ns)
		if err != nil {
			r.Fail(err)
			return nil
		}
		ids = append(ids, it.digestID)
		names = append(names, it.element.Identifier)
		items = append(items, it)
	}
	if anyTwice(ids) || anyTwice(names) {
		r.Fail(fmt.Errorf("%w: an element or digestID of %s comes twice", ErrMalformed, ns))
	}
	return items
}

func anyTwice[T cmp.Ordered](values []T) bool {
	slices.Sort(values)
	return len(slices.Compact(values)) != len(values)
}
