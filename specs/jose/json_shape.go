package jose

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode"
)

// shape is what Unmarshal knows of the Go type that an object is read into:
// the fields of a struct, or the element type of a map.
type shape struct {
	fields  map[string]reflect.Type
	folded  map[string]string
	element reflect.Type
}

var (
	shapes          sync.Map // reflect.Type to *shape
	unmarshalerType = reflect.TypeFor[json.Unmarshaler]()
)

// member is the type that the member's value is read into, nil when it is not
// known. A name that equals a field's name in all but letter case is refused.
func (s *shape) member(name []byte) (reflect.Type, error) {
	if s == nil {
		return nil, nil
	}
	if s.fields == nil {
		return s.element, nil
	}
	if t, ok := s.fields[string(name)]; ok {
		return t, nil
	}
	if field, ok := s.folded[fold(string(name))]; ok {
		return nil, fmt.Errorf("%w: member %q: expected %q", ErrJSON, clip(string(name)), field)
	}
	return nil, nil
}

func shapeOf(t reflect.Type) *shape {
	t = readable(t)
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Map:
		return &shape{element: t.Elem()}
	case reflect.Struct:
		if known, ok := shapes.Load(t); ok {
			return known.(*shape)
		}
		made, _ := shapes.LoadOrStore(t, structShape(t))
		return made.(*shape)
	}
	return nil
}

func elementType(t reflect.Type) reflect.Type {
	t = readable(t)
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		return t.Elem()
	}
	return nil
}

// readable follows pointers, and is nil for a type that reads its JSON itself.
func readable(t reflect.Type) reflect.Type {
	for t != nil {
		if t.Implements(unmarshalerType) || reflect.PointerTo(t).Implements(unmarshalerType) {
			return nil
		}
		if t.Kind() != reflect.Pointer {
			return t
		}
		t = t.Elem()
	}
	return nil
}

func structShape(t reflect.Type) *shape {
	s := &shape{fields: map[string]reflect.Type{}, folded: map[string]string{}}
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if tag == "-" || !f.IsExported() || f.Anonymous && name == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		s.fields[name] = f.Type
		s.folded[fold(name)] = name
	}
	return s
}

// fold maps letters that differ in case only to the same text, by the simple
// folding of Unicode that encoding/json uses.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r {
				return next
			}
			r = next
		}
	}, name)
}
