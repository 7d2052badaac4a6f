package dcql

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func claimsOf(t testing.TB, raw string) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(raw)))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A credential of the shape that section 7.3 explains paths with.
const pupil = `{
 "name": "Kari Skog",
 "address": {"street": "Storgata 1", "town": "Bodø"},
 "exams": [{"subject": "norsk", "mark": 5}, {"subject": "matte", "mark": 6}, {"mark": 4}],
 "languages": ["nb", "se"],
 "empty": [], "nothing": null, "mixed": [{"x": 1}, "text"],
 "grid": [["a", "b"], ["c"]]
}`

func TestSection7Resolve(t *testing.T) {
	claims := claimsOf(t, pupil)
	cases := []struct {
		name string
		path []any
		want []any
		err  error
	}{
		{"a name", []any{"name"}, []any{"Kari Skog"}, nil},
		{"a whole object", []any{"address"}, []any{claims["address"]}, nil},
		{"a name in an object", []any{"address", "town"}, []any{"Bodø"}, nil},
		{"a name in each element, absent in one", []any{"exams", nil, "subject"}, []any{"norsk", "matte"}, nil},
		{"an index", []any{"languages", 1}, []any{"se"}, nil},
		{"index zero", []any{"languages", 0}, []any{"nb"}, nil},
		{"index beyond one of several arrays", []any{"grid", nil, 1}, []any{"b"}, nil},
		{"null twice", []any{"grid", nil, nil}, []any{"a", "b", "c"}, nil},
		{"the value null is a claim", []any{"nothing"}, []any{nil}, nil},
		{"an absent name", []any{"nickname"}, nil, ErrNotFound},
		{"an absent name in every element", []any{"exams", nil, "teacher"}, nil, ErrNotFound},
		{"index beyond the array", []any{"languages", 2}, nil, ErrNotFound},
		{"null over an empty array", []any{"empty", nil}, nil, ErrNotFound},
		{"a name into an array", []any{"languages", "x"}, nil, ErrNotFound},
		{"a name into a string", []any{"name", "x"}, nil, ErrNotFound},
		{"a name into one element that is no object", []any{"mixed", nil, "x"}, nil, ErrNotFound},
		{"an index into an object", []any{"address", 0}, nil, ErrNotFound},
		{"null into a string", []any{"name", nil}, nil, ErrNotFound},
		{"an index at the root", []any{0}, nil, ErrNotFound},
		{"empty", []any{}, nil, ErrPath},
		{"negative", []any{"languages", -1}, nil, ErrPath},
		{"boolean", []any{"languages", true}, nil, ErrPath},
		{"float", []any{"languages", 1.0}, nil, ErrPath},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Resolve(c.path, claims)
			if !errors.Is(err, c.err) || (c.err == nil && !reflect.DeepEqual(got, c.want)) {
				t.Fatalf("got %v, %v; want %v, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestSection72ResolveMdoc(t *testing.T) {
	claims := map[string]any{"org.iso.18013.5.1": map[string]any{"family_name": "Skog"}}
	if got, err := Resolve([]any{"org.iso.18013.5.1", "family_name"}, claims); err != nil || got[0] != "Skog" {
		t.Errorf("%v, %v", got, err)
	}
	for _, path := range [][]any{{"org.iso.18013.5.1", "given_name"}, {"org.iso.18013.5.2", "family_name"}} {
		if _, err := Resolve(path, claims); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v: %v", path, err)
		}
	}
}

func TestSection63Values(t *testing.T) {
	type fullDate string
	type tdate time.Time
	cases := []struct {
		name  string
		claim any
		want  string // a JSON array
		match bool
	}{
		{"string", "Skog", `["Berg","Skog"]`, true},
		{"string, other case", "skog", `["Skog"]`, false},
		{"string and number differ", "6", `[6]`, false},
		{"number and string differ", json.Number("6"), `["6"]`, false},
		{"integer of JSON", json.Number("6"), `[5,6]`, true},
		{"large integer", json.Number("9007199254740993"), `[9007199254740993]`, true},
		{"large integer, last digit off", json.Number("9007199254740993"), `[9007199254740992]`, false},
		{"minus zero", json.Number("-0"), `[0]`, true},
		{"fraction", json.Number("6.5"), `[6]`, false},
		{"float64 of encoding/json", float64(6), `[6]`, true},
		{"float64 with a fraction", 6.5, `[6]`, false},
		{"uint64 of CBOR", uint64(6), `[6]`, true},
		{"int64 of CBOR", int64(-6), `[-6]`, true},
		{"boolean", true, `[true]`, true},
		{"boolean, other", false, `[true]`, false},
		{"boolean and string differ", true, `["true"]`, false},
		{"boolean and number differ", true, `[1]`, false},
		{"bytes of CBOR", []byte{0xfb, 0xff}, `["-_8"]`, true},
		{"full-date of CBOR", fullDate("2008-01-31"), `["2008-01-31"]`, true},
		{"tdate of CBOR", tdate(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), `["2026-01-02T03:04:05Z"]`, true},
		{"null", nil, `["null",false,0]`, false},
		{"object", map[string]any{}, `["{}"]`, false},
		{"array", []any{"Skog"}, `["Skog"]`, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			q := mustParse(t, credential(sdJWT+`,"claims":[{"path":["x"],"values":`+c.want+`}]`))
			if got := matches(c.claim, q.Credentials[0].Claims[0].Values); got != c.match {
				t.Fatalf("got %v", got)
			}
		})
	}
}

// A path to any place of a random value finds that value, and a located path leads to
// the same place.
func TestResolveFindsEveryPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var path []any
		leaf := any("leaf")
		value := leaf
		for range rapid.IntRange(1, 6).Draw(t, "depth") {
			if rapid.Bool().Draw(t, "array") {
				i := rapid.IntRange(0, 3).Draw(t, "index")
				array := make([]any, i+1+rapid.IntRange(0, 2).Draw(t, "more"))
				array[i] = value
				value, path = array, append([]any{i}, path...)
				continue
			}
			name := rapid.StringN(0, 4, 8).Draw(t, "name")
			value, path = map[string]any{name: value, name + "'": 1}, append([]any{name}, path...)
		}
		got, err := Resolve(path, value)
		if err != nil || len(got) != 1 || got[0] != leaf {
			t.Fatalf("%v: %v, %v", path, got, err)
		}
		found, err := locate(path, value)
		if err != nil || !reflect.DeepEqual(found[0].path, path) {
			t.Fatalf("%v: %v, %v", path, found, err)
		}
	})
}
