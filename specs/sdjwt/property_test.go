package sdjwt

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// drawn is one random claim set in four forms.
type drawn struct {
	marked any // with SD marks
	plain  any // without
}

// value draws a value at a depth; each member and element is marked or not.
func value(t *rapid.T, depth int) drawn {
	kind := rapid.IntRange(0, 4).Draw(t, "kind")
	if depth == 0 {
		kind %= 3
	}
	switch kind {
	case 0:
		s := rapid.String().Draw(t, "text")
		return drawn{s, s}
	case 1:
		n := rapid.Int64().Draw(t, "number")
		return drawn{n, json.Number(strconv.FormatInt(n, 10))}
	case 2:
		v := rapid.SampledFrom([]any{nil, true, false}).Draw(t, "literal")
		return drawn{v, v}
	case 3:
		return members(t, depth)
	default:
		d := drawn{[]any{}, []any{}}
		for range rapid.IntRange(0, 4).Draw(t, "elements") {
			v := value(t, depth-1)
			d.marked = append(d.marked.([]any), mark(t, v.marked))
			d.plain = append(d.plain.([]any), v.plain)
		}
		return d
	}
}

func members(t *rapid.T, depth int) drawn {
	marked, plain := map[string]any{}, map[string]any{}
	for range rapid.IntRange(0, 5).Draw(t, "members") {
		name := rapid.StringN(0, 8, -1).Filter(func(s string) bool { return !isReserved(s) }).Draw(t, "name")
		v := value(t, depth-1)
		marked[name], plain[name] = mark(t, v.marked), v.plain
	}
	return drawn{marked, plain}
}

func mark(t *rapid.T, v any) any {
	if rapid.Bool().Draw(t, "marked") {
		return SD{v}
	}
	return v
}

// paths are all paths to something in v.
func paths(v any, at []any) [][]any {
	var out [][]any
	step := func(s, child any) {
		path := append(append([]any{}, at...), s)
		out = append(append(out, path), paths(child, path)...)
	}
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			step(name, child)
		}
	case []any:
		for i, child := range v {
			step(i, child)
		}
	}
	return out
}

// shown is what must be seen of a marked value when the paths of want are selected: the plain parts, what a path leads
// through, and what lies below its end. all says that v itself lies below an end.
func shown(v any, at []any, want [][]any, all bool) any {
	for _, path := range want {
		all = all || reflect.DeepEqual(path, at)
	}
	keep := func(child any, step any) (any, bool) {
		path := append(append([]any{}, at...), step)
		sd, marked := child.(SD)
		if marked && !all && !leadsThrough(path, want) {
			return nil, false
		}
		if marked {
			child = sd.Value
		}
		return shown(child, path, want, all), true
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, child := range v {
			if kept, ok := keep(child, name); ok {
				out[name] = kept
			}
		}
		return out
	case []any:
		out := []any{}
		for i, child := range v {
			if kept, ok := keep(child, i); ok {
				out = append(out, kept)
			}
		}
		return out
	case int64:
		return json.Number(strconv.FormatInt(v, 10))
	default:
		return v
	}
}

func leadsThrough(at []any, want [][]any) bool {
	for _, path := range want {
		if len(path) >= len(at) && reflect.DeepEqual(path[:len(at)], at) {
			return true
		}
	}
	return false
}

func TestEncodeThenProcessIsTheOriginal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := members(t, 3)
		payload, disclosures, err := EncodeJSON(rapid.IntRange(0, 3).Draw(t, "decoys"), claims.marked.(map[string]any))
		if err != nil {
			t.Fatal(err)
		}
		got, err := process(string(payload), rapid.Permutation(disclosures).Draw(t, "order")...)
		if err != nil || !reflect.DeepEqual(got, claims.plain) {
			t.Fatalf("%v, %v, expected %v", got, err, claims.plain)
		}
	})
}

func TestSelectShowsExactlyWhatIsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := members(t, 3)
		var want [][]any
		if all := paths(claims.plain, nil); len(all) > 0 {
			for range rapid.IntRange(0, 3).Draw(t, "paths") {
				want = append(want, all[rapid.IntRange(0, len(all)-1).Draw(t, "path")])
			}
		}
		payload, disclosures, err := EncodeJSON(0, claims.marked.(map[string]any))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(unsigned(string(payload), disclosures...))
		if err != nil {
			t.Fatal(err)
		}
		selected, err := Select(s, payload, want)
		if err != nil {
			t.Fatal(fmt.Errorf("%v: %w", want, err))
		}
		got, err := selected.Process(payload)
		expected := shown(claims.marked, []any{}, want, false)
		if err != nil || !reflect.DeepEqual(got, expected) {
			t.Fatalf("%v: %v, %v, expected %v", want, got, err, expected)
		}
	})
}
