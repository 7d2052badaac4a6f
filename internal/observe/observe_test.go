package observe

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

func TestMiddleware(t *testing.T) {
	gin.SetMode(gin.TestMode)
	var out bytes.Buffer
	r := gin.New()
	r.Use(Middleware(Logger(&out), time.Now))
	seen := ""
	r.GET("/person/:id", func(c *gin.Context) { seen = TraceID(c.Request.Context()) })
	r.GET("/panic", func(*gin.Context) { panic("broken") })

	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	req := httptest.NewRequest(http.MethodGet, "/person/12865398148?code=secret", nil)
	req.Header.Set("Traceparent", "00-"+id+"-00f067aa0ba902b7-01")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	if seen != id || w.Header().Get("Trace-Id") != id {
		t.Errorf("trace id %q, header %q, want the caller's", seen, w.Header().Get("Trace-Id"))
	}
	for _, word := range []string{"12865398148", "secret"} {
		if strings.Contains(out.String(), word) {
			t.Errorf("the log holds %q", word)
		}
	}

	out.Reset()
	w = httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/panic", nil))
	if w.Code != http.StatusInternalServerError || w.Body.Len() != 0 {
		t.Errorf("a panic answered %d %q, want a silent 500", w.Code, w.Body)
	}
	if !strings.Contains(out.String(), w.Header().Get("Trace-Id")) || !strings.Contains(out.String(), "broken") {
		t.Error("the cause of the panic is not in the log under its trace id")
	}
}

func TestLinesAreInUTC(t *testing.T) {
	at := time.Date(2026, time.November, 23, 14, 5, 9, 0, time.FixedZone("", 3600))
	var out bytes.Buffer
	for name, log := range map[string]*slog.Logger{
		"plain": Logger(&out), "with": Logger(&out).With("a", 1), "in a group": Logger(&out).WithGroup("g"),
	} {
		out.Reset()
		if err := log.Handler().Handle(context.Background(), slog.NewRecord(at, slog.LevelInfo, "line", 0)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), `"time":"2026-11-23T13:05:09Z"`) {
			t.Errorf("%s: %s", name, &out)
		}
	}
}
