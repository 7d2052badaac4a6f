package app

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
)

type pushKeyBody struct {
	Key string `json:"application_server_key"`
}

type subscribedBody struct {
	Subscribed bool `json:"subscribed"`
}

// pushKey tells the app by which key to ask its push service for a subscription (Push API, applicationServerKey).
func (s *Server) pushKey(c *gin.Context) {
	var err error
	if s.PushKey == nil {
		err = oauth2.NewError(http.StatusNotFound, InvalidPush, "no notices are pushed here")
	}
	s.write(c, http.StatusOK, err, func() any { return pushKeyBody{Key: jose.EncodeBase64URL(s.PushKey)} })
}

// subscribe takes where the device wants its notices, or that it wants none.
func (s *Server) subscribe(c *gin.Context) {
	var body struct {
		Subscription string `json:"subscription"`
	}
	if !s.read(c, &body) {
		return
	}
	subscribed, err := s.subscribeTo(c.Request.Context(), body.Subscription)
	s.write(c, http.StatusOK, err, func() any { return subscribedBody{Subscribed: subscribed} })
}

func (s *Server) subscribeTo(ctx context.Context, compact string) (bool, error) {
	d, m, err := s.fromDevice(ctx, compact, typPush)
	if err != nil {
		return false, err
	}
	to := minid.Subscription{Endpoint: m.Endpoint}
	if to.P256DH, err = jose.DecodeBase64URL(m.P256DH); err != nil {
		return false, invalid(err)
	}
	if to.Auth, err = jose.DecodeBase64URL(m.Auth); err != nil {
		return false, invalid(err)
	}
	return m.Endpoint != "", s.Core.Subscribe(ctx, d, to)
}
