package transaction

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"lommebok.example/specs/cose"
)

// issued takes an issued credential apart: the names of what is claimed, and none of the values.
func issued(text string) any {
	if jwt, rest, ok := strings.Cut(text, "~"); ok {
		kept, _ := issuerSigned(jwt).(map[string]any)
		if kept == nil {
			kept = map[string]any{}
		}
		shown, proof := "", rest // RFC 9901 section 4
		if last := strings.LastIndexByte(rest, '~'); last >= 0 {
			shown, proof = rest[:last], rest[last+1:]
		}
		if kept["disclosures"] = disclosures(shown); proof != "" {
			kept["key_binding"] = signed(proof, inHolderProof)
		}
		return kept
	}
	if strings.Count(text, ".") == 2 {
		return issuerSigned(text)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(text); err == nil {
		r := cose.NewReader(raw)
		if v := r.Value(); r.Err() == nil {
			return map[string]any{"mdoc": strings.Split(diagnostic(v), "\n")}
		}
	}
	return hidden(text)
}

// presentations keeps of a vp_token what was presented (OpenID4VP 1.0 section 8.1).
func presentations(v any) any {
	switch v := v.(type) {
	case map[string]any:
		kept := map[string]any{}
		for id, list := range v {
			kept[nameOf(id)] = presentations(list)
		}
		return kept
	case []any:
		kept := make([]any, len(v))
		for i, one := range v {
			if text, ok := one.(string); ok {
				kept[i] = issued(text)
			} else {
				kept[i] = kind("", one)
			}
		}
		return kept
	case string:
		return issued(v)
	}
	return kind("", v)
}

// signed takes apart what is signed by whoever has a credential, or issued it.
func signed(jwt string, claims map[string]treatment) any {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return hidden(jwt)
	}
	return map[string]any{
		"header": newMask().part(parts[0], inSignedHeader), "payload": newMask().part(parts[1], claims), "signature": dropped(parts[2]),
	}
}

func issuerSigned(jwt string) any {
	kept, ok := signed(jwt, nil).(map[string]any)
	if !ok {
		return hidden(jwt)
	}
	if payload, ok := read(strings.Split(jwt, ".")[1]).(map[string]any); ok {
		kept["payload"] = claimed(payload)
	}
	return kept
}

// claimed keeps what is of the format, and of everything else the kind alone: not even the length.
func claimed(payload map[string]any) map[string]any {
	m, kept := newMask(), map[string]any{}
	for name, v := range payload {
		if _, known := inCredential[name]; known {
			kept[name] = m.value(name, v, inCredential)
			continue
		}
		kept[nameOf(name)] = kind(name, v)
	}
	return kept
}

// disclosures keeps the name of each (RFC 9901 section 4.2).
func disclosures(text string) []any {
	var kept []any
	for part := range strings.SplitSeq(text, "~") {
		if part == "" {
			continue
		}
		d, _ := read(part).([]any)
		switch len(d) {
		case 2:
			kept = append(kept, map[string]any{"element": kind("", d[1])})
		case 3:
			name, _ := d[1].(string)
			kept = append(kept, map[string]any{nameOf(name): kind(name, d[2])})
		default:
			kept = append(kept, hidden(part))
		}
	}
	return kept
}

// kind says what sort of value it is, down to the names of members.
func kind(name string, v any) any {
	switch v := v.(type) {
	case string:
		return "(text, hidden)"
	case json.Number:
		return "(number, hidden)"
	case bool:
		return "(boolean, hidden)"
	case []any:
		if name == "_sd" {
			return fmt.Sprintf("(%d digests)", len(v))
		}
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = kind("", item)
		}
		return list
	case map[string]any:
		kept := map[string]any{}
		for name, item := range v {
			kept[nameOf(name)] = kind(name, item)
		}
		return kept
	}
	return nil
}
