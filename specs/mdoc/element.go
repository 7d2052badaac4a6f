package mdoc

import (
	"encoding/base64"

	"lommebok.example/specs/cose"
)

// Element is one data element. To issue, Value is a string, bool, integer, []byte,
// []string, []any, map[string]any, [cose.FullDate] or [cose.TDate], nested at will. What
// was received has the types that [cose.Reader.Value] names.
type Element struct {
	Namespace, Identifier string
	Value                 any
}

// StatusRef is the place of the document in a status list.
//
//	"status": {"status_list": {"idx": uint, "uri": tstr}}
type StatusRef struct {
	Index uint64
	URI   string
}

// IdentifierRef names the document in an identifier list, by which it is known to be revoked.
//
//	"status": {"identifier_list": {"id": bstr, "uri": tstr}}
type IdentifierRef struct {
	ID  []byte
	URI string
}

// claims turns elements into namespace → identifier → value fit for JSON.
func claims(elements []Element) map[string]any {
	out := make(map[string]any)
	for _, e := range elements {
		inner, ok := out[e.Namespace].(map[string]any)
		if !ok {
			inner = make(map[string]any)
			out[e.Namespace] = inner
		}
		inner[e.Identifier] = jsonable(e.Value)
	}
	return out
}

func jsonable(v any) any {
	switch v := v.(type) {
	case cose.FullDate:
		return string(v)
	case cose.TDate:
		return v.String()
	case []byte:
		return base64.RawURLEncoding.EncodeToString(v)
	case cose.Encoded:
		return base64.RawURLEncoding.EncodeToString(v)
	case cose.Tag:
		return jsonable(v.Content)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = jsonable(v[i])
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for key := range v {
			object[key] = jsonable(v[key])
		}
		return object
	}
	return v
}
