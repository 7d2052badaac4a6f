package faults

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lommebok.example/specs/cose"
)

// signed are the names of the elements of a COSE_Sign1 (RFC 9052 section 4.2).
var signed = []string{"protected", "unprotected", "payload", "signature"}

// InCBOR changes what stands at a path of an item, such as documents.0.docType; every byte beside it stays as it was. A byte string and a
// tag 24 on the way are opened, * is the first member of a map, and the elements of a COSE_Sign1 go by their names too. Errors: ErrNothing,
// and those of CBOR.
func (c *Change) InCBOR(item []byte, path string) ([]byte, error) {
	changed, err := c.inItem(item, strings.Split(path, "."))
	if err == nil && bytes.Equal(changed, item) {
		err = fmt.Errorf("%w: it is so already", ErrNothing)
	}
	return changed, err
}

func (c *Change) inItem(item []byte, path []string) ([]byte, error) {
	if len(path) == 0 {
		return c.applyItem(item)
	}
	r := cose.NewReader(item)
	switch kind := r.Kind(); kind {
	case cose.Bytes:
		content := r.Bytes()
		inner, err := c.inItem(content, path)
		return cose.AppendBytes(nil, inner), err
	case cose.Tagged:
		content := r.Encoded()
		if r.Err() != nil {
			return nil, r.Err()
		}
		inner, err := c.inItem(content, path)
		return cose.AppendEncoded(nil, inner), err
	case cose.Array:
		return c.inArray(r, path)
	case cose.Map:
		return c.inMap(r, path)
	}
	return nil, fmt.Errorf("%w: %s is not there", ErrNothing, strings.Join(path, "."))
}

// inArray changes an element, or takes it out.
func (c *Change) inArray(r *cose.Reader, path []string) ([]byte, error) {
	var items []cose.RawMessage
	for range r.Array() {
		items = append(items, r.Raw())
	}
	n, err := strconv.Atoi(path[0])
	if err != nil {
		n = slices.Index(signed, path[0])
	}
	if n < 0 || n >= len(items) || r.Err() != nil {
		return nil, fmt.Errorf("%w: no element %s of %d", ErrNothing, path[0], len(items))
	}
	if c.Drop && len(path) == 1 {
		return arrayOf(slices.Delete(items, n, n+1)), nil
	}
	items[n], err = c.inItem(items[n], path[1:])
	return arrayOf(items), err
}

func arrayOf(items []cose.RawMessage) []byte {
	b := cose.AppendArray(nil, len(items))
	for _, item := range items {
		b = append(b, item...)
	}
	return b
}

// inMap changes a member, takes it out, or by set adds one.
func (c *Change) inMap(r *cose.Reader, path []string) ([]byte, error) {
	var pairs [][2]cose.RawMessage
	n := -1
	for i := range r.Map() {
		key := r.Raw()
		if name := fmt.Sprint(cose.NewReader(key).Value()); name == path[0] || path[0] == "*" && i == 0 {
			n = i
		}
		pairs = append(pairs, [2]cose.RawMessage{key, r.Raw()})
	}
	var err error
	switch last := len(path) == 1; {
	case r.Err() != nil:
		return nil, r.Err()
	case n < 0 && last && c.Set != nil && path[0] != "*":
		value, e := cose.Marshal(c.Set)
		pairs, err = append(pairs, [2]cose.RawMessage{cose.AppendText(nil, path[0]), value}), e
	case n < 0:
		return nil, fmt.Errorf("%w: %s is not there", ErrNothing, path[0])
	case c.Drop && last:
		pairs = slices.Delete(pairs, n, n+1)
	default:
		pairs[n][1], err = c.inItem(pairs[n][1], path[1:])
	}
	b := cose.AppendMap(nil, len(pairs))
	for _, p := range pairs {
		b = append(append(b, p[0]...), p[1]...)
	}
	return b, err
}

// applyItem changes an item: a time is shifted, a byte string has another last byte but three, an array is changed as one of JSON.
func (c *Change) applyItem(item []byte) ([]byte, error) {
	r := cose.NewReader(item)
	switch kind := r.Kind(); {
	case c.Set != nil:
		return cose.Marshal(c.Set)
	case c.Shift != 0 && kind == cose.Tagged:
		at := r.TDate()
		if r.Err() != nil {
			return nil, fmt.Errorf("%w: no time", ErrNothing)
		}
		return cose.AppendTDate(nil, at.Add(c.Shift))
	case c.Flip && kind == cose.Bytes:
		content := slices.Clone(r.Bytes())
		if len(content) < 4 {
			return nil, fmt.Errorf("%w: too short", ErrNothing)
		}
		content[len(content)-4] ^= 1
		return cose.AppendBytes(nil, content), nil
	case c.Flip && kind == cose.Text && len(r.Text()) > 4:
		return cose.AppendText(nil, flipped(cose.NewReader(item).Text())), nil
	case (c.Repeat || c.Reverse) && kind == cose.Array:
		var items []cose.RawMessage
		for range r.Array() {
			items = append(items, r.Raw())
		}
		switch {
		case r.Err() != nil || len(items) == 0 || c.Reverse && len(items) == 1:
			return nil, fmt.Errorf("%w: too few elements", ErrNothing)
		case c.Reverse:
			slices.Reverse(items)
		default:
			items = append(items, items[0])
		}
		return arrayOf(items), nil
	}
	return nil, fmt.Errorf("%w: a CBOR item cannot be changed so", ErrNothing)
}
