package app_test

import (
	"crypto/elliptic"
	"encoding/json"
	"net/http"
	"testing"
)

// N6: guesses of pairing codes, and devices that nobody knows, count for the address that they come from; what the wire
// answers then is 429.
func TestGuessesOnTheWireAreLimitedByAddress(t *testing.T) {
	w := newWorld(t)
	at := w.now.Unix()
	key := newKey(t, elliptic.P256())
	kinds := []func() (int, string){
		func() (int, string) {
			return w.post("/minid/app/devices", "application/json", body(t, "registration", message(t, key, "minid-app-registration+jwt", true,
				map[string]any{"aud": w.url, "iat": at, "exp": at + 60, "pairing_code": "AAAABBBBCCCCDDDDEEEEFFFFGG"})))
		},
		func() (int, string) {
			return w.post("/minid/app/attempts", "application/json", body(t, "request", message(t, key, "minid-app-request+jwt", false,
				map[string]any{"aud": w.url, "iat": at, "exp": at + 60})))
		},
	}
	for i := range 30 {
		if status, code := kinds[i%2](); status == http.StatusTooManyRequests {
			t.Fatalf("guess %d: %d %s", i+1, status, code)
		}
	}
	for i, guess := range kinds {
		if status, code := guess(); status != http.StatusTooManyRequests || code != "too_many_from_address" {
			t.Errorf("kind %d: %d %s, want 429", i, status, code)
		}
	}
}

func body(t *testing.T, member, value string) string {
	t.Helper()
	raw, err := json.Marshal(map[string]string{member: value})
	must(t, err)
	return string(raw)
}
