package inspect

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/statuslist"
)

// kind is what a JWT is by its typ.
type kind struct{ name, section string }

var kinds = map[string]kind{
	"dc+sd-jwt":                        {"SD-JWT VC", "SD-JWT VC section 2"},
	"kb+jwt":                           {"key binding JWT", "RFC 9901 section 4.3"},
	"statuslist+jwt":                   {"status list token", "Token Status List section 5.1"},
	"oauth-authz-req+jwt":              {"request object", "OpenID4VP 1.0 section 5"},
	"key-attestation+jwt":              {"key attestation", "OpenID4VCI 1.0 appendix D"},
	"oauth-client-attestation+jwt":     {"wallet attestation", "OpenID4VCI 1.0 appendix E"},
	"oauth-client-attestation-pop+jwt": {"proof of possession of a wallet attestation", "attestation-based client authentication section 5"},
	"openid4vci-proof+jwt":             {"key proof", "OpenID4VCI 1.0 appendix F.1"},
	"dpop+jwt":                         {"DPoP proof", "RFC 9449 section 4.2"},
	"openidvci-issuer-metadata+jwt":    {"signed issuer metadata", "OpenID4VCI 1.0 section 12.2.3"},
	"application/statuslist+jwt":       {"status list token", "Token Status List section 5.1"},
	"application/oauth-authz-req+jwt":  {"request object", "OpenID4VP 1.0 section 5"},
	"at+jwt":                           {"access token", "RFC 9068 section 2"},
	"logout+jwt":                       {"logout token", "OpenID Connect Back-Channel Logout section 2.4"},
	"application/dc+sd-jwt":            {"SD-JWT VC", "SD-JWT VC section 2"},
	"vc+sd-jwt":                        {"SD-JWT VC of an older draft", "SD-JWT VC section 2"},
}

func (f *Found) jwt(text string) {
	header, payload := f.signed("", text)
	f.Kind, f.Section = "JWT", "RFC 7519"
	typ, _ := header["typ"].(string)
	if k, known := kinds[typ]; known {
		f.Kind, f.Section = k.name, k.section
	}
	if nested, ok := header["key_attestation"].(string); ok && strings.Count(nested, ".") == 2 {
		f.signed("key_attestation ", nested)
	}
	if list, ok := payload["status_list"].(map[string]any); ok && payload["vct"] == nil {
		f.statusList(list)
	}
}

// signed decodes a JWS; name stands before the names of its parts.
func (f *Found) signed(name, text string) (header, payload map[string]any) {
	parts := strings.Split(text, ".")
	header, payload = f.part(name+"header", parts[0]), f.part(name+"payload", parts[1])
	for i, part := range parts {
		raw, err := jose.DecodeBase64URL(part)
		if err != nil {
			f.problem(fmt.Errorf("%spart %d: %w", name, i+1, err))
		} else if i < 2 {
			f.problem(jose.CheckJSON(raw))
		}
	}
	if chain, ok := header["x5c"].([]any); ok {
		f.add(name+"x5c", certificatesOf(chain))
	}
	if times := timesOf(payload); len(times) > 0 {
		f.add(name+"times", times)
	}
	f.add(name+"signature", fmt.Sprintf("%d characters, %s", len(parts[2]), NotVerified))
	return header, payload
}

// timesOf writes the times of a JWT (RFC 7519 section 4.1) for people.
func timesOf(payload map[string]any) map[string]string {
	times := map[string]string{}
	for _, name := range []string{"iat", "nbf", "exp"} {
		n, ok := payload[name].(json.Number)
		if !ok {
			continue
		}
		if seconds, err := n.Int64(); err == nil {
			times[name] = time.Unix(seconds, 0).UTC().Format(time.RFC3339)
		}
	}
	return times
}

func (f *Found) statusList(list map[string]any) {
	bits, _ := list["bits"].(json.Number)
	n, err := bits.Int64()
	if err != nil {
		f.problem(fmt.Errorf("status_list: expected bits to be 1, 2, 4 or 8 (Token Status List section 4.2)"))
		return
	}
	text, _ := list["lst"].(string)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		f.problem(fmt.Errorf("lst: %w", err))
		return
	}
	f.entries(n, raw)
}

// entries counts the statuses of a list (Token Status List section 7.1).
func (f *Found) entries(bits int64, compressed []byte) {
	list, err := statuslist.Decompress(statuslist.Bits(bits), compressed)
	if err != nil {
		f.problem(err)
		return
	}
	var counts [256]uint64
	for i := range list.Len() {
		if s, err := list.Get(i); err == nil {
			counts[s]++
		}
	}
	byStatus := map[string]uint64{}
	for s, n := range counts {
		if n > 0 {
			byStatus[fmt.Sprintf("status %d", s)] = n
		}
	}
	f.add("entries", map[string]any{"bits": bits, "number": list.Len(), "by status": byStatus})
}

func (f *Found) sdjwt(text string) error {
	parts := strings.Split(text, "~")
	f.Kind, f.Section = "SD-JWT", "RFC 9901 section 4"
	if strings.Count(parts[0], ".") != 2 {
		return fmt.Errorf("%w: expected a JWT before the first ~", ErrUnknown)
	}
	header, payload := f.signed("", parts[0])
	if k, known := kinds[fmt.Sprint(header["typ"])]; known {
		f.Kind, f.Section = k.name, k.section
	}
	disclosures := []any{}
	for _, d := range parts[1 : len(parts)-1] {
		read, err := sdjwt.ReadDisclosures([]string{d})
		if err != nil {
			f.problem(err)
			disclosures = append(disclosures, d)
			continue
		}
		disclosures = append(disclosures, disclosed(read[0]))
	}
	f.add("disclosures", disclosures)
	if last := parts[len(parts)-1]; strings.Count(last, ".") == 2 {
		f.Kind += " with key binding"
		f.signed("key binding ", last)
	} else if last != "" {
		f.problem(fmt.Errorf("expected a key binding JWT or nothing after the last ~ (RFC 9901 section 4)"))
	}
	f.claims(text, payload)
	return nil
}

func disclosed(d sdjwt.Disclosure) any {
	if d.ArrayElement {
		return map[string]any{"salt": d.Salt, "element": d.Value}
	}
	return map[string]any{"salt": d.Salt, "name": d.Name, "value": d.Value}
}

// claims puts the disclosures in their places.
func (f *Found) claims(text string, payload map[string]any) {
	s, err := sdjwt.Parse(text)
	if err == nil && payload != nil {
		var raw []byte
		if raw, err = json.Marshal(payload); err == nil {
			payload, err = s.Process(raw)
		}
	}
	if err != nil {
		f.problem(err)
		return
	}
	f.add("claims with what is disclosed", payload)
}

func (f *Found) jwe(text string) {
	f.Kind, f.Section = "JWE", "RFC 7516 section 3.1"
	parts := strings.Split(text, ".")
	f.part("header", parts[0])
	f.add("encrypted", fmt.Sprintf("%d characters that nobody without the key can read", len(text)-len(parts[0])))
	_, err := jose.PeekJWE(text)
	f.problem(err)
}
