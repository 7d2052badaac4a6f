package browser

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Page is what a browser shows.
type Page struct {
	URL      *url.URL
	Status   int
	Heading  string
	Texts    []string // paragraphs, list items, facts and alerts of main, in their order
	Errors   []string // what the page says is to be corrected
	Forms    []*Form
	Links    []Link
	Raw      []byte
	document *html.Node
}

// Form is a form with what is filled in already.
type Form struct {
	Action  string
	Method  string // as it is written, in capitals; "" is GET
	Fields  url.Values
	Names   []string // of the inputs that a person sees
	Buttons []Button
}

// Button sends a form; its Name and Value go with it.
type Button struct{ Name, Value, Text string }

// Link is an anchor with an address. Describes is the text that aria-describedby points at.
type Link struct{ Href, Text, Describes string }

func parsePage(address *url.URL, status int, body []byte) (*Page, error) {
	document, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("browser: %s is not HTML: %w", address.Path, err)
	}
	p := &Page{URL: address, Status: status, Raw: body, document: document}
	root := first(document, func(n *html.Node) bool { return n.Data == "main" })
	if root == nil {
		root = document
	}
	for n := range root.Descendants() {
		p.take(n)
	}
	return p, nil
}

func (p *Page) take(n *html.Node) {
	if n.Type != html.ElementNode {
		return
	}
	switch n.Data {
	case "h1":
		p.Heading = text(n)
	case "h2", "p", "li", "dt", "dd", "td":
		if t := text(n); t != "" && !slices.Contains(p.Texts, t) {
			p.Texts = append(p.Texts, t)
		}
	case "a":
		if href := attr(n, "href"); href != "" {
			p.Links = append(p.Links, Link{Href: href, Text: text(n), Describes: p.TextOf(attr(n, "aria-describedby"))})
		}
		if within(n, "ds-error-summary") {
			p.Errors = append(p.Errors, text(n))
		}
	case "form":
		p.Forms = append(p.Forms, formOf(n))
	}
}

func formOf(n *html.Node) *Form {
	f := &Form{Action: attr(n, "action"), Method: strings.ToUpper(attr(n, "method")), Fields: url.Values{}}
	for c := range n.Descendants() {
		if c.Type != html.ElementNode {
			continue
		}
		name, kind := attr(c, "name"), strings.ToLower(attr(c, "type"))
		switch {
		case c.Data == "button" && kind != "button":
			f.Buttons = append(f.Buttons, Button{Name: name, Value: attr(c, "value"), Text: text(c)})
		case name == "" || c.Data == "button":
		case c.Data == "input" && (kind == "checkbox" || kind == "radio") && !has(c, "checked"):
		case c.Data == "input" || c.Data == "textarea" || c.Data == "select":
			f.Fields.Add(name, attr(c, "value"))
			if kind != "hidden" {
				f.Names = append(f.Names, name)
			}
		}
	}
	return f
}

// Form finds the form that has all of the fields, nil when there is none.
func (p *Page) Form(fields ...string) *Form {
	for _, f := range p.Forms {
		if !slices.ContainsFunc(fields, func(name string) bool { return !f.Fields.Has(name) }) {
			return f
		}
	}
	return nil
}

// FormTo finds the form that is sent to a path.
func (p *Page) FormTo(path string) *Form {
	for _, f := range p.Forms {
		if f.Action == path {
			return f
		}
	}
	return nil
}

// FormWith finds the form that has a button with this name and value.
func (p *Page) FormWith(name, value string) *Form {
	for _, f := range p.Forms {
		if slices.ContainsFunc(f.Buttons, func(b Button) bool { return b.Name == name && b.Value == value }) {
			return f
		}
	}
	return nil
}

// Choice finds what a person chooses by its words: a radio button or box by its label, or an option of a list. Both are ""
// when there is none.
func (p *Page) Choice(words string) (name, value string) {
	for n := range p.document.Descendants() {
		if n.Type != html.ElementNode || text(n) != words {
			continue
		}
		switch n.Data {
		case "option":
			return attr(n.Parent, "name"), attr(n, "value")
		case "label":
			if input := first(p.document, func(i *html.Node) bool { return attr(i, "id") == attr(n, "for") }); input != nil {
				return attr(input, "name"), attr(input, "value")
			}
		}
	}
	return "", ""
}

// TextOf is the text of the element with this id.
func (p *Page) TextOf(id string) string {
	if id == "" {
		return ""
	}
	return text(first(p.document, func(n *html.Node) bool { return attr(n, "id") == id }))
}

// TextOfClass is the text of the first element with this class.
func (p *Page) TextOfClass(class string) string {
	return text(first(p.document, func(n *html.Node) bool { return slices.Contains(strings.Fields(attr(n, "class")), class) }))
}

// Says is the page in one line: for messages.
func (p *Page) Says() string {
	return strings.Join(append([]string{p.Heading}, p.Texts...), " | ")
}

func first(n *html.Node, is func(*html.Node) bool) *html.Node {
	for c := range n.Descendants() {
		if c.Type == html.ElementNode && is(c) {
			return c
		}
	}
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func within(n *html.Node, class string) bool {
	for ; n != nil; n = n.Parent {
		if slices.Contains(strings.Fields(attr(n, "class")), class) {
			return true
		}
	}
	return false
}

// text is what a person reads in an element, its blanks made one.
func text(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode && c.Parent.Data != "script" && c.Parent.Data != "style" {
			b.WriteString(c.Data)
		}
		if c.Type == html.ElementNode && c.Data == "br" {
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
