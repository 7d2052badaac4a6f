package issuance

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/openid4vci"
)

// postNotification is the Notification Endpoint (section 11). The DPoP proof is used up whatever the answer; a wallet that lost
// the answer can tell the same again, and it changes nothing.
func (s *Service) postNotification(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	u, denied := s.Access.Unspent(c.Request)
	if denied == nil {
		s.Access.NonceHeader(c.Writer)
		denied = s.Access.Spend(c.Request.Context(), u)
	}
	if denied != nil {
		denied.Write(c.Writer)
		return
	}
	if err := s.notify(c, u.Access); err != nil {
		s.refuse(c, u.Access, nil, err)
		return
	}
	c.Status(http.StatusNoContent)
}

func (s *Service) notify(c *gin.Context, access *authserver.Access) error {
	if media := mediaType(c.Request); media != "application/json" {
		return refusal(openid4vci.InvalidNotificationRequest, "expected Content-Type application/json, got %q (OpenID4VCI section 11.1)", media)
	}
	body, err := readBody(c.Writer, c.Request, openid4vci.InvalidNotificationRequest, "11.1")
	if err != nil {
		return err
	}
	told, err := openid4vci.ParseNotificationRequest(body)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = s.Store.Notify(ctx, access.GrantID, told.NotificationID, told.Event, s.Now())
	if errors.Is(err, ErrNotFound) {
		return refusal(openid4vci.InvalidNotificationID,
			"expected a notification_id that came with a credential on this grant, got another (OpenID4VCI section 11.3)")
	}
	if err != nil {
		return err
	}
	// The description is the wallet's own words and may say anything, so it is not kept.
	s.Log.Info("notified", "trace_id", observe.TraceID(ctx), "issuance", told.NotificationID, "client_id", access.ClientID, "event", told.Event)
	return nil
}
