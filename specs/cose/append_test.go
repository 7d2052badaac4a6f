package cose

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// RFC 8949 Appendix A.
func TestAppendIntegersAsTheExamples(t *testing.T) {
	for want, n := range map[string]int64{
		"00": 0, "01": 1, "0a": 10, "17": 23, "1818": 24, "1819": 25, "1864": 100, "1903e8": 1000, "1a000f4240": 1_000_000,
		"1b000000e8d4a51000": 1_000_000_000_000, "20": -1, "29": -10, "3863": -100, "3903e7": -1000, "3b7fffffffffffffff": math.MinInt64,
	} {
		if got := hex.EncodeToString(AppendInt(nil, n)); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
	if got := hex.EncodeToString(AppendUint(nil, math.MaxUint64)); got != "1bffffffffffffffff" {
		t.Errorf("largest: got %s", got)
	}
}

func TestAppendValueRefuses(t *testing.T) {
	for _, c := range []struct {
		rule string
		v    any
		want error
	}{
		{"nil", nil, ErrValue},
		{"nil inside", []any{nil}, ErrValue},
		{"a float", 1.5, ErrValue},
		{"a time without its kind", time.Now(), ErrValue},
		{"text that is not UTF-8", "\xc3", ErrUTF8},
		{"a list with text that is not UTF-8", []string{"\xc3"}, ErrUTF8},
		{"a key that is not UTF-8", map[string]any{"\xc3": 1}, ErrUTF8},
		{"a date that is none", map[string]any{"d": FullDate("tomorrow")}, ErrDate},
		{"three levels where two may be", []any{[]any{[]any{}}}, ErrDepth},
		{"a tag on the third level", []any{map[string]any{"d": FullDate("2026-01-01")}}, ErrDepth},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if b, err := AppendValue(nil, c.v, 2); !errors.Is(err, c.want) {
				t.Errorf("got %x, %v, want %v", b, err, c.want)
			}
		})
	}
}

func TestAppendValueKnowsEveryInteger(t *testing.T) {
	for _, v := range []any{int(9), int8(9), int16(9), int32(9), int64(9), uint(9), uint8(9), uint16(9), uint32(9), uint64(9)} {
		if b, err := AppendValue(nil, v, 0); err != nil || !bytes.Equal(b, []byte{9}) {
			t.Errorf("%T: %x, %v", v, b, err)
		}
	}
}

// valueGen draws what AppendValue accepts.
func valueGen(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Uint32().AsAny(),
		rapid.SliceOf(rapid.Byte()).AsAny(), rapid.SliceOf(rapid.String()).AsAny(),
		rapid.Custom(func(t *rapid.T) any {
			return FullDate(fmt.Sprintf("%04d-%02d-%02d", rapid.IntRange(0, 9999).Draw(t, "y"), rapid.IntRange(1, 12).Draw(t, "m"), rapid.IntRange(1, 28).Draw(t, "d")))
		}),
		rapid.Custom(func(t *rapid.T) any {
			return TDate(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "unix"), 0))
		}),
	}
	if depth > 0 {
		leaves = append(leaves, rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[any] { return valueGen(depth - 1) }), 0, 4).AsAny(),
			rapid.MapOfN(rapid.String(), rapid.Deferred(func() *rapid.Generator[any] { return valueGen(depth - 1) }), 0, 20).AsAny())
	}
	return rapid.OneOf(leaves...)
}

// Our encoder and that of the library agree on every value, and reading gives it back.
func TestAppendValueIsMarshal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := valueGen(3).Draw(t, "value")
		got, err := AppendValue(nil, v, MaxDepth)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("got %x, want %x", got, want)
		}
		r := NewReader(got)
		again, err := AppendValue(nil, r.Value(), MaxDepth)
		if err != nil || r.Err() != nil || !bytes.Equal(again, got) {
			t.Fatalf("read and written again: %x, %v, %v", again, err, r.Err())
		}
	})
}
