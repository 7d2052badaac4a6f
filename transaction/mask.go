package transaction

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/jose"
)

// mask keeps of values what the table fields says, and notes the links that it comes across.
type mask struct {
	links []observe.Link
	seen  map[string]string // what was kept of plain values, by name, for Refusal.Came
	sent  bool              // by a wallet: its own words are hidden
	// decrypt opens what came or went encrypted; nil where nothing can.
	decrypt func(compact string) ([]byte, error)
}

func newMask() *mask { return &mask{seen: map[string]string{}} }

func (m *mask) link(kind, value string) {
	if value != "" {
		m.links = append(m.links, observe.Link{Kind: kind, Value: value})
	}
}

// value masks what JSON can hold, read with numbers kept as they were. by is the table that says what is kept.
func (m *mask) value(name string, v any, by map[string]treatment) any {
	t := by[name]
	if _, text := v.(string); t == presented && !text {
		return presentations(v)
	}
	switch v := v.(type) {
	case map[string]any:
		if t == jwk {
			return key(v)
		}
		if table, ok := within[t]; ok {
			by = table
		}
		return m.object(v, by)
	case []any:
		if t == chain {
			return certificates(v)
		}
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = m.value(name, item, by)
		}
		return list
	case string:
		return m.text(name, v, t)
	case json.Number:
		kept := number(t, v)
		m.note(name, t, fmt.Sprint(kept))
		return kept
	case bool:
		if t == show {
			return v
		}
		return "(boolean, hidden)"
	}
	return v
}

func (m *mask) object(o map[string]any, by map[string]treatment) map[string]any {
	masked := make(map[string]any, len(o))
	for name, v := range o {
		masked[nameOf(name)] = m.value(name, v, by)
	}
	return masked
}

func number(t treatment, v json.Number) any {
	n, err := v.Int64()
	switch {
	case t == seconds && err == nil && n > 0 && n < 1<<33:
		return fmt.Sprintf("%d = %s", n, time.Unix(n, 0).UTC().Format(time.RFC3339))
	case (t == show || t == seconds) && len(v) <= 10:
		return v
	}
	return "(number, hidden)"
}

func (m *mask) text(name, v string, t treatment) any {
	if m.sent && name == "error_description" {
		t = hide
	}
	switch t {
	case token:
		return m.jwt(name, v)
	case credential:
		return issued(v)
	case sealed:
		return m.sealed(v)
	case nested, query, presented:
		if decoded, err := decode([]byte(v)); err == nil {
			return m.value(name, decoded, fields)
		}
		return hidden(v)
	case encoded:
		return m.part(v, fields)
	case agreed:
		return m.part(v, inAgreement)
	case link:
		m.link(name, v)
	}
	kept := plain(v, t)
	m.note(name, t, kept)
	return kept
}

func (m *mask) note(name string, t treatment, kept string) {
	if _, twice := m.seen[name]; !twice && t != hide {
		m.seen[name] = kept
	}
}

// plain is what is kept of a string that is no structure.
func plain(v string, t treatment) string {
	switch t {
	case show, seconds:
		return shown(v)
	case begin, link:
		return beginning(v)
	case address:
		return addressed(v)
	case client:
		return clientOf(v)
	case names:
		return spaceOf(v)
	}
	return hidden(v)
}

func hidden(v string) string { return fmt.Sprintf("(hidden, %d characters)", len([]rune(v))) }

// urns are beginnings that are the same in all values.
var urns = []string{"urn:ietf:params:oauth:request_uri:"}

// beginning shows six characters of a long secret. What begins with six digits may be a national identity number or a date.
func beginning(v string) string {
	const least, most = 20, 6
	for _, urn := range urns {
		if rest, ok := strings.CutPrefix(v, urn); ok {
			return urn + beginning(rest)
		}
	}
	head := v[:min(most, len(v))]
	if len(v) < least || !wordy.MatchString(v) || !strings.ContainsFunc(head, unicode.IsLetter) {
		return hidden(v)
	}
	return fmt.Sprintf("%s… (%d characters)", head, len(v))
}

var (
	wordy        = regexp.MustCompile(`^[A-Za-z0-9._~+/=:-]+$`)
	elevenDigits = regexp.MustCompile(`(^|[^0-9A-Za-z])[0-9]{6}(?: |%20|\+|-|\.)?[0-9]{5}($|[^0-9A-Za-z])`)
	aName        = regexp.MustCompile(`^[A-Za-z_][A-Za-z_.-]{0,29}[0-9]{0,3}$`)
)

// Printable is a text with U+FFFD for each character that does not print: a terminal obeys some of them.
func Printable(v string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(v, "\ufffd"))
}

// shown keeps a text that is public, within bounds, but for eleven digits in a row: they may be a national identity number.
func shown(v string) string {
	const most = 512
	v = Printable(v)
	if len(v) > most {
		v = strings.ToValidUTF8(v[:most], "") + "…"
	}
	for elevenDigits.MatchString(v) { // one may end where the next begins
		v = elevenDigits.ReplaceAllString(v, "$1(eleven digits)$2")
	}
	return v
}

// nameOf keeps a name that is in the table or looks like one. Whatever is sent in a wrong form may end up as a name.
func nameOf(name string) string {
	if _, known := fields[name]; known || aName.MatchString(name) {
		return name
	}
	return fmt.Sprintf("(a name of %d characters)", len([]rune(name)))
}

// clientOf keeps a client_id. With the prefix redirect_uri it is an address with the secret of the request in it (OpenID4VP section 5.9.3).
func clientOf(v string) string {
	const prefix = "redirect_uri:"
	if rest, ok := strings.CutPrefix(v, prefix); ok {
		return prefix + addressed(rest)
	}
	return shown(v)
}

// addressed keeps an address without the values of its query, its user and what looks like a secret in its path. A text that is no address is
// shown as it is: iss and aud may be such.
func addressed(v string) string {
	u, err := url.Parse(v)
	if err != nil {
		return hidden(v)
	}
	var b strings.Builder
	if u.Scheme != "" {
		b.WriteString(u.Scheme + ":")
		if u.Host != "" || strings.HasPrefix(v, u.Scheme+"://") {
			b.WriteString("//" + u.Host)
		}
	}
	b.WriteString(u.Opaque)
	segments := strings.Split(u.EscapedPath(), "/")
	for i, segment := range segments {
		if i > 0 {
			b.WriteByte('/')
		}
		if len(segment) >= 20 && (i == 0 || segments[i-1] != ".well-known") { // whose names are registered (RFC 8615)
			segment = beginning(segment)
		}
		b.WriteString(segment)
	}
	if query := queryOf(newMask(), u.RawQuery); len(query) > 0 {
		for i, f := range query {
			b.WriteString(map[bool]string{true: "?", false: "&"}[i == 0] + f.Name + "=" + f.Value)
		}
	}
	return shown(b.String())
}

// queryOf masks the parameters of a query or a form, in their order.
func queryOf(m *mask, raw string) []Field {
	var list []Field
	for name, value := range parameters(raw) {
		kept, ok := m.text(name, value, fields[name]).(string)
		if !ok {
			kept = hidden(value)
		}
		list = append(list, Field{nameOf(name), kept})
	}
	return list
}

// parameters are those of a query or a form, in their order. One whose name cannot be read is left out, a value that cannot be is "".
func parameters(raw string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for part := range strings.SplitSeq(raw, "&") {
			name, value, _ := strings.Cut(part, "=")
			name, err := url.QueryUnescape(name)
			if err != nil || name == "" {
				continue
			}
			if value, err = url.QueryUnescape(value); err != nil {
				value = ""
			}
			if !yield(name, value) {
				return
			}
		}
	}
}

// key is what is kept of a JWK: its kind and thumbprint. One with a private part was sent by mistake, which is worth telling.
func key(o map[string]any) any {
	kept := map[string]any{}
	for _, name := range []string{"kty", "crv", "alg", "use"} {
		if v, ok := o[name].(string); ok {
			kept[name] = shown(v)
		}
	}
	for _, private := range []string{"d", "k", "p", "q"} {
		if _, sent := o[private]; sent {
			kept[private] = "(a private or secret key was sent: hidden)"
		}
	}
	raw, err := json.Marshal(map[string]any{"kty": o["kty"], "crv": o["crv"], "x": o["x"], "y": o["y"]})
	if err == nil {
		if _, public, err := jose.ParseJWK(raw); err == nil {
			kept["thumbprint"] = jose.Thumbprint(public)
			return kept
		}
	}
	kept["thumbprint"] = "(not a public EC key)"
	return kept
}

// certificates is what is kept of a chain: of each its fingerprint and end.
func certificates(list []any) any {
	kept := make([]any, len(list))
	for i, item := range list {
		kept[i] = "(not a certificate)"
		text, _ := item.(string)
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			continue
		}
		if c, err := x509.ParseCertificate(der); err == nil {
			sum := sha256.Sum256(der)
			kept[i] = fmt.Sprintf("SHA-256 %s…, valid to %s", hex.EncodeToString(sum[:6]), c.NotAfter.UTC().Format(time.RFC3339))
		}
	}
	return kept
}

// decode reads one JSON value.
func decode(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err = d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return v, nil
}

// indent writes JSON for people.
func indent(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}
