package dcql

import (
	"fmt"
	"slices"
	"strings"
)

// located is a claim with the path that leads to it alone: nulls have become indices.
type located struct {
	path  []any
	value any
}

// Resolve applies a claims path pointer to a credential (section 7.1.1) and gives the
// claims it selects, one or more. Objects are map[string]any, arrays []any. For an
// mdoc, claims is namespace → element → value and the path two strings (section 7.2).
//
// ErrPath: the path is empty or an element is neither string, nil nor a non-negative
// int. ErrNotFound: the path meets another kind of value than it needs, or selects
// nothing.
func Resolve(path []any, claims any) ([]any, error) {
	found, err := locate(path, claims)
	if err != nil {
		return nil, err
	}
	values := make([]any, len(found))
	for i, l := range found {
		values[i] = l.value
	}
	return values, nil
}

func locate(path []any, claims any) ([]located, error) {
	if len(path) == 0 {
		return nil, fail(ErrPath, "", "empty (section 7)")
	}
	selected := []located{{value: claims}}
	for _, component := range path {
		var next []located
		for _, l := range selected {
			into, err := step(l, component)
			if err != nil {
				return nil, err
			}
			next = append(next, into...)
		}
		if selected = next; len(selected) == 0 {
			return nil, fmt.Errorf("%w (section 7.1.1)", ErrNotFound)
		}
	}
	return selected, nil
}

// step applies one component to one selected element.
func step(l located, component any) ([]located, error) {
	switch c := component.(type) {
	case string:
		object, ok := l.value.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%w: a name meets what is no object (section 7.1.1)", ErrNotFound)
		}
		if v, ok := object[c]; ok {
			return []located{l.into(c, v)}, nil
		}
		return nil, nil
	case nil, int:
		array, ok := l.value.([]any)
		if !ok {
			return nil, fmt.Errorf("%w: an index or null meets what is no array (section 7.1.1)", ErrNotFound)
		}
		return elements(l, array, c)
	}
	return nil, fail(ErrPath, "", "an element is a %T (section 7)", component)
}

func elements(l located, array []any, index any) ([]located, error) {
	i, one := index.(int)
	switch {
	case one && i < 0:
		return nil, fail(ErrPath, "", "a negative index (section 7)")
	case one && i >= len(array):
		return nil, nil
	case one:
		return []located{l.into(i, array[i])}, nil
	}
	out := make([]located, len(array))
	for i, v := range array {
		out[i] = l.into(i, v)
	}
	return out, nil
}

func (l located) into(component, v any) located {
	return located{path: append(slices.Clip(l.path), component), value: v}
}

// disclosed gives the claims a path may select in a presentation of an SD-JWT. The
// elements of an array that the wallet kept back are gone (RFC 9901 section 7.1), and
// those behind them have moved forward. What was element i is among the first i+1
// that are left, so an index selects all of these.
func disclosed(path []any, claims any) []any {
	selected := []any{claims}
	for _, component := range path {
		var next []any
		for _, v := range selected {
			object, _ := v.(map[string]any)
			array, _ := v.([]any)
			switch c := component.(type) {
			case string:
				if inner, ok := object[c]; ok {
					next = append(next, inner)
				}
			case int:
				next = append(next, array[:min(c+1, len(array))]...)
			case nil:
				next = append(next, array...)
			}
		}
		selected = next
	}
	return selected
}

// PathText shows a claims path pointer (section 7) to people: names and indices between slashes, * for null.
func PathText(path []any) string {
	words := make([]string, len(path))
	for i, c := range path {
		if words[i] = fmt.Sprint(c); c == nil {
			words[i] = "*"
		}
	}
	return strings.Join(words, "/")
}
