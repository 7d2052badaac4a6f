package cose

import (
	"bytes"
	"fmt"
	"time"
)

// Tag numbers used by the wallet formats.
const (
	tagDateTime = 0    // RFC 8949 section 3.4.1
	tagSign1    = 18   // RFC 9052 section 2
	tagEncoded  = 24   // RFC 8949 section 3.4.5.1
	tagFullDate = 1004 // RFC 8943
)

// Encoded is the content of a tag 24 byte string, an encoded CBOR item:
//
//	#6.24(bstr .cbor T)
//
// The content is opaque here, and is checked by whoever decodes it.
type Encoded []byte

// Bytes is the complete encoding with tag and length. For an item read by this package
// it equals what was received, since only the shortest form of a length is accepted.
func (e Encoded) Bytes() []byte {
	return AppendEncoded(make([]byte, 0, len(e)+7), e)
}

// MarshalCBOR writes tag and content.
func (e Encoded) MarshalCBOR() ([]byte, error) { return e.Bytes(), nil }

// UnmarshalCBOR wants the tag.
func (e *Encoded) UnmarshalCBOR(data []byte) error {
	r := NewReader(data)
	content := r.Encoded()
	if r.Err() == nil {
		*e = bytes.Clone(content)
	}
	return r.Err()
}

// TDate is a moment to the second in UTC, written "2006-01-02T15:04:05Z" under tag 0. ISO/IEC
// 18013-5 forbids fractions of a second and offsets, so they are dropped in writing and
// refused in reading.
type TDate time.Time

// Time gives the moment for arithmetic.
func (d TDate) Time() time.Time { return time.Time(d) }

// String is the text as it stands under the tag.
func (d TDate) String() string { return time.Time(d).UTC().Format(time.RFC3339) }

// MarshalCBOR writes tag and content.
func (d TDate) MarshalCBOR() ([]byte, error) { return AppendTDate(nil, time.Time(d)) }

// UnmarshalCBOR wants the tag.
func (d *TDate) UnmarshalCBOR(data []byte) error {
	r := NewReader(data)
	t := r.TDate()
	if r.Err() == nil {
		*d = TDate(t)
	}
	return r.Err()
}

// FullDate is a calendar date "YYYY-MM-DD" under tag 1004.
type FullDate string

// MarshalCBOR writes tag and content.
func (d FullDate) MarshalCBOR() ([]byte, error) { return AppendFullDate(nil, d) }

// UnmarshalCBOR wants the tag.
func (d *FullDate) UnmarshalCBOR(data []byte) error {
	r := NewReader(data)
	date := r.FullDate()
	if r.Err() == nil {
		*d = date
	}
	return r.Err()
}

func (d FullDate) check() error {
	if _, err := time.Parse(time.DateOnly, string(d)); err != nil {
		return fmt.Errorf("%w: want YYYY-MM-DD", ErrDate)
	}
	return nil
}

// parseTDate accepts one spelling of each second, by writing the moment back.
func parseTDate(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	var back [len(time.RFC3339)]byte
	if err != nil || string(t.UTC().AppendFormat(back[:0], time.RFC3339)) != s {
		return time.Time{}, fmt.Errorf("%w: want YYYY-MM-DDThh:mm:ssZ", ErrDate)
	}
	return t.UTC(), nil
}
