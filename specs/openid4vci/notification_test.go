package openid4vci

import (
	"strings"
	"testing"
)

func TestSection111Notification(t *testing.T) {
	cases := []struct {
		name, raw string
		want      error // nil: accepted
	}{
		{"accepted", `{"notification_id":"n","event":"credential_accepted"}`, nil},
		{"failure", `{"notification_id":"n","event":"credential_failure","event_description":"could not store"}`, nil},
		{"deleted", `{"notification_id":"n","event":"credential_deleted"}`, nil},
		{"unknown members", `{"notification_id":"n","event":"credential_deleted","x":[1]}`, nil},
		{"not JSON", `{`, ErrNotification},
		{"array", `[]`, ErrNotification},
		{"no id", `{"event":"credential_deleted"}`, ErrNotification},
		{"empty id", `{"notification_id":"","event":"credential_deleted"}`, ErrNotification},
		{"id of a number", `{"notification_id":1,"event":"credential_deleted"}`, ErrNotification},
		{"no event", `{"notification_id":"n"}`, ErrNotification},
		{"event in another case", `{"notification_id":"n","event":"Credential_Accepted"}`, ErrNotification},
		{"unknown event", `{"notification_id":"n","event":"credential_lost"}`, ErrNotification},
		{"event twice", `{"notification_id":"n","event":"credential_deleted","event":"credential_accepted"}`, ErrNotification},
		{"description with a quotation mark", `{"notification_id":"n","event":"credential_failure","event_description":"a \" b"}`, ErrNotification},
		{"description with a Norwegian letter", `{"notification_id":"n","event":"credential_failure","event_description":"får ikke"}`, ErrNotification},
		{"description with a line break", `{"notification_id":"n","event":"credential_failure","event_description":"a\nb"}`, ErrNotification},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n, err := ParseNotificationRequest([]byte(c.raw))
			checkRefusal(t, err, InvalidNotificationRequest, c.want)
			if (n == nil) != (c.want != nil) {
				t.Fatalf("got %+v", n)
			}
			if n != nil && (n.NotificationID != "n" || !strings.HasPrefix(n.Event, "credential_")) {
				t.Errorf("got %+v", n)
			}
		})
	}
}
