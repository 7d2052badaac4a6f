package mdoc

import (
	"crypto/ecdsa"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// Template is what an mdoc is to say. Times count to the second in UTC; a fraction is
// dropped. Callers that want unlinkable copies pass times without a time of day of their own.
type Template struct {
	DocType                       string
	Elements                      []Element
	DeviceKey                     *ecdsa.PublicKey
	Signed, ValidFrom, ValidUntil time.Time
	Status                        *StatusRef     // nil when the document is on no status list
	Identifier                    *IdentifierRef // nil when it is named on no identifier list
}

func (t *Template) check() error {
	if t.DocType == "" || !utf8.ValidString(t.DocType) {
		return fmt.Errorf("%w: document type empty or not UTF-8", ErrTemplate)
	}
	if t.DeviceKey == nil {
		return fmt.Errorf("%w: no device key", ErrKey)
	}
	if t.Status != nil && (t.Status.URI == "" || !utf8.ValidString(t.Status.URI)) {
		return fmt.Errorf("%w: status without a list", ErrTemplate)
	}
	if t.Identifier != nil && (len(t.Identifier.ID) == 0 || t.Identifier.URI == "" || !utf8.ValidString(t.Identifier.URI)) {
		return fmt.Errorf("%w: identifier empty or without a list", ErrTemplate)
	}
	if t.Status != nil && t.Identifier != nil {
		return fmt.Errorf("%w: status by two mechanisms", ErrTemplate)
	}
	return t.checkTimes()
}

// checkTimes has the rules of 9.1.2.4 that need no certificate.
func (t *Template) checkTimes() error {
	signed, from, until := seconds(t.Signed), seconds(t.ValidFrom), seconds(t.ValidUntil)
	if t.Signed.IsZero() || t.ValidFrom.IsZero() || t.ValidUntil.IsZero() {
		return fmt.Errorf("%w: signed, validFrom and validUntil are all needed", ErrTimes)
	}
	if from.Before(signed) {
		return fmt.Errorf("%w: validFrom is before signed", ErrTimes)
	}
	if !until.After(from) {
		return fmt.Errorf("%w: validUntil is not after validFrom", ErrTimes)
	}
	return nil
}

func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// group is the elements of one namespace, in the order of the template.
type group struct {
	namespace string
	elements  []*Element
}

func (g *group) has(identifier string) bool {
	return slices.ContainsFunc(g.elements, func(e *Element) bool { return e.Identifier == identifier })
}

// groups sorts the elements into their namespaces. A namespace has some tens of elements,
// so looking through them is quicker than keeping an index.
func (t *Template) groups() ([]*group, error) {
	if len(t.Elements) == 0 {
		return nil, fmt.Errorf("%w: no elements", ErrTemplate)
	}
	var groups []*group
	for n := range t.Elements {
		e := &t.Elements[n]
		if err := e.checkName(); err != nil {
			return nil, err
		}
		i := slices.IndexFunc(groups, func(g *group) bool { return g.namespace == e.Namespace })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &group{e.Namespace, make([]*Element, 0, len(t.Elements)-n)})
		}
		if groups[i].has(e.Identifier) {
			return nil, fmt.Errorf("%w: %s in %s twice", ErrElement, e.Identifier, e.Namespace)
		}
		groups[i].elements = append(groups[i].elements, e)
	}
	return groups, nil
}

func (e *Element) checkName() error {
	if e.Namespace == "" || e.Identifier == "" || !utf8.ValidString(e.Namespace) || !utf8.ValidString(e.Identifier) {
		return fmt.Errorf("%w: namespace or identifier empty or not UTF-8", ErrTemplate)
	}
	if e.Value == nil {
		return fmt.Errorf("%w: %s in %s has no value", ErrElement, e.Identifier, e.Namespace)
	}
	return nil
}
