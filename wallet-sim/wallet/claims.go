package wallet

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/openid4vci"
)

// Claim is one claim for people.
type Claim struct {
	Path  []any  `json:"path"`
	Value string `json:"value,omitempty"` // on one line
	// Values are what the path leads to, decoded from JSON; the bytes of an mdoc are base64url.
	Values []any `json:"-"`
	// Labels are the issuer's names for it, language → name; none for a claim that it does not describe.
	Labels map[string]string `json:"labels,omitempty"`
	// Optional: the request can be answered without it. Of a claim that a verifier asks for.
	Optional bool `json:"optional,omitempty"`
}

// Label is the name of the claim in a language, or the last part of its path.
func (c Claim) Label(lang string) string {
	for _, l := range []string{lang, "nb", "en"} {
		if name := c.Labels[l]; name != "" {
			return name
		}
	}
	for _, part := range slices.Backward(c.Path) {
		if name, ok := part.(string); ok {
			return name
		}
	}
	return fmt.Sprint(c.Path...)
}

// Key is the path, joined by dots.
func (c Claim) Key() string {
	parts := make([]string, 0, len(c.Path))
	for _, part := range c.Path {
		if part == nil {
			part = "*"
		}
		parts = append(parts, fmt.Sprint(part))
	}
	return strings.Join(parts, ".")
}

// Name is what the credential is called in a language: by its type metadata, else by the issuer, or its type.
func (c *Credential) Name(lang string) string {
	if name := c.typeName(lang); name != "" {
		return name
	}
	if c.Display != nil {
		for _, l := range []string{lang, "nb", "en"} {
			for _, d := range c.Display.Display {
				if d.Locale == l && d.Name != "" {
					return d.Name
				}
			}
		}
		if len(c.Display.Display) > 0 {
			return c.Display.Display[0].Name
		}
	}
	return c.Type
}

// IssuerName is what the issuer calls itself in a language, or its identifier.
func (c *Credential) IssuerName(lang string) string {
	return IssuerName(c.IssuerDisplay, c.Issuer, lang)
}

// IssuerName picks a name in a language, else the identifier.
func IssuerName(display []openid4vci.IssuerDisplay, identifier, lang string) string {
	for _, l := range []string{lang, "nb", "en"} {
		for _, d := range display {
			if d.Locale == l && d.Name != "" {
				return d.Name
			}
		}
	}
	return identifier
}

// Decoded is a credential opened for a person.
type Decoded struct {
	Claims []Claim        // in the order in which the issuer describes them, the others behind
	All    map[string]any // all that it says
}

// Decode opens a credential that is in the wallet.
func (c *Credential) Decode() (*Decoded, error) {
	r, err := open(c.Format, c.Copies[0].Credential)
	if err != nil {
		return nil, fmt.Errorf("%w: credential %s: %w", ErrFile, c.ID, err)
	}
	return &Decoded{Claims: shownClaims(c, r, c.described(r)), All: r.claims}, nil
}

// described are the paths that the issuer describes and the credential holds; without descriptions, all of the top.
func (c *Credential) described(r *read) [][]any {
	paths := c.typePaths(r)
	if len(paths) == 0 && c.Display != nil {
		for _, d := range c.Display.Claims {
			if _, err := dcql.Resolve(d.Path, r.claims); err == nil {
				paths = append(paths, d.Path)
			}
		}
	}
	if len(paths) > 0 {
		return paths
	}
	for _, name := range slices.Sorted(maps.Keys(r.claims)) {
		inner, ok := r.claims[name].(map[string]any)
		if r.mdoc == nil || !ok {
			paths = append(paths, []any{name})
			continue
		}
		for _, element := range slices.Sorted(maps.Keys(inner)) {
			paths = append(paths, []any{name, element})
		}
	}
	return paths
}

// shownClaims reads the values at the paths.
func shownClaims(c *Credential, r *read, paths [][]any) []Claim {
	var list []Claim
	for _, path := range paths {
		values, err := dcql.Resolve(path, r.claims)
		if err != nil {
			continue
		}
		texts := make([]string, 0, len(values))
		for _, v := range values {
			texts = append(texts, TextOf(v))
		}
		list = append(list, Claim{Path: path, Value: strings.Join(texts, ", "), Values: values, Labels: c.labels(path)})
	}
	return list
}

// maxShown is the longest text that is shown whole; the texts of a PID have 150 signs at most.
const maxShown = 1000

// TextOf writes a decoded value of JSON on one line, with commas. The names inside an object are for programs, and left out.
func TextOf(v any) string {
	switch v := v.(type) {
	case string:
		if len(v) > maxShown {
			return v[:8] + "…" // a picture, in base64
		}
		return v
	case []any:
		parts := make([]string, 0, len(v))
		for _, one := range v {
			parts = append(parts, TextOf(one))
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, TextOf(v[name]))
		}
		return strings.Join(parts, ", ")
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

// labels finds the description of a path: that of the type metadata, else the issuer's (OpenID4VCI 1.0 section 12.2.4).
func (c *Credential) labels(path []any) map[string]string {
	if names := c.typeLabels(path); names != nil {
		return names
	}
	if c.Display == nil {
		return nil
	}
	for _, d := range c.Display.Claims {
		if !slices.Equal([]any(d.Path), path) {
			continue
		}
		names := map[string]string{}
		for _, display := range d.Display {
			names[display.Locale] = display.Name
		}
		return names
	}
	return nil
}
