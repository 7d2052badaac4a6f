package statuslist

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
)

// Status is one entry of a list (section 7.1). Values beyond the three named are reserved or specific to an application;
// whoever does not know a value must not take it for Valid.
type Status uint8

// Status types of section 7.1.
const (
	Valid     Status = 0x00
	Invalid   Status = 0x01
	Suspended Status = 0x02
)

// Bits is the number of bits for each status: 1, 2, 4 or 8 (section 4.1).
type Bits int

func (b Bits) valid() bool { return b == 1 || b == 2 || b == 4 || b == 8 }

// MaxBytes is the largest uncompressed list, in bytes: 33 million entries of one bit.
const MaxBytes = 4 << 20

// List is a packed array of statuses. Entry i stands in byte i·bits/8, the first entry of a byte in its least significant
// bits. It is safe for concurrent reading, not for reading beside Set.
type List struct {
	// AggregationURI is the address of all lists of the issuer (section 9.3), "" for none. It is signed with the list.
	AggregationURI string

	bits Bits
	data []byte
}

// New makes a list of at least size entries, all Valid; it is filled up to whole bytes. Bits other than 1, 2, 4, 8 and
// sizes below zero or beyond MaxBytes are a mistake in the program and panic.
func New(bits Bits, size int) *List {
	if !bits.valid() || size < 0 || size > MaxBytes*8/int(bits) {
		panic(fmt.Sprintf("statuslist: New(%d, %d)", bits, size))
	}
	return &List{bits: bits, data: make([]byte, (size*int(bits)+7)/8)}
}

// Bits is the number of bits for each status.
func (l *List) Bits() Bits { return l.bits }

// Len is the number of entries.
func (l *List) Len() uint64 { return uint64(len(l.data)) * 8 / uint64(l.bits) }

// place finds entry i: its byte, how far it is shifted there, and the mask of one entry.
func (l *List) place(i uint64) (at *byte, shift uint, mask byte, err error) {
	if i >= l.Len() {
		return nil, 0, 0, fmt.Errorf("%w: %d of %d", ErrIndex, i, l.Len())
	}
	perByte := 8 / uint64(l.bits)
	return &l.data[i/perByte], uint(i%perByte) * uint(l.bits), byte(1<<l.bits - 1), nil
}

// Set writes entry i. Errors: ErrIndex, ErrStatus.
func (l *List) Set(i uint64, s Status) error {
	at, shift, mask, err := l.place(i)
	if err != nil {
		return err
	}
	if byte(s)&^mask != 0 {
		return fmt.Errorf("%w: status %d with %d bits", ErrStatus, s, l.bits)
	}
	*at = *at&^(mask<<shift) | byte(s)<<shift
	return nil
}

// Get reads entry i. A place outside the list is ErrIndex, and the credential that points there is to be refused
// (section 8.3).
func (l *List) Get(i uint64) (Status, error) {
	at, shift, mask, err := l.place(i)
	if err != nil {
		return 0, err
	}
	return Status(*at >> shift & mask), nil
}

// Compress is the list in the zlib format at the highest level (section 4.1).
func (l *List) Compress() ([]byte, error) {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCompression, err)
	}
	if _, err := w.Write(l.data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCompression, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCompression, err)
	}
	return out.Bytes(), nil
}

// Decompress reads a list. It stops inflating at MaxBytes, so that a small text cannot fill the memory.
// Errors: ErrBits, ErrCompression, ErrTooLarge.
func Decompress(bits Bits, compressed []byte) (*List, error) {
	if !bits.valid() {
		return nil, fmt.Errorf("%w: %d", ErrBits, bits)
	}
	in := bytes.NewReader(compressed)
	r, err := zlib.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCompression, err)
	}
	// One byte more than is allowed: at the limit itself the end of the stream, with its checksum, is still read.
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCompression, err)
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("%w: more than %d bytes uncompressed", ErrTooLarge, MaxBytes)
	}
	if in.Len() > 0 {
		return nil, fmt.Errorf("%w: %d bytes after its end", ErrCompression, in.Len())
	}
	return &List{bits: bits, data: data}, nil
}
