package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"

	"lommebok.example/web"
)

// G12, G13: when people are more than can be worked on, those who come too many are sent away with Retry-After, and neither
// wallets nor the question after the service's health notice.
func TestStormOfPeopleHoldsUpNobodyElse(t *testing.T) {
	site, err := web.New(web.Config{Service: "issuer", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.TestMode)
	r := gin.New()
	r.Use((&parts{site: site}).gates())
	inside, goOn := make(chan struct{}), make(chan struct{})
	r.GET("/login", func(*gin.Context) {
		inside <- struct{}{}
		<-goOn
	})
	for _, path := range []string{"/token", "/health", "/authorize", "/minid/app/attempts", "/minid"} {
		r.GET(path, func(c *gin.Context) { c.Status(http.StatusOK) })
	}
	var storm sync.WaitGroup
	ctx, tired := context.WithCancel(context.Background())
	for range running {
		storm.Go(func() {
			r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/login", nil))
		})
		<-inside
	}
	tired() // who comes now does not wait
	for path, want := range map[string]int{"/token": 200, "/health": 200, "/minid/app/attempts": 200, "/authorize": 503, "/minid": 503} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx))
		if w.Code != want || want == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d with Retry-After %q, want %d", path, w.Code, w.Header().Get("Retry-After"), want)
		}
	}
	close(goOn)
	storm.Wait()
}
