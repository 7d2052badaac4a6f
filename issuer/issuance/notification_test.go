package issuance_test

import (
	"encoding/json"
	"fmt"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lommebok.example/minid/authserver"
	"lommebok.example/specs/openid4vci"
)

// issued gets one credential and gives its notification_id.
func (b *bench) issued(t testing.TB) string {
	t.Helper()
	rec := b.post(body(mpid, b.proofs(t, 1)...))
	answer, err := openid4vci.ParseCredentialResponse(rec.Code, rec.Body.Bytes(), 1)
	check(t, err)
	return answer.NotificationID
}

func (b *bench) tell(media, text string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/notification", strings.NewReader(text))
	r.Header.Set("Content-Type", media)
	return b.do(r)
}

func told(id, event string) string {
	return fmt.Sprintf(`{"notification_id":%q,"event":%q}`, id, event)
}

func TestSection11TheSameAgainIsTakenAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		id := b.issued(t)
		if id == "" {
			t.Fatal("no notification_id")
		}
		before := b.rows(t)
		spent := b.spent
		for range 3 {
			rec := b.tell("application/json", told(id, openid4vci.CredentialAccepted))
			if rec.Code != http.StatusNoContent || rec.Body.Len() != 0 || rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("DPoP-Nonce") != "next" {
				t.Fatalf("%d %s %v", rec.Code, rec.Body, rec.Header())
			}
		}
		before.Audit++
		if after := b.rows(t); after != before || b.spent != spent+3 {
			t.Errorf("rows were %+v and are %+v; %d proofs spent", before, after, b.spent-spent)
		}
		b.log.Reset()
		b.refused(t, b.tell("application/json", `{"notification_id":"`+id+`"}`), before, 400, openid4vci.InvalidNotificationRequest)
	})
}

func TestSection113NotificationRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		id := b.issued(t)
		good := told(id, openid4vci.CredentialAccepted)
		tests := []struct {
			name, media, body string
			grant             string
			status            int
			code              string
		}{
			{"unknown id", "application/json", told("x", openid4vci.CredentialAccepted), "g", 400, openid4vci.InvalidNotificationID},
			{"another grant's id", "application/json", good, "another", 400, openid4vci.InvalidNotificationID},
			{"a form", "application/x-www-form-urlencoded", good, "g", 400, openid4vci.InvalidNotificationRequest},
			{"no media type", "", good, "g", 400, openid4vci.InvalidNotificationRequest},
			{"not JSON", "application/json", "{", "g", 400, openid4vci.InvalidNotificationRequest},
			{"unknown event", "application/json", told(id, "credential_lost"), "g", 400, openid4vci.InvalidNotificationRequest},
			{"no id", "application/json", `{"event":"credential_accepted"}`, "g", 400, openid4vci.InvalidNotificationRequest},
			{"too large", "application/json", good + strings.Repeat(" ", 256<<10), "g", 413, openid4vci.InvalidNotificationRequest},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				b.log.Reset()
				b.access.GrantID = tt.grant
				before, spent := b.rows(t), b.spent
				b.refused(t, b.tell(tt.media, tt.body), before, tt.status, tt.code)
				if b.spent != spent+1 {
					t.Error("the proof can be used again")
				}
			})
		}
		t.Run("a proof used before", func(t *testing.T) {
			b.access.GrantID, b.replay = "g", &authserver.AccessError{Code: "invalid_dpop_proof", Description: "used", Status: 401}
			before := b.rows(t)
			if rec := b.tell("application/json", good); rec.Code != http.StatusUnauthorized || b.rows(t) != before {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
		})
	})
}

func TestSection112UnknownMembersIgnoredAndDescriptionNotKept(t *testing.T) {
	b := newBench(t)
	raw, err := json.Marshal(map[string]any{
		"notification_id": b.issued(t), "event": openid4vci.CredentialFailure, "event_description": "secret-of-the-wallet", "x": 1,
	})
	check(t, err)
	if rec := b.tell("application/json", string(raw)); rec.Code != http.StatusNoContent {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if strings.Contains(b.log.String(), "secret-of-the-wallet") {
		t.Error("the description is in the log")
	}
}
