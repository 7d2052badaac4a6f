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
	asked.sent, asked.decrypt = true, r.Decrypt
	if x.asks != nil {
		asked.decrypt = func(string) ([]byte, error) { return x.asks, nil }
	}
	e := &Entry{
		At: x.begun.UTC(), Micros: x.took.Microseconds(), Step: x.step.Name, Section: x.step.Section, TraceID: x.trace, Findings: foundBy(x.findings),
	}
	if x.step.Apart {
		e.Request, e.Response = Request{Method: shown(x.request.Method), Path: x.route}, Response{Status: x.status}
		return &described{step: x.step, entry: e, links: x.links}
	}
	e.Request, e.Response = x.asked(asked), x.told(told)
	e.Client = asked.seen["client_id"]
	if code := x.refusalCode(told); code != "" {
		e.Refusal = refusalOf(code, x.description(told), asked.seen)
	}
	if x.step.Alone {
		return &described{step: x.step, entry: e, links: x.links}
	}
	taken := slices.DeleteFunc(asked.links, func(l observe.Link) bool { return l.Kind != x.step.Link && !slices.Contains(x.step.Takes, l.Kind) })
	d := &described{step: x.step, entry: e, links: slices.Concat(taken, told.links, x.links), keys: x.heldKeys()}
	if page, ok := strings.CutPrefix(x.request.Header.Get(Header), r.Base+r.Path); ok {
		d.told = page
	}
	return d
}

// foundBy are findings within bounds: their words may repeat what a stranger sent.
func foundBy(all []observe.Finding) []observe.Finding {
	var kept []observe.Finding
	for _, f := range all[:min(len(all), maxFindings)] {
		kept = append(kept, observe.Finding{
			Of: nameOf(f.Of), Rule: f.Rule, OK: f.OK, Code: f.Code, Expected: shown(f.Expected), Came: shown(f.Came), Section: f.Section,
		})
		if f.Of == "" {
			kept[len(kept)-1].Of = ""
		}
	}
	return kept
}

// asked decodes the request.
func (x *exchange) asked(m *mask) Request {
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
		q.Parts = append(q.Parts, bodyPart(m, x.request.Header.Get("Content-Type"), x.body))
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
	switch {
	case x.opened != nil:
		s.Parts = append(s.Parts, x.toldSealed(m, media))
	case x.answer.total > 0 && !strings.HasPrefix(media, "text/html"):
		s.Parts = append(s.Parts, bodyPart(m, media, x.answer))
	}
	return s
}

// toldSealed is an answer that was encrypted for the wallet, and what it holds.
func (x *exchange) toldSealed(m *mask, media string) Part {
	p := Part{Name: "body", Media: shown(media) + "; encrypted for the wallet"}
	m.decrypt = func(string) ([]byte, error) { return x.opened() }
	p.Text = indent(m.sealed(string(x.answer.kept)))
	return p
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
func bodyPart(m *mask, contentType string, body *captured) Part {
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
		p.Text = indent(m.sealed(string(body.kept)))
	case "application/oauth-authz-req+jwt":
		p.Text = indent(m.jwt("", string(body.kept)))
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

// sealed takes a JWE apart and, where it can be opened, what it holds: JSON or a JWT (OpenID4VCI section 10, OpenID4VP sections 5.10.2, 8.3).
func (m *mask) sealed(compact string) any {
	kept := map[string]any{"jwe": m.jwt("", compact)}
	if m.decrypt == nil {
		return kept
	}
	raw, err := m.decrypt(compact)
	if err != nil {
		kept["opened"] = "(cannot be opened)"
	} else if v, err := decode(raw); err == nil {
		kept["opened"] = m.value("", v, fields)
	} else if strings.Count(string(raw), ".") == 2 {
		kept["opened"] = m.jwt("", string(raw))
	} else {
		kept["opened"] = fmt.Sprintf("(%d bytes that are not JSON)", len(raw))
	}
	return kept
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
