package sdjwtvc

import (
	"context"
	"fmt"
	"slices"
)

// maxExtends is how many types may stand above one another (section 7.4).
const maxExtends = 8

// Fetch gets a type metadata document as it stands, by its vct. It is the caller's to bound it in time and size and to keep
// it from addresses of its own network (sections 3 and 7.1).
type Fetch func(ctx context.Context, vct string) ([]byte, error)

// ResolveType gets the metadata of a type with all that it extends (sections 5.3, 5.4 and 5.7). integrity is vct#integrity of
// the credential, "" for none. Errors: ErrTypeMetadata, ErrIntegrity, ErrExtends, and those of fetch.
func ResolveType(ctx context.Context, vct, integrity string, fetch Fetch) (*TypeMetadata, error) {
	var chain []*TypeMetadata // the type itself first
	for vct != "" {
		if slices.ContainsFunc(chain, func(m *TypeMetadata) bool { return m.VCT == vct }) || len(chain) == maxExtends {
			return nil, fmt.Errorf("%w: in a circle, or through more than %d types (section 7.4)", ErrExtends, maxExtends)
		}
		raw, err := fetch(ctx, vct)
		if err != nil {
			return nil, err
		}
		if integrity != "" {
			if err := VerifyIntegrity(raw, integrity); err != nil {
				return nil, err
			}
		}
		m, err := ParseTypeMetadata(raw, vct)
		if err != nil {
			return nil, err
		}
		chain = append(chain, m)
		vct, integrity = m.Extends, m.ExtendsIntegrity
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%w: no vct", ErrTypeMetadata)
	}
	whole := chain[len(chain)-1]
	for _, child := range slices.Backward(chain[:len(chain)-1]) {
		var err error
		if whole, err = extend(child, whole); err != nil {
			return nil, err
		}
	}
	return whole, nil
}

// extend gives the child with what it inherits (sections 5.5.2 and 5.6.5).
func extend(child, parent *TypeMetadata) (*TypeMetadata, error) {
	whole := *child
	if len(child.Display) == 0 {
		whole.Display = parent.Display
	}
	whole.Claims = slices.Clone(parent.Claims)
	for _, own := range child.Claims {
		i := slices.IndexFunc(whole.Claims, func(c TypeClaim) bool { return pathKey(c.Path) == pathKey(own.Path) })
		if i < 0 {
			whole.Claims = append(whole.Claims, own)
			continue
		}
		merged, err := merge(own, whole.Claims[i])
		if err != nil {
			return nil, err
		}
		whole.Claims[i] = merged
	}
	return &whole, whole.Validate()
}

// merge lays the child's properties over those of the extended type; sd and mandatory can only be made stricter.
func merge(own, inherited TypeClaim) (TypeClaim, error) {
	switch {
	case own.SD != "" && inherited.SD != "" && inherited.SD != SDAllowed && own.SD != inherited.SD:
		return own, fmt.Errorf("%w: sd is %s in the extended type and %s here (section 5.6.5.1)", ErrExtends, inherited.SD, own.SD)
	case own.Mandatory != nil && !*own.Mandatory && inherited.mandatory():
		return own, fmt.Errorf("%w: a claim is mandatory in the extended type and not here (section 5.6.5.1)", ErrExtends)
	}
	if own.SD == "" {
		own.SD = inherited.SD
	}
	if own.Mandatory == nil {
		own.Mandatory = inherited.Mandatory
	}
	if own.Display == nil {
		own.Display = inherited.Display
	}
	if own.SVGID == "" {
		own.SVGID = inherited.SVGID
	}
	return own, nil
}

func (c *TypeClaim) mandatory() bool { return c.Mandatory != nil && *c.Mandatory }
