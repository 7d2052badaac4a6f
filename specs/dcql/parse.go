package dcql

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Parse reads a query and checks every rule of sections 6 and 7 that the query alone
// can break. Members it does not know are ignored (section 6). Duplicate claims pass,
// because a wallet ignores them; Validate is for those who send.
func Parse(raw []byte) (*Query, error) {
	o, err := decode(raw)
	if err != nil {
		return nil, err
	}
	list, err := o.objects("credentials", true)
	if err != nil {
		return nil, err
	}
	q := &Query{Credentials: make([]CredentialQuery, len(list))}
	ids := map[string]bool{}
	for i, c := range list {
		if q.Credentials[i], err = parseCredential(c, ids); err != nil {
			return nil, err
		}
	}
	if q.CredentialSets, err = parseCredentialSets(o, ids); err != nil {
		return nil, err
	}
	return q, nil
}

func parseCredential(o object, ids map[string]bool) (c CredentialQuery, err error) {
	if c.ID, err = o.id(true, ids); err != nil {
		return c, err
	}
	if c.Format, err = o.text("format", true); err != nil {
		return c, err
	}
	multiple, err := o.boolean("multiple")
	if err != nil {
		return c, err
	}
	c.Multiple = multiple != nil && *multiple
	if c.RequireHolderBinding, err = o.boolean("require_cryptographic_holder_binding"); err != nil {
		return c, err
	}
	if c.Meta, err = parseMeta(o, c.Format); err != nil {
		return c, err
	}
	if c.TrustedAuthorities, err = parseAuthorities(o); err != nil {
		return c, err
	}
	if c.Claims, err = parseClaims(o, c.Format); err != nil {
		return c, err
	}
	c.ClaimSets, err = parseClaimSets(o, c.Claims)
	return c, err
}

func parseMeta(o object, format string) (m Meta, err error) {
	members, _, err := value[map[string]any](o, "meta", "an object", true)
	if err != nil {
		return m, err
	}
	meta := object{members: members, at: o.place("meta")}
	switch format {
	case FormatSDJWTVC:
		if !meta.has("vct_values") {
			return m, fail(ErrMeta, meta.at, "vct_values is required for %s (appendix B.3.5)", format)
		}
		m.VCTValues, err = meta.texts("vct_values", true)
	case FormatMdoc:
		if !meta.has("doctype_value") {
			return m, fail(ErrMeta, meta.at, "doctype_value is required for %s (appendix B.2.3)", format)
		}
		m.DoctypeValue, err = meta.text("doctype_value", true)
	}
	return m, err
}

func parseAuthorities(o object) ([]TrustedAuthority, error) {
	list, err := o.objects("trusted_authorities", false)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	out := make([]TrustedAuthority, len(list))
	for i, a := range list {
		if out[i].Type, err = a.text("type", true); err != nil {
			return nil, err
		}
		if out[i].Values, err = a.texts("values", true); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func parseClaims(o object, format string) ([]ClaimsQuery, error) {
	list, err := o.objects("claims", false)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	out := make([]ClaimsQuery, len(list))
	ids := map[string]bool{}
	for i, c := range list {
		if out[i].ID, err = c.id(o.has("claim_sets"), ids); err != nil {
			return nil, err
		}
		if out[i].Path, err = parsePath(c, format); err != nil {
			return nil, err
		}
		if out[i].Values, err = parseValues(c); err != nil {
			return nil, err
		}
		if format != FormatMdoc {
			continue
		}
		if out[i].IntentToRetain, err = c.boolean("intent_to_retain"); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parsePath reads a claims path pointer: strings, non-negative integers and nulls; for
// mdoc exactly a namespace and an element identifier (section 7.2).
func parsePath(o object, format string) ([]any, error) {
	list, err := o.list("path", true)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(list))
	for i, v := range list {
		switch v := v.(type) {
		case string, nil:
			out[i] = v
		case json.Number:
			index, err := strconv.Atoi(v.String())
			if err != nil || strings.HasPrefix(v.String(), "-") {
				return nil, fail(ErrPath, o.place("path"), "an index must be a non-negative integer (section 7)")
			}
			out[i] = index
		default:
			return nil, fail(ErrPath, o.place("path"), "expected strings, integers and nulls (section 7)")
		}
	}
	if format == FormatMdoc && !isMdocPath(out) {
		return nil, fail(ErrPath, o.place("path"), "for mdoc exactly two strings are expected (section 7.2)")
	}
	return out, nil
}

func isMdocPath(path []any) bool {
	if len(path) != 2 {
		return false
	}
	_, namespace := path[0].(string)
	_, element := path[1].(string)
	return namespace && element
}

func parseValues(o object) ([]any, error) {
	list, err := o.list("values", false)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	for _, v := range list {
		switch v := v.(type) {
		case string, bool:
		case json.Number:
			if strings.ContainsAny(v.String(), ".eE") {
				return nil, fail(ErrValues, o.place("values"), "a number is not an integer (section 6.3)")
			}
		default:
			return nil, fail(ErrValues, o.place("values"), "an entry is of another type (section 6.3)")
		}
	}
	return list, nil
}

func parseClaimSets(o object, claims []ClaimsQuery) ([][]string, error) {
	if o.has("claim_sets") && claims == nil {
		return nil, fail(ErrClaimSets, o.at, "(section 6.4.1)")
	}
	sets, err := o.idLists("claim_sets", false, true)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, c := range claims {
		ids[c.ID] = true
	}
	return sets, known(sets, ids, o.place("claim_sets"))
}

func parseCredentialSets(o object, ids map[string]bool) ([]CredentialSetQuery, error) {
	list, err := o.objects("credential_sets", false)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	out := make([]CredentialSetQuery, len(list))
	for i, s := range list {
		if out[i].Options, err = s.idLists("options", true, false); err != nil {
			return nil, err
		}
		if err = known(out[i].Options, ids, s.place("options")); err != nil {
			return nil, err
		}
		if out[i].Required, err = s.boolean("required"); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func known(sets [][]string, ids map[string]bool, at string) error {
	for _, set := range sets {
		for _, id := range set {
			if id == "" || !ids[id] {
				return fail(ErrReference, at, "an identifier names no entry of the query")
			}
		}
	}
	return nil
}
