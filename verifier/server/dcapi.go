package server

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/verifier/presentation"
	"lommebok.example/web"
)

// maxAPI bounds an answer that the browser brings.
const maxAPI = 1 << 20

// mountAPI is for the script of the waiting page, which asks the browser's Digital Credentials API.
func (p *pages) mountAPI(r gin.IRouter) {
	r.GET("/transactions/:id/credentials", p.apiRequests)
	r.POST("/transactions/:id/credentials", p.apiAnswer)
}

// apiRequests is the member digital of the options for navigator.credentials.get.
func (p *pages) apiRequests(c *gin.Context) {
	t, ok := p.find(c)
	if !ok {
		return
	}
	requests, err := p.asking.APIRequests(c.Request.Context(), t.result, web.Cookie(c, p.site, browserCookie))
	if err != nil {
		p.fault(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, gin.H{"requests": requests})
}

// apiAnswer takes the protocol and the data of the DigitalCredential that came.
func (p *pages) apiAnswer(c *gin.Context) {
	t, ok := p.find(c)
	if !ok {
		return
	}
	c.Header("Cache-Control", "no-store")
	var m openid4vp.DCAPIMessage
	if err := json.NewDecoder(c.Request.Body).Decode(&m); err != nil {
		p.asking.Refuse(c, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "body: expected protocol and data as JSON of at most %d bytes", maxAPI))
		return
	}
	err := p.asking.APIAnswer(c.Request.Context(), t.result, web.Cookie(c, p.site, browserCookie), m)
	var refused *oauth2.Error
	switch {
	case errors.As(err, &refused):
		p.asking.Refuse(c, refused)
	case errors.Is(err, presentation.ErrTaken):
		p.fault(c, presentation.ErrNotFound)
	case err != nil:
		p.fault(c, err)
	default:
		c.JSON(http.StatusOK, gin.H{})
	}
}
