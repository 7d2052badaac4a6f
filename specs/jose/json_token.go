package jose

import (
	"math/bits"
	"unicode/utf16"
)

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (s *scanner) literal(word string) error {
	if len(s.data)-s.pos < len(word) || string(s.data[s.pos:s.pos+len(word)]) != word {
		return s.fail("expected a value")
	}
	s.pos += len(word)
	return nil
}

// Plain counts the bytes from the start of text that stand for themselves in a JSON string: up to the first quote,
// backslash or control character (RFC 8259 section 7). It looks at eight bytes at a time; a byte that is not plain sets
// the highest bit of its place, and the lowest such place is the first one.
func Plain[T string | []byte](text T) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(text); i += 8 {
		x := uint64(text[i]) | uint64(text[i+1])<<8 | uint64(text[i+2])<<16 | uint64(text[i+3])<<24 |
			uint64(text[i+4])<<32 | uint64(text[i+5])<<40 | uint64(text[i+6])<<48 | uint64(text[i+7])<<56
		quote, backslash := x^ones*'"', x^ones*'\\'
		found := ((x-ones*' ')&^x | (quote-ones)&^quote | (backslash-ones)&^backslash) & highs
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' {
			return i
		}
	}
	return len(text)
}

// text reads a string and returns what stands between its quotes, escapes and all.
func (s *scanner) text() ([]byte, error) {
	s.pos++
	start := s.pos
	for {
		s.pos += Plain(s.data[s.pos:])
		if s.pos == len(s.data) {
			break
		}
		switch s.data[s.pos] {
		case '"':
			s.pos++
			return s.data[start : s.pos-1], nil
		case '\\':
			if err := s.escape(); err != nil {
				return nil, err
			}
		default:
			return nil, s.fail("control character in a string")
		}
	}
	return nil, s.fail("string without an end")
}

// escape reads a backslash and what belongs to it; surrogates must come in pairs.
func (s *scanner) escape() error {
	s.pos++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return nil
	case 'u':
	default:
		return s.fail("unknown escape")
	}
	high, err := s.unit()
	if err != nil || !utf16.IsSurrogate(high) {
		return err
	}
	if s.peek() != '\\' {
		return s.fail("lone surrogate")
	}
	s.pos++
	if s.peek() != 'u' {
		return s.fail("lone surrogate")
	}
	low, err := s.unit()
	if err != nil {
		return err
	}
	if high >= 0xDC00 || low < 0xDC00 || low > 0xDFFF {
		return s.fail("lone surrogate")
	}
	return nil
}

// unit reads the letter u and four hexadecimal digits.
func (s *scanner) unit() (rune, error) {
	s.pos++
	if len(s.data)-s.pos < 4 {
		return 0, s.fail("short escape")
	}
	var r rune
	for range 4 {
		c := s.data[s.pos]
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, s.fail("escape is not hexadecimal")
		}
		r = r<<4 | rune(c)
		s.pos++
	}
	return r, nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for isDigit(s.peek()) {
		s.pos++
	}
	return s.pos > start
}

// number reads by the grammar of RFC 8259 section 6.
func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return s.fail("number without digits")
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return s.fail("number without digits")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return s.fail("number without digits")
		}
	}
	return nil
}
