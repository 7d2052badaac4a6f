package sdjwt

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"lommebok.example/specs/jose"
)

// MaxDepth is how deeply objects and arrays may nest, also after the disclosures have been put in.
const MaxDepth = 32

// DecodeObject reads one JSON object strictly: valid UTF-8, no duplicate members, nothing trailing, no lone surrogates,
// at most MaxDepth levels. Numbers become json.Number. A presentation is read once by it, where a check followed by
// encoding/json would read it three times. Errors: ErrJSON.
func DecodeObject(data []byte) (map[string]any, error) {
	v, err := decodeJSON(string(data))
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: expected an object", ErrJSON)
	}
	return object, nil
}

// decodeJSON reads one value of RFC 8259. Strings without escapes and numbers are parts of s, not copies.
func decodeJSON(s string) (any, error) {
	d := decoder{text: s}
	d.space()
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.pos != len(s) {
		return nil, d.fail("data after the value")
	}
	return v, nil
}

// decodeDisclosure reads what a disclosure holds: an array [salt, name, value], or [salt, value] for an array element.
func decodeDisclosure(s string, to *Disclosure) (err error) {
	d := decoder{text: s}
	if d.space(); d.peek() != '[' {
		return d.fail("expected an array")
	}
	d.pos++
	if d.space(); d.peek() != '"' {
		return d.fail("the salt is not a string")
	}
	if to.Salt, err = d.string(); err != nil {
		return err
	}
	if err := d.next(']'); err != nil {
		return err
	}
	if d.peek() == '"' {
		err = d.nameAndValue(to)
	} else {
		to.ArrayElement = true
		to.Value, err = d.value(1)
	}
	if err != nil {
		return err
	}
	if err := d.next(']'); err != nil {
		return err
	}
	if d.peek() != ']' {
		return d.fail("more than three elements, or a claim name that is not a string")
	}
	d.pos++
	if d.space(); d.pos != len(s) {
		return d.fail("data after the value")
	}
	return nil
}

// nameAndValue reads on from a string, which is the claim name if anything comes after it, and the value if not.
func (d *decoder) nameAndValue(to *Disclosure) error {
	text, err := d.string()
	if err != nil {
		return err
	}
	if err := d.next(']'); err != nil {
		return err
	}
	if d.peek() == ']' {
		to.ArrayElement, to.Value = true, text
		return nil
	}
	to.Name = text
	to.Value, err = d.value(1)
	return err
}

type decoder struct {
	text string
	pos  int
}

func (d *decoder) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrJSON, what, d.pos)
}

// peek is the next byte, or 0 at the end: 0 starts no token.
func (d *decoder) peek() byte {
	if d.pos < len(d.text) {
		return d.text[d.pos]
	}
	return 0
}

func (d *decoder) space() {
	for d.pos < len(d.text) {
		switch d.text[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

func (d *decoder) value(depth int) (any, error) {
	switch c := d.peek(); {
	case c == '{':
		return d.object(depth + 1)
	case c == '[':
		return d.array(depth + 1)
	case c == '"':
		return d.string()
	case c == 't':
		return true, d.literal("true")
	case c == 'f':
		return false, d.literal("false")
	case c == 'n':
		return nil, d.literal("null")
	case c == '-' || isDigit(c):
		return d.number()
	default:
		return nil, d.fail("expected a value")
	}
}

func (d *decoder) object(depth int) (map[string]any, error) {
	if depth > MaxDepth {
		return nil, d.fail("nested too deeply")
	}
	out := map[string]any{}
	d.pos++
	for d.space(); d.peek() != '}'; {
		if d.peek() != '"' {
			return nil, d.fail("expected a member name")
		}
		name, err := d.string()
		if err != nil {
			return nil, err
		}
		if _, taken := out[name]; taken {
			return nil, d.fail("duplicate member")
		}
		if d.space(); d.peek() != ':' {
			return nil, d.fail("expected a colon")
		}
		d.pos++
		d.space()
		if out[name], err = d.value(depth); err != nil {
			return nil, err
		}
		if err := d.next('}'); err != nil {
			return nil, err
		}
	}
	d.pos++
	return out, nil
}

func (d *decoder) array(depth int) ([]any, error) {
	if depth > MaxDepth {
		return nil, d.fail("nested too deeply")
	}
	out := []any{}
	d.pos++
	for d.space(); d.peek() != ']'; {
		v, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if err := d.next(']'); err != nil {
			return nil, err
		}
	}
	d.pos++
	return out, nil
}

// next steps over a comma, which another item must follow, or stays at the end mark.
func (d *decoder) next(end byte) error {
	d.space()
	switch d.peek() {
	case end:
		return nil
	case ',':
		d.pos++
		if d.space(); d.peek() == end {
			return d.fail("comma before the end")
		}
		return nil
	default:
		return d.fail("expected a comma or the end")
	}
}

func (d *decoder) literal(word string) error {
	if len(d.text)-d.pos < len(word) || d.text[d.pos:d.pos+len(word)] != word {
		return d.fail("expected a value")
	}
	d.pos += len(word)
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (d *decoder) digits() bool {
	start := d.pos
	for isDigit(d.peek()) {
		d.pos++
	}
	return d.pos > start
}

func (d *decoder) number() (json.Number, error) {
	start := d.pos
	if d.peek() == '-' {
		d.pos++
	}
	if d.peek() == '0' {
		d.pos++
	} else if !d.digits() {
		return "", d.fail("expected a digit")
	}
	if d.peek() == '.' {
		if d.pos++; !d.digits() {
			return "", d.fail("expected a digit")
		}
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		d.pos++
		if c := d.peek(); c == '+' || c == '-' {
			d.pos++
		}
		if !d.digits() {
			return "", d.fail("expected a digit")
		}
	}
	return json.Number(d.text[start:d.pos]), nil
}

// string reads a string. Without escapes it is a part of the text.
func (d *decoder) string() (string, error) {
	d.pos++
	start := d.pos
	d.pos += jose.Plain(d.text[start:])
	if d.pos == len(d.text) {
		return "", d.fail("a string without an end")
	}
	switch d.text[d.pos] {
	case '"':
		s := d.text[start:d.pos]
		d.pos++
		if !utf8.ValidString(s) {
			return "", d.fail("a string that is not UTF-8")
		}
		return s, nil
	case '\\':
		return d.escaped(start)
	default:
		return "", d.fail("a control character in a string")
	}
}

// escaped reads on in a string that has a first escape at the current position.
func (d *decoder) escaped(start int) (string, error) {
	out := []byte(d.text[start:d.pos])
	for d.pos < len(d.text) {
		switch c := d.text[d.pos]; {
		case c == '"':
			d.pos++
			if !utf8.Valid(out) {
				return "", d.fail("a string that is not UTF-8")
			}
			return string(out), nil
		case c == '\\':
			r, err := d.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		case c < ' ':
			return "", d.fail("a control character in a string")
		default:
			out = append(out, c)
			d.pos++
		}
	}
	return "", d.fail("a string without an end")
}

func (d *decoder) escape() (rune, error) {
	d.pos++
	c := d.peek()
	d.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return d.unicode()
	default:
		return 0, d.fail("an unknown escape")
	}
}

// unicode reads the four digits of an escape, and the second half of a surrogate pair. Half a pair is refused: it has no
// UTF-8 form, and two readers would see two different names.
func (d *decoder) unicode() (rune, error) {
	r, err := d.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if err := d.literal(`\u`); err != nil {
		return 0, d.fail("half a surrogate pair")
	}
	low, err := d.hex4()
	if err != nil {
		return 0, err
	}
	pair := utf16.DecodeRune(r, low)
	if pair == utf8.RuneError {
		return 0, d.fail("half a surrogate pair")
	}
	return pair, nil
}

func (d *decoder) hex4() (rune, error) {
	if len(d.text)-d.pos < 4 {
		return 0, d.fail("a short escape")
	}
	for _, c := range []byte(d.text[d.pos : d.pos+4]) {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return 0, d.fail("an escape that is not hexadecimal")
		}
	}
	n, err := strconv.ParseUint(d.text[d.pos:d.pos+4], 16, 16)
	if err != nil {
		return 0, d.fail("an escape that is not hexadecimal")
	}
	d.pos += 4
	return rune(n), nil
}
