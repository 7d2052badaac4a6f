package cose

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

func TestReaderWantsTheRightKind(t *testing.T) {
	for _, c := range []struct {
		rule, data string
		read       func(*Reader)
	}{
		{"map for an array", "a0", func(r *Reader) { r.Array() }},
		{"array for a map", "80", func(r *Reader) { r.Map() }},
		{"array of three for two", "83 01 02 03", func(r *Reader) { r.ArrayOf(2) }},
		{"bytes for text", "41 61", func(r *Reader) { r.Text() }},
		{"text for bytes", "61 61", func(r *Reader) { r.Bytes() }},
		{"negative for unsigned", "20", func(r *Reader) { r.Uint() }},
		{"text for an integer", "61 31", func(r *Reader) { r.Int() }},
		{"integer beyond 63 bits", "1b 8000000000000000", func(r *Reader) { r.Int() }},
		{"negative integer beyond 63 bits", "3b 8000000000000000", func(r *Reader) { r.Int() }},
		{"more than there is", "81 00", func(r *Reader) { r.Array(); r.Uint(); r.Uint() }},
		{"a raw item more than there is", "80", func(r *Reader) { r.Array(); r.Raw() }},
		{"other tag", "d8 19 40", func(r *Reader) { r.Encoded() }},
		{"other tag, raw", "d8 19 40", func(r *Reader) { r.EncodedRaw() }},
		{"bytes as map key of a value", "a1 41 01 00", func(r *Reader) { r.Value() }},
		{"integer of a value beyond 63 bits", "1b ffffffffffffffff", func(r *Reader) { r.Value() }},
	} {
		t.Run(c.rule, func(t *testing.T) {
			r := NewReader(unhex(t, c.data))
			if r.Err() != nil {
				t.Fatal(r.Err())
			}
			c.read(r)
			if r.Err() == nil {
				t.Fatal("accepted")
			}
			if !errors.Is(r.Err(), ErrType) && !errors.Is(r.Err(), ErrMalformed) {
				t.Errorf("got %v", r.Err())
			}
		})
	}
}

func TestReaderKeepsTheFirstError(t *testing.T) {
	r := NewReader(unhex(t, "83 01 02 03"))
	r.Array()
	first := errors.New("first")
	r.Fail(first)
	r.Fail(errors.New("second"))
	if !errors.Is(r.Err(), first) {
		t.Errorf("got %v", r.Err())
	}
	if r.Uint() != 0 || r.Int() != 0 || r.Text() != "" || r.Bytes() != nil || r.Raw() != nil || r.Map() != 0 || r.Array() != 0 ||
		r.Null() || r.Encoded() != nil || r.FullDate() != "" || !r.TDate().IsZero() || r.Value() != nil || r.Kind() != End || !errors.Is(r.Item().Err(), first) {
		t.Error("something is read after the error")
	}
}

func TestReaderTellsEmptyFromAbsent(t *testing.T) {
	r := NewReader(unhex(t, "83 40 f6 41 00"))
	r.ArrayOf(3)
	if b := r.Bytes(); b == nil || len(b) != 0 {
		t.Errorf("empty string is %v", b)
	}
	if !r.Null() || r.Null() {
		t.Error("one null, then none")
	}
	if b := r.Bytes(); len(b) != 1 || r.Err() != nil {
		t.Errorf("%v, %v", b, r.Err())
	}
}

// What is handed out cannot grow over what follows it in the input.
func TestReaderSlicesAreCapped(t *testing.T) {
	data := unhex(t, "82 41 01 41 02")
	keep := bytes.Clone(data)
	r := NewReader(data)
	r.Array()
	_ = append(r.Bytes(), 0xff)
	_ = append(r.Raw(), 0xff)
	if !bytes.Equal(data, keep) {
		t.Error("the input was written to")
	}
}

func TestValue(t *testing.T) {
	at := time.Date(2020, 10, 1, 13, 30, 2, 0, time.UTC)
	for _, c := range []struct {
		rule, data string
		want       any
	}{
		{"integer", "19 03e8", int64(1000)},
		{"largest", "1b 7fffffffffffffff", int64(math.MaxInt64)},
		{"smallest", "3b 7fffffffffffffff", int64(math.MinInt64)},
		{"bytes", "42 0102", []byte{1, 2}},
		{"text", "62 c3a5", "å"},
		{"array", "82 01 81 f4", []any{int64(1), []any{false}}},
		{"map", "a2 61 61 f5 20 f6", map[string]any{"a": true, "-1": nil}},
		{"tdate", "c0 74 323032302d31302d30315431333a33303a30325a", TDate(at)},
		{"full-date", "d9 03ec 6a 323031392d31302d3230", FullDate("2019-10-20")},
		{"encoded, not looked into", "d8 18 41 ff", Encoded{0xff}},
		{"other tag", "d8 25 41 01", Tag{Number: 37, Content: []byte{1}}},
		{"half", "f9 3e00", 1.5},
		{"half negative", "f9 c400", -4.0},
		{"half subnormal", "f9 0001", 5.960464477539063e-8},
		{"half largest", "f9 7bff", 65504.0},
		{"half zero", "f9 0000", 0.0},
		{"float", "fa 47c35000", 100000.0},
		{"double", "fb 3ff199999999999a", 1.1},
	} {
		t.Run(c.rule, func(t *testing.T) {
			r := NewReader(unhex(t, c.data))
			if got := r.Value(); r.Err() != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %#v, %v, want %#v", got, r.Err(), c.want)
			}
		})
	}
}

func TestValueRefusesKeysThatReadAlike(t *testing.T) {
	r := NewReader(unhex(t, "a2 01 00 61 31 00"))
	if r.Value(); !errors.Is(r.Err(), ErrDuplicateKey) {
		t.Errorf("got %v", r.Err())
	}
}

// halves of the library and ours widen alike.
func TestFloat16AsTheLibrary(t *testing.T) {
	for bits := range uint32(1 << 16) {
		data := []byte{0xf9, byte(bits >> 8), byte(bits)}
		var want float64
		if err := Unmarshal(data, &want); err != nil {
			if Check(data) == nil {
				t.Fatalf("%04x: %v", bits, err)
			}
			continue
		}
		if got := NewReader(data).Value(); got != want {
			t.Fatalf("%04x: got %v, want %v", bits, got, want)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, c := range refused {
		if len(c.data) < 1000 {
			f.Add(unhex(f, c.data))
		}
	}
	f.Add(unhex(f, "a4 61 61 01 61 62 82 f5 f6 61 63 d903ec 6a 323031392d31302d3230 61 64 d818 41a0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		checked := Check(data)
		if checked != nil {
			var v any
			if Unmarshal(data, &v) == nil {
				t.Fatal("Unmarshal accepts what Check refuses")
			}
			return
		}
		if err := cbor.Wellformed(data); err != nil {
			t.Fatalf("the library finds it malformed: %v", err)
		}
		r := NewReader(data)
		raw := r.Raw()
		if r.Err() != nil || !bytes.Equal(raw, data) {
			t.Fatalf("Raw is not the whole: %v", r.Err())
		}
		v := NewReader(data)
		value := v.Value()
		if v.Err() != nil {
			return
		}
		if v.Kind() != End {
			t.Fatal("Value does not read to the end")
		}
		if _, err := json.Marshal(value); err != nil {
			t.Fatalf("value has no JSON: %v", err)
		}
	})
}
