package sdjwt

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"lommebok.example/specs/jose"
)

// scalar writes a value that is neither a map nor a slice of any.
func (e *encoder) scalar(v any, depth int) error {
	switch v := v.(type) {
	case nil:
		e.buf = append(e.buf, "null"...)
	case string:
		return e.string(v)
	case bool:
		e.buf = strconv.AppendBool(e.buf, v)
	case int:
		e.buf = strconv.AppendInt(e.buf, int64(v), 10)
	case int64:
		e.buf = strconv.AppendInt(e.buf, v, 10)
	case uint64:
		e.buf = strconv.AppendUint(e.buf, v, 10)
	case json.Number:
		return e.number(v)
	case float64, float32:
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrValue, err)
		}
		e.buf = append(e.buf, text...)
	default:
		return e.other(v, depth)
	}
	return nil
}

func (e *encoder) number(n json.Number) error {
	d := decoder{text: string(n)}
	if _, err := d.number(); err != nil || d.pos != len(n) {
		return fmt.Errorf("%w: not a number", ErrValue)
	}
	e.buf = append(e.buf, n...)
	return nil
}

func (e *encoder) string(s string) (err error) {
	e.buf, err = AppendString(e.buf, s)
	return err
}

// AppendString writes a JSON string at the end of dst. Text that is not UTF-8 is refused: replacing it would sign
// another name. Errors: ErrValue.
func AppendString(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return dst, fmt.Errorf("%w: a string that is not UTF-8", ErrValue)
	}
	dst = append(dst, '"')
	for {
		n := jose.Plain(s)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return append(dst, '"'), nil
		}
		dst = appendEscape(dst, s[n])
		s = s[n+1:]
	}
}

func appendEscape(b []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, `\n`...)
	case '\t':
		return append(b, `\t`...)
	default:
		return append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
	}
}
