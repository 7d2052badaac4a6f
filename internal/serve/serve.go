// Package serve runs the HTTP server of a service: limits for slow and large requests, TLS, and an orderly stop.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Config says where and how to serve. TLS nil means plain http.
type Config struct {
	Addr    string
	TLS     *tls.Config
	Handler http.Handler
	Log     *slog.Logger
	// Stopping is called when the server stops, before it waits for the running requests: to end those without end. nil
	// for nothing.
	Stopping func()
}

// The limits of every server. The write limit leaves room for a password that waits in the queue for hashing.
const (
	readHeaderTimeout = 3 * time.Second
	readTimeout       = 5 * time.Second
	writeTimeout      = 10 * time.Second
	idleTimeout       = 30 * time.Second
	maxHeaderBytes    = 16 << 10
	stopTimeout       = 10 * time.Second

	// acceptors take new connections. One alone gets too few turns among thousands of requests: the kernel's line of new
	// connections overflows, and whoever is dropped from it waits a second or three before trying again.
	acceptors = 8
)

// closedOnce is a listener that several acceptors share, each of which closes it at the end.
type closedOnce struct {
	net.Listener
	close func() error
}

func (l *closedOnce) Close() error { return l.close() }

// Run serves until ctx ends, then lets the running requests finish, for ten seconds at most.
func Run(ctx context.Context, cfg Config) error {
	l, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return Listener(ctx, cfg, l)
}

// Listener is Run on a listener that is open already.
func Listener(ctx context.Context, cfg Config, l net.Listener) error {
	srv := &http.Server{
		Handler: cfg.Handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
	}
	if cfg.TLS != nil {
		l = tls.NewListener(l, cfg.TLS)
	}
	l = &closedOnce{Listener: l, close: sync.OnceValue(l.Close)}
	failed := make(chan error, acceptors)
	for range acceptors {
		go func() { failed <- srv.Serve(l) }()
	}
	cfg.Log.Info("serving", "address", l.Addr().String(), "tls", cfg.TLS != nil)
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	if cfg.Stopping != nil {
		cfg.Stopping()
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		return errors.Join(fmt.Errorf("serve: stopping: %w", err), srv.Close())
	}
	return nil
}
