package web

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
)

func newSite(t *testing.T, cfg Config) *Site {
	t.Helper()
	if cfg.Service == "" {
		cfg.Service = "issuer"
	}
	cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	site, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// newEngine has one problem page at /problem and whatever add mounts.
func newEngine(t *testing.T, site *Site, add func(gin.IRouter)) http.Handler {
	t.Helper()
	gin.SetMode(gin.TestMode)
	r := gin.New()
	site.Mount(r)
	r.GET("/problem", func(c *gin.Context) {
		site.Problem(c, Problem{Status: http.StatusTeapot, Code: "short_and_stout", TextKey: "common.problem.server_error"})
	})
	if add != nil {
		add(r)
	}
	return r
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

func TestProblemPage(t *testing.T) {
	h := newEngine(t, newSite(t, Config{}), nil)
	rec := get(h, "/problem", "Accept", "text/html,*/*;q=0.8")
	body := rec.Body.String()
	for _, want := range []string{
		`<html lang="nb"`, "<title>Feil: Noe gikk galt hos oss – Utsteder av bevis</title>", `<h1 class="ds-heading" data-size="md">Noe gikk galt hos oss</h1>`,
		"short_and_stout", "Dette er en demonstrasjon", `href="/"`, `href="/problem?lang=nn" lang="nn" hreflang="nn"`, `href="#main"`, `id="main"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if rec.Code != http.StatusTeapot {
		t.Errorf("status %d, want 418", rec.Code)
	}
	if n := strings.Count(body, "<h1"); n != 1 {
		t.Errorf("%d h1, want 1", n)
	}
}

func TestProblemAsJSON(t *testing.T) {
	h := newEngine(t, newSite(t, Config{}), nil)
	for accept, wantJSON := range map[string]bool{
		"application/json":                   true,
		"application/json, text/html;q=0.5":  true,
		"text/html;q=0.5, application/*":     true,
		"text/html, application/json":        false,
		"text/html,application/xhtml+xml":    false,
		"*/*":                                false,
		"":                                   false,
		"application/json;q=0":               false,
		"application/json;q=x":               false,
		"text/html;q=0.1, */*;q=0.9":         true,
		"application/json;q=0.2, */*;q=0.9":  false,
		";;;, application/json":              true,
		"application/jsonx":                  false,
		"text/html; level=1;q=0.9, image/*":  false,
		"text/*;q=0.3, application/json;q=1": true,
	} {
		rec := get(h, "/problem", "Accept", accept)
		var got map[string]string
		isJSON := json.Unmarshal(rec.Body.Bytes(), &got) == nil
		if isJSON != wantJSON {
			t.Errorf("Accept %q: JSON %t, want %t", accept, isJSON, wantJSON)
		}
		if _, traced := got["trace_id"]; isJSON && (got["error"] != "short_and_stout" || got["error_description"] == "" || !traced) {
			t.Errorf("Accept %q: %v", accept, got)
		}
	}
}

// The person reads a trace id to the help desk, which finds the line.
func TestProblemIsLoggedUnderItsTraceID(t *testing.T) {
	site, log := newSite(t, Config{}), &strings.Builder{}
	site.cfg.Log = slog.New(slog.NewTextHandler(log, nil))
	h := newEngine(t, site, func(r gin.IRouter) {
		r.GET("/traced", observe.Middleware(slog.New(slog.DiscardHandler), time.Now), func(c *gin.Context) {
			site.Problem(c, Problem{Status: http.StatusTeapot, Code: "short_and_stout"})
		})
	})
	rec := get(h, "/traced")
	if id := rec.Header().Get("Trace-Id"); id == "" || !strings.Contains(log.String(), "trace_id="+id) || !strings.Contains(log.String(), "code=short_and_stout") {
		t.Errorf("trace id %q, log %s", id, log)
	}
}

func TestUnknownPathAndMethod(t *testing.T) {
	h := newEngine(t, newSite(t, Config{}), nil)
	if rec := get(h, "/nowhere"); rec.Code != http.StatusNotFound || !strings.Contains(rec.Body.String(), "Vi finner ikke siden") {
		t.Errorf("unknown path: %d", rec.Code)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/problem", nil))
	if rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("unknown method: %d", rec.Code)
	}
}

// RFC 9700 section 4.12: a slash too many leads nowhere, with a form least of all, whatever a header says in front.
func TestSlashAtTheEndIsAnUnknownPath(t *testing.T) {
	h := newEngine(t, newSite(t, Config{}), nil)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		r := httptest.NewRequest(method, "/problem/", nil)
		r.Header.Set("X-Forwarded-Prefix", "/elsewhere")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != http.StatusNotFound || rec.Header().Get("Location") != "" || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", method, rec.Code, rec.Header())
		}
	}
}

func TestPageThatDoesNotRenderIsASilent500(t *testing.T) {
	site := newSite(t, Config{})
	h := newEngine(t, site, func(r gin.IRouter) {
		r.GET("/none", func(c *gin.Context) { site.Render(c, http.StatusOK, "common_none", nil) })
		r.GET("/data", func(c *gin.Context) { site.Render(c, http.StatusOK, "common_problem", map[string]string{}) })
	})
	for _, path := range []string{"/none", "/data"} {
		rec := get(h, path)
		if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), "<") || strings.Contains(rec.Body.String(), "common_") {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
}

func TestUnknownService(t *testing.T) {
	if _, err := New(Config{Service: "nobody"}); err == nil || !strings.Contains(err.Error(), "common.service.nobody") {
		t.Errorf("want an error that names the missing text, got %v", err)
	}
}

func TestAssets(t *testing.T) {
	site := newSite(t, Config{})
	h := newEngine(t, site, nil)
	address, err := site.assetURL("lommebok.css")
	if err != nil {
		t.Fatal(err)
	}
	rec := get(h, address)
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("versioned: %d %v", rec.Code, rec.Header())
	}
	rec = get(h, "/assets/lommebok.css?v=old")
	if rec.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("another version must not be kept for ever: %v", rec.Header())
	}
	if rec = get(h, "/assets/lommebok.css", "If-None-Match", rec.Header().Get("ETag")); rec.Code != http.StatusNotModified {
		t.Errorf("known version: %d, want 304", rec.Code)
	}
	for _, path := range []string{"/assets/", "/assets/vendor", "/assets/../site.go", "/assets/%2e%2e/site.go", "/assets/none.css"} {
		if rec := get(h, path); rec.Code == http.StatusOK {
			t.Errorf("%s was served", path)
		}
	}
	if _, err := site.assetURL("none.css"); err == nil {
		t.Error("an asset that does not exist has an address")
	}
}

// Pages are parsed when they are asked for, but one that is wrong is seen at the start.
func TestAPageThatIsWrongEndsTheStart(t *testing.T) {
	site := newSite(t, Config{})
	fsys := fstest.MapFS{
		"templates/layout.html":          {Data: []byte("{{template \"main\" .}}")},
		"templates/common_partials.html": {Data: []byte("{{define \"none\"}}{{end}}")},
		"templates/broken.html":          {Data: []byte("{{define \"main\"}}{{if}}{{end}}")},
	}
	if _, err := site.loadPages(fsys); err == nil || !strings.Contains(err.Error(), "web: broken: ") {
		t.Errorf("got %v, want an error that names the page", err)
	}
}
