package server

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database"
	"lommebok.example/specs"
)

// public is what anybody and any machine may ask.
type public struct {
	db     *database.DB
	anchor []byte
}

func (p *public) mount(r gin.IRouter) {
	r.GET("/health", p.health)
	r.GET("/trust/access-ca.pem", p.trust)
	r.GET("/openapi.yaml", gin.WrapF(specs.ServeOpenAPI))
}

func (p *public) health(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	if err := p.db.Ping(c.Request.Context()); err != nil {
		c.Header("Retry-After", "2")
		c.JSON(http.StatusServiceUnavailable, gin.H{"status": "database"})
		return
	}
	c.JSON(http.StatusOK, gin.H{"status": "ok"})
}

// trust is the anchor, for wallets that decide by themselves whom to trust.
func (p *public) trust(c *gin.Context) {
	c.Header("Content-Disposition", `attachment; filename="access-ca.pem"`)
	c.Data(http.StatusOK, "application/x-pem-file", p.anchor)
}
