package credentials

import (
	"encoding/json"
	"fmt"

	"lommebok.example/issuer/source"
	"lommebok.example/specs/sdjwtvc"
)

// integrityClaim stands in every SD-JWT VC and binds it to the type metadata of the day it was issued.
const integrityClaim = "vct#integrity"

// OfFormat tells whether a claim belongs to the format and is no word about the person: people are not asked about it.
func (c Claim) OfFormat() bool { return c.Label == Words{} }

// describe makes the type metadata of an SD-JWT VC type (draft-ietf-oauth-sd-jwt-vc section 5), and adds the claim that names
// their digest. They follow from the file alone, so that all replicas have the same.
func (t *Type) describe() error {
	m := sdjwtvc.TypeMetadata{VCT: t.VCT, Name: t.Display.Name.EN, Description: t.Display.Description.EN}
	for _, lang := range Languages {
		m.Display = append(m.Display, sdjwtvc.TypeDisplay{
			Locale: lang, Name: t.Display.Name.In(lang), Description: t.Display.Description.In(lang),
			Rendering: &sdjwtvc.Rendering{Simple: &sdjwtvc.SimpleRendering{
				BackgroundColor: t.Display.BackgroundColor, TextColor: t.Display.TextColor,
			}},
		})
	}
	for _, c := range t.Claims {
		m.Claims = append(m.Claims, c.describe()...)
	}
	if err := m.Validate(); err != nil {
		return err
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("type metadata: %w", err)
	}
	t.Metadata = raw
	t.Claims = append(t.Claims, Claim{Path: []string{integrityClaim}, Value: sdjwtvc.Integrity(raw), Disclosure: Never, Mandatory: true})
	return nil
}

// describe tells of the claim and, where each element of a list is disclosed by itself, of the elements.
func (c Claim) describe() []sdjwtvc.TypeClaim {
	whole := sdjwtvc.TypeClaim{SD: sdjwtvc.SDAlways}
	if c.Disclosure == Never {
		whole.SD = sdjwtvc.SDNever
	}
	for _, part := range c.Path {
		whole.Path = append(whole.Path, part)
	}
	if c.Mandatory {
		whole.Mandatory = &c.Mandatory
	}
	for _, lang := range Languages {
		whole.Display = append(whole.Display, sdjwtvc.ClaimDisplay{Locale: lang, Label: c.Label.In(lang)})
	}
	if c.Disclosure != Parts || !source.IsList(c.Source) {
		return []sdjwtvc.TypeClaim{whole}
	}
	elements := sdjwtvc.TypeClaim{Path: append(append([]any{}, whole.Path...), nil), SD: sdjwtvc.SDAlways}
	return []sdjwtvc.TypeClaim{whole, elements}
}
