// Package observe writes what a service did: one line of JSON an event, joined by the trace id of the request (W3C
// Trace Context). Nothing personal goes into a line: no query, no body, no header, no address of a person.
package observe

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

// Logger gives a logger of JSON lines with times in UTC.
func Logger(w io.Writer) *slog.Logger { return slog.New(utc{slog.NewJSONHandler(w, nil)}) }

// utc sets the time of a line itself: a ReplaceAttr of slog is asked for every attribute, which costs as much as the line.
type utc struct{ slog.Handler }

// Handle implements slog.Handler.
func (u utc) Handle(ctx context.Context, r slog.Record) error {
	r.Time = r.Time.UTC()
	return u.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (u utc) WithAttrs(attrs []slog.Attr) slog.Handler { return utc{u.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (u utc) WithGroup(name string) slog.Handler { return utc{u.Handler.WithGroup(name)} }

// request is what is known of a request under way.
type request struct {
	trace string
	code  atomic.Value // string; of the refusal

	recording bool
	recorded  string // the address of its record, "" for none
	links     []Link
	asked     []byte // the request, decrypted; nil when it was not encrypted
	opened    func() ([]byte, error)
	findings  []Finding
}

type requestKey struct{}

func of(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// traceparent of W3C Trace Context, version 00.
var traceparent = regexp.MustCompile(`^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$`)

// TraceID gives the trace id of the request, 32 hexadecimal digits, or "" outside of one.
func TraceID(ctx context.Context) string {
	if r := of(ctx); r != nil {
		return r.trace
	}
	return ""
}

// Refused notes the code that the request is refused with, one of the program's own words, for the access line and the
// metrics.
func Refused(ctx context.Context, code string) {
	if r := of(ctx); r != nil {
		r.code.Store(code)
	}
}

// Refusal is the code that Refused noted, "" for none.
func Refusal(ctx context.Context) string {
	if r := of(ctx); r != nil {
		code, _ := r.code.Load().(string)
		return code
	}
	return ""
}

// Link is something that this request has in common with others of one transaction. Value may be a secret, and is kept in memory
// alone.
type Link struct{ Kind, Value string }

// Record tells that the request is recorded, and at which address its record can be read, "" where nobody is told. It is called before
// the handler, and what follows by the handler's goroutine.
func Record(ctx context.Context, address string) {
	if r := of(ctx); r != nil {
		r.recording, r.recorded = true, address
	}
}

// recording is the request when it is recorded, else nil.
func recording(ctx context.Context) *request {
	if r := of(ctx); r != nil && r.recording {
		return r
	}
	return nil
}

// Recorded is the address of the request's record, "" when there is none to tell.
func Recorded(ctx context.Context) string {
	if r := of(ctx); r != nil {
		return r.recorded
	}
	return ""
}

// Linked notes a link of a request that is recorded.
func Linked(ctx context.Context, kind, value string) {
	if r := recording(ctx); r != nil {
		r.links = append(r.links, Link{kind, value})
	}
}

// Links are those that Linked noted.
func Links(ctx context.Context) []Link {
	if r := of(ctx); r != nil {
		return r.links
	}
	return nil
}

// Opened notes how to get at the answer of a request that is recorded, before it was encrypted.
func Opened(ctx context.Context, body func() ([]byte, error)) {
	if r := recording(ctx); r != nil {
		r.opened = body
	}
}

// OpenedBody is what Opened noted, or nil.
func OpenedBody(ctx context.Context) func() ([]byte, error) {
	if r := of(ctx); r != nil {
		return r.opened
	}
	return nil
}

// Decrypted notes what the body of a request that is recorded holds, where it came encrypted.
func Decrypted(ctx context.Context, body []byte) {
	if r := recording(ctx); r != nil {
		r.asked = body
	}
}

// DecryptedBody is what Decrypted noted, or nil.
func DecryptedBody(ctx context.Context) []byte {
	if r := of(ctx); r != nil {
		return r.asked
	}
	return nil
}

// Finding is the outcome of one rule that what was sent was held against. There is nothing of a person in it.
type Finding struct {
	Of       string `json:"of,omitempty"` // the part that it is about, "" for the whole
	Rule     string `json:"rule"`
	OK       bool   `json:"ok"`
	Code     string `json:"code"`
	Expected string `json:"expected,omitempty"`
	Came     string `json:"came,omitempty"`
	Section  string `json:"section"`
}

// Found notes the findings on a request that is recorded.
func Found(ctx context.Context, findings []Finding) {
	if r := recording(ctx); r != nil {
		r.findings = findings
	}
}

// Findings are what Found noted.
func Findings(ctx context.Context) []Finding {
	if r := of(ctx); r != nil {
		return r.findings
	}
	return nil
}

// Middleware gives each request a trace id, its caller's where it sent a traceparent, writes one access line with
// method, route (never the path that was asked for), status, code of a refusal and duration, and turns a panic into a silent 500.
func Middleware(log *slog.Logger, now func() time.Time) gin.HandlerFunc {
	return func(c *gin.Context) {
		id := traceID(c.GetHeader("Traceparent"))
		c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestKey{}, &request{trace: id}))
		c.Header("Trace-Id", id)
		begun := now()
		defer func() {
			if cause := recover(); cause != nil {
				log.Error("panic", "trace_id", id, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
				c.AbortWithStatus(http.StatusInternalServerError)
			}
			log.Info("request", "trace_id", id, "method", c.Request.Method, "route", c.FullPath(),
				"status", c.Writer.Status(), "code", Refusal(c.Request.Context()), "micros", now().Sub(begun).Microseconds())
		}()
		c.Next()
	}
}

func traceID(header string) string {
	if m := traceparent.FindStringSubmatch(header); m != nil && m[1] != "00000000000000000000000000000000" {
		return m[1]
	}
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (Go 1.24 and later)
	return hex.EncodeToString(b)
}
