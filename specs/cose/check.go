package cose

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Limits on what is read. A wallet's credential with a portrait is some tens of kilobytes.
const (
	MaxBytes = 1 << 20 // of a whole input
	MaxDepth = 16      // of arrays, maps and tags inside each other
	MaxItems = 1 << 16 // of data items in one input, keys and values counted apart; [NewListReader] takes more
)

// Major types, RFC 8949 section 3.1.
const (
	majorUint byte = iota
	majorNint
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	simpleFalse = 20
	simpleTrue  = 21
	simpleNull  = 22
	half        = 25 // additional information of a float16; 26 and 27 are float32 and float64
)

// Check accepts data that is exactly one well-formed CBOR item within the limits, with
// definite lengths, integers and lengths in their shortest form, valid UTF-8 text, no
// map key twice, and no simple value but false, true, null and finite numbers.
//
// It does not look at the order of map keys, at the width of floats, or inside byte
// strings: the content of a tag 24 is checked when it is itself decoded.
func Check(data []byte) error { return check(data, MaxItems) }

func check(data []byte, items int) error {
	if len(data) > MaxBytes {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), MaxBytes)
	}
	s := scanner{data: data, most: items}
	if err := s.item(0); err != nil {
		return err
	}
	if s.off != len(data) {
		return fmt.Errorf("%w: item ends at %d of %d", ErrTrailing, s.off, len(data))
	}
	return nil
}

type scanner struct {
	data  []byte
	off   int
	items int
	most  int // items
}

func (s *scanner) item(depth int) error {
	if s.items++; s.items > s.most {
		return fmt.Errorf("%w: more than %d items", ErrTooLarge, s.most)
	}
	start := s.off
	h, err := readHead(s.data, s.off)
	if err != nil {
		return err
	}
	s.off = h.next
	if h.major >= majorArray && h.major <= majorTag && depth >= MaxDepth {
		return fmt.Errorf("%w: more than %d levels at byte %d", ErrDepth, MaxDepth, start)
	}
	switch h.major {
	case majorBytes, majorText:
		return s.str(h, start)
	case majorArray:
		return s.array(h.arg, depth, start)
	case majorMap:
		return s.pairs(h.arg, depth, start)
	case majorTag:
		return s.item(depth + 1)
	case majorSimple:
		return checkSimple(h, start)
	}
	return nil
}

func (s *scanner) str(h head, start int) error {
	if h.arg > uint64(len(s.data)-s.off) {
		return fmt.Errorf("%w: string of %d bytes at byte %d, %d left", ErrMalformed, h.arg, start, len(s.data)-s.off)
	}
	content := s.data[s.off : s.off+int(h.arg)]
	s.off += len(content)
	if h.major == majorText && !utf8.Valid(content) {
		return fmt.Errorf("%w: at byte %d", ErrUTF8, start)
	}
	return nil
}

// fits refuses a declared number of items that the rest of the input cannot hold, so that
// nothing is ever allocated for items that are not there.
func (s *scanner) fits(n uint64, start int) error {
	if n > uint64(len(s.data)-s.off) {
		return fmt.Errorf("%w: %d items declared at byte %d, %d bytes left", ErrMalformed, n, start, len(s.data)-s.off)
	}
	if n > uint64(s.most-s.items) {
		return fmt.Errorf("%w: more than %d items", ErrTooLarge, s.most)
	}
	return nil
}

func (s *scanner) array(n uint64, depth, start int) error {
	if err := s.fits(n, start); err != nil {
		return err
	}
	for range n {
		if err := s.item(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) pairs(n uint64, depth, start int) error {
	if n > math.MaxUint64/2 {
		return fmt.Errorf("%w: %d pairs declared at byte %d", ErrMalformed, n, start)
	}
	if err := s.fits(2*n, start); err != nil {
		return err
	}
	var few [16][]byte
	keys := few[:0]
	if n > uint64(len(few)) {
		keys = make([][]byte, 0, n)
	}
	ascending := true
	for range n {
		at := s.off
		if err := s.item(depth + 1); err != nil {
			return err
		}
		key := s.data[at:s.off]
		ascending = ascending && (len(keys) == 0 || bytes.Compare(keys[len(keys)-1], key) < 0)
		keys = append(keys, key)
		if err := s.item(depth + 1); err != nil {
			return err
		}
	}
	if ascending {
		return nil
	}
	return uniqueKeys(keys, start)
}

// uniqueKeys compares keys as bytes, which finds every double because each key is
// in its shortest form by then.
func uniqueKeys(keys [][]byte, start int) error {
	slices.SortFunc(keys, bytes.Compare)
	for i := 1; i < len(keys); i++ {
		if bytes.Equal(keys[i-1], keys[i]) {
			return fmt.Errorf("%w: in the map at byte %d", ErrDuplicateKey, start)
		}
	}
	return nil
}

func checkSimple(h head, start int) error {
	finite := true
	switch h.info {
	case simpleFalse, simpleTrue, simpleNull:
	case half:
		finite = h.arg&0x7c00 != 0x7c00
	case half + 1:
		finite = h.arg&0x7f800000 != 0x7f800000
	case half + 2:
		finite = h.arg&0x7ff0000000000000 != 0x7ff0000000000000
	default:
		return fmt.Errorf("%w: at byte %d", ErrUnsupported, start)
	}
	if !finite {
		return fmt.Errorf("%w: number at byte %d is not finite", ErrUnsupported, start)
	}
	return nil
}

// head is the start of an item: major type, additional information, and the argument.
type head struct {
	major, info byte
	arg         uint64
	next        int // offset of what follows the head
}

func readHead(data []byte, off int) (head, error) {
	if off >= len(data) {
		return head{}, fmt.Errorf("%w: ends at byte %d where an item should begin", ErrMalformed, off)
	}
	h := head{major: data[off] >> 5, info: data[off] & 0x1f, next: off + 1}
	if h.info < 24 {
		h.arg = uint64(h.info)
		return h, nil
	}
	return h.long(data, off)
}

// long reads an argument that follows in 1, 2, 4 or 8 bytes.
func (h head) long(data []byte, off int) (head, error) {
	if h.info > 27 {
		if h.info == 31 && h.major >= majorBytes && h.major != majorTag {
			return head{}, fmt.Errorf("%w: at byte %d", ErrIndefinite, off)
		}
		return head{}, fmt.Errorf("%w: reserved head at byte %d", ErrMalformed, off)
	}
	size := 1 << (h.info - 24)
	if len(data)-h.next < size {
		return head{}, fmt.Errorf("%w: ends within the head at byte %d", ErrMalformed, off)
	}
	var shortest bool
	switch arg := data[h.next : h.next+size]; size {
	case 1:
		h.arg, shortest = uint64(arg[0]), arg[0] >= 24
	case 2:
		h.arg = uint64(binary.BigEndian.Uint16(arg))
		shortest = h.arg > math.MaxUint8
	case 4:
		h.arg = uint64(binary.BigEndian.Uint32(arg))
		shortest = h.arg > math.MaxUint16
	case 8:
		h.arg = binary.BigEndian.Uint64(arg)
		shortest = h.arg > math.MaxUint32
	}
	h.next += size
	if !shortest && h.major != majorSimple { // the argument of a float is its bits
		return head{}, fmt.Errorf("%w: at byte %d", ErrNotShortest, off)
	}
	return h, nil
}
