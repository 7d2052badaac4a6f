package jose

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCheckJSON(t *testing.T) {
	tests := []struct {
		rule string
		in   string
		ok   bool
	}{
		{"object", `{"a":1,"b":[true,false,null,"x"]}`, true},
		{"scalar", `"x"`, true},
		{"number forms", `[0,-0,1.5,1e9,1E+9,-1.25e-3]`, true},
		{"white space around", " \t\r\n{ \"a\" : 1 , \"b\" : [ ] } \n", true},
		{"same name at different depth", `{"a":{"a":{"a":1}},"b":{"a":1}}`, true},
		{"name of an inner object again outside", `{"x":{"a":1},"a":1,"y":{"b":[{"a":1}]},"b":1}`, true},
		{"names that differ in case", `{"a":1,"A":2}`, true},
		{"escaped pair of surrogates", `"\ud83d\ude00"`, true},
		{"depth 32", strings.Repeat("[", 32) + strings.Repeat("]", 32), true},
		{"empty input", ``, false},
		{"white space alone", ` `, false},
		{"depth 33 of arrays", strings.Repeat("[", 33) + strings.Repeat("]", 33), false},
		{"depth 33 of objects", strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33), false},
		{"trailing data", `{} {}`, false},
		{"trailing letter", `{}x`, false},
		{"trailing NUL", "{}\x00", false},
		{"byte order mark", "\xef\xbb\xbf{}", false},
		{"duplicate member", `{"a":1,"a":2}`, false},
		{"duplicate member, escaped", `{"a":1,"\u0061":2}`, false},
		{"duplicate member, escaped slash", `{"/":1,"\/":2}`, false},
		{"duplicate member, nested", `[{"x":{"a":1,"b":2,"a":3}}]`, false},
		{"duplicate member after an object with the same", `{"b":{"a":1},"a":1,"a":2}`, false},
		{"duplicate empty name", `{"":1,"":2}`, false},
		{"duplicate member among many", manyMembers(200, "m7"), false},
		{"duplicate of the first among many", manyMembers(200, "m0"), false},
		{"duplicate of the last among many", manyMembers(200, "m199"), false},
		{"many members", manyMembers(200, "other"), true},
		{"not UTF-8", "\"\xff\"", false},
		{"overlong UTF-8", "\"\xc0\xaf\"", false},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", false},
		{"lone high surrogate", `"\ud83d"`, false},
		{"lone high surrogate before text", `"\ud83dx"`, false},
		{"lone high surrogate before an escape", `"\ud83d\n"`, false},
		{"lone low surrogate", `"\ude00"`, false},
		{"two low surrogates", `"\ude00\ude00"`, false},
		{"high surrogate before a letter beyond", `"\ud83d\uffff"`, false},
		{"two high surrogates", `"\ud83d\ud83d"`, false},
		{"short escape", `"\u12"`, false},
		{"escape not hexadecimal", `"\u12g4"`, false},
		{"unknown escape", `"\x41"`, false},
		{"control character", "\"a\nb\"", false},
		{"string without end", `"abc`, false},
		{"string ending in a backslash", `"abc\`, false},
		{"leading zero", `01`, false},
		{"bare minus", `-`, false},
		{"no digit after the point", `1.`, false},
		{"no digit in the exponent", `1e`, false},
		{"plus sign", `+1`, false},
		{"NaN", `NaN`, false},
		{"comment", `{/**/}`, false},
		{"single quotes", `{'a':1}`, false},
		{"name without quotes", `{a:1}`, false},
		{"comma before the end", `[1,]`, false},
		{"comma before the end of an object", `{"a":1,}`, false},
		{"no comma", `[1 2]`, false},
		{"no colon", `{"a" 1}`, false},
		{"unclosed", `{"a":[1`, false},
		{"wrong bracket", `[1}`, false},
		{"literal cut short", `tru`, false},
		{"literal in capitals", `True`, false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			err := CheckJSON([]byte(tt.in))
			if tt.ok && err != nil {
				t.Errorf("refused: %v", err)
			}
			if !tt.ok && !errors.Is(err, ErrJSON) {
				t.Errorf("got %v, want ErrJSON", err)
			}
		})
	}
}

func manyMembers(n int, last string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&b, `"m%d":%d,`, i, i)
	}
	fmt.Fprintf(&b, `%q:0}`, last)
	return b.String()
}

type person struct {
	Claims
	Name  string            `json:"name"`
	Inner *struct{ N int }  `json:"inner"`
	List  []struct{ V int } `json:"list"`
	Free  map[string]any    `json:"free"`
	Raw   json.RawMessage   `json:"raw"`
	Skip  string            `json:"-"`
}

func TestUnmarshalNames(t *testing.T) {
	tests := []struct {
		rule string
		in   string
		ok   bool
	}{
		{"exact", `{"name":"a","nonce":"n","inner":{"N":1},"list":[{"V":1}]}`, true},
		{"unknown member ignored", `{"name":"a","other":1,"inner":{"x":1}}`, true},
		{"other case beside the field", `{"name":"a","NAME":"b"}`, false},
		{"other case alone", `{"Name":"b"}`, false},
		{"other case by Unicode folding", "{\"li\u017ft\":[]}", false},
		{"other case in an embedded struct", `{"Nonce":"b"}`, false},
		{"other case behind a pointer", `{"inner":{"n":1}}`, false},
		{"other case in a slice", `{"list":[{"V":1},{"v":1}]}`, false},
		{"name of an embedded type", `{"claims":1,"CLAIMS":2}`, true},
		{"free map keeps its own names", `{"free":{"Name":1,"name":2}}`, true},
		{"raw member keeps its own names", `{"raw":{"Name":1,"name":2}}`, true},
		{"field without a name in JSON", `{"skip":"x","Skip":"y"}`, true},
		{"wrong type", `{"name":1}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			var p person
			err := Unmarshal([]byte(tt.in), &p)
			if tt.ok && err != nil {
				t.Errorf("refused: %v", err)
			}
			if !tt.ok && !errors.Is(err, ErrJSON) {
				t.Errorf("got %v, want ErrJSON", err)
			}
		})
	}
}

func TestAudience(t *testing.T) {
	tests := []struct {
		rule, in, out string
		ok            bool
	}{
		{"string", `{"aud":"a"}`, `{"aud":"a"}`, true},
		{"array of one is written as string", `{"aud":["a"]}`, `{"aud":"a"}`, true},
		{"array", `{"aud":["a","b"]}`, `{"aud":["a","b"]}`, true},
		{"absent", `{}`, `{}`, true},
		{"empty array", `{"aud":[]}`, ``, false},
		{"number", `{"aud":1}`, ``, false},
		{"null inside", `{"aud":["a",null]}`, ``, false},
		{"object", `{"aud":{}}`, ``, false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			var c Claims
			err := Unmarshal([]byte(tt.in), &c)
			if tt.ok != (err == nil) {
				t.Fatalf("got %v, want ok=%v", err, tt.ok)
			}
			if !tt.ok {
				return
			}
			out, err := json.Marshal(c)
			if err != nil || string(out) != tt.out {
				t.Errorf("got %s, %v, want %s", out, err, tt.out)
			}
		})
	}
	if a := (Audience{"a", "b"}); !a.Contains("b") || a.Contains("c") {
		t.Error("Contains is wrong")
	}
}

func TestBase64URL(t *testing.T) {
	tests := []struct {
		rule, in string
		ok       bool
	}{
		{"empty", "", true},
		{"one byte", "AA", true},
		{"letters of the URL alphabet", "-_-_", true},
		{"padding", "AA==", false},
		{"trailing bits", "AB", false},
		{"trailing bits of two bytes", "AAB", false},
		{"one letter", "A", false},
		{"standard alphabet", "+/+/", false},
		{"line break", "AA\nAA", false},
		{"carriage return", "AAAA\r", false},
		{"space", "AA AA", false},
		{"not ASCII", "AAA\u00c5", false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			b, err := DecodeBase64URL(tt.in)
			if tt.ok && (err != nil || EncodeBase64URL(b) != tt.in) {
				t.Errorf("got %x, %v", b, err)
			}
			if !tt.ok && !errors.Is(err, ErrEncoding) {
				t.Errorf("got %v, want ErrEncoding", err)
			}
		})
	}
}

// The standard alphabet of x5c is as strict.
func TestBase64Standard(t *testing.T) {
	if b, err := decode(std, "+/8="); err != nil || len(b) != 2 {
		t.Errorf("got %x, %v", b, err)
	}
	for _, in := range []string{"+/9=", "+/8", "-_8=", "+/8=\n"} {
		if _, err := decode(std, in); !errors.Is(err, ErrEncoding) {
			t.Errorf("%q: got %v, want ErrEncoding", in, err)
		}
	}
}

// slowCheck says what CheckJSON should say, by encoding/json and maps.
func slowCheck(data []byte) bool {
	if !utf8.Valid(data) || !json.Valid(data) || loneSurrogate(data) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var open []map[string]bool // nil for an array
	name := false
	for {
		tok, err := d.Token()
		if err != nil {
			return true
		}
		inObject := len(open) > 0 && open[len(open)-1] != nil
		switch v := tok.(type) {
		case json.Delim:
			switch v {
			case '{', '[':
				if len(open) == MaxDepth {
					return false
				}
				var names map[string]bool
				if v == '{' {
					names = map[string]bool{}
				}
				open = append(open, names)
				name = v == '{'
			default:
				open = open[:len(open)-1]
				name = len(open) > 0 && open[len(open)-1] != nil
			}
			continue
		case string:
			if inObject && name {
				if open[len(open)-1][v] {
					return false
				}
				open[len(open)-1][v] = true
				name = false
				continue
			}
		}
		name = inObject
	}
}

// loneSurrogate looks for an escape \uD800 to \uDFFF that has no partner.
func loneSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++
		if data[i] != 'u' {
			continue
		}
		unit := strings.ToLower(string(data[i+1 : i+5]))
		i += 4
		if unit < "d800" || unit > "dfff" {
			continue
		}
		if unit >= "dc00" || i+6 >= len(data) || string(data[i+1:i+3]) != `\u` {
			return true
		}
		low := strings.ToLower(string(data[i+3 : i+7]))
		if low < "dc00" || low > "dfff" {
			return true
		}
		i += 6
	}
	return false
}

func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"\u0061":2}`, `[[[{"x":{"y":"\ud83d\ude00"}}]]]`, `"\ude00"`, `{"a":{},"b":[1,2.5e3]}`, "{}\x00",
		manyMembers(20, "m3"), strings.Repeat("[", 33) + strings.Repeat("]", 33), "\"\xff\"", `{"":0,"":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, want := CheckJSON(data) == nil, slowCheck(data); got != want {
			t.Errorf("CheckJSON ok=%v, encoding/json says %v: %q", got, want, data)
		}
	})
}
