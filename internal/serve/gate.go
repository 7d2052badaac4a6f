package serve

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// Gate bounds how many requests are worked on at once. A few more wait for their turn, for a while; the rest is sent away at
// once, which costs next to nothing. Without it ten thousand callers get an answer each, and all of them too late.
type Gate struct {
	Wait time.Duration // the longest that a request waits for its turn
	Work time.Duration // the longest that it has its turn; then its context ends, by ErrTooLong; 0: any time

	running, line chan struct{}
}

// ErrTooLong is why the context of a request ended that had its turn for too long: it could not be answered in time any more.
var ErrTooLong = errors.New("serve: the request took too long")

// NewGate lets so many run and so many wait.
func NewGate(running, waiting int, wait time.Duration) *Gate {
	return &Gate{Wait: wait, running: make(chan struct{}, running), line: make(chan struct{}, running+waiting)}
}

// Enter takes a turn; false when none is to be had. leave gives it back, and may be called more than once.
func (g *Gate) Enter(ctx context.Context) (leave func(), ok bool) {
	select {
	case g.line <- struct{}{}:
	default:
		return nil, false
	}
	leave = sync.OnceFunc(func() { <-g.running; <-g.line })
	select {
	case g.running <- struct{}{}:
		return leave, true
	default:
	}
	longest := time.NewTimer(g.Wait)
	defer longest.Stop()
	select {
	case g.running <- struct{}{}:
		return leave, true
	case <-longest.C:
	case <-ctx.Done():
	}
	<-g.line
	return nil, false
}

// Middleware lets a request through in its turn, and has refuse answer it otherwise. A request that begins to stream, or that
// waits for something of which there is little, steps aside for others: the former by flushing, the latter by the function
// that put hands to whoever makes it wait.
func (g *Gate) Middleware(refuse func(*gin.Context), put func(ctx context.Context, leave func()) context.Context) gin.HandlerFunc {
	return func(c *gin.Context) {
		leave, ok := g.Enter(c.Request.Context())
		if !ok {
			refuse(c)
			c.Abort()
			return
		}
		ctx, cancel := context.WithCancelCause(c.Request.Context())
		defer cancel(nil)
		if g.Work > 0 {
			late := time.AfterFunc(g.Work, func() { cancel(ErrTooLong) })
			give := leave
			leave = func() {
				late.Stop()
				give()
			}
		}
		defer leave()
		c.Request = c.Request.WithContext(put(ctx, leave))
		c.Writer = &streaming{c.Writer, leave}
		c.Next()
	}
}

// streaming leaves the gate with the first flush: a stream may last for minutes and does next to nothing.
type streaming struct {
	gin.ResponseWriter
	leave func()
}

func (s *streaming) Flush() {
	s.leave()
	s.ResponseWriter.Flush()
}

// Unwrap lets http.ResponseController reach the deadlines of the connection.
func (s *streaming) Unwrap() http.ResponseWriter { return s.ResponseWriter }
