package sdjwtvc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"lommebok.example/specs/jose"
)

// TypeMetadata tells of a credential type (section 5.2). Members that are not known are ignored.
//
//	{"vct", "name", "description", "extends", "extends#integrity",
//	 "display": [{"locale", "name", "description", "rendering": {"simple": {…}, "svg_templates": […]}}],
//	 "claims": [{"path": ["place_of_birth", "country"], "display": [{"locale", "label"}], "mandatory", "sd", "svg_id"}]}
type TypeMetadata struct {
	VCT              string        `json:"vct"`
	Name             string        `json:"name,omitempty"`        // for developers
	Description      string        `json:"description,omitempty"` // for developers
	Extends          string        `json:"extends,omitempty"`
	ExtendsIntegrity string        `json:"extends#integrity,omitempty"`
	Display          []TypeDisplay `json:"display,omitempty"`
	Claims           []TypeClaim   `json:"claims,omitempty"`
}

// TypeDisplay shows the type in one language (section 5.5).
type TypeDisplay struct {
	Locale      string     `json:"locale"`
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	Rendering   *Rendering `json:"rendering,omitempty"`
}

// Rendering tells how the credential is drawn (section 5.5.1).
type Rendering struct {
	Simple       *SimpleRendering `json:"simple,omitempty"`
	SVGTemplates []SVGTemplate    `json:"svg_templates,omitempty"`
}

// SimpleRendering is a logo on a ground; colours are CSS colours.
type SimpleRendering struct {
	Logo            *Resource `json:"logo,omitempty"`
	BackgroundImage *Resource `json:"background_image,omitempty"`
	BackgroundColor string    `json:"background_color,omitempty"`
	TextColor       string    `json:"text_color,omitempty"`
}

// Resource is a picture at an https or data address.
type Resource struct {
	URI       string `json:"uri"`
	Integrity string `json:"uri#integrity,omitempty"`
	AltText   string `json:"alt_text,omitempty"` // of a logo
}

// SVGTemplate is a picture with places for claims, named by svg_id.
type SVGTemplate struct {
	URI        string            `json:"uri"`
	Integrity  string            `json:"uri#integrity,omitempty"`
	Properties map[string]string `json:"properties,omitempty"` // orientation, color_scheme, contrast
}

// TypeClaim tells of one claim, or of a set of claims (section 5.6).
type TypeClaim struct {
	Path      []any          `json:"path"` // strings, non-negative ints and nils
	Display   []ClaimDisplay `json:"display,omitempty"`
	Mandatory *bool          `json:"mandatory,omitempty"` // nil: false, or what the extended type says
	SD        string         `json:"sd,omitempty"`        // "": allowed, or what the extended type says
	SVGID     string         `json:"svg_id,omitempty"`
}

// ClaimDisplay names a claim in one language (section 5.6.2).
type ClaimDisplay struct {
	Locale      string `json:"locale"`
	Label       string `json:"label"`
	Description string `json:"description,omitempty"`
}

// The values of TypeClaim.SD (section 5.6.4).
const (
	SDAlways  = "always"
	SDAllowed = "allowed"
	SDNever   = "never"
)

// maxTypeMetadata is the largest document that is read.
const maxTypeMetadata = 1 << 20

// ParseTypeMetadata reads a type metadata document of a vct (sections 5.2 and 5.3). Errors: ErrTypeMetadata.
func ParseTypeMetadata(raw []byte, vct string) (*TypeMetadata, error) {
	if len(raw) > maxTypeMetadata {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTypeMetadata, maxTypeMetadata)
	}
	var m TypeMetadata
	if err := jose.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTypeMetadata, err)
	}
	if m.VCT != vct {
		return nil, fmt.Errorf("%w: its vct is not the one that it was fetched for (section 5.3)", ErrTypeMetadata)
	}
	return &m, m.Validate()
}

// Validate tells whether the metadata keep the rules of section 5. Errors: ErrTypeMetadata.
func (m *TypeMetadata) Validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrTypeMetadata, fmt.Sprintf(format, args...))
	}
	switch {
	case m.VCT == "":
		return bad("vct: required, and absent (section 5.2)")
	case m.ExtendsIntegrity != "" && m.Extends == "":
		return bad("extends#integrity without extends (section 6)")
	}
	for _, d := range m.Display {
		if d.Locale == "" || d.Name == "" {
			return bad("display: expected locale and name (section 5.5)")
		}
		if err := d.Rendering.check(); err != nil {
			return err
		}
	}
	paths, ids := map[string]bool{}, map[string]bool{}
	for _, c := range m.Claims {
		if err := c.check(); err != nil {
			return err
		}
		if key := pathKey(c.Path); paths[key] {
			return bad("claims: a path stands twice (section 5.6)")
		} else {
			paths[key] = true
		}
		if c.SVGID != "" && ids[c.SVGID] {
			return bad("claims: a svg_id stands twice (section 5.6)")
		}
		ids[c.SVGID] = true
	}
	return nil
}

var svgID = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (c *TypeClaim) check() error {
	bad := func(text string) error { return fmt.Errorf("%w: claims: %s", ErrTypeMetadata, text) }
	if len(c.Path) == 0 {
		return bad("path: expected a non-empty array (section 5.6.1)")
	}
	switch c.SD {
	case "", SDAlways, SDAllowed, SDNever:
	default:
		return bad("sd: expected always, allowed or never (section 5.6.4)")
	}
	if c.SVGID != "" && !svgID.MatchString(c.SVGID) {
		return bad("svg_id: expected letters, digits and _, and no digit first (section 5.6)")
	}
	for _, d := range c.Display {
		if d.Locale == "" || d.Label == "" {
			return bad("display: expected locale and label (section 5.6.2)")
		}
	}
	return nil
}

func (r *Rendering) check() error {
	if r == nil {
		return nil
	}
	var addresses []string
	if s := r.Simple; s != nil {
		for _, resource := range []*Resource{s.Logo, s.BackgroundImage} {
			if resource != nil {
				addresses = append(addresses, resource.URI)
			}
		}
	}
	for _, t := range r.SVGTemplates {
		addresses = append(addresses, t.URI)
		if len(r.SVGTemplates) > 1 && len(t.Properties) == 0 {
			return fmt.Errorf("%w: svg_templates: properties: required of one of several (section 5.5.1.2)", ErrTypeMetadata)
		}
	}
	for _, address := range addresses {
		if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "data:") {
			return fmt.Errorf("%w: rendering: uri: expected the scheme https or data (section 5.5.1)", ErrTypeMetadata)
		}
	}
	return nil
}

// UnmarshalJSON reads a claim whose path is of strings, non-negative integers and nulls. Errors: ErrTypeMetadata.
func (c *TypeClaim) UnmarshalJSON(raw []byte) error {
	type plain TypeClaim
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode((*plain)(c)); err != nil {
		return fmt.Errorf("%w: claims: %w", ErrTypeMetadata, err)
	}
	for i, part := range c.Path {
		switch part := part.(type) {
		case nil, string:
		case json.Number:
			n, err := strconv.ParseUint(part.String(), 10, 31)
			if err != nil {
				return fmt.Errorf("%w: claims: path: expected a non-negative integer (section 5.6.1)", ErrTypeMetadata)
			}
			c.Path[i] = int(n)
		default:
			return fmt.Errorf("%w: claims: path: expected strings, integers and nulls (section 5.6.1)", ErrTypeMetadata)
		}
	}
	return nil
}

// pathKey is equal for equal paths alone.
func pathKey(path []any) string {
	raw, _ := json.Marshal(path) // strings, ints and nils always go
	return string(raw)
}
