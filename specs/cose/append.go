package cose

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The Append functions write one item, or the head of one, in its shortest form at the
// end of dst. They are for paths where every microsecond is counted; Marshal is for
// the rest.

func appendHead(dst []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n <= math.MaxUint8:
		return append(dst, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}

// AppendUint writes an unsigned integer.
func AppendUint(dst []byte, n uint64) []byte { return appendHead(dst, majorUint, n) }

// AppendInt writes an integer.
func AppendInt(dst []byte, n int64) []byte {
	if n < 0 {
		return appendHead(dst, majorNint, uint64(-1-n))
	}
	return appendHead(dst, majorUint, uint64(n))
}

// AppendBytes writes a byte string; nil is the empty one.
func AppendBytes(dst, b []byte) []byte {
	return append(appendHead(dst, majorBytes, uint64(len(b))), b...)
}

// AppendText writes a text string. It trusts s to be UTF-8; [AppendValue] checks.
func AppendText(dst []byte, s string) []byte {
	return append(appendHead(dst, majorText, uint64(len(s))), s...)
}

// AppendArray writes the head of an array; its n items follow.
func AppendArray(dst []byte, n int) []byte { return appendHead(dst, majorArray, uint64(n)) }

// AppendMap writes the head of a map; its n keys and values follow, in turn.
func AppendMap(dst []byte, n int) []byte { return appendHead(dst, majorMap, uint64(n)) }

// AppendTag writes a tag number; the tagged item follows.
func AppendTag(dst []byte, number uint64) []byte { return appendHead(dst, majorTag, number) }

// AppendBool writes false or true.
func AppendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, majorSimple<<5|simpleTrue)
	}
	return append(dst, majorSimple<<5|simpleFalse)
}

// AppendNull writes null.
func AppendNull(dst []byte) []byte { return append(dst, majorSimple<<5|simpleNull) }

// AppendEncoded writes content as #6.24(bstr).
func AppendEncoded(dst, content []byte) []byte {
	return AppendBytes(AppendTag(dst, tagEncoded), content)
}

// AppendTDate writes t to the second in UTC under tag 0. Years outside 0 to 9999 have no form.
func AppendTDate(dst []byte, t time.Time) ([]byte, error) {
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return nil, fmt.Errorf("%w: year %d", ErrDate, t.Year())
	}
	dst = appendHead(AppendTag(dst, tagDateTime), majorText, uint64(len("2006-01-02T15:04:05Z")))
	return t.AppendFormat(dst, time.RFC3339), nil
}

// AppendFullDate writes d under tag 1004, if it is a date of the calendar.
func AppendFullDate(dst []byte, d FullDate) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	return AppendText(AppendTag(dst, tagFullDate), string(d)), nil
}

// AppendValue writes a value of one of these types, nested up to maxDepth containers
// and tags: string, bool, the integers, []byte (nil is empty), []string, []any,
// map[string]any (keys in deterministic order), [FullDate], [TDate], [Encoded].
func AppendValue(dst []byte, v any, maxDepth int) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return appendValidText(dst, v)
	case bool:
		return AppendBool(dst, v), nil
	case []byte:
		return AppendBytes(dst, v), nil
	}
	if n, ok := asInt(v); ok {
		return AppendInt(dst, n), nil
	}
	if n, ok := asUint(v); ok {
		return AppendUint(dst, n), nil
	}
	if maxDepth <= 0 {
		return nil, fmt.Errorf("%w: in a value to be written", ErrDepth)
	}
	switch v := v.(type) {
	case FullDate:
		return AppendFullDate(dst, v)
	case TDate:
		return AppendTDate(dst, time.Time(v))
	case Encoded:
		return AppendEncoded(dst, v), nil
	case []string:
		return appendTexts(dst, v)
	case []any:
		return appendList(dst, v, maxDepth-1)
	case map[string]any:
		return appendObject(dst, v, maxDepth-1)
	}
	return nil, fmt.Errorf("%w: %T", ErrValue, v)
}

func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case int32:
		return int64(v), true
	case int16:
		return int64(v), true
	case int8:
		return int64(v), true
	}
	return 0, false
}

func asUint(v any) (uint64, bool) {
	switch v := v.(type) {
	case uint:
		return uint64(v), true
	case uint64:
		return v, true
	case uint32:
		return uint64(v), true
	case uint16:
		return uint64(v), true
	case uint8:
		return uint64(v), true
	}
	return 0, false
}

func appendValidText(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("%w: in a value to be written", ErrUTF8)
	}
	return AppendText(dst, s), nil
}

func appendTexts(dst []byte, list []string) ([]byte, error) {
	dst = AppendArray(dst, len(list))
	for _, s := range list {
		var err error
		if dst, err = appendValidText(dst, s); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func appendList(dst []byte, list []any, maxDepth int) ([]byte, error) {
	dst = AppendArray(dst, len(list))
	for _, v := range list {
		var err error
		if dst, err = AppendValue(dst, v, maxDepth); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// appendObject orders text keys by length, then by bytes: that is the bytewise order
// of their encodings, which begin with the length.
func appendObject(dst []byte, object map[string]any, maxDepth int) ([]byte, error) {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	dst = AppendMap(dst, len(keys))
	for _, key := range keys {
		var err error
		if dst, err = appendValidText(dst, key); err != nil {
			return nil, err
		}
		if dst, err = AppendValue(dst, object[key], maxDepth); err != nil {
			return nil, err
		}
	}
	return dst, nil
}
