package openid4vci

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// ClaimDescription shows one claim, or one set of claims, to people (appendix B.2).
// The order of the descriptions is the order of display.
type ClaimDescription struct {
	Path      Path           `json:"path"`
	Mandatory bool           `json:"mandatory,omitempty"`
	Display   []ClaimDisplay `json:"display,omitempty"`
}

// ClaimDisplay names a claim in one language.
type ClaimDisplay struct {
	Name   string `json:"name,omitempty"`
	Locale string `json:"locale,omitempty"` // BCP 47
}

// Path is a claims path pointer (appendix C): strings, non-negative ints and nils. In
// an mdoc it begins with namespace and element identifier.
type Path []any

// UnmarshalJSON reads a non-empty array of strings, non-negative integers and nulls.
// Errors: ErrMetadata.
func (p *Path) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var list []any
	if err := d.Decode(&list); err != nil || len(list) == 0 {
		return fail(ErrMetadata, "path: expected a non-empty array (appendix C)")
	}
	for i, v := range list {
		switch v := v.(type) {
		case nil, string:
		case json.Number:
			index, err := strconv.Atoi(v.String())
			if err != nil || strings.HasPrefix(v.String(), "-") {
				return fail(ErrMetadata, "path: expected a non-negative integer (appendix C)")
			}
			list[i] = index
		default:
			return fail(ErrMetadata, "path: expected strings, integers and nulls (appendix C)")
		}
	}
	*p = list
	return nil
}

// step is a place in a credential as the descriptions so far imply it.
type step struct {
	described bool
	object    bool // followed by a name
	all       bool // followed by null
	one       bool // followed by an index
	next      map[any]*step
}

// checkClaims refuses descriptions that repeat or contradict each other (appendix
// B.3): the same claim twice, null and an index into the same array, a name and an
// index into the same claim.
func checkClaims(format string, claims []ClaimDescription) error {
	root := &step{next: map[any]*step{}}
	for _, c := range claims {
		if len(c.Path) == 0 || format == FormatMdoc && !isMdocPath(c.Path) {
			return fail(ErrMetadata, "claims: path: expected at least one element, for mdoc two strings at first (appendix C)")
		}
		at := root
		for _, component := range c.Path {
			if !at.follow(component) {
				return fail(ErrMetadata, "claims: two paths contradict each other (appendix B.3)")
			}
			if at.next[component] == nil {
				at.next[component] = &step{next: map[any]*step{}}
			}
			at = at.next[component]
		}
		if at.described {
			return fail(ErrMetadata, "claims: a claim is described twice (appendix B.3)")
		}
		at.described = true
		if err := checkLocales(c.Display, func(d ClaimDisplay) string { return d.Locale }); err != nil {
			return err
		}
	}
	return nil
}

func (s *step) follow(component any) bool {
	switch component.(type) {
	case string:
		s.object = true
	case nil:
		s.all = true
	case int:
		s.one = true
	default:
		return false
	}
	return !(s.all && s.one) && !(s.object && (s.all || s.one))
}

func isMdocPath(p Path) bool {
	if len(p) < 2 {
		return false
	}
	_, namespace := p[0].(string)
	_, element := p[1].(string)
	return namespace && element
}
