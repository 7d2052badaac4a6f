package metrics

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
)

func TestMetrics(t *testing.T) {
	gin.SetMode(gin.TestMode)
	m, at := New(), time.Unix(0, 0)
	now := func() time.Time { at = at.Add(20 * time.Millisecond); return at }
	r := gin.New()
	r.Use(m.Middleware(now), observe.Middleware(slog.New(slog.DiscardHandler), now))
	r.GET("/person/:id", func(c *gin.Context) {
		observe.Refused(c.Request.Context(), "not_found")
		c.Status(http.StatusNotFound)
	})
	r.GET("/other", func(c *gin.Context) { observe.Refused(c.Request.Context(), "access_denied") })
	r.GET("/panic", func(*gin.Context) { panic("broken") })
	m.Event("login", "totp")
	m.Gauge("waiting", "Who waits.", func() float64 { return 7 })
	for _, request := range [][2]string{
		{"GET", "/person/12865398148?code=secret"}, {"GET", "/panic"}, {"GET", "/nowhere/12865398148"}, {"HACK12865398148", "/person/1"},
	} {
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(request[0], request[1], nil))
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	for _, want := range []string{
		`lommebok_request_seconds_count{method="GET",route="/person/:id",status="404"} 1`,
		`lommebok_request_seconds_count{method="GET",route="/panic",status="500"} 1`,
		`lommebok_request_seconds_count{method="GET",route="",status="404"} 1`,
		`lommebok_request_seconds_count{method="other",route="",status="404"} 1`,
		`lommebok_refusals_total{code="not_found"} 1`,
		`lommebok_events_total{detail="totp",event="login"} 1`,
		`lommebok_waiting 7`,
		`process_resident_memory_bytes`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
	}
	m.Event("refused", "not_a_refusal")
	for range 3 {
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/other", nil))
	}
	if got, err := m.Refusals(); err != nil || !slices.Equal(got, []Count{{"access_denied", 3}, {"not_found", 1}}) {
		t.Errorf("refusals %v, %v", got, err)
	}
	for _, personal := range []string{"12865398148", "secret", "HACK"} {
		if strings.Contains(w.Body.String(), personal) {
			t.Errorf("the metrics hold %s", personal)
		}
	}
}
