package cose

import (
	"fmt"
	"math"
	"time"
)

// Kind is the major type of an item, RFC 8949 section 3.1.
type Kind byte

// The kinds of items, and one for none.
const (
	Uint   = Kind(majorUint)
	Nint   = Kind(majorNint)
	Bytes  = Kind(majorBytes)
	Text   = Kind(majorText)
	Array  = Kind(majorArray)
	Map    = Kind(majorMap)
	Tagged = Kind(majorTag)
	Simple = Kind(majorSimple)
	End    = Kind(0xff) // nothing is left, or something has failed
)

// String names the kind for error texts.
func (k Kind) String() string {
	names := [...]string{"unsigned integer", "negative integer", "byte string", "text string", "array", "map", "tag", "simple value"}
	if int(k) < len(names) {
		return names[k]
	}
	return "end"
}

// Reader takes one checked item apart from front to back, in the order received and
// without copying: byte strings and raw items share the memory of the input.
//
// The first thing that is not as wanted is kept as the error, and from then on every
// method gives its zero value, so a caller reads a structure to its end and asks once:
//
//	r := NewReader(data)
//	for range r.Map() {
//		switch r.Text() {
//		case "docType":
//			docType = r.Text()
//		default:
//			r.Skip()
//		}
//	}
//	return r.Err()
type Reader struct {
	data []byte
	off  int
	err  error
}

// NewReader runs [Check] over data; a refusal is the Reader's error from the start.
func NewReader(data []byte) *Reader { return &Reader{data: data, err: Check(data)} }

// NewListReader is NewReader for one long list, such as an identifier list, of which MaxBytes is the only bound. It is for what a
// trusted party has signed, after the signature was verified.
func NewListReader(data []byte) *Reader { return &Reader{data: data, err: check(data, MaxBytes)} }

// Err is the first thing that was not as wanted, or nil.
func (r *Reader) Err() error { return r.err }

// Fail makes err the Reader's error, unless it has one.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Kind is that of the next item.
func (r *Reader) Kind() Kind {
	if r.err != nil || r.off >= len(r.data) {
		return End
	}
	return Kind(r.data[r.off] >> 5)
}

// take reads the head of the next item if it is of the wanted kind.
func (r *Reader) take(want Kind) head {
	if r.err != nil {
		return head{}
	}
	if got := r.Kind(); got != want {
		r.err = fmt.Errorf("%w: want %v, got %v at byte %d", ErrType, want, got, r.off)
		return head{}
	}
	h, err := readHead(r.data, r.off)
	if err != nil {
		r.err = err
		return head{}
	}
	r.off = h.next
	return h
}

// Map enters a map and gives the number of pairs that follow.
func (r *Reader) Map() int { return int(r.take(Map).arg) }

// Array enters an array and gives the number of items that follow.
func (r *Reader) Array() int { return int(r.take(Array).arg) }

// ArrayOf enters an array that must have n items.
func (r *Reader) ArrayOf(n int) {
	at := r.off
	if got := r.Array(); r.err == nil && got != n {
		r.err = fmt.Errorf("%w: want array of %d, got %d at byte %d", ErrType, n, got, at)
	}
}

// Text reads a text string.
func (r *Reader) Text() string { return string(r.content(Text)) }

// Bytes reads a byte string; an empty one is not nil.
func (r *Reader) Bytes() []byte { return r.content(Bytes) }

// content is never nil for a string that is there, not even when it is empty.
func (r *Reader) content(k Kind) []byte {
	h := r.take(k)
	if r.err != nil {
		return nil
	}
	end := r.off + int(h.arg)
	b := r.data[r.off:end:end]
	r.off = end
	return b
}

// Uint reads an unsigned integer.
func (r *Reader) Uint() uint64 { return r.take(Uint).arg }

// Int reads a positive or negative integer of 64 bits with sign.
func (r *Reader) Int() int64 {
	at := r.off
	var h head
	if r.Kind() == Nint {
		h = r.take(Nint)
	} else {
		h = r.take(Uint)
	}
	if h.arg > math.MaxInt64 {
		r.Fail(fmt.Errorf("%w: integer at byte %d beyond 64 bits", ErrType, at))
		return 0
	}
	if h.major == majorNint {
		return -1 - int64(h.arg)
	}
	return int64(h.arg)
}

// Null reads a null if that is what comes, and says whether it did.
func (r *Reader) Null() bool {
	if r.Kind() != Simple || r.data[r.off] != majorSimple<<5|simpleNull {
		return false
	}
	r.off++
	return true
}

// tagged enters a tag that must have this number.
func (r *Reader) tagged(number uint64) {
	at := r.off
	if h := r.take(Tagged); r.err == nil && h.arg != number {
		r.err = fmt.Errorf("%w: want tag %d, got %d at byte %d", ErrType, number, h.arg, at)
	}
}

// Encoded reads #6.24(bstr) and gives the content.
func (r *Reader) Encoded() Encoded {
	r.tagged(tagEncoded)
	return Encoded(r.Bytes())
}

// EncodedRaw reads #6.24(bstr) and gives the content and the whole, tag included.
func (r *Reader) EncodedRaw() (Encoded, RawMessage) {
	start := r.off
	content := r.Encoded()
	if r.err != nil {
		return nil, nil
	}
	return content, RawMessage(r.data[start:r.off:r.off])
}

// TDate reads tag 0 in the one form that [TDate] describes.
func (r *Reader) TDate() time.Time {
	r.tagged(tagDateTime)
	text := r.Text()
	if r.err != nil {
		return time.Time{}
	}
	t, err := parseTDate(text)
	r.Fail(err)
	return t
}

// FullDate reads tag 1004.
func (r *Reader) FullDate() FullDate {
	r.tagged(tagFullDate)
	d := FullDate(r.Text())
	if r.err == nil {
		r.Fail(d.check())
	}
	return d
}

// Raw gives the bytes of the next item whole.
func (r *Reader) Raw() RawMessage {
	start := r.off
	r.Skip()
	if r.err != nil {
		return nil
	}
	return RawMessage(r.data[start:r.off:r.off])
}

// Item takes the next item out as a Reader of its own, without another [Check].
func (r *Reader) Item() *Reader { return &Reader{data: r.Raw(), err: r.err} }

// Skip passes over the next item.
func (r *Reader) Skip() {
	for left := uint64(1); left > 0 && r.err == nil; left-- {
		h := r.take(r.Kind())
		switch h.major {
		case majorBytes, majorText:
			r.off += int(h.arg)
		case majorArray:
			left += h.arg
		case majorMap:
			left += 2 * h.arg
		case majorTag:
			left++
		}
	}
}
