package login_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lommebok.example/internal/metrics"
	"lommebok.example/minid"
	"lommebok.example/minid/login"
	"lommebok.example/web"

	"github.com/gin-gonic/gin"
)

func (s *service) operator(t testing.TB, token string, open bool) http.Handler {
	t.Helper()
	site, err := web.New(web.Config{Service: "issuer"})
	check(t, err)
	r := gin.New()
	site.Mount(r)
	(&login.Operator{Core: s.core, Site: site, Token: token, InsecureOpen: open, Metrics: metrics.New().Handler()}).Mount(r)
	return r
}

func TestOperatorSeesSharesOfLogins(t *testing.T) {
	s := newService(t)
	s.registerSMS(t)
	for range 2 {
		s.person(t).signIn(s, karies, "substantial")
	}
	p := s.person(t)
	p.get("/service")
	p.submit("/login/password", "pid", befal, "password", password)
	p.submit("/login/sms", "code", s.post.code(t, minid.ChannelSMS))
	w := httptest.NewRecorder()
	s.operator(t, "", true).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/operator/logins", nil))
	for _, want := range []string{"67 %", "33 %", "0 %", "2026-03-02", "<table", "<caption"} {
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Fatalf("%d, no %q:\n%s", w.Code, want, w.Body)
		}
	}
	if strings.Contains(w.Body.String(), karies) || strings.Contains(w.Body.String(), befal) {
		t.Error("the page says who")
	}
}

func TestOperatorNeedsTheToken(t *testing.T) {
	s := newService(t)
	for name, c := range map[string]struct {
		token  string
		header func(*http.Request)
		status int
	}{
		"not there":      {"", func(*http.Request) {}, http.StatusNotFound},
		"nothing given":  {"hemmelig", func(*http.Request) {}, http.StatusUnauthorized},
		"empty bearer":   {"hemmelig", func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, http.StatusUnauthorized},
		"wrong bearer":   {"hemmelig", func(r *http.Request) { r.Header.Set("Authorization", "Bearer hemmeli") }, http.StatusUnauthorized},
		"wrong password": {"hemmelig", func(r *http.Request) { r.SetBasicAuth("x", "feil") }, http.StatusUnauthorized},
		"bearer":         {"hemmelig", func(r *http.Request) { r.Header.Set("Authorization", "Bearer hemmelig") }, http.StatusOK},
		"password":       {"hemmelig", func(r *http.Request) { r.SetBasicAuth("x", "hemmelig") }, http.StatusOK},
	} {
		for _, page := range []string{"/operator/logins", "/operator/metrics"} {
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, page, nil)
			c.header(r)
			s.operator(t, c.token, false).ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("%s, %s: %d, want %d", page, name, w.Code, c.status)
			}
		}
	}
}
