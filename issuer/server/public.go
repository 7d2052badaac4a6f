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
	asked  time.Time     // when the audit log was last tried
	trying chan struct{} // while it is
	sick   error         // what came of it
}

const (
	tryEvery = time.Second            // how long an answer about the audit log holds: everybody may ask, and each try is a turn at the database
	patience = 200 * time.Millisecond // how long a try is waited for; after that the last answer holds
)

func (p *public) mount(r gin.IRouter) {
	r.GET("/health", p.health)
	r.GET("/trust/iaca.pem", p.trust)
}

// health asks the database to read, and the audit log to be written. It does not stand long in line with those who write: being
// busy is no illness.
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

// auditable tries the audit log, or tells what came of it the last time.
func (p *public) auditable(ctx context.Context) error {
	if trying := p.try(ctx); trying != nil {
		select {
		case <-trying:
		case <-time.After(patience):
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sick
}

// try begins to try the audit log when it is time. The channel closes when that is done; nil when there is nothing to wait for.
func (p *public) try(ctx context.Context) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if since := now.Sub(p.asked); p.trying != nil || since >= 0 && since < tryEvery {
		return p.trying
	}
	trying := make(chan struct{})
	p.asked, p.trying = now, trying
	go func() {
		err := p.audit.AuditWritable(context.WithoutCancel(ctx), now)
		p.mu.Lock()
		p.sick, p.trying = err, nil
		p.mu.Unlock()
		close(trying)
	}()
	return trying
}

// trust is the anchor, for those who decide by themselves whom to trust.
func (p *public) trust(c *gin.Context) {
	c.Header("Content-Disposition", `attachment; filename="iaca.pem"`)
	c.Data(http.StatusOK, "application/x-pem-file", p.anchor)
}

func (t *trust) anchorPEM() []byte { return x5c.EncodePEM(t.Root) }
