package sdjwtvc

import (
	"fmt"

	"lommebok.example/specs/sdjwt"
)

// CheckType holds a credential against the claims of its type (section 5.6): paths can be followed, and what they lead to is
// selectively disclosable as sd says. issued is true for a Holder, who has all disclosures and can tell whether a mandatory
// claim is there; a Verifier cannot. A credential that fails is to be rejected (section 5.7). Errors: ErrTypeClaims,
// ErrUnverified, and those of Claims.
func (c *Credential) CheckType(m *TypeMetadata, issued bool) error {
	if m.VCT != c.VCT() {
		return fmt.Errorf("%w: the metadata are of another type (section 5.3)", ErrTypeClaims)
	}
	root, err := c.marked()
	if err != nil {
		return err
	}
	for _, claim := range m.Claims {
		if err := checkClaim(claim, root, issued); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrTypeClaims, pathKey(claim.Path), err)
		}
	}
	return nil
}

func checkClaim(claim TypeClaim, root any, issued bool) error {
	selected, err := follow(claim.Path, []any{root})
	if err != nil {
		return err
	}
	if issued && claim.mandatory() && len(selected) == 0 {
		return fmt.Errorf("mandatory, and absent (section 5.6.3)")
	}
	for _, v := range selected {
		_, disclosable := v.(sdjwt.SD)
		if claim.SD == SDAlways && !disclosable || claim.SD == SDNever && disclosable {
			return fmt.Errorf("sd is %s, and the credential has it otherwise (section 5.6.4)", claim.SD)
		}
	}
	return nil
}

// follow selects what a path leads to (section 5.6.1.2). Marks stay on what is selected. An element that is not disclosed has
// nothing in it that could be selected.
func follow(path, selected []any) ([]any, error) {
	for _, part := range path {
		var next []any
		for _, v := range selected {
			if mark, ok := v.(sdjwt.SD); ok {
				v = mark.Value
			}
			if _, hidden := v.(sdjwt.Undisclosed); hidden {
				continue
			}
			found, err := step(part, v)
			if err != nil {
				return nil, err
			}
			next = append(next, found...)
		}
		selected = next
	}
	return selected, nil
}

func step(part, v any) ([]any, error) {
	if name, ok := part.(string); ok {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("expected an object (section 5.6.1.2)")
		}
		if inner, there := object[name]; there {
			return []any{inner}, nil
		}
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("expected an array (section 5.6.1.2)")
	}
	if index, ok := part.(int); ok {
		if index >= 0 && index < len(list) {
			return list[index : index+1], nil
		}
		return nil, nil
	}
	return list, nil
}
