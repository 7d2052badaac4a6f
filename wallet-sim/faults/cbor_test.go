package faults

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"
	"unicode/utf8"

	"lommebok.example/specs/cose"
)

// response is a map {"v": "1.0 and more", "d": [24(h'a1006161'), h'00010203 0405'], "t": 0("2026-01-01T00:00:00Z"), 5: [1, 2]}.
func response(t testing.TB) []byte {
	t.Helper()
	inner := cose.AppendText(cose.AppendUint(cose.AppendMap(nil, 1), 0), "a")
	b := cose.AppendText(cose.AppendText(cose.AppendMap(nil, 4), "v"), "1.0 and more")
	b = cose.AppendEncoded(cose.AppendArray(cose.AppendText(b, "d"), 2), inner)
	b = cose.AppendBytes(b, []byte{0, 1, 2, 3, 4, 5})
	b, err := cose.AppendTDate(cose.AppendText(b, "t"), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	must(t, err)
	return cose.AppendUint(cose.AppendUint(cose.AppendArray(cose.AppendUint(b, 5), 2), 1), 2)
}

// A change is made where the path leads, through a tag 24 too, and every byte beside it stays.
func TestInCBOR(t *testing.T) {
	for path, c := range map[string]struct {
		change   Change
		old, new string // in hexadecimal
	}{
		"v":         {Change{Set: "x"}, "6c312e3020616e64206d6f7265", "6178"},
		"v flip":    {Change{Flip: true}, "6d6f7265", "416f7265"},
		"d.0.0":     {Change{Set: "b"}, "a1006161", "a1006162"},
		"d.0.*":     {Change{Set: "b"}, "a1006161", "a1006162"},
		"d.0":       {Change{Drop: true}, "82d81844a100616146", "8146"},
		"d.1":       {Change{Flip: true}, "000102030405", "000103030405"},
		"d.0.new":   {Change{Set: 7}, "d81844a1006161", "d81849a2006161636e657707"},
		"d.payload": {Change{Drop: true}, "", ""},
		"t":         {Change{Shift: time.Hour}, hex.EncodeToString([]byte("T00:")), hex.EncodeToString([]byte("T01:"))},
		"5":         {Change{Repeat: true}, "820102", "83010201"},
		"5 reverse": {Change{Reverse: true}, "820102", "820201"},
		"*":         {Change{Drop: true}, "a461766c312e3020616e64206d6f7265", "a3"},
	} {
		item := response(t)
		where, _, _ := bytes.Cut([]byte(path), []byte(" "))
		got, err := c.change.InCBOR(item, string(where))
		if c.old == "" {
			if !errors.Is(err, ErrNothing) {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		old, e := hex.DecodeString(c.old)
		must(t, e)
		with, e := hex.DecodeString(c.new)
		must(t, e)
		if want := bytes.Replace(item, old, with, 1); err != nil || !bytes.Equal(got, want) || bytes.Equal(want, item) {
			t.Errorf("%s: %x, expected %x, %v", path, got, want, err)
		}
	}
}

// What is not there, or cannot be changed so, is told.
func TestNothingInCBOR(t *testing.T) {
	for path, c := range map[string]Change{
		"no": {Drop: true}, "no.way": {Set: 1}, "d.2": {Set: 1}, "d.x": {Drop: true}, "v.deeper": {Set: 1}, "d.1.0": {Set: 1}, "v": {Reverse: true},
		"5": {Flip: true}, "t": {Repeat: true}, "d": {Shift: time.Hour}, "d.0": {Flip: true}, "*.x": {Flip: true},
	} {
		if got, err := c.InCBOR(response(t), path); !errors.Is(err, ErrNothing) {
			t.Errorf("%s: %x, %v", path, got, err)
		}
	}
}

// Whatever the item and the path: no panic, and what comes of a sound item is sound.
func FuzzInCBOR(f *testing.F) {
	f.Add(response(f), "d.0.0")
	f.Add(response(f), "*.payload.*")
	f.Fuzz(func(t *testing.T, item []byte, path string) {
		if !utf8.ValidString(path) { // the language takes none
			return
		}
		for _, c := range []Change{{Set: "x"}, {Drop: true}, {Repeat: true}, {Flip: true}, {Reverse: true}, {Shift: time.Hour}} {
			if got, err := c.InCBOR(item, path); err == nil && cose.Check(item) == nil && cose.Check(got) != nil {
				t.Errorf("%x at %q: %x", item, path, got)
			}
		}
	})
}
