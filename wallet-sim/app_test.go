package main

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/wallet-sim/phone"
)

// A MinID that is not there, or that refuses, hides nothing of the others.
func TestAppListGoesPastAMinIDThatFails(t *testing.T) {
	serve := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	data := t.TempDir()
	pair := func(hour int, owner, base string) {
		one := phone.Device{ID: strings.ToLower(rand.Text()), Owner: owner, Base: base, Paired: time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC)}
		raw, err := json.Marshal(one)
		must(t, err)
		must(t, keys.Replace(filepath.Join(data, "wallet", "phone"), one.ID+".json", raw))
	}
	pair(1, "first", serve(http.StatusOK, `{"attempts":[{"id":"a","service":"the tax office","created_at":"2026-01-01T00:00:00Z","expires_at":"2026-01-01T00:05:00Z"}]}`))
	pair(2, "second", gone.URL)
	code, out, errs := ran(t, "", "app", "list", "--data", data)
	if code != exitFailed || !strings.Contains(out, "unreachable: "+gone.URL) || !strings.Contains(out, "waits: first logs in at the tax office") || !strings.Contains(errs, "refused") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	pair(3, "third", serve(http.StatusBadRequest, `{"error":"unknown_device"}`))
	code, out, errs = ran(t, "", "app", "list", "--json", "--data", data)
	var all logins
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != exitRefused || len(all.Devices) != 3 || len(all.Waiting) != 1 || len(all.Unheard) != 2 {
		t.Fatalf("exit %d, %s%s", code, out, errs)
	}
	if u := all.Unheard; u[0].State != "refused" || u[0].Owner != "third" || u[1].State != "unreachable" || u[1].MinID != gone.URL || u[1].Error == "" {
		t.Errorf("%+v", u)
	}
}
