package webtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// witness takes the failures that a check reports, to see that it can fail.
type witness struct {
	testing.TB
	failures []string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

const goodPage = `<!doctype html><html lang="nb"><head><title>En side</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/s.css"></head><body><main><h1>En side</h1><p>Med tekst.</p></main></body></html>`

func server(t *testing.T) *httptest.Server {
	pages := map[string]string{
		"/good":     goodPage,
		"/axe":      strings.Replace(goodPage, "<p>", `<img src="/none.png"><p>`, 1),
		"/overflow": strings.Replace(goodPage, "<p>", `<p class="wide">`, 1),
		"/small":    strings.Replace(goodPage, "<p>", `<button>x</button><p>`, 1),
		"/banner":   strings.Replace(goodPage, "<body>", `<body data-page="x"><p class="lb-banner" hidden>Demonstrasjon</p>`, 1),
		"/csp":      strings.Replace(goodPage, "<p>", `<script>document.title = "?"</script><p>`, 1),
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'")
		if r.URL.Path == "/s.css" {
			w.Header().Set("Content-Type", "text/css")
			fmt.Fprint(w, ".wide{width:2000px} button{width:24px;height:24px;margin:24px;padding:0}")
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, pages[r.URL.Path])
	}))
	t.Cleanup(s.Close)
	return s
}

func TestAxeFindsWhatIsWrong(t *testing.T) {
	b, s := Browser(t), server(t)
	for path, want := range map[string]string{
		"/good": "", "/axe": "image-alt", "/overflow": "wider than the window", "/small": "below 44 pixels", "/csp": "Content Security Policy", "/banner": "the banner is not shown",
	} {
		w := &witness{TB: t}
		b.Axe(w, s.URL+path)
		got := strings.Join(w.failures, "\n")
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: want %q, got %q", path, want, got)
		}
	}
}

func TestPagesThatWereNotSeen(t *testing.T) {
	all, err := Pages()
	if err != nil || len(all) < 30 {
		t.Fatalf("%d pages, %v", len(all), err)
	}
	some, err := Pages("eid", "common")
	if err != nil || strings.Join(some, " ") != "common_problem eid_service" {
		t.Fatalf("%v, %v", some, err)
	}
	if left := unseen(some, map[string]bool{"eid_service": true}); len(left) != 1 || left[0] != "common_problem" {
		t.Errorf("left %v", left)
	}
	if left := unseen(some, map[string]bool{"eid_service": true, "common_problem": true}); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestPictureOfEachView(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PICTURES", folder)
	b, s := Browser(t), server(t)
	b.Picture(t, s.URL+"/good", "good")
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(Views) {
		t.Errorf("%d pictures, want %d", len(files), len(Views))
	}
}
