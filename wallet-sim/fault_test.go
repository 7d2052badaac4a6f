package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lommebok.example/wallet-sim/faults"
)

// attests gives the issuer a wallet provider to ask, and the flags of a wallet that it attests.
func (i *tryIssuer) attests(t *testing.T) []string {
	t.Helper()
	var lists http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix(providerPath, lists).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c := &cli{data: i.data, url: server.URL, now: time.Now}
	p, err := c.provider()
	must(t, err)
	must(t, c.publishProvider())
	lists = p.Handler(slog.New(slog.DiscardHandler))
	return []string{"--data", i.data, "--url", server.URL, "--insecure-allow-http", "--json"}
}

// A fault that the issuer does not mind, one that is refused by another code or at another step, one that finds nothing to change, and a message
// that is lost where a refusal is expected: none of them holds. One that is noticed where it says does, and a loss that is expected.
func TestAFaultThatIsNotRefused(t *testing.T) {
	i := newTryIssuer(t)
	flags := i.attests(t)
	file := filepath.Join(t.TempDir(), "mine.yaml")
	must(t, os.WriteFile(file, []byte(`name: unknown_parameter
breaks: nothing
at: token request
do: [{in: form x, set: y}]
expect: {error: [invalid_request]}
---
name: another_code
breaks: RFC 6749 section 5.2
at: token request
do: [{in: form code, flip: true}]
expect: {error: [invalid_request]}
---
name: nothing_to_change
breaks: nothing
at: token request
do: [{in: form no_such_parameter, drop: true}]
expect: {error: [invalid_request]}
---
name: refused_by_another_step
breaks: nothing
at: pushed authorization request
do: [{in: form code_challenge, flip: true}]
expect: {error: [invalid_grant], status: 400}
---
name: noticed_later
breaks: RFC 7636 section 4.6
at: pushed authorization request
do: [{in: form code_challenge, flip: true}]
expect: {error: [invalid_grant], status: 400, at: token request}
---
name: never_reached
breaks: nothing
at: deferred credential request
do: [{in: body, set: x}]
expect: {error: [invalid_request]}
---
name: lost_and_not_refused
breaks: nothing
at: token request
message: drop
expect: {error: [invalid_request]}
---
name: lost_as_expected
breaks: nothing
at: token request
message: drop
expect: {lost: true}
`), 0o600))
	code, out, errs := ran(t, "", append([]string{"fault", "run", file, "--issuer", i.url, "--type", configAge, "--person", "10"}, flags...)...)
	var results []faults.Result
	if err := json.Unmarshal([]byte(out), &results); err != nil || len(results) != 8 || code != exitRefused {
		t.Fatalf("exit %d, %s%s", code, out, errs)
	}
	for _, r := range results {
		later := r.Fault == "noticed_later"
		if r.Held != (later || r.Fault == "lost_as_expected") || (r.Says == "") != later {
			t.Errorf("%+v", r)
		}
	}
}

// What fault show writes reads back as what it showed, the whole library too.
func TestFaultsAreShownAsTheyAreRead(t *testing.T) {
	for _, what := range [][]string{{"all"}, {"dpop"}, {"token_by_get"}, {"token_by_get", "par_by_get", "dpop"}} {
		code, out, errs := ran(t, "", append([]string{"fault", "show"}, what...)...)
		if code != exitDone {
			t.Fatalf("%s: exit %d, %s", what, code, errs)
		}
		got, err := faults.Parse([]byte(out))
		want, e := faultsOf(what...)
		must(t, e)
		if err != nil || len(got) != len(want) {
			t.Errorf("%s: %d of %d faults, %v", what, len(got), len(want), err)
			continue
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("%+v, expected %+v", got[i], want[i])
			}
		}
	}
	if code, _, errs := ran(t, "", "fault", "show", "token_by_get", "no_such_fault"); code != exitUsage || !strings.Contains(errs, "no_such_fault") {
		t.Errorf("one of them is none: exit %d, %s", code, errs)
	}
}
