package server

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database"
	"lommebok.example/specs/x5c"
)

// public is what anybody and any machine may ask.
type public struct {
	db     *database.DB
	anchor []byte
}

func (p *public) mount(r gin.IRouter) {
	r.GET("/health", p.health)
	r.GET("/trust/iaca.pem", p.trust)
}

// health asks the database to read. It does not stand in line with those who write: being busy is no illness.
func (p *public) health(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	if err := p.db.Answers(c.Request.Context()); err != nil {
		c.Header("Retry-After", "2")
		c.JSON(http.StatusServiceUnavailable, gin.H{"status": "database"})
		return
	}
	c.JSON(http.StatusOK, gin.H{"status": "ok"})
}

// trust is the anchor, for those who decide by themselves whom to trust.
func (p *public) trust(c *gin.Context) {
	c.Header("Content-Disposition", `attachment; filename="iaca.pem"`)
	c.Data(http.StatusOK, "application/x-pem-file", p.anchor)
}

func (t *trust) anchorPEM() []byte { return x5c.EncodePEM(t.Root) }
