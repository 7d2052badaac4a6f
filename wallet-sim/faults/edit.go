package faults

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lommebok.example/specs/jose"
)

// at gives what stands at a path, such as proofs.jwt.0.
func at(v any, path string) (any, error) {
	for name := range strings.SplitSeq(path, ".") {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(inner) {
				return nil, fmt.Errorf("%w: no element %s of %d", ErrNothing, name, len(inner))
			}
			v = inner[i]
		default:
			v = nil
		}
	}
	if v == nil {
		return nil, fmt.Errorf("%w: %s is not there", ErrNothing, path)
	}
	return v, nil
}

// edit changes what stands at a path below root. Only set may make something that was not there.
func edit(root any, path string, c *Change, earlier string) error {
	before, name, inner := parent(path)
	holder := root
	var err error
	if inner {
		if holder, err = at(root, before); err != nil {
			return err
		}
	}
	switch h := holder.(type) {
	case map[string]any:
		old, there := h[name]
		if !there && c.Set == nil {
			return fmt.Errorf("%w: %s is not there", ErrNothing, path)
		}
		if c.Drop {
			delete(h, name)
			return nil
		}
		h[name], err = c.apply(old, earlier)
		return err
	case []any:
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(h) {
			return fmt.Errorf("%w: no element %s of %d", ErrNothing, name, len(h))
		}
		if c.Drop {
			return edit(root, before, &Change{In: c.In, Set: slices.Delete(slices.Clone(h), i, i+1)}, "")
		}
		h[i], err = c.apply(h[i], earlier)
		return err
	}
	return fmt.Errorf("%w: %s is not there", ErrNothing, path)
}

func parent(path string) (before, name string, inner bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// apply gives the changed value; earlier is what stood there before. What is afterwards as it was is no fault, unless somebody else signs it.
func (c *Change) apply(v any, earlier string) (any, error) {
	changed, err := c.changed(v, earlier)
	if err != nil || c.Sign == byStranger || c.Sign == unsigned {
		return changed, err
	}
	before, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(changed)
	if err == nil && bytes.Equal(before, after) {
		err = fmt.Errorf("%w: it is so already", ErrNothing)
	}
	return changed, err
}

func (c *Change) changed(v any, earlier string) (any, error) {
	if list, ok := v.([]any); ok {
		return c.applyList(list)
	}
	text, isText := v.(string)
	number, isNumber := v.(float64)
	switch {
	case c.Set != nil:
		return c.Set, nil
	case c.Drop && isText:
		return "", nil
	case c.Earlier && earlier != "":
		return earlier, nil
	case c.Shift != 0 && isNumber:
		return number + c.Shift.Seconds(), nil
	case c.Flip && isText && len(text) > 4:
		return flipped(text), nil
	case c.Encode != "" && isText:
		return encoded(text, c.Encode)
	}
	return nil, fmt.Errorf("%w: what stands at %s cannot be changed by %s", ErrNothing, c.where(), c.kinds()[0])
}

func (c *Change) applyList(list []any) (any, error) {
	switch {
	case c.Set != nil:
		return c.Set, nil
	case c.Repeat && len(list) > 0:
		return append(slices.Clone(list), list[0]), nil
	case c.Reverse:
		list = slices.Clone(list)
		slices.Reverse(list)
		return list, nil
	case c.Drop:
		return []any{}, nil
	}
	return nil, fmt.Errorf("%w: the list at %s cannot be changed by %s", ErrNothing, c.where(), c.kinds()[0])
}

// where names the place, and never what stands there: it may be a secret.
func (c *Change) where() string { return strings.TrimSpace(c.In + " " + c.JWT) }

// flipped has another character in the last place but three, whose bits all count in base64url.
func flipped(text string) string {
	i, with := len(text)-4, byte('A')
	if text[i] == with {
		with = 'B'
	}
	return text[:i] + string(with) + text[i+1:]
}

// encoded writes what is base64url in another encoding.
func encoded(text, how string) (string, error) {
	parts := strings.Split(text, ".")
	for i, part := range parts {
		raw, err := jose.DecodeBase64URL(part)
		if err != nil {
			return "", err
		}
		if parts[i] = base64.StdEncoding.EncodeToString(raw); how == "hex" {
			parts[i] = hex.EncodeToString(raw)
		}
	}
	return strings.Join(parts, "."), nil
}
