package jose

import (
	"bytes"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// read is what both ways of reading are asked to fill.
type read struct {
	Nonce string          `json:"nonce"`
	Aud   []string        `json:"aud"`
	Raw   json.RawMessage `json:"raw"`
	Kid   *string         `json:"kid"`
	Iat   float64         `json:"iat"`
	Exp   *float64        `json:"exp"`
}

func (r *read) fields() []Field {
	return []Field{{"nonce", &r.Nonce}, {"aud", &r.Aud}, {"raw", &r.Raw}, {"kid", &r.Kid}, {"iat", &r.Iat}, {"exp", &r.Exp}}
}

func TestReadingMembersIsUnmarshal(t *testing.T) {
	names := []string{"nonce", "aud", "aud", "raw", "kid", "iat", "exp", "Nonce", "KID", "\u212aid", "\u0131at", "expo", "", `non\u0063e`, "x"}
	values := []string{`"a"`, `""`, `"\u00e6\n"`, `1`, `-1.5e2`, `0`, `1e999`, `1e-999`, `null`, `true`, `["a"]`, `[ "a\"" , "\u00e6" ]`, `[]`, `[1]`, `["a",{}]`, `{"iat":1,"iat2":2}`, `{}`}
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for i := range rapid.IntRange(0, 5).Draw(t, "members") {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, `"%s" :%s`, rapid.SampledFrom(names).Draw(t, "name"), rapid.SampledFrom(values).Draw(t, "value"))
		}
		text := []byte("{ " + b.String() + "}")
		var want, got read
		slow := Unmarshal(text, &want)
		list, fast := ParseMembers(text)
		if fast == nil {
			fast = list.Read(got.fields()...)
		}
		if errors.Is(slow, ErrJSON) != errors.Is(fast, ErrJSON) || (slow == nil) != (fast == nil) {
			t.Fatalf("%s: Unmarshal %v, Read %v", text, slow, fast)
		}
		if len(want.Aud) == 0 && len(got.Aud) == 0 {
			want.Aud, got.Aud = nil, nil // an empty list is not told from none
		}
		if slow == nil && !reflect.DeepEqual(want, got) {
			t.Fatalf("%s: Unmarshal %+v, Read %+v", text, want, got)
		}
	})
}

func TestReadingMembersIntoSomethingElse(t *testing.T) {
	list, err := members(nil, []byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := (Members{list}).Read(Field{"a", &n}); !errors.Is(err, ErrJSON) {
		t.Errorf("into *int: %v", err)
	}
}

// The outermost object is walked by members itself, all others by the scanner: they must agree on what is refused.
func TestMembersAndCheckJSONAgree(t *testing.T) {
	pieces := []string{`{`, `}`, `"a"`, `"b"`, `:`, `,`, `1`, ` `, `[`, `]`, `null`, `"\ud800"`, "\xff", `{"c":2}`, `{"c":1,"c":1}`}
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 9).Draw(t, "pieces"), ""))
		if rapid.Bool().Draw(t, "object") {
			text = append(append([]byte(`{"a":`), text...), '}')
		}
		list, err := members(nil, text)
		if want := checkObject(text); (want == nil) != (err == nil) {
			t.Fatalf("%q: CheckJSON %v, members %v", text, want, err)
		}
		var oracle map[string]json.RawMessage
		if err == nil && json.Unmarshal(text, &oracle) != nil || err == nil && len(oracle) != len(list) {
			t.Fatalf("%q: %d members, encoding/json has %d", text, len(list), len(oracle))
		}
		for _, m := range list {
			if err == nil && !bytes.Equal(bytes.TrimSpace(oracle[string(m.name)]), m.raw) {
				t.Fatalf("%q: member %q is %q, encoding/json has %q", text, m.name, m.raw, oracle[string(m.name)])
			}
		}
	})
}

func TestPlainStopsWhereAByteDoesNotStandForItself(t *testing.T) {
	slow := func(b []byte) int {
		for i, c := range b {
			if c < 0x20 || c == '"' || c == '\\' {
				return i
			}
		}
		return len(b)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.ByteRange(0x1e, 0x24), rapid.ByteRange('Z', '^')), 0, 40).Draw(t, "bytes")
		if rapid.Bool().Draw(t, "mostly plain") {
			for i := range b {
				if i%11 != 7 {
					b[i] |= 0x60
				}
			}
		}
		want := slow(b)
		if got := Plain(b); got != want {
			t.Fatalf("%q: %d, want %d", b, got, want)
		}
		if got := Plain(string(b)); got != want {
			t.Fatalf("%q as a string: %d, want %d", b, got, want)
		}
	})
}

func TestAppendPublicJWKIsWhatParseJWKReads(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key := newKey(t, curve)
		raw, err := AppendPublicJWK([]byte("before"), &key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		raw, ok := bytes.CutPrefix(raw, []byte("before"))
		k, pub, err := ParseJWK(raw)
		if !ok || err != nil || !pub.Equal(&key.PublicKey) || k != PublicJWK(&key.PublicKey) {
			t.Errorf("%s: %s, %v", curve.Params().Name, raw, err)
		}
	}
	if _, err := AppendPublicJWK(nil, &newKey(t, elliptic.P224()).PublicKey); !errors.Is(err, ErrKey) {
		t.Errorf("P-224: %v", err)
	}
}
