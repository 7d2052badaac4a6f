// Package openapitest holds what a service really serves against specs/openapi.yaml: its routes and its answers. For tests.
package openapitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"lommebok.example/specs"
)

// document reads the document once; it is the same for all tests.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(specs.OpenAPI)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(loader.Context)
})

func load(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Route is a method and a path as gin has them.
type Route struct{ Method, Path string }

var parameter = regexp.MustCompile(`[:*]([a-z]+)`)

// Routes fails for a route of the service that the document does not have under the tag, and for one that it has alone. A path with
// every method answers all but POST with 405, and is one route.
func Routes(t *testing.T, tag string, have []Route) {
	t.Helper()
	all := map[string]bool{}
	for _, r := range have {
		if r.Method == http.MethodDelete {
			all[r.Path] = true
		}
	}
	served := map[Route]bool{}
	for _, r := range have {
		if all[r.Path] && r.Method != http.MethodPost || r.Method == http.MethodHead {
			continue
		}
		served[Route{r.Method, parameter.ReplaceAllString(r.Path, "{$1}")}] = true
	}
	if len(served) < 8 {
		t.Fatalf("only %d routes", len(served))
	}
	written := map[Route]bool{}
	for path, item := range load(t).Paths.Map() {
		for method, op := range item.Operations() {
			if slices.Contains(op.Tags, tag) {
				written[Route{method, path}] = true
			}
		}
	}
	for r := range served {
		if !written[r] {
			t.Errorf("%s %s is served and not in openapi.yaml", r.Method, r.Path)
		}
	}
	for r := range written {
		if !served[r] {
			t.Errorf("%s %s is in openapi.yaml and not served", r.Method, r.Path)
		}
	}
}

// Paths gives the paths that have an operation with all of these tags, with parameters as gin has them.
func Paths(t testing.TB, tags ...string) []string {
	t.Helper()
	var paths []string
	for path, item := range load(t).Paths.Map() {
		for _, op := range item.Operations() {
			if !slices.ContainsFunc(tags, func(tag string) bool { return !slices.Contains(op.Tags, tag) }) {
				paths = append(paths, strings.NewReplacer("{", ":", "}", "").Replace(path))
			}
		}
	}
	return paths
}

// Checked answers as h does, and fails the test when an answer does not fit the document. Streams are left as they are.
func Checked(t testing.TB, tag string, h func() http.Handler) http.Handler {
	doc := load(t)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op := find(doc, tag, r.Method, r.URL.Path)
		if op == nil || strings.HasSuffix(r.URL.Path, "/events") {
			h().ServeHTTP(w, r)
			return
		}
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		h().ServeHTTP(rec, r)
		if err := Fits(op, rec.status, w.Header(), rec.body); err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		if err := checkForms(doc, tag, w.Header(), rec.body); err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
	})
}

// recorder keeps what is sent.
type recorder struct {
	http.ResponseWriter
	status int
	body   []byte
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.body = append(r.body, b...)
	return r.ResponseWriter.Write(b)
}

// Unwrap lets a handler reach what the server can besides.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

var errUndocumented = errors.New("openapi.yaml does not have")

// Fits tells whether an answer is one that the operation may give.
func Fits(op *openapi3.Operation, status int, h http.Header, body []byte) error {
	response := op.Responses.Value(strconv.Itoa(status))
	if response == nil {
		response = op.Responses.Default()
	}
	if response == nil {
		return fmt.Errorf("%w status %d here: %.200s", errUndocumented, status, body)
	}
	if len(body) == 0 {
		return nil
	}
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("Content-Type %q: %w", h.Get("Content-Type"), err)
	}
	content := response.Value.Content.Get(media)
	switch {
	case content == nil && op.Responses.Default() != nil:
		return nil // pages give styles, pictures and downloads besides
	case content == nil:
		return fmt.Errorf("%w %s with status %d here", errUndocumented, media, status)
	case media != "application/json":
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	return content.Schema.Value.VisitJSON(v, openapi3.VisitAsResponse())
}

// find gives the operation of a path, nil when there is none: of several that match, the one with the longest fixed part.
func find(doc *openapi3.T, tag, method, path string) *openapi3.Operation {
	var best *openapi3.Operation
	longest := -1
	for template, item := range doc.Paths.Map() {
		op := item.GetOperation(method)
		if op == nil || !slices.Contains(op.Tags, tag) || !matches(template, path) {
			continue
		}
		if fixed := len(strings.Split(template, "{")[0])*100 - strings.Count(template, "{"); fixed > longest {
			best, longest = op, fixed
		}
	}
	return best
}

func matches(template, path string) bool {
	if tail, ok := strings.CutSuffix(template, "/{path}"); ok {
		return strings.HasPrefix(path, tail+"/")
	}
	if tail, ok := strings.CutSuffix(template, "/{vct}"); ok {
		return strings.HasPrefix(path, tail+"/")
	}
	parts, given := strings.Split(template, "/"), strings.Split(path, "/")
	if len(parts) != len(given) {
		return false
	}
	for i := range parts {
		if !strings.HasPrefix(parts[i], "{") && parts[i] != given[i] {
			return false
		}
	}
	return true
}
