package transaction

import (
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
)

// exchange is one request with its answer as they were, in memory alone.
type exchange struct {
	number  int64 // of the process
	step    Step
	route   string
	params  []Field
	request *http.Request
	page    string
	begun   time.Time
	body    *captured

	over    bool // the handler returned
	took    time.Duration
	status  int
	headers http.Header
	answer  *captured
	trace   string
	code    string
	links   []observe.Link
	asks    []byte                 // the request after it was decrypted; nil when it was not
	opened  func() ([]byte, error) // the answer before it was encrypted; nil when it was not

	findings []observe.Finding
}

// size is about what it holds in memory.
func (x *exchange) size() int64 {
	return int64(len(x.body.kept)+len(x.answer.kept)+len(x.asks)) + 4<<10
}

// captured is the first bytes of a body, and how many there were.
type captured struct {
	kept  []byte
	total int
}

func (c *captured) add(b []byte) {
	c.total += len(b)
	if room := maxCaptured - len(c.kept); room > 0 {
		c.kept = append(c.kept, b[:min(room, len(b))]...)
	}
}

func (c *captured) whole() bool { return c.total == len(c.kept) }

// teeBody keeps what the handler reads.
type teeBody struct {
	io.ReadCloser
	into *captured
}

// Read is that of the body.
func (t *teeBody) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.into.add(p[:n])
	return n, err
}

// teeWriter keeps what the handler writes.
type teeWriter struct {
	gin.ResponseWriter
	into *captured
}

// Write is that of the answer.
func (t *teeWriter) Write(p []byte) (int, error) {
	n, err := t.ResponseWriter.Write(p)
	t.into.add(p[:n])
	return n, err
}

// WriteString is that of the answer.
func (t *teeWriter) WriteString(s string) (int, error) { return t.Write([]byte(s)) }
