package jose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Members are the members of a JSON object that has been checked as by CheckJSON.
// They are for the tokens that are read with every request, where Unmarshal would
// go over the text twice more.
type Members struct{ list []member }

// ParseMembers checks data as CheckJSON does and reads the members of the object
// that it must be. Like Unmarshal into a struct it takes null, which has no members.
// Errors: ErrJSON.
func ParseMembers(data []byte) (Members, error) {
	if string(bytes.Trim(data, " \t\r\n")) == "null" {
		return Members{}, nil
	}
	list, err := members(make([]member, 0, len(fewMembers{})), data)
	return Members{list}, err
}

// Names are the names of the members, in the order sent.
func (m Members) Names() []string {
	names := make([]string, len(m.list))
	for i := range names {
		names[i] = string(m.list[i].name)
	}
	return names
}

// Field says where a member's value goes: To is a *string, a **string, a *float64,
// a **float64, a *[]string, or a *json.RawMessage for the value as it was sent, which
// shares the memory of the text. The ones with two stars tell absent from empty.
type Field struct {
	Name string
	To   any
}

// Read sets the fields as Unmarshal would set those of a struct: members that are
// not named are ignored, except one that differs from a name in letter case only;
// null leaves a field as it is, but that a json.RawMessage holds it. A list of strings
// has no null in it. Errors: ErrJSON.
func (m Members) Read(fields ...Field) error {
	for _, one := range m.list {
		to, err := target(fields, one.name)
		if err != nil {
			return err
		}
		if raw, ok := to.(*json.RawMessage); ok {
			*raw = one.raw
			continue
		}
		if to == nil || string(one.raw) == "null" {
			continue
		}
		if err := one.into(to); err != nil {
			return err
		}
	}
	return nil
}

// target finds the field of a name, nil when there is none.
func target(fields []Field, name []byte) (any, error) {
	for _, f := range fields {
		if f.Name == string(name) {
			return f.To, nil
		}
	}
	for _, f := range fields {
		if strings.EqualFold(f.Name, string(name)) {
			return nil, fmt.Errorf("%w: member %q: expected %q", ErrJSON, clip(string(name)), f.Name)
		}
	}
	return nil, nil
}

func (m member) into(to any) error {
	switch to := to.(type) {
	case *string:
		text, err := m.text()
		*to = text
		return err
	case **string:
		text, err := m.text()
		*to = &text
		return err
	case *float64:
		n, err := m.number()
		*to = n
		return err
	case **float64:
		n, err := m.number()
		*to = &n
		return err
	case *[]string:
		list, err := m.texts()
		*to = list
		return err
	}
	return fmt.Errorf("%w: member %q: no way to read it into %T", ErrJSON, clip(string(m.name)), to)
}

// texts reads a member's value that must be an array of strings.
func (m member) texts() ([]string, error) {
	if m.raw[0] != '[' {
		return nil, fmt.Errorf("%w: member %q: expected an array of strings", ErrJSON, clip(string(m.name)))
	}
	s := scanner{data: m.raw, pos: 1} // it has been checked, so only strings are looked for
	var list []string
	for {
		s.space()
		switch s.peek() {
		case ']':
			return list, nil
		case ',':
			s.pos++
			continue
		case '"':
		default:
			return nil, fmt.Errorf("%w: member %q: expected an array of strings", ErrJSON, clip(string(m.name)))
		}
		start := s.pos
		if _, err := s.text(); err != nil {
			return nil, err
		}
		text, err := unquote(m.raw[start:s.pos])
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
}

// number reads a member's value that must be a number.
func (m member) number() (float64, error) {
	if m.raw[0] != '-' && !isDigit(m.raw[0]) {
		return 0, fmt.Errorf("%w: member %q: expected a number", ErrJSON, clip(string(m.name)))
	}
	n, err := strconv.ParseFloat(string(m.raw), 64)
	if err != nil {
		return 0, fmt.Errorf("%w: member %q: %w", ErrJSON, clip(string(m.name)), err)
	}
	return n, nil
}
