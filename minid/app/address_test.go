package app_test

import (
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
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
			return w.post("/minid/app/devices", "application/json", member(t, "registration", message(t, key, "minid-app-registration+jwt", true,
				map[string]any{"aud": w.url, "iat": at, "exp": at + 60, "pairing_code": "AAAABBBBCCCCDDDDEEEEFFFFGG"})))
		},
		func() (int, string) {
			return w.post("/minid/app/attempts", "application/json", member(t, "request", message(t, key, "minid-app-request+jwt", false,
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

func member(t *testing.T, member, value string) string {
	t.Helper()
	raw, err := json.Marshal(map[string]string{member: value})
	must(t, err)
	return string(raw)
}

// A07: a pairing code that never was, one that was used, and one whose time is over get the same answer, byte for byte.
func TestPairingCodesTellNothing(t *testing.T) {
	w := newWorld(t)
	used := w.code()
	w.pair()
	at := w.now.Unix()
	key := newKey(t, elliptic.P256())
	answers := map[string]bool{}
	for _, code := range []string{"AAAABBBBCCCCDDDDEEEEFFFFGG", used, "12865398148", ""} {
		res, err := http.Post(w.url+"/minid/app/devices", "application/json", strings.NewReader(member(t, "registration",
			message(t, key, "minid-app-registration+jwt", true, map[string]any{"aud": w.url, "iat": at, "exp": at + 60, "pairing_code": code}))))
		must(t, err)
		raw, err := io.ReadAll(res.Body)
		must(t, errors.Join(err, res.Body.Close()))
		res.Header.Del("Date")
		answers[fmt.Sprint(res.StatusCode, res.Header, string(raw))] = true
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers: %v", len(answers), answers)
	}
}
