package openapitest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"golang.org/x/net/html"
)

// checkForms holds the forms of a page against the document: each that is posted to this service has an operation, and each of its
// fields is a property there.
func checkForms(doc *openapi3.T, tag string, h http.Header, body []byte) error {
	if !strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		return nil
	}
	page, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return err
	}
	var missing []error
	for n := range page.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || !strings.EqualFold(attribute(n, "method"), http.MethodPost) {
			continue
		}
		action, err := url.Parse(attribute(n, "action"))
		switch {
		case err != nil:
			missing = append(missing, err)
		case action.Host == "" && action.Path != "": // neither another service's, nor where the page stands
			missing = append(missing, checkForm(find(doc, tag, http.MethodPost, action.Path), action.Path, fields(n)))
		}
	}
	return errors.Join(missing...)
}

func checkForm(op *openapi3.Operation, path string, names []string) error {
	if op == nil {
		return fmt.Errorf("%w the form to %s", errUndocumented, path)
	}
	if len(names) == 0 {
		return nil
	}
	var properties openapi3.Schemas
	if op.RequestBody != nil {
		if content := op.RequestBody.Value.Content.Get("application/x-www-form-urlencoded"); content != nil {
			properties = content.Schema.Value.Properties
		}
	}
	var missing []error
	for _, name := range names {
		if properties[name] == nil {
			missing = append(missing, fmt.Errorf("%w the field %s of the form to %s", errUndocumented, name, path))
		}
	}
	return errors.Join(missing...)
}

// fields are the names of a form's controls, each once.
func fields(form *html.Node) (names []string) {
	for n := range form.Descendants() {
		if n.Type != html.ElementNode || !slices.Contains([]string{"input", "select", "textarea", "button"}, n.Data) {
			continue
		}
		if name := attribute(n, "name"); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
