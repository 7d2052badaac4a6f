package sdjwt

import "fmt"

// Select keeps exactly the disclosures that are needed to show the claims at these paths, and drops a KB-JWT: the SD-JWT
// that a Holder presents (section 7.2). A path is made of string (member), int (element) and nil (every element), as in
// OpenID4VP 1.0 section 7; an index counts the elements that s shows. A claim is shown whole: with the disclosures that
// it stands in, and with all disclosures inside it. payload is the payload of the Issuer-signed JWT. Errors: those of
// Process, and ErrPath.
func Select(s *SDJWT, payload []byte, paths [][]any) (*SDJWT, error) {
	claims, err := DecodeObject(payload)
	if err != nil {
		return nil, err
	}
	if _, err := s.ProcessObject(claims); err != nil {
		return nil, err
	}
	digest, err := digestOf(claims)
	if err != nil {
		return nil, err
	}
	sel := selector{disclosures: s.Disclosures, index: make(map[string]int, len(s.Disclosures))}
	for i, d := range s.digests(digest) {
		sel.index[d] = i
	}
	keep := make([]bool, len(s.Disclosures))
	for i, path := range paths {
		needed, found, err := sel.follow(claims, path, nil)
		if err != nil {
			return nil, fmt.Errorf("path %d: %w", i, err)
		}
		if !found {
			return nil, fmt.Errorf("path %d: %w", i, ErrPath)
		}
		for _, n := range needed {
			keep[n] = true
		}
	}
	out := &SDJWT{Issuer: s.Issuer}
	for i, d := range s.Disclosures {
		if keep[i] {
			out.Disclosures = append(out.Disclosures, d)
		}
	}
	return out, nil
}

// selector walks a payload that Process has accepted, so every shape in it is known to be sound.
type selector struct {
	disclosures []Disclosure
	index       map[string]int
}

const inTheOpen = -1

// lookup finds the disclosure of a digest.
func (s *selector) lookup(digest any) (place int, ok bool) {
	text, _ := digest.(string)
	place, ok = s.index[text]
	return place, ok
}

// follow gives needed with the disclosures added that lead from v along the path to something that is shown.
func (s *selector) follow(v any, path []any, needed []int) (added []int, found bool, err error) {
	if len(path) == 0 {
		return s.whole(v, needed), true, nil
	}
	switch step := path[0].(type) {
	case string:
		object, ok := v.(map[string]any)
		if !ok {
			return needed, false, fmt.Errorf("%w: a name where there is no object", ErrPath)
		}
		child, place, ok := s.member(object, step)
		if !ok {
			return needed, false, nil
		}
		return s.into(child, place, path[1:], needed)
	case int, nil:
		array, ok := v.([]any)
		if !ok {
			return needed, false, fmt.Errorf("%w: an index where there is no array", ErrPath)
		}
		return s.elements(array, path, needed)
	default:
		return needed, false, fmt.Errorf("%w: a step is neither name, index nor null", ErrPath)
	}
}

// into follows the rest of the path in a child; its own disclosure is needed only when the path leads somewhere.
func (s *selector) into(child any, place int, rest []any, needed []int) ([]int, bool, error) {
	added, found, err := s.follow(child, rest, needed)
	if found && place != inTheOpen {
		added = append(added, place)
	}
	return added, found, err
}

func (s *selector) member(object map[string]any, name string) (v any, place int, ok bool) {
	if v, ok := object[name]; ok && !isReserved(name) {
		return v, inTheOpen, true
	}
	digests, _ := object[digestsName].([]any)
	for _, digest := range digests {
		if i, ok := s.lookup(digest); ok && s.disclosures[i].Name == name {
			return s.disclosures[i].Value, i, true
		}
	}
	return nil, inTheOpen, false
}

func (s *selector) elements(array, path []any, needed []int) ([]int, bool, error) {
	reached, shown := false, 0
	for _, v := range array {
		place := inTheOpen
		if digest, ok := placeholder(v); ok {
			i, ok := s.lookup(digest)
			if !ok {
				continue
			}
			v, place = s.disclosures[i].Value, i
		}
		if path[0] == nil || path[0] == shown {
			var found bool
			var err error
			if needed, found, err = s.into(v, place, path[1:], needed); err != nil {
				return needed, false, err
			}
			reached = reached || found
		}
		shown++
	}
	return needed, reached, nil
}

// whole adds every disclosure inside v.
func (s *selector) whole(v any, needed []int) []int {
	switch v := v.(type) {
	case map[string]any:
		digests, _ := v[digestsName].([]any)
		for _, digest := range digests {
			if i, ok := s.lookup(digest); ok {
				needed = s.whole(s.disclosures[i].Value, append(needed, i))
			}
		}
		for name, child := range v {
			if name != digestsName {
				needed = s.whole(child, needed)
			}
		}
	case []any:
		for _, child := range v {
			if digest, ok := placeholder(child); ok {
				if i, ok := s.lookup(digest); ok {
					needed = s.whole(s.disclosures[i].Value, append(needed, i))
				}
				continue
			}
			needed = s.whole(child, needed)
		}
	}
	return needed
}
