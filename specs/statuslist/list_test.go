package statuslist

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"runtime"
	"testing"

	"lommebok.example/specs/jose"
	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func statuses(t testing.TB, l *List) []Status {
	t.Helper()
	out := make([]Status, l.Len())
	for i := range out {
		var err error
		if out[i], err = l.Get(uint64(i)); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// The examples of section 4.1, in both of their encodings.
func TestSpecificationExamples(t *testing.T) {
	for _, c := range []struct {
		bits             Bits
		packed, deflated string
		lst              string
		want             []Status
	}{
		{1, "b9a3", "78dadbb918000217015d", "eNrbuRgAAhcBXQ", []Status{1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1}},
		{2, "c944f9", "78da3be9f2130003df0207", "eNo76fITAAPfAgc", []Status{1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3}},
	} {
		lst, err := jose.DecodeBase64URL(c.lst)
		if err != nil || !bytes.Equal(lst, unhex(t, c.deflated)) {
			t.Fatalf("%d bits: lst and hex differ: %v", c.bits, err)
		}
		l, err := Decompress(c.bits, lst)
		if err != nil {
			t.Fatal(err)
		}
		if got := statuses(t, l); !bytes.Equal(asBytes(got), asBytes(c.want)) {
			t.Errorf("%d bits: %v, expected %v", c.bits, got, c.want)
		}
		made := New(c.bits, len(c.want))
		for i, s := range c.want {
			if err := made.Set(uint64(i), s); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(made.data, unhex(t, c.packed)) {
			t.Errorf("%d bits: packed to %x, expected %s", c.bits, made.data, c.packed)
		}
	}
}

func asBytes(list []Status) []byte {
	out := make([]byte, len(list))
	for i, s := range list {
		out[i] = byte(s)
	}
	return out
}

// Four and eight bits by hand: the first entry of a byte is in its low half.
func TestBitOrder(t *testing.T) {
	for _, c := range []struct {
		bits   Bits
		packed string
		want   []Status
	}{
		{1, "01", []Status{1, 0, 0, 0, 0, 0, 0, 0}},
		{1, "80", []Status{0, 0, 0, 0, 0, 0, 0, 1}},
		{2, "40", []Status{0, 0, 0, 1}},
		{4, "21f0", []Status{1, 2, 0, 15}},
		{8, "00ff03", []Status{0, 255, 3}},
	} {
		l := &List{bits: c.bits, data: unhex(t, c.packed)}
		if got := statuses(t, l); !bytes.Equal(asBytes(got), asBytes(c.want)) {
			t.Errorf("%d bits, %s: %v, expected %v", c.bits, c.packed, got, c.want)
		}
	}
}

func TestBorders(t *testing.T) {
	for _, bits := range []Bits{1, 2, 4, 8} {
		most := Status(1<<bits - 1)
		l := New(bits, 10)
		if l.Len() < 10 || l.Len() >= 10+8/uint64(bits) || l.Bits() != bits {
			t.Errorf("%d bits: %d entries", bits, l.Len())
		}
		last := l.Len() - 1
		for _, i := range []uint64{0, last} {
			if err := l.Set(i, most); err != nil {
				t.Fatal(err)
			}
		}
		for _, i := range []uint64{l.Len(), math.MaxUint64, 1 << 63} {
			if _, err := l.Get(i); !errors.Is(err, ErrIndex) {
				t.Errorf("%d bits: Get(%d): %v", bits, i, err)
			}
			if err := l.Set(i, Valid); !errors.Is(err, ErrIndex) {
				t.Errorf("%d bits: Set(%d): %v", bits, i, err)
			}
		}
		for i, s := range statuses(t, l) {
			if want := uint64(i) == 0 || uint64(i) == last; (s == most) != want || !want && s != Valid {
				t.Errorf("%d bits: entry %d is %d", bits, i, s)
			}
		}
		if bits < 8 {
			if err := l.Set(1, most+1); !errors.Is(err, ErrStatus) {
				t.Errorf("%d bits: status %d: %v", bits, most+1, err)
			}
		}
	}
	if empty := New(1, 0); empty.Len() != 0 {
		t.Errorf("an empty list has %d entries", empty.Len())
	}
}

func TestSetReplaces(t *testing.T) {
	l := New(2, 4)
	for _, s := range []Status{3, Suspended, Invalid, Valid} {
		if err := l.Set(1, s); err != nil {
			t.Fatal(err)
		}
		if got := statuses(t, l); got[0] != 0 || got[1] != s || got[2] != 0 || got[3] != 0 {
			t.Errorf("after %d: %v", s, got)
		}
	}
}

func TestNewPanicsOnMistakes(t *testing.T) {
	for _, c := range []struct {
		bits Bits
		size int
	}{{0, 1}, {3, 1}, {16, 1}, {1, -1}, {8, MaxBytes + 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("New(%d, %d) did not panic", c.bits, c.size)
				}
			}()
			New(c.bits, c.size)
		}()
	}
}

// What is set is read, also after compression, and nothing beside it.
func TestSetCompressDecompressGet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.SampledFrom([]Bits{1, 2, 4, 8}).Draw(t, "bits")
		l := New(bits, rapid.IntRange(1, 300).Draw(t, "size"))
		want := make([]Status, l.Len())
		for range rapid.IntRange(0, 50).Draw(t, "sets") {
			i := rapid.Uint64Range(0, l.Len()-1).Draw(t, "i")
			s := Status(rapid.IntRange(0, 1<<bits-1).Draw(t, "status"))
			want[i] = s
			if err := l.Set(i, s); err != nil {
				t.Fatal(err)
			}
		}
		compressed, err := l.Compress()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decompress(bits, compressed)
		if err != nil || got.Len() != l.Len() {
			t.Fatal(got, err)
		}
		for i, s := range want {
			if g, err := got.Get(uint64(i)); err != nil || g != s {
				t.Fatalf("entry %d: %d, %v, expected %d", i, g, err, s)
			}
		}
	})
}

func deflate(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDecompressRefuses(t *testing.T) {
	good := unhex(t, "78dadbb918000217015d")
	changed := bytes.Clone(good)
	changed[len(changed)-1] ^= 1
	for rule, c := range map[string]struct {
		bits Bits
		data []byte
		want error
	}{
		"3 bits":               {3, good, ErrBits},
		"0 bits":               {0, good, ErrBits},
		"16 bits":              {16, good, ErrBits},
		"empty":                {1, nil, ErrCompression},
		"not compressed":       {1, []byte{0xb9, 0xa3}, ErrCompression},
		"raw DEFLATE, no zlib": {1, good[2 : len(good)-4], ErrCompression},
		"gzip":                 {1, unhex(t, "1f8b0800000000000003dbb91800"), ErrCompression},
		"wrong checksum":       {1, changed, ErrCompression},
		"no checksum":          {1, good[:len(good)-4], ErrCompression},
		"cut short":            {1, good[:5], ErrCompression},
		"trailing byte":        {1, append(bytes.Clone(good), 0), ErrCompression},
		"two streams":          {1, append(bytes.Clone(good), good...), ErrCompression},
		"preset dictionary":    {1, unhex(t, "78f900000001"), ErrCompression},
		"one byte over 4 MiB":  {1, deflate(t, make([]byte, MaxBytes+1)), ErrTooLarge},
	} {
		if _, err := Decompress(c.bits, c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
	if l, err := Decompress(8, deflate(t, make([]byte, MaxBytes))); err != nil || l.Len() != MaxBytes {
		t.Errorf("exactly 4 MiB: %v", err)
	}
}

// bomb is a megabyte that inflates to a gibibyte. It is put together from one block that is repeated.
func bomb(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	if _, err := w.Write(block); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil { // ends at a byte, so the blocks may be repeated
		t.Fatal(err)
	}
	head, body := out.Bytes()[:2], out.Bytes()[2:]
	return append(bytes.Clone(head), bytes.Repeat(body, 1024)...)
}

func TestBombStopsAtTheLimit(t *testing.T) {
	data := bomb(t)
	if n := inflates(t, data, 9*MaxBytes); n != 9*MaxBytes {
		t.Fatalf("the bomb inflates to %d bytes only", n)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Decompress(1, data); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%d bytes that inflate to 1 GiB: %v", len(data), err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("%d MiB were allocated", grown>>20)
	}
}

// inflates counts what comes out of data, up to a limit.
func inflates(t testing.TB, data []byte, limit int64) int64 {
	t.Helper()
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, limit))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func FuzzDecompress(f *testing.F) {
	f.Add(1, unhex(f, "78dadbb918000217015d"))
	f.Add(2, unhex(f, "78da3be9f2130003df0207"))
	f.Add(8, deflate(f, []byte{0, 1, 2, 255}))
	f.Add(4, unhex(f, "78da"))
	f.Fuzz(func(t *testing.T, bits int, data []byte) {
		l, err := Decompress(Bits(bits), data)
		if err != nil {
			return
		}
		if len(l.data) > MaxBytes {
			t.Fatalf("%d bytes", len(l.data))
		}
		again, err := l.Compress()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Decompress(l.Bits(), again); err != nil || !bytes.Equal(back.data, l.data) {
			t.Fatalf("did not come back: %v", err)
		}
	})
}

func BenchmarkDecompressMillion(b *testing.B) {
	compressed, err := New(1, 1<<20).Compress()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Decompress(1, compressed); err != nil {
			b.Fatal(err)
		}
	}
}
