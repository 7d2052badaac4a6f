package serve

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

// What does not end by itself is told that the server stops, before the server waits for it.
func TestStoppingEndsWhatHasNoEnd(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endless, arrived := make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Listener(ctx, Config{Log: slog.New(slog.DiscardHandler), Stopping: func() { close(endless) },
			Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(arrived); <-endless })}, l)
	}()
	answered := make(chan error, 1)
	go func() {
		res, err := http.Get("http://" + l.Addr().String())
		if err == nil {
			err = res.Body.Close()
		}
		answered <- err
	}()
	<-arrived
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(stopTimeout / 2):
		t.Fatal("the server waits for a request without end")
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
