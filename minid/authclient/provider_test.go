package authclient_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid/authclient"
	"lommebok.example/specs/oidc"
)

// gate stands before a provider: it counts who asks for keys, holds them, or turns them away.
type gate struct {
	*op
	asked   atomic.Int64
	down    atomic.Bool
	holding atomic.Bool
	held    chan struct{} // one for each who waits
	release chan struct{}
	clock   atomic.Int64 // since now
}

func newGate(t *testing.T) (*gate, *authclient.Client) {
	t.Helper()
	g := &gate{op: newOP(t), held: make(chan struct{}), release: make(chan struct{})}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.url = server.URL
	return g, g.client()
}

func (g *gate) client() *authclient.Client {
	return &authclient.Client{
		Issuer: g.url, InsecureAllowHTTP: true, Now: func() time.Time { return now.Add(time.Duration(g.clock.Load())) },
		Fetch: fetch.New(fetch.Config{Timeout: 5 * time.Second, InsecureAllowLoopback: true}),
	}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == oidc.ConfigurationPath {
		g.op.ServeHTTP(w, r)
		return
	}
	g.asked.Add(1)
	if g.holding.Load() {
		g.held <- struct{}{}
		<-g.release
	}
	if g.down.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	g.op.ServeHTTP(w, r)
}

func (g *gate) add(d time.Duration) { g.clock.Add(int64(d)) }

func provider(ctx context.Context, c *authclient.Client) error {
	_, keys, err := c.Provider(ctx)
	if err == nil && len(keys.Keys) == 0 {
		return errors.New("no keys")
	}
	return err
}

// A provider that is slow holds the one who reads: others go on with what was read before, or leave when they no longer wait.
func TestSlowProviderHoldsNobodyElse(t *testing.T) {
	g, known := newGate(t)
	if err := provider(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	g.add(2 * time.Minute)
	g.holding.Store(true)
	unknown, done := g.client(), make(chan error, 2)
	for _, c := range []*authclient.Client{known, unknown} {
		go func() { done <- provider(t.Context(), c) }()
		<-g.held
	}
	if err := provider(t.Context(), known); err != nil {
		t.Errorf("with keys that will do: %v", err)
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if err := provider(left, unknown); !errors.Is(err, context.Canceled) || !errors.Is(err, authclient.ErrProvider) {
		t.Errorf("who has left: %v", err)
	}
	close(g.release)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// Who leaves while they read does not make a failure for the others.
func TestCallerWhoLeavesSpoilsNothing(t *testing.T) {
	g, c := newGate(t)
	g.holding.Store(true)
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- provider(ctx, c) }()
	<-g.held
	leave()
	close(g.release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := provider(t.Context(), c); err != nil || g.asked.Load() != 1 {
		t.Errorf("%v, asked %d times", err, g.asked.Load())
	}
}

// What was read outlives a provider that is down, for a bounded time; and a provider that is down is left alone for a while.
func TestKeysOutliveAFailureForAWhile(t *testing.T) {
	g, c := newGate(t)
	for _, step := range []struct {
		name  string
		later time.Duration
		down  bool
		want  error
		asked int64 // in all
	}{
		{"the first time", 0, true, authclient.ErrProvider, 1},
		{"again at once, though it is up", 0, false, authclient.ErrProvider, 1},
		{"a while later", 5 * time.Second, false, nil, 2},
		{"young keys", time.Minute, true, nil, 2},
		{"old keys, and it is down", time.Second, true, nil, 3},
		{"again at once", 0, true, nil, 3},
		{"a while later", 5 * time.Second, true, nil, 4},
		{"at the last moment", 9*time.Minute + 54*time.Second, true, nil, 5},
		{"too old", time.Second, true, authclient.ErrProvider, 5},
		{"it is up", 5 * time.Second, false, nil, 6},
	} {
		g.add(step.later)
		g.down.Store(step.down)
		if err := provider(t.Context(), c); !errors.Is(err, step.want) {
			t.Errorf("%s: %v, want %v", step.name, err, step.want)
		}
		if got := g.asked.Load(); got != step.asked {
			t.Errorf("%s: asked %d times, want %d", step.name, got, step.asked)
		}
	}
}
