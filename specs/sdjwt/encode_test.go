package sdjwt

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
)

func TestEncodeWithoutMarks(t *testing.T) {
	payload, disclosures, err := EncodeJSON(0, map[string]any{"a": []any{true, nil, "x", map[string]any{}}})
	if err != nil || len(disclosures) != 0 || string(payload) != `{"a":[true,null,"x",{}]}` {
		t.Errorf("%s, %v, %v", payload, disclosures, err)
	}
}

func TestEncodeGivesThePayloadAsMap(t *testing.T) {
	payload, disclosures, err := Encode(map[string]any{"a": SD{1}, "b": []any{SD{2}, 3}}, 0)
	if err != nil || len(disclosures) != 2 {
		t.Fatal(payload, disclosures, err)
	}
	if !strings.Contains(string(decode(t, disclosures[0])), `"a"`) { // they come in any order
		slices.Reverse(disclosures)
	}
	want := map[string]any{
		"_sd":     []any{digest(disclosures[0])},
		"b":       []any{map[string]any{"...": digest(disclosures[1])}, json.Number("3")},
		"_sd_alg": "sha-256",
	}
	if !reflect.DeepEqual(payload, want) {
		t.Errorf("%v, expected %v", payload, want)
	}
}

func TestEncodedValuesComeBack(t *testing.T) {
	type place struct {
		Street string `json:"street"`
		Number int    `json:"number"`
	}
	claims := map[string]any{
		"text": "bl\"å\\bær\n\t\x00\u2028<&>😀", "int": -1, "int64": int64(1) << 62, "uint64": uint64(math.MaxUint64),
		"float": 1.5, "number": json.Number("1e400"), "bool": false, "null": nil, "empty": "",
		"strings": []string{"a", "b"}, "struct": place{"Storgata", 1}, "raw": json.RawMessage(`{"x":[1.0]}`),
		"time": time.Unix(0, 0).UTC(), "map": map[string]string{"k": "v"}, "int32": int32(-7),
	}
	want := object(t, `{"int":-1,"int64":4611686018427387904,"uint64":18446744073709551615,"float":1.5,"number":1e400,
		"bool":false,"null":null,"empty":"","strings":["a","b"],"struct":{"street":"Storgata","number":1},"raw":{"x":[1.0]},
		"time":"1970-01-01T00:00:00Z","map":{"k":"v"},"int32":-7}`)
	want["text"] = claims["text"]
	marked := map[string]any{}
	for name, v := range claims {
		marked[name] = SD{v}
	}
	for rule, claims := range map[string]map[string]any{"in the open": claims, "marked": marked} {
		s, payload := encoded(t, claims)
		got, err := s.Process(payload)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", rule, got, err)
		}
	}
}

func TestEncodeHides(t *testing.T) {
	s, payload := encoded(t, map[string]any{
		"secret": SD{"one"}, "list": []any{SD{"two"}, "open"},
		"outer": SD{map[string]any{"inner": SD{"three"}, "beside": "four"}},
	})
	if len(s.Disclosures) != 4 {
		t.Fatalf("%d disclosures", len(s.Disclosures))
	}
	for _, hidden := range []string{"secret", "one", "two", "outer", "inner", "three", "beside", "four"} {
		if strings.Contains(string(payload), hidden) {
			t.Errorf("%s stands in the payload", hidden)
		}
	}
	for _, d := range s.Disclosures {
		if d.Name == "outer" && strings.Contains(string(decode(t, d.Encoded)), "three") {
			t.Error("the nested claim stands in its parent")
		}
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := jose.DecodeBase64URL(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestSaltsAreUniqueAnd128Bits(t *testing.T) {
	claims := map[string]any{}
	for i := range 100 {
		claims[string(rune('a'+i))] = SD{"same value"}
	}
	salts := map[string]bool{}
	for range 3 {
		s, _ := encoded(t, claims)
		for _, d := range s.Disclosures {
			if len(decode(t, d.Salt)) != 16 {
				t.Fatalf("a salt of %d bytes", len(decode(t, d.Salt)))
			}
			salts[d.Salt] = true
		}
	}
	if len(salts) != 300 {
		t.Errorf("%d different salts of 300", len(salts))
	}
}

// The order of the digests must not follow the order of the claims (section 4.2.4.1).
func TestDigestsAreSorted(t *testing.T) {
	claims := map[string]any{}
	for i := range 20 {
		claims[string(rune('a'+i))] = SD{i}
	}
	payload, disclosures, err := Encode(claims, 5)
	if err != nil {
		t.Fatal(err)
	}
	digests := payload["_sd"].([]any)
	raw := make([]string, len(digests))
	for i, d := range digests {
		raw[i] = string(decode(t, d.(string)))
	}
	if len(raw) != 25 || len(disclosures) != 20 || !slices.IsSorted(raw) {
		t.Errorf("%d digests, %d disclosures, sorted: %v", len(raw), len(disclosures), slices.IsSorted(raw))
	}
}

func TestDecoys(t *testing.T) {
	payload, disclosures, err := Encode(map[string]any{"a": 1}, 3)
	if err != nil || len(disclosures) != 0 || len(payload["_sd"].([]any)) != 3 || payload["_sd_alg"] != "sha-256" {
		t.Errorf("%v, %v, %v", payload, disclosures, err)
	}
	got, err := (&SDJWT{}).ProcessObject(payload)
	if err != nil || !reflect.DeepEqual(got, object(t, `{"a":1}`)) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	loop := map[string]any{}
	loop["again"] = loop
	tooMany := make([]any, MaxDisclosures+1)
	for i := range tooMany {
		tooMany[i] = SD{i}
	}
	for rule, c := range map[string]struct {
		claims map[string]any
		want   error
	}{
		"claim named _sd":             {map[string]any{"_sd": 1}, ErrReservedName},
		"marked claim named ...":      {map[string]any{"...": SD{1}}, ErrReservedName},
		"claim named _sd_alg":         {map[string]any{"_sd_alg": "sha-256"}, ErrReservedName},
		"reserved name in a mark":     {map[string]any{"a": SD{map[string]any{"_sd": 1}}}, ErrReservedName},
		"reserved name in raw JSON":   {map[string]any{"a": json.RawMessage(`{"_sd":[]}`)}, ErrReservedName},
		"mark in a mark":              {map[string]any{"a": SD{SD{1}}}, ErrMark},
		"mark in a typed slice":       {map[string]any{"a": []SD{{1}}}, ErrMark},
		"mark in a typed map":         {map[string]any{"a": map[string]SD{"b": {1}}}, ErrMark},
		"pointer to a mark":           {map[string]any{"a": &SD{1}}, ErrMark},
		"name not UTF-8":              {map[string]any{"\xff": 1}, ErrValue},
		"marked name not UTF-8":       {map[string]any{"\xff": SD{1}}, ErrValue},
		"text not UTF-8":              {map[string]any{"a": "\xff"}, ErrValue},
		"a function":                  {map[string]any{"a": func() {}}, ErrValue},
		"not a number":                {map[string]any{"a": math.NaN()}, ErrValue},
		"a number that is none":       {map[string]any{"a": json.Number("1 ")}, ErrValue},
		"an empty number":             {map[string]any{"a": json.Number("")}, ErrValue},
		"raw JSON with duplicates":    {map[string]any{"a": json.RawMessage(`{"b":1,"b":2}`)}, ErrValue},
		"nested in itself":            {loop, ErrDepth},
		"nested too deeply":           {map[string]any{"a": nest(1, MaxDepth)}, ErrDepth},
		"mark at the last level":      {map[string]any{"a": nest(SD{1}, MaxDepth-1)}, ErrDepth},
		"more marks than can be read": {map[string]any{"a": tooMany}, ErrTooLarge},
	} {
		if _, _, err := EncodeJSON(0, c.claims); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
	if _, _, err := EncodeJSON(-1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("decoys below zero: %v", err)
	}
	if s, payload := encoded(t, map[string]any{"a": nest(SD{1}, MaxDepth-2)}); len(s.Disclosures) != 1 {
		t.Errorf("the deepest mark: %s", payload)
	}
}

func TestClaimsInSeveralMaps(t *testing.T) {
	payload, disclosures, err := EncodeJSON(0, map[string]any{"a": SD{1}}, map[string]any{"b": 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := process(string(payload), disclosures...)
	if err != nil || !reflect.DeepEqual(got, object(t, `{"a":1,"b":2}`)) {
		t.Errorf("%v, %v", got, err)
	}
	for rule, second := range map[string]any{"in the open": 2, "marked": SD{2}} {
		if _, _, err := EncodeJSON(0, map[string]any{"a": 1}, map[string]any{"a": second}); !errors.Is(err, ErrCollision) {
			t.Errorf("a name in two maps, %s: %v", rule, err)
		}
	}
}
