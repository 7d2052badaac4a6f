package sdjwt

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
)

func TestDecodeReads(t *testing.T) {
	for text, want := range map[string]any{
		` true `:                      true,
		`false`:                       false,
		`null`:                        nil,
		`"a"`:                         "a",
		`""`:                          "",
		`"\"\\\/\b\f\n\r\t"`:          "\"\\/\b\f\n\r\t",
		`"A\u00e6\u00C6"`:             "AæÆ",
		`"\ud83d\ude00"`:              "😀",
		`"blåbær"`:                    "blåbær",
		`0`:                           json.Number("0"),
		`-0.5e+10`:                    json.Number("-0.5e+10"),
		`12345678901234567890123`:     json.Number("12345678901234567890123"),
		`[]`:                          []any{},
		"[ 1 ,\n\t[ ] ]":              []any{json.Number("1"), []any{}},
		`{}`:                          map[string]any{},
		`{"a":{"a":1},"b":[{"a":2}]}`: map[string]any{"a": map[string]any{"a": json.Number("1")}, "b": []any{map[string]any{"a": json.Number("2")}}},
		strings.Repeat("[", MaxDepth-1) + "1" + strings.Repeat("]", MaxDepth-1): nest(json.Number("1"), MaxDepth-1),
	} {
		got, err := decodeJSON(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func nest(v any, levels int) any {
	for range levels {
		v = []any{v}
	}
	return v
}

var notJSON = map[string]string{
	"nothing":                     ``,
	"white space":                 ` `,
	"trailing data":               `{}{}`,
	"trailing comma in object":    `{"a":1,}`,
	"trailing comma in array":     `[1,]`,
	"comma first":                 `[,1]`,
	"two commas":                  `[1,,2]`,
	"no comma":                    `[1 2]`,
	"no colon":                    `{"a" 1}`,
	"name without quotes":         `{a:1}`,
	"name is a number":            `{1:1}`,
	"duplicate member":            `{"a":1,"a":1}`,
	"duplicate by escape":         `{"a":1,"\u0061":1}`,
	"duplicate deep inside":       `[{"b":{"a":1,"a":1}}]`,
	"open object":                 `{"a":1`,
	"open array":                  `[1`,
	"open string":                 `"a`,
	"open escape":                 `"\`,
	"unknown escape":              `"\x"`,
	"short escape":                `"\u12"`,
	"escape not hexadecimal":      `"\u12g4"`,
	"escape with a sign":          `"\u+123"`,
	"half a pair, high":           `"\ud83d"`,
	"half a pair, high then text": `"\ud83dabcdef"`,
	"half a pair, low":            `"\ude00"`,
	"two high halves":             `"\ud83d\ud83d"`,
	"control character":           "\"\x01\"",
	"control after an escape":     "\"\\n\n\"",
	"not UTF-8":                   "\"\xc3\"",
	"not UTF-8 after an escape":   "\"\\n\xc3\"",
	"leading zero":                `01`,
	"plus":                        `+1`,
	"bare minus":                  `-`,
	"no digit after the point":    `1.`,
	"no digit before the point":   `.5`,
	"no digit in the exponent":    `1e`,
	"NaN":                         `NaN`,
	"wrong literal":               `nul`,
	"capital literal":             `True`,
	"comment":                     `/**/1`,
	"byte order mark":             "\ufeff{}",
	"null byte":                   "\x00",
	"too deep":                    strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1),
	"too deep, objects":           strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1),
}

func TestDecodeRefuses(t *testing.T) {
	for rule, text := range notJSON {
		if v, err := decodeJSON(text); !errors.Is(err, ErrJSON) {
			t.Errorf("%s: %v, %v", rule, v, err)
		}
	}
	if _, err := DecodeObject([]byte(`[]`)); !errors.Is(err, ErrJSON) {
		t.Errorf("an array as object: %v", err)
	}
}

// The decoder takes what the checker of package jose takes, and reads it as encoding/json does.
func FuzzDecode(f *testing.F) {
	for _, text := range notJSON {
		f.Add(text)
	}
	f.Add(`{"a":[1,-2.5e3,"\ud83d\ude00æ",null,true,{"b":""}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := decodeJSON(text)
		if (err == nil) != (jose.CheckJSON([]byte(text)) == nil) {
			t.Fatalf("%q: %v, and CheckJSON says otherwise", text, err)
		}
		if err != nil {
			return
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %v, encoding/json: %v, %v", text, got, want, err)
		}
	})
}
