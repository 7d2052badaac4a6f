package cose

import (
	"fmt"
	"math"
	"strconv"
)

// Value reads the next item, whatever it is, as
//
//	integers        int64, refused beyond 64 bits with sign
//	byte string     []byte, sharing the input's memory
//	text            string
//	array           []any
//	map             map[string]any; an integer key becomes its decimal digits, other keys are refused
//	tag 0           TDate
//	tag 24          Encoded, its content not looked at
//	tag 1004        FullDate
//	other tags      Tag, its content by these rules
//	false, true     bool
//	null            nil
//	floats          float64
func (r *Reader) Value() any {
	switch r.Kind() {
	case Uint, Nint:
		return r.Int()
	case Bytes:
		return r.Bytes()
	case Text:
		return r.Text()
	case Array:
		list := make([]any, r.Array())
		for i := range list {
			list[i] = r.Value()
		}
		return list
	case Map:
		return r.object()
	case Tagged:
		return r.tag()
	}
	return r.simple()
}

func (r *Reader) object() map[string]any {
	n := r.Map()
	object := make(map[string]any, n)
	for range n {
		at := r.off
		key := r.key()
		if _, twice := object[key]; twice {
			r.Fail(fmt.Errorf("%w: %q as text and as number at byte %d", ErrDuplicateKey, key, at))
		}
		object[key] = r.Value()
	}
	return object
}

func (r *Reader) key() string {
	if k := r.Kind(); k == Uint || k == Nint {
		return strconv.FormatInt(r.Int(), 10)
	}
	return r.Text()
}

func (r *Reader) tag() any {
	h, err := readHead(r.data, r.off)
	if err != nil {
		r.Fail(err)
		return nil
	}
	switch h.arg {
	case tagDateTime:
		return TDate(r.TDate())
	case tagFullDate:
		return r.FullDate()
	case tagEncoded:
		return r.Encoded()
	}
	r.off = h.next
	return Tag{Number: h.arg, Content: r.Value()}
}

func (r *Reader) simple() any {
	h := r.take(Simple)
	switch h.info {
	case simpleFalse, simpleTrue:
		return h.info == simpleTrue
	case half:
		return float16(uint16(h.arg))
	case half + 1:
		return float64(math.Float32frombits(uint32(h.arg)))
	case half + 2:
		return math.Float64frombits(h.arg)
	}
	return nil
}

// float16 widens a finite IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction.
func float16(bits uint16) float64 {
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	value := math.Ldexp(1024+fraction, exponent-25)
	if exponent == 0 {
		value = math.Ldexp(fraction, -24)
	}
	if bits&0x8000 != 0 {
		return -value
	}
	return value
}
