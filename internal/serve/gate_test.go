package serve

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

func TestGate(t *testing.T) {
	g := NewGate(1, 1, 10*time.Millisecond)
	leave, ok := g.Enter(context.Background())
	if !ok {
		t.Fatal("the first was sent away")
	}
	if _, ok := g.Enter(context.Background()); ok {
		t.Error("the second did not wait in vain")
	}
	g.Wait = time.Hour
	entered := make(chan func(), 1)
	go func() {
		second, _ := g.Enter(context.Background())
		entered <- second
	}()
	for len(g.line) < 2 {
		runtime.Gosched() // until the second stands in line
	}
	if _, ok := g.Enter(context.Background()); ok {
		t.Error("the third found a place in a line of one")
	}
	leave()
	leave() // gives back one turn, not two
	second := <-entered
	if len(g.running) != 1 || len(g.line) != 1 {
		t.Errorf("%d running and %d in line, want 1 and 1", len(g.running), len(g.line))
	}
	second()
	full, ok := g.Enter(context.Background())
	if !ok {
		t.Fatal("nobody was before, and there was no turn")
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, ok := g.Enter(gone); ok {
		t.Error("somebody who is gone was let in")
	}
	full()
	if len(g.running) != 0 || len(g.line) != 0 {
		t.Errorf("%d running and %d in line at the end", len(g.running), len(g.line))
	}
}

type leaveKey struct{}

// A request that streams, or waits for something else, does not keep others out; one that works does.
func TestGateIsLeftByWhoOnlyWaits(t *testing.T) {
	gin.SetMode(gin.TestMode)
	g := NewGate(1, 0, time.Millisecond)
	inside, goOn := make(chan struct{}), make(chan struct{})
	r := gin.New()
	r.Use(g.Middleware(func(c *gin.Context) { c.Status(http.StatusServiceUnavailable) },
		func(ctx context.Context, leave func()) context.Context {
			return context.WithValue(ctx, leaveKey{}, leave)
		}))
	hold := func(before func(*gin.Context)) gin.HandlerFunc {
		return func(c *gin.Context) {
			before(c)
			inside <- struct{}{}
			<-goOn
		}
	}
	r.GET("/work", hold(func(*gin.Context) {}))
	r.GET("/stream", hold(func(c *gin.Context) { c.Writer.Flush() }))
	r.GET("/wait", hold(func(c *gin.Context) {
		leave, ok := c.Request.Context().Value(leaveKey{}).(func())
		if !ok {
			t.Error("no way to step aside")
			return
		}
		leave()
	}))
	r.GET("/quick", func(c *gin.Context) { c.Status(http.StatusOK) })
	ask := func(path string) int {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code
	}
	for path, want := range map[string]int{"/work": http.StatusServiceUnavailable, "/stream": http.StatusOK, "/wait": http.StatusOK} {
		var holding sync.WaitGroup
		holding.Go(func() { ask(path) })
		<-inside
		if got := ask("/quick"); got != want {
			t.Errorf("beside %s: %d, want %d", path, got, want)
		}
		goOn <- struct{}{}
		holding.Wait()
	}
	if got := ask("/quick"); got != http.StatusOK {
		t.Errorf("at the end: %d", got)
	}
}

// What cannot be answered in time any more is given up, unless it streams.
func TestGateEndsWhatTakesTooLong(t *testing.T) {
	gin.SetMode(gin.TestMode)
	g := NewGate(1, 0, time.Millisecond)
	g.Work = 20 * time.Millisecond
	r := gin.New()
	r.Use(g.Middleware(func(*gin.Context) {}, func(ctx context.Context, _ func()) context.Context { return ctx }))
	causes := make(chan error, 1)
	r.GET("/work", func(c *gin.Context) {
		<-c.Request.Context().Done()
		causes <- context.Cause(c.Request.Context())
	})
	r.GET("/stream", func(c *gin.Context) {
		c.Writer.Flush()
		select {
		case <-c.Request.Context().Done():
		case <-time.After(200 * time.Millisecond): // ten times what a request has
		}
		causes <- context.Cause(c.Request.Context())
	})
	for _, path := range []string{"/work", "/stream"} {
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
		if cause := <-causes; (path == "/work") != errors.Is(cause, ErrTooLong) {
			t.Errorf("%s ended by %v", path, cause)
		}
	}
}

// G10, at a small scale: who sends the header, or the body, too slowly is cut off in time, and others are served meanwhile.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	addr := start(t, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := http.MaxBytesReader(w, r.Body, 1<<10)
		if _, err := body.Read(make([]byte, 1<<10)); err != nil && r.ContentLength > 0 {
			w.WriteHeader(http.StatusBadRequest)
		}
	})})
	var wait sync.WaitGroup
	for name, c := range map[string]struct {
		sent  string
		limit time.Duration
	}{
		"header": {"GET / HTTP/1.1\r\nHost: x\r\n", readHeaderTimeout},
		"body":   {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n", readTimeout},
	} {
		for range 50 {
			wait.Go(func() {
				conn := dial(t, addr)
				begun := time.Now()
				if _, err := conn.Write([]byte(c.sent)); err != nil {
					t.Error(err)
				}
				_, err := bufio.NewReader(conn).ReadString(0) // until the server closes
				if took := time.Since(begun); err == nil || took > c.limit+2*time.Second || took < c.limit/2 {
					t.Errorf("slow %s: closed after %s with %v, want %s", name, took, err, c.limit)
				}
			})
		}
	}
	for range 20 {
		begun := time.Now()
		resp, err := http.Get("http://" + addr + "/")
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK || time.Since(begun) > time.Second {
			t.Errorf("a good client: %d after %s", resp.StatusCode, time.Since(begun))
		}
	}
	wait.Wait()
}

// G10: who does not read the answer does not hold its connection for longer than the write limit.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	ended := make(chan time.Duration, 1)
	addr := start(t, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		begun, block := time.Now(), make([]byte, 1<<20)
		for time.Since(begun) < 2*writeTimeout {
			if _, err := w.Write(block); err != nil {
				break
			}
		}
		ended <- time.Since(begun)
	})})
	if _, err := dial(t, addr).Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if took := <-ended; took > writeTimeout+2*time.Second {
		t.Errorf("the answer was given up after %s, want %s", took, writeTimeout)
	}
}

// G11: a header over 16 KiB is refused with 431.
func TestHeaderTooLarge(t *testing.T) {
	addr := start(t, Config{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})})
	const slack = 8 << 10 // net/http reads on for as much as its buffers hold
	for size, want := range map[int]int{maxHeaderBytes - 512: http.StatusOK, maxHeaderBytes + slack + 1: http.StatusRequestHeaderFieldsTooLarge} {
		req, err := http.NewRequest(http.MethodGet, "http://"+addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Long", strings.Repeat("x", size))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != want {
			t.Errorf("%d bytes: %d, want %d", size, resp.StatusCode, want)
		}
	}
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the server may have been first
	return conn
}

// A stream outlives the server's deadlines, which it can only lift when the gate does not stand in the way.
func TestGateLeavesTheDeadlinesToTheStream(t *testing.T) {
	gin.SetMode(gin.TestMode)
	r := gin.New()
	r.Use(NewGate(1, 0, time.Millisecond).Middleware(func(*gin.Context) {},
		func(ctx context.Context, _ func()) context.Context { return ctx }))
	r.GET("/stream", func(c *gin.Context) {
		rc := http.NewResponseController(c.Writer)
		if err := errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Time{}), rc.Flush()); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(r)
	defer server.Close()
	res, err := http.Get(server.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}
