package server_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/server"
	"lommebok.example/minid"
)

// Notices by Web Push are off unless configured, with a contact, and their key outlives a restart.
func TestPushIsConfigured(t *testing.T) {
	db := dbtest.Open(t, dbtest.SQLite(t))
	dir := t.TempDir()
	key := func(push bool, contact string) (string, error) {
		t.Helper()
		s, err := server.New(t.Context(), server.Config{URL: "https://issuer.example", DataDir: dir, Push: push, PushContact: contact},
			server.Deps{DB: db, Now: time.Now, Log: slog.New(slog.DiscardHandler), Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1}})
		if err != nil {
			return "", err
		}
		w := httptest.NewRecorder()
		s.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/minid/app/push", nil))
		var answer struct {
			Key   string `json:"application_server_key"`
			Error string `json:"error"`
		}
		raw, err := io.ReadAll(w.Body)
		if err != nil || json.Unmarshal(raw, &answer) != nil {
			t.Fatal(err, string(raw))
		}
		return answer.Key + answer.Error, nil
	}
	if got, err := key(false, ""); err != nil || got != "invalid_push" {
		t.Errorf("off: %q %v", got, err)
	}
	first, err := key(true, "mailto:drift@issuer.example")
	if err != nil || len(first) != 87 {
		t.Errorf("on: %q %v", first, err)
	}
	if again, err := key(true, "https://issuer.example/kontakt"); err != nil || again != first {
		t.Errorf("after a restart: %q %v", again, err)
	}
	for _, contact := range []string{"", "drift@issuer.example", "mailto:", "http://issuer.example/", "https://"} {
		if _, err := key(true, contact); err == nil || !strings.Contains(err.Error(), "ISSUER_PUSH_CONTACT") {
			t.Errorf("contact %q: %v", contact, err)
		}
	}
}
