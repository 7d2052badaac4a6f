package sdjwt

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// A disclosure is read without an array of its own; the general reader is the oracle.
func TestADisclosureIsReadAsAnyArray(t *testing.T) {
	pieces := []string{`"s"`, `"n"`, `1`, `null`, `{"a":[1]}`, `["x"]`, `"\u00e6"`, ``, `"\q"`, `{"a":1,"a":2}`}
	rapid.Check(t, func(t *rapid.T) {
		elements := rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 4).Draw(t, "elements")
		text := rapid.SampledFrom([]string{"[", " [ ", "", "{"}).Draw(t, "open") + strings.Join(elements, " ,") +
			rapid.SampledFrom([]string{"]", " ] ", "", "]1", ",]"}).Draw(t, "close")
		var got Disclosure
		err := decodeDisclosure(text, &got)
		want, ok := general(text)
		if ok != (err == nil) {
			t.Fatalf("%s: %v, want accepted %v", text, err, ok)
		}
		if ok && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %+v, want %+v", text, got, want)
		}
	})
}

func general(text string) (d Disclosure, ok bool) {
	v, err := decodeJSON(text)
	array, isArray := v.([]any)
	if err != nil || !isArray || len(array) < 2 || len(array) > 3 {
		return d, false
	}
	if d.Salt, ok = array[0].(string); !ok {
		return d, false
	}
	d.ArrayElement, d.Value = len(array) == 2, array[len(array)-1]
	if !d.ArrayElement {
		d.Name, ok = array[1].(string)
	}
	return d, ok
}

func TestAppendStringIsWhatJSONReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringN(0, 30, -1), rapid.StringOf(rapid.RuneFrom([]rune("\"\\\n\x00\x1fæ a")))).Draw(t, "text")
		b, err := AppendString([]byte("["), s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		var back []string
		if err := json.Unmarshal(append(b, ']'), &back); err != nil || back[0] != s {
			t.Fatalf("%q became %s, %v", s, b, err)
		}
	})
	if _, err := AppendString(nil, "a\xff"); !errors.Is(err, ErrValue) {
		t.Errorf("not UTF-8: %v", err)
	}
}

func TestEncodeAfterPutsTheOpenMembersFirst(t *testing.T) {
	for name, claims := range map[string]map[string]any{
		"nothing else": {}, "a claim": {"a": 1}, "a mark": {"a": SD{1}}, "nil": nil,
	} {
		payload, disclosures, err := EncodeAfter([]byte(`"x":{"y":1},"z":2`), 0, claims)
		if err != nil {
			t.Fatal(err)
		}
		got, err := process(string(payload), disclosures...)
		want := map[string]any{"x": map[string]any{"y": json.Number("1")}, "z": json.Number("2")}
		if len(claims) > 0 {
			want["a"] = json.Number("1")
		}
		if err != nil || !reflect.DeepEqual(got, want) || !bytes.HasPrefix(payload, []byte(`{"x":`)) {
			t.Errorf("%s: %s gives %v, %v", name, payload, got, err)
		}
	}
}

// The memory that encoders work in is used again: what one has given away must not change when another writes.
func TestWhatWasEncodedStays(t *testing.T) {
	var wg sync.WaitGroup
	for _, letter := range []string{"a", "b"} {
		wg.Go(func() {
			for range 100 {
				claims := map[string]any{}
				for i := range 40 { // more than there is room for without growing
					claims[strings.Repeat(letter, i+1)] = SD{strings.Repeat(letter, 300)}
				}
				payload, disclosures, err := EncodeJSON(0, claims)
				if err != nil {
					t.Error(err)
					return
				}
				if _, _, err := EncodeJSON(3, map[string]any{"c": SD{"another"}}); err != nil {
					t.Error(err)
				}
				if got, err := process(string(payload), disclosures...); err != nil || len(got) != 40 {
					t.Errorf("%d claims, %v", len(got), err)
					return
				}
			}
		})
	}
	wg.Wait()
}
