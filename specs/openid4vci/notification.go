package openid4vci

import (
	"errors"
	"slices"

	"lommebok.example/specs/jose"
)

// The events of section 11.1, with the case of their letters.
const (
	CredentialAccepted = "credential_accepted" // all credentials of the response are stored
	CredentialFailure  = "credential_failure"  // at least one is not, for any reason but the user's wish
	CredentialDeleted  = "credential_deleted"  // the user did not want them
)

// ErrNotification: the notification request is malformed.
var ErrNotification = errors.New("openid4vci: the notification request is malformed")

// NotificationRequest is what a wallet posts to the Notification Endpoint (section 11.1).
//
//	{"notification_id": "…", "event": "credential_accepted", "event_description": "…"}
type NotificationRequest struct {
	NotificationID   string `json:"notification_id"`
	Event            string `json:"event"`
	EventDescription string `json:"event_description,omitempty"` // for the issuer's developers, ASCII
}

// ParseNotificationRequest reads a notification. Unknown members are ignored (section 11.1). The error is an *Error with the
// code invalid_notification_request.
func ParseNotificationRequest(raw []byte) (*NotificationRequest, error) {
	var n NotificationRequest
	members, err := jose.ParseMembers(raw)
	if err == nil {
		err = members.Read(jose.Field{Name: "notification_id", To: &n.NotificationID},
			jose.Field{Name: "event", To: &n.Event}, jose.Field{Name: "event_description", To: &n.EventDescription})
	}
	switch {
	case err != nil:
		return nil, refuseNotification("expected a JSON object with the members of section 11.1: %v", err)
	case n.NotificationID == "":
		return nil, refuseNotification("notification_id: required, and absent (section 11.1)")
	case !slices.Contains([]string{CredentialAccepted, CredentialFailure, CredentialDeleted}, n.Event):
		return nil, refuseNotification("event: expected %s, %s or %s, got %.32q (section 11.1)",
			CredentialAccepted, CredentialFailure, CredentialDeleted, n.Event)
	case !describable(n.EventDescription):
		return nil, refuseNotification("event_description: expected the characters x20-21, x23-5B and x5D-7E alone (section 11.1)")
	}
	return &n, nil
}

func refuseNotification(format string, args ...any) *Error {
	return refuse(InvalidNotificationRequest, ErrNotification, format, args...)
}

// describable tells whether a text holds the characters of a description alone.
func describable(text string) bool {
	for _, b := range []byte(text) {
		if b < 0x20 || b > 0x7E || b == '"' || b == '\\' {
			return false
		}
	}
	return true
}
