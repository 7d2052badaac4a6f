package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func start(t *testing.T, cfg Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Log = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Listener(ctx, cfg, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	return l.Addr().String()
}

func localClient(t *testing.T, dir string, change func(*tls.Config)) *http.Client {
	t.Helper()
	ca, err := os.ReadFile(filepath.Join(dir, LocalAuthority))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	cfg := &tls.Config{RootCAs: roots}
	change(cfg)
	tr := &http.Transport{TLSClientConfig: cfg}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func TestTLSVersionsAndSuites(t *testing.T) {
	dir := t.TempDir()
	cfg, err := LocalTLS(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	addr := start(t, Config{TLS: cfg, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })})
	tests := []struct {
		name   string
		change func(*tls.Config)
		ok     bool
	}{
		{"TLS 1.3", func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, true},
		{"TLS 1.2 with ECDHE and AEAD", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, true},
		{"TLS 1.2 with CBC", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
		}, false},
		{"TLS 1.1", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := localClient(t, dir, tt.change).Get("https://" + addr)
			if (err == nil) != tt.ok {
				t.Fatalf("got %v, want success %v", err, tt.ok)
			}
			if err == nil {
				_ = resp.Body.Close()
			}
		})
	}
}

func TestLocalAuthorityIsKept(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if _, err := LocalTLS(dir, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	ca, err := os.ReadFile(filepath.Join(dir, LocalAuthority))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LocalTLS(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(filepath.Join(dir, LocalAuthority))
	if err != nil || string(again) != string(ca) {
		t.Errorf("the authority changed: %v", err)
	}
}

func TestStopLetsRequestsFinish(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	inside, goOn := make(chan struct{}), make(chan struct{})
	cfg := Config{Log: slog.New(slog.DiscardHandler), Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(inside)
		<-goOn
		_, _ = io.WriteString(w, "finished")
	})}
	stopped := make(chan error, 1)
	go func() { stopped <- Listener(ctx, cfg, l) }()
	body := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			body <- err.Error()
			return
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		body <- string(b)
	}()
	<-inside
	cancel()
	close(goOn)
	if got := <-body; got != "finished" {
		t.Errorf("the running request got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
