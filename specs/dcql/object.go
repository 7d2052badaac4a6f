package dcql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"lommebok.example/specs/jose"
)

// object is a JSON object with its place in the query, so that every refusal tells
// where. Arrays that may be absent must not be empty when present, and null counts as
// a value of the wrong type: encoding/json alone would let both pass.
type object struct {
	members map[string]any
	at      string
}

func decode(raw []byte) (object, error) {
	if err := jose.CheckJSON(raw); err != nil {
		return object{}, fail(ErrMalformed, "", "%v", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return object{}, fail(ErrMalformed, "", "%v", err)
	}
	members, ok := v.(map[string]any)
	if !ok {
		return object{}, fail(ErrMalformed, "", "expected an object (section 6)")
	}
	return object{members: members}, nil
}

func (o object) has(name string) bool {
	_, ok := o.members[name]
	return ok
}

func (o object) place(name string) string {
	if o.at == "" {
		return name
	}
	return o.at + "." + name
}

// value gives a member of the wanted type; absent is allowed unless required.
func value[T any](o object, name, kind string, required bool) (v T, present bool, err error) {
	raw, present := o.members[name]
	if !present {
		if required {
			return v, false, fail(ErrMember, o.place(name), "required, and absent")
		}
		return v, false, nil
	}
	v, ok := raw.(T)
	if !ok {
		return v, true, fail(ErrMember, o.place(name), "expected %s", kind)
	}
	return v, true, nil
}

func (o object) text(name string, required bool) (string, error) {
	s, present, err := value[string](o, name, "a string", required)
	if err == nil && present && s == "" {
		return "", fail(ErrEmpty, o.place(name), "a non-empty string is expected")
	}
	return s, err
}

func (o object) boolean(name string) (*bool, error) {
	b, present, err := value[bool](o, name, "true or false", false)
	if err != nil || !present {
		return nil, err
	}
	return &b, nil
}

func (o object) list(name string, required bool) ([]any, error) {
	list, present, err := value[[]any](o, name, "an array", required)
	if err == nil && present && len(list) == 0 {
		return nil, fail(ErrEmpty, o.place(name), "a non-empty array is expected")
	}
	return list, err
}

// objects reads an array of objects, texts one of strings.
func (o object) objects(name string, required bool) ([]object, error) {
	list, err := o.list(name, required)
	if err != nil {
		return nil, err
	}
	out := make([]object, len(list))
	for i, v := range list {
		at := fmt.Sprintf("%s[%d]", o.place(name), i)
		members, ok := v.(map[string]any)
		if !ok {
			return nil, fail(ErrMember, at, "expected an object")
		}
		out[i] = object{members: members, at: at}
	}
	return out, nil
}

func (o object) texts(name string, required bool) ([]string, error) {
	list, err := o.list(name, required)
	if err != nil || list == nil {
		return nil, err
	}
	return texts(list, o.place(name))
}

func texts(list []any, at string) ([]string, error) {
	out := make([]string, len(list))
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, fail(ErrMember, fmt.Sprintf("%s[%d]", at, i), "expected a string")
		}
		out[i] = s
	}
	return out, nil
}

// idLists reads an array of arrays of identifiers. A list that is itself empty is
// let through only where the specification does not forbid it.
func (o object) idLists(name string, required, innerMayBeEmpty bool) ([][]string, error) {
	list, err := o.list(name, required)
	if err != nil || list == nil {
		return nil, err
	}
	out := make([][]string, len(list))
	for i, v := range list {
		at := fmt.Sprintf("%s[%d]", o.place(name), i)
		inner, ok := v.([]any)
		if !ok {
			return nil, fail(ErrMember, at, "expected an array of identifiers")
		}
		if len(inner) == 0 && !innerMayBeEmpty {
			return nil, fail(ErrEmpty, at, "a non-empty array is expected")
		}
		if out[i], err = texts(inner, at); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// id reads an identifier and enters it among those seen.
func (o object) id(required bool, seen map[string]bool) (string, error) {
	id, err := o.text("id", required)
	if err != nil || id == "" {
		return "", err
	}
	if strings.ContainsFunc(id, notIDRune) {
		return "", fail(ErrID, o.place("id"), "a character is not allowed (sections 6.1 and 6.3)")
	}
	if seen[id] {
		return "", fail(ErrDuplicate, o.place("id"), "%q is the id of an earlier entry", id)
	}
	seen[id] = true
	return id, nil
}

func notIDRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
}
