package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

func TestBusy(t *testing.T) {
	s, err := New(Config{Service: "issuer", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.TestMode)
	r := gin.New()
	s.Mount(r)
	r.GET("/x", func(c *gin.Context) {
		s.Busy(c, Problem{Code: "busy", TextKey: "login.problem.busy", RetryAfter: 2500 * time.Millisecond})
	})
	for range 2 { // made, and kept
		for lang, want := range map[string]string{"nb": "Mange logger inn", "nn": "Mange loggar inn", "en": "Many people are logging in"} {
			w, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x?secret=1", nil)
			req.Header.Set("Accept-Language", lang)
			r.ServeHTTP(w, req)
			if w.Code != 503 || w.Header().Get("Retry-After") != "3" || w.Header().Get("Content-Language") != lang || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %d %v\n%s", lang, w.Code, w.Header(), w.Body)
			}
			if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'none'") {
				t.Errorf("the policy of a page without script: %s", policy)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Error("what is kept for all holds what one asked for")
			}
		}
	}
	w, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil)
	req.Header.Set("Accept", "application/json")
	r.ServeHTTP(w, req)
	if w.Code != 503 || !strings.Contains(w.Body.String(), `"error":"busy"`) {
		t.Errorf("as JSON: %d %s", w.Code, w.Body)
	}
}
