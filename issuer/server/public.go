package server

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database"
	"lommebok.example/internal/observe"
	"lommebok.example/specs"
	"lommebok.example/specs/x5c"
)

// auditLog is what health asks whether it can be written: when not, nothing is issued.
type auditLog interface {
	AuditWritable(ctx context.Context, at time.Time) error
}

// public is what anybody and any machine may ask.
type public struct {
	db     *database.DB
	audit  auditLog
	anchor []byte
	now    func() time.Time
	log    *slog.Logger

	mu     sync.Mutex
	asked  time.Time // when the audit log was last tried
	trying bool
	done   chan struct{} // of the last try
	sick   error         // its outcome
}

// tryPatience is how long a question about health waits for the audit log.
const tryPatience = 50 * time.Millisecond

// tryEvery is how long an answer about the audit log holds: everybody may ask, and each try is a turn at the database.
const tryEvery = time.Second

func (p *public) mount(r gin.IRouter) {
	r.GET("/health", p.health)
	r.GET("/trust/iaca.pem", p.trust)
	r.GET("/openapi.yaml", gin.WrapF(specs.ServeOpenAPI))
}

// health asks the database to read. It does not stand in line with those who write: being busy is no illness.
func (p *public) health(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	if err := p.db.Answers(c.Request.Context()); err != nil {
		unwell(c, "database")
		return
	}
	if err := p.auditable(c.Request.Context()); err != nil {
		p.log.Error("audit", "trace_id", observe.TraceID(c.Request.Context()), "cause", err)
		unwell(c, "audit")
		return
	}
	c.JSON(http.StatusOK, gin.H{"status": "ok"})
}

func unwell(c *gin.Context, what string) {
	c.Header("Retry-After", "2")
	c.JSON(http.StatusServiceUnavailable, gin.H{"status": what})
}

// auditable tries the audit log, or tells what came of it a moment ago. A try stands in line with all who write: who asks
// waits for it only so long, and until it ends the last outcome holds.
func (p *public) auditable(ctx context.Context) error {
	done, last := p.tryAudit(ctx)
	patience := time.NewTimer(tryPatience)
	defer patience.Stop()
	select {
	case <-done:
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.sick
	case <-patience.C:
		return last
	}
}

// tryAudit begins a try when the last one is over and old. done is closed when the newest is over.
func (p *public) tryAudit(ctx context.Context) (done <-chan struct{}, last error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if !p.trying && (p.done == nil || now.Sub(p.asked) >= tryEvery || now.Before(p.asked)) {
		end := make(chan struct{})
		p.asked, p.trying, p.done = now, true, end
		go func() {
			err := p.audit.AuditWritable(context.WithoutCancel(ctx), now)
			p.mu.Lock()
			p.sick, p.trying = err, false
			p.mu.Unlock()
			close(end)
		}()
	}
	return p.done, p.sick
}

// trust is the anchor, for those who decide by themselves whom to trust.
func (p *public) trust(c *gin.Context) {
	c.Header("Content-Disposition", `attachment; filename="iaca.pem"`)
	c.Data(http.StatusOK, "application/x-pem-file", p.anchor)
}

func (t *trust) anchorPEM() []byte { return x5c.EncodePEM(t.Root) }
