package cose

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"
)

func TestMarshalIsDeterministic(t *testing.T) {
	got, err := Marshal(map[any]any{"b": 1, "aa": 2, 10: 3, -1: 4, "a": 500})
	if err != nil {
		t.Fatal(err)
	}
	// RFC 8949 section 4.2.1: 10, -1, "a", "b", "aa"
	if want := "a50a03200461611901f4616201626161" + "02"; hex.EncodeToString(got) != want {
		t.Errorf("got %x, want %s", got, want)
	}
}

func TestMarshalRefuses(t *testing.T) {
	var deep any = 0
	for range MaxDepth + 1 {
		deep = []any{deep}
	}
	for _, c := range []struct {
		rule string
		v    any
		want error
	}{
		{"a function", func() {}, ErrValue},
		{"NaN", math.NaN(), ErrValue},
		{"infinity", math.Inf(1), ErrValue},
		{"text that is not UTF-8", "\xff", ErrUTF8},
		{"17 levels", deep, ErrDepth},
		{"a raw message that is not strict", []any{RawMessage{0x18, 0x01}}, ErrNotShortest},
		{"a date that is none", FullDate("2026-02-30"), ErrDate},
		{"a year of five digits", TDate(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), ErrDate},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if b, err := Marshal(c.v); !errors.Is(err, c.want) {
				t.Errorf("got %x, %v, want %v", b, err, c.want)
			}
		})
	}
}

func TestUnmarshalIntoStruct(t *testing.T) {
	type inner struct {
		Index uint64 `cbor:"idx"`
	}
	var v struct {
		Name  string   `cbor:"name"`
		Inner inner    `cbor:"inner"`
		Raw   Encoded  `cbor:"raw"`
		Date  FullDate `cbor:"date"`
		At    TDate    `cbor:"at"`
	}
	at := time.Date(2026, 3, 1, 12, 30, 0, 999, time.UTC)
	data, err := Marshal(map[string]any{
		"name": "æ", "inner": inner{7}, "raw": Encoded{0xa0}, "date": FullDate("2026-03-01"), "at": TDate(at), "NAME": "no", "more": 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if v.Name != "æ" || v.Inner.Index != 7 || !bytes.Equal(v.Raw, []byte{0xa0}) || v.Date != "2026-03-01" ||
		!v.At.Time().Equal(at.Truncate(time.Second)) {
		t.Errorf("got %+v", v)
	}
	if err := Unmarshal(data, &struct {
		Name int `cbor:"name"`
	}{}); !errors.Is(err, ErrType) {
		t.Errorf("text into int: %v", err)
	}
}

func TestUnmarshalNamesAreCaseSensitive(t *testing.T) {
	var v struct {
		Name string `cbor:"name"`
	}
	data, err := Marshal(map[string]any{"NAME": "x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := Unmarshal(data, &v); err != nil || v.Name != "" {
		t.Errorf("got %q, %v", v.Name, err)
	}
}

func TestTagsWithTypesOfTheirOwn(t *testing.T) {
	for _, c := range []struct {
		rule, data string
		into       any
		want       error
	}{
		{"tdate", "c0 74 323032302d31302d30315431333a33303a30325a", new(TDate), nil},
		{"tdate with a fraction", "c0 76 323032302d31302d30315431333a33303a30322e355a", new(TDate), ErrDate},
		{"tdate with an offset", "c0 78 19 323032302d31302d30315431333a33303a30322b30303a3030", new(TDate), ErrDate},
		{"tdate in small letters", "c0 74 323032302d31302d30317431333a33303a30327a", new(TDate), ErrDate},
		{"tdate on 30 February", "c0 74 323032302d30322d33305431333a33303a30325a", new(TDate), ErrDate},
		{"tdate without tag", "74 323032302d31302d30315431333a33303a30325a", new(TDate), ErrType},
		{"tdate as number", "c0 1a 5f75d7fa", new(TDate), ErrType},
		{"full-date", "d9 03ec 6a 323031392d31302d3230", new(FullDate), nil},
		{"full-date without tag", "6a 323031392d31302d3230", new(FullDate), ErrType},
		{"full-date under tag 0", "c0 6a 323031392d31302d3230", new(FullDate), ErrType},
		{"full-date on 30 February", "d9 03ec 6a 323031392d30322d3330", new(FullDate), ErrDate},
		{"full-date short", "d9 03ec 68 31392d31302d3230", new(FullDate), ErrDate},
		{"encoded", "d8 18 43 820102", new(Encoded), nil},
		{"encoded empty", "d8 18 40", new(Encoded), nil},
		{"encoded without tag", "43 820102", new(Encoded), ErrType},
		{"encoded text", "d8 18 60", new(Encoded), ErrType},
		{"encoded inside encoded", "d8 18 d8 18 41 00", new(Encoded), ErrType},
	} {
		t.Run(c.rule, func(t *testing.T) {
			data := unhex(t, c.data)
			err := Unmarshal(data, c.into)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil {
				return
			}
			back, err := Marshal(reflect.ValueOf(c.into).Elem().Interface())
			if err != nil || !bytes.Equal(back, data) {
				t.Errorf("written back as %x, %v", back, err)
			}
		})
	}
}

func TestEncodedBytesAreThoseReceived(t *testing.T) {
	for _, n := range []int{0, 1, 23, 24, 255, 256, 65535, 65536} {
		full := AppendEncoded(nil, make([]byte, n))
		var e Encoded
		if err := Unmarshal(full, &e); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		if !bytes.Equal(e.Bytes(), full) {
			t.Errorf("%d: not the bytes received", n)
		}
	}
}
