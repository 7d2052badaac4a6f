package transaction

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lommebok.example/internal/observe"
)

// described is an exchange, decoded and masked, with what links it to others.
type described struct {
	step  Step
	entry *Entry
	links []observe.Link
	keys  []string // thumbprints of the keys that the sender has
	told  string   // the page that the wallet names in its header, "" for none
}

// strength orders the kinds of links: what a transaction has most surely in common with others comes first. Kinds that are not here,
// those of observe.Linked, come after them.
var strength = []string{"access_token", "code", "pre-authorized_code", "refresh_token", "request_uri", "issuer_state", cNonce}

// secrets are the links in the order of their strength.
func (d *described) secrets() []observe.Link {
	rank := func(l observe.Link) int {
		if n := slices.Index(strength, l.Kind); n >= 0 {
			return n
		}
		return len(strength)
	}
	links := slices.Clone(d.links)
	slices.SortStableFunc(links, func(a, b observe.Link) int { return rank(a) - rank(b) })
	return slices.Compact(links)
}

func (x *exchange) describe(r *Recorder) *described {
	asked, told := newMask(), newMask()
	e := &Entry{
		At: x.begun.UTC(), Micros: x.took.Microseconds(), Step: x.step.Name, Section: x.step.Section, TraceID: x.trace,
		Request: x.asked(asked, r.Decrypt), Response: x.told(told),
	}
	e.Client = asked.seen["client_id"]
	if code := x.refusalCode(told); code != "" {
		e.Refusal = refusalOf(code, x.description(told), asked.seen)
	}
	taken := slices.DeleteFunc(asked.links, func(l observe.Link) bool { return l.Kind != x.step.Link && !slices.Contains(x.step.Takes, l.Kind) })
	d := &described{step: x.step, entry: e, links: slices.Concat(taken, told.links, x.links), keys: x.heldKeys()}
	if page, ok := strings.CutPrefix(x.request.Header.Get(Header), r.Base+Path); ok {
		d.told = page
	}
	return d
}

// asked decodes the request.
func (x *exchange) asked(m *mask, decrypt func(string) ([]byte, error)) Request {
	q := Request{Method: shown(x.request.Method), Path: x.path(m), Query: queryOf(m, x.request.URL.RawQuery), Bytes: x.body.total}
	for _, name := range sorted(x.request.Header) {
		t, kept := requestHeaders[name]
		for _, value := range x.request.Header[name] {
			switch {
			case !kept:
			case t == token:
				q.Parts = append(q.Parts, Part{Name: spelled(name), Text: indent(m.header(spelled(name), value))})
			case name == "Authorization":
				q.Headers = append(q.Headers, Field{name, m.authorization(value)})
			default:
				q.Headers = append(q.Headers, Field{spelled(name), plain(value, t)})
			}
		}
	}
	if x.body.total > 0 {
		q.Parts = append(q.Parts, bodyPart(m, x.request.Header.Get("Content-Type"), x.body, decrypt))
	} else if x.request.ContentLength > 0 {
		q.Parts = append(q.Parts, Part{Name: "body", Text: fmt.Sprintf("(%d bytes, not read: refused before)", x.request.ContentLength)})
	}
	return q
}

// spellings undo what net/http makes of names, to those of the specifications.
var spellings = strings.NewReplacer("Dpop", "DPoP", "Oauth-", "OAuth-", "-Pop", "-PoP", "Www-", "WWW-")

func spelled(name string) string { return spellings.Replace(name) }

// header takes apart the JWT of a header; what it says is told by Refusal.Came with the header's name before it.
func (m *mask) header(name, value string) any {
	inner := newMask()
	v := inner.jwt(name, value)
	for claim, text := range inner.seen {
		m.seen[name+" "+claim] = text
	}
	return v
}

// authorization keeps the scheme, and of a token the beginning (RFC 9110 section 11.6.2).
func (m *mask) authorization(value string) string {
	scheme, credentials, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "DPoP") && !strings.EqualFold(scheme, "Bearer") {
		credentials = hidden(credentials)
	} else {
		m.link("access_token", credentials)
		credentials = beginning(credentials)
	}
	if !aName.MatchString(scheme) {
		scheme = hidden(scheme)
	}
	m.seen["Authorization"] = scheme + " " + credentials
	return m.seen["Authorization"]
}

// path is that of the route with its parameters masked.
func (x *exchange) path(m *mask) string {
	path := x.route
	for _, p := range x.params {
		path = strings.Replace(path, ":"+p.Name, beginning(p.Value), 1)
		if x.step.Link != "" {
			m.link(x.step.Link, p.Value)
		}
	}
	return path
}

// told decodes the answer.
func (x *exchange) told(m *mask) Response {
	s := Response{Status: x.status, Bytes: x.answer.total}
	for _, name := range sorted(x.headers) {
		if t, kept := responseHeaders[name]; kept {
			for _, value := range x.headers[name] {
				s.Headers = append(s.Headers, Field{spelled(name), plain(value, t)})
			}
		}
	}
	if u, err := url.Parse(x.headers.Get("Location")); err == nil {
		queryOf(m, u.RawQuery) // a code in it links
	}
	media := x.headers.Get("Content-Type")
	body := x.answer
	if x.opened != nil {
		if raw, err := x.opened(); err == nil {
			body, media = &captured{kept: raw, total: len(raw)}, "application/json; encrypted for the wallet"
		}
	}
	if body.total > 0 && !strings.HasPrefix(media, "text/html") {
		s.Parts = append(s.Parts, bodyPart(m, media, body, nil))
	}
	return s
}

func sorted(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// bodyPart decodes a body by what it is, whatever it is called.
func bodyPart(m *mask, contentType string, body *captured, decrypt func(string) ([]byte, error)) Part {
	p := Part{Name: "body", Media: shown(contentType)}
	media, _, _ := mime.ParseMediaType(contentType) // "" is told below
	if !body.whole() {
		p.Text = fmt.Sprintf("(%d bytes, too long to be recorded)", body.total)
		return p
	}
	if v, err := decode(body.kept); err == nil {
		p.Text = indent(m.value("", v, fields))
		return p
	}
	switch media {
	case "application/x-www-form-urlencoded":
		p.Text = formText(m, string(body.kept))
	case "application/jwt":
		p.Text = sealedText(m, string(body.kept), decrypt)
	default:
		p.Text = fmt.Sprintf("(%d bytes that are not JSON)", body.total)
	}
	return p
}

func formText(m *mask, raw string) string {
	form := map[string]any{}
	for name, value := range parameters(raw) {
		masked := m.text(name, value, fields[name])
		if before, twice := form[nameOf(name)]; twice {
			masked = []any{before, masked}
		}
		form[nameOf(name)] = masked
	}
	return indent(form)
}

// sealedText opens an encrypted request (OpenID4VCI section 10).
func sealedText(m *mask, compact string, decrypt func(string) ([]byte, error)) string {
	kept := map[string]any{"jwe": m.jwt("", compact)}
	if decrypt != nil {
		raw, err := decrypt(compact)
		if err != nil {
			kept["opened"] = "(cannot be opened)"
		} else if v, err := decode(raw); err == nil {
			kept["opened"] = m.value("", v, fields)
		} else {
			kept["opened"] = fmt.Sprintf("(%d bytes that are not JSON)", len(raw))
		}
	}
	return indent(kept)
}

// refusalCode is the code that the service noted, or that its answer says; "" when the request was served.
func (x *exchange) refusalCode(told *mask) string {
	code := x.code
	if code == "" && told.seen["error"] != "" {
		code = told.seen["error"]
	}
	if code == "" && x.status >= http.StatusBadRequest {
		code = fmt.Sprintf("http_%d", x.status)
	}
	return code
}

// description is the error_description of the answer, in its body or in the address that it leads to.
func (x *exchange) description(told *mask) string { return told.seen["error_description"] }
