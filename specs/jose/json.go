package jose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"unicode/utf8"
)

// MaxDepth is how deep objects and arrays may nest.
const MaxDepth = 32

// linearNames is the number of members up to which a name is compared with
// each earlier one; larger objects use a map, so that the cost stays linear.
const linearNames = 16

// CheckJSON tells whether data is exactly one JSON value (RFC 8259) that every
// parser reads alike: valid UTF-8, no lone surrogates, no two members of the
// same name in an object (escapes resolved), at most MaxDepth deep, and nothing
// but white space around it. Errors: ErrJSON.
func CheckJSON(data []byte) error {
	return check(data, nil)
}

func check(data []byte, t reflect.Type) error {
	s := scanner{data: data, names: newNames()}
	defer s.names.free()
	if err := s.begin(); err != nil {
		return err
	}
	if err := s.value(t); err != nil {
		return err
	}
	return s.end()
}

// Unmarshal is CheckJSON and then encoding/json. Members that a struct does not
// know are ignored, except one that differs from a field's name in letter case
// only: encoding/json would take it for the field. Errors: ErrJSON.
func Unmarshal(data []byte, v any) error {
	if err := check(data, reflect.TypeOf(v)); err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %w", ErrJSON, err)
	}
	return nil
}

// member is one member of an object: its name with escapes resolved, and its
// value as it was sent.
type member struct {
	name []byte
	raw  []byte
}

// fewMembers is room for the members of most headers and keys.
type fewMembers [10]member

// members checks data as CheckJSON does and appends the members of the object it
// must be to list. It goes through the outermost object itself, so that a list on
// the caller's stack stays there.
func members(list []member, data []byte) ([]member, error) {
	s := scanner{data: data, names: newNames()}
	defer s.names.free()
	if err := s.begin(); err != nil {
		return nil, err
	}
	if s.peek() != '{' {
		return nil, s.fail("expected an object")
	}
	s.depth++
	s.pos++
	names := objectNames{}
	s.space()
	for done := s.peek() == '}'; !done; {
		name, err := s.name(&names)
		if err != nil {
			return nil, err
		}
		start := s.pos
		if err := s.value(nil); err != nil {
			return nil, err
		}
		list = append(list, member{name: name, raw: data[start:s.pos]})
		s.space()
		if done = s.peek() == '}'; !done {
			if _, err := s.next('}'); err != nil {
				return nil, err
			}
		}
	}
	s.pos++
	return list, s.end()
}

// checkObject is CheckJSON for a value that must be an object.
func checkObject(data []byte) error {
	if err := CheckJSON(data); err != nil {
		return err
	}
	if !isObject(data) {
		return fmt.Errorf("%w: expected an object", ErrJSON)
	}
	return nil
}

func isObject(data []byte) bool {
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '{'
}

// text reads a member's value that must be a string.
func (m member) text() (string, error) {
	if m.raw[0] != '"' {
		return "", fmt.Errorf("%w: member %q: expected a string", ErrJSON, m.name)
	}
	return unquote(m.raw)
}

// unquote reads a checked JSON string with its quotes.
func unquote(raw []byte) (string, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("%w: %w", ErrJSON, err)
	}
	return s, nil
}

// scanner walks JSON once. names is a stack: each open object owns the names
// above the height it started at.
type scanner struct {
	data  []byte
	pos   int
	depth int
	names *names
}

// names is memory that a scanner needs no longer than a call.
type names struct{ stack [][]byte }

// maxNames is the largest stack that is kept for the next call.
const maxNames = 1 << 10

var namesPool = sync.Pool{New: func() any { return &names{stack: make([][]byte, 0, 32)} }}

func newNames() *names { return namesPool.Get().(*names) }

// free lets go of the texts that the names are parts of.
func (n *names) free() {
	if cap(n.stack) > maxNames {
		return
	}
	clear(n.stack[:cap(n.stack)])
	n.stack = n.stack[:0]
	namesPool.Put(n)
}

func (s *scanner) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrJSON, what, s.pos)
}

// begin comes before the one value of a document, end behind it.
func (s *scanner) begin() error {
	if !utf8.Valid(s.data) {
		return fmt.Errorf("%w: not UTF-8", ErrJSON)
	}
	s.space()
	return nil
}

func (s *scanner) end() error {
	s.space()
	if s.pos != len(s.data) {
		return s.fail("trailing data")
	}
	return nil
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// peek is the next byte, or 0 at the end; 0 stands nowhere in JSON.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) value(t reflect.Type) error {
	switch c := s.peek(); {
	case c == '"':
		_, err := s.text()
		return err
	case c == '{' || c == '[':
		return s.nested(t, c)
	case c == '-' || isDigit(c):
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.fail("expected a value")
}

func (s *scanner) nested(t reflect.Type, opening byte) (err error) {
	if s.depth == MaxDepth {
		return s.fail("nested too deep")
	}
	s.depth++
	s.pos++
	if opening == '{' {
		err = s.object(t)
	} else {
		err = s.array(t)
	}
	s.depth--
	return err
}

// object reads the members after the opening brace.
func (s *scanner) object(t reflect.Type) error {
	names := objectNames{base: len(s.names.stack)}
	shape := shapeOf(t)
	s.space()
	if s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		name, err := s.name(&names)
		if err != nil {
			return err
		}
		inner, err := shape.member(name)
		if err != nil {
			return err
		}
		if err := s.value(inner); err != nil {
			return err
		}
		if done, err := s.next('}'); done || err != nil {
			s.names.stack = s.names.stack[:names.base]
			return err
		}
	}
}

// array reads the elements after the opening bracket.
func (s *scanner) array(t reflect.Type) error {
	inner := elementType(t)
	s.space()
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := s.value(inner); err != nil {
			return err
		}
		if done, err := s.next(']'); done || err != nil {
			return err
		}
	}
}

// next steps over a comma, or over the end of the container.
func (s *scanner) next(end byte) (done bool, err error) {
	s.space()
	switch s.peek() {
	case end:
		s.pos++
		return true, nil
	case ',':
		s.pos++
		s.space()
		return false, nil
	}
	return false, s.fail("expected a comma or the end")
}

// objectNames is where an object's names start on the scanner's stack, and
// where they stand when they are many.
type objectNames struct {
	base int
	many map[string]struct{}
}

// name reads a member's name and its colon, and refuses a name seen before.
func (s *scanner) name(names *objectNames) ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.fail("expected a member name")
	}
	name, err := s.text()
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(name, '\\') >= 0 {
		plain, err := unquote(s.data[s.pos-len(name)-2 : s.pos])
		if err != nil {
			return nil, err
		}
		name = []byte(plain)
	}
	if !s.remember(names, name) {
		return nil, s.fail(fmt.Sprintf("duplicate member %q", clip(string(name))))
	}
	s.space()
	if s.peek() != ':' {
		return nil, s.fail("expected a colon")
	}
	s.pos++
	s.space()
	return name, nil
}

// remember is false when the object has the name already.
func (s *scanner) remember(names *objectNames, name []byte) bool {
	if names.many != nil {
		if _, seen := names.many[string(name)]; seen {
			return false
		}
		names.many[string(name)] = struct{}{}
		return true
	}
	own := s.names.stack[names.base:]
	for _, earlier := range own {
		if bytes.Equal(earlier, name) {
			return false
		}
	}
	s.names.stack = append(s.names.stack, name)
	if len(own) == linearNames {
		names.many = make(map[string]struct{}, 4*linearNames)
		for _, n := range s.names.stack[names.base:] {
			names.many[string(n)] = struct{}{}
		}
	}
	return true
}
