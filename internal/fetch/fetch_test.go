package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func server(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestGuardRefusesBeforeAnyConnection(t *testing.T) {
	reached := false
	base := server(t, func(http.ResponseWriter, *http.Request) { reached = true })
	port := base[strings.LastIndex(base, ":"):]
	for _, address := range []string{
		base, "https://127.0.0.1" + port, "https://localhost" + port, "https://[::1]" + port, "https://0.0.0.0" + port,
		"https://[::ffff:127.0.0.1]" + port, "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/",
		"https://169.254.169.254/latest", "https://[fd00::1]/", "https://[fe80::1]/", "file:///etc/passwd", "gopher://x/",
		"https://user:pass@example.org/", "//example.org/", "http://example.org/",
	} {
		if _, err := New(Config{}).Get(context.Background(), address); err == nil {
			t.Errorf("%s was fetched", address)
		}
	}
	if reached {
		t.Error("the server was reached")
	}
}

func TestLoopbackOnlyByTheDangerousSwitch(t *testing.T) {
	base := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{}`)
	})
	answer, err := New(Config{InsecureAllowLoopback: true}).Get(context.Background(), base, "application/json")
	if err != nil || string(answer.Body) != "{}" {
		t.Fatalf("got %v %v", answer, err)
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		h    http.HandlerFunc
		want error
	}{
		{"redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }, ErrRedirect},
		{"too large", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2000)) }, ErrTooLarge},
		{"content type", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, ErrContentType},
		{"status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New(Config{InsecureAllowLoopback: true, MaxBytes: 1000})
			_, err := c.Get(context.Background(), server(t, tt.h), "application/json")
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
