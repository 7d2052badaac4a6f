package cose

import (
	"bytes"
	"encoding/hex"
	"errors"
	"runtime"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var refused = []struct {
	rule, data string
	want       error
}{
	{"nothing at all", "", ErrMalformed},
	{"head cut off", "19 01", ErrMalformed},
	{"reserved additional information", "1c", ErrMalformed},
	{"reserved additional information in a map", "bd", ErrMalformed},
	{"indefinite integer", "1f", ErrMalformed},
	{"indefinite tag", "df", ErrMalformed},
	{"string cut off", "43 0102", ErrMalformed},
	{"array cut off", "82 01", ErrMalformed},
	{"map cut off", "a1 01", ErrMalformed},
	{"tag of nothing", "d8 18", ErrMalformed},
	{"trailing bytes", "01 00", ErrTrailing},
	{"indefinite byte string", "5f 41 01 ff", ErrIndefinite},
	{"indefinite text", "7f 61 61 ff", ErrIndefinite},
	{"indefinite array", "9f 01 ff", ErrIndefinite},
	{"indefinite map", "bf 01 02 ff", ErrIndefinite},
	{"indefinite map inside an array", "81 bf 01 02 ff", ErrIndefinite},
	{"break alone", "ff", ErrIndefinite},
	{"integer in one byte too many", "18 17", ErrNotShortest},
	{"integer in two bytes, one is enough", "19 00ff", ErrNotShortest},
	{"integer in four bytes, two are enough", "1a 0000ffff", ErrNotShortest},
	{"integer in eight bytes, four are enough", "1b 00000000ffffffff", ErrNotShortest},
	{"negative integer not shortest", "38 00", ErrNotShortest},
	{"byte string length not shortest", "58 01 00", ErrNotShortest},
	{"text length not shortest", "78 01 61", ErrNotShortest},
	{"array length not shortest", "98 01 00", ErrNotShortest},
	{"map length not shortest", "b8 01 00 00", ErrNotShortest},
	{"tag number not shortest", "d9 0018 40", ErrNotShortest},
	{"huge byte string", "5b 7fffffffffffffff", ErrMalformed},
	{"huge byte string beyond the sign", "5b ffffffffffffffff", ErrMalformed},
	{"huge text", "7a ffffffff", ErrMalformed},
	{"huge array", "9b 7fffffffffffffff 00", ErrMalformed},
	{"huge array of a million", "9a 00100000 00", ErrMalformed},
	{"huge map", "bb 7fffffffffffffff 00", ErrMalformed},
	{"huge map whose double overflows", "bb 8000000000000001 00", ErrMalformed},
	{"duplicate key", "a2 01 00 01 00", ErrDuplicateKey},
	{"duplicate key with another between", "a3 61 61 00 61 62 00 61 61 01", ErrDuplicateKey},
	{"duplicate key in an inner map", "81 a1 00 a2 61 61 00 61 61 00", ErrDuplicateKey},
	{"duplicate array as key", "a2 81 01 00 81 01 00", ErrDuplicateKey},
	{"text not UTF-8", "62 c328", ErrUTF8},
	{"text with a surrogate", "63 eda080", ErrUTF8},
	{"text with an overlong form", "62 c0af", ErrUTF8},
	{"key not UTF-8", "a1 61 ff 00", ErrUTF8},
	{"undefined", "f7", ErrUnsupported},
	{"unassigned simple value", "e0", ErrUnsupported},
	{"simple value in two bytes", "f8 ff", ErrUnsupported},
	{"false in two bytes", "f8 14", ErrUnsupported},
	{"half infinity", "f9 7c00", ErrUnsupported},
	{"half NaN", "f9 7e00", ErrUnsupported},
	{"float infinity", "fa ff800000", ErrUnsupported},
	{"double NaN", "fb 7ff8000000000000", ErrUnsupported},
	{"arrays 17 deep", strings.Repeat("81", 17) + "00", ErrDepth},
	{"tags 17 deep", strings.Repeat("c1", 17) + "00", ErrDepth},
	{"maps 17 deep", strings.Repeat("a1 00", 17) + "00", ErrDepth},
	{"a hundred thousand deep", strings.Repeat("81", 100_000), ErrDepth},
	{"more than a MiB", strings.Repeat("00", MaxBytes+1), ErrTooLarge},
	{"more than 65536 items", "9a 00010000" + strings.Repeat("00", 1<<16), ErrTooLarge},
	{"more than 65536 items in many arrays", "99 8000" + strings.Repeat("81 81 00", 1<<15), ErrTooLarge},
	{"map of more than 65536 items", "b9 8000" + strings.Repeat("00", 1<<16), ErrTooLarge},
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range refused {
		t.Run(c.rule, func(t *testing.T) {
			data := unhex(t, c.data)
			if err := Check(data); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			var v any
			if err := Unmarshal(data, &v); !errors.Is(err, c.want) {
				t.Errorf("Unmarshal: got %v, want %v", err, c.want)
			}
			if err := NewReader(data).Err(); !errors.Is(err, c.want) {
				t.Errorf("NewReader: got %v, want %v", err, c.want)
			}
		})
	}
}

func TestCheckAccepts(t *testing.T) {
	for _, c := range []struct{ rule, data string }{
		{"zero", "00"}, {"23", "17"}, {"24", "18 18"}, {"256", "19 0100"}, {"65536", "1a 00010000"},
		{"2^32", "1b 0000000100000000"}, {"2^64-1", "1b ffffffffffffffff"}, {"-2^64", "3b ffffffffffffffff"},
		{"empty string", "40"}, {"empty text", "60"}, {"empty array", "80"}, {"empty map", "a0"},
		{"text of more than one byte a letter", "62 c3a6"}, {"string of 24", "58 18" + strings.Repeat("ff", 24)},
		{"false, true, null", "83 f4 f5 f6"}, {"half", "f9 3c00"}, {"float with small bits", "fa 00000001"},
		{"double", "fb 3ff0000000000000"}, {"tag 1004", "d9 03ec 6a 323032302d30312d3031"},
		{"keys out of order", "a2 02 00 01 00"}, {"keys of many kinds", "a4 01 00 20 00 41 01 00 61 01 00"},
		{"the same key in two maps", "82 a1 01 00 a1 01 00"},
		{"16 deep", strings.Repeat("81", 16) + "00"},
		{"bytes that are not CBOR inside tag 24", "d8 18 41 ff"},
		{"65536 items", "99 ffff" + strings.Repeat("00", 1<<16-1)},
	} {
		t.Run(c.rule, func(t *testing.T) {
			data := unhex(t, c.data)
			if err := Check(data); err != nil {
				t.Fatal(err)
			}
			r := NewReader(data)
			if r.Skip(); r.Err() != nil || r.Kind() != End {
				t.Errorf("Skip does not end where Check does: %v", r.Err())
			}
		})
	}
}

// Keys of the largest map that fits are compared without quadratic work and within bounds.
func TestCheckFindsDuplicateAmongManyKeys(t *testing.T) {
	data := AppendMap(nil, 30_000)
	for i := range 29_999 {
		data = AppendUint(AppendUint(data, uint64(29_998-i)), 0)
	}
	if err := Check(AppendUint(AppendUint(bytes.Clone(data), 30_000), 0)); err != nil {
		t.Errorf("all different: %v", err)
	}
	if err := Check(AppendUint(AppendUint(bytes.Clone(data), 7), 0)); !errors.Is(err, ErrDuplicateKey) {
		t.Errorf("one twice: %v", err)
	}
}

func TestRefusingAllocatesBelowOneMiB(t *testing.T) {
	var v any
	for _, c := range refused {
		data := unhex(t, c.data)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if Unmarshal(data, &v) == nil {
			t.Errorf("%s: accepted", c.rule)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated", c.rule, n)
		}
	}
}
