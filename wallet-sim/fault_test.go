package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
---
name: as_it_was
breaks: nothing
at: credential request
do: [{in: json credential_configuration_id, set: proof_of_age}]
expect: {}
---
name: notification_of_nothing
breaks: OpenID4VCI 1.0 section 11.3
at: notification
do: [{in: json notification_id, set: no-such}]
expect: {error: [invalid_notification_id], status: 400}
---
name: attested_no_longer
breaks: attestation-based client authentication section 7.1
at: token request
do: [{in: header OAuth-Client-Attestation, jwt: claims.exp, shift: -48h}]
expect: {error: [use_fresh_attestation]}
---
name: encryption_unknown
breaks: OpenID4VCI 1.0 section 10
at: credential request
encrypted: true
do: [{in: json credential_response_encryption.enc, set: A1GCM}]
expect: {error: [invalid_encryption_parameters], status: 400}
---
name: token_in_the_address
breaks: RFC 6750 section 2.3
at: credential request
do:
  - {in: query access_token, set: "${access_token}"}
  - {in: header Authorization, drop: true}
expect: {status: 401}
`), 0o600))
	code, out, errs := ran(t, "", append([]string{"fault", "run", file, "--issuer", i.url, "--type", configAge, "--person", "10"}, flags...)...)
	held := map[string]bool{
		"unknown_parameter": false, "another_code": false, "nothing_to_change": false, "refused_by_another_step": false, "noticed_later": true, "never_reached": false,
		"lost_and_not_refused": false, "lost_as_expected": true, "as_it_was": false, "notification_of_nothing": true, "attested_no_longer": true, "encryption_unknown": true,
		"token_in_the_address": true,
	}
	notDone := []string{"nothing_to_change", "never_reached", "as_it_was"}
	var results []faults.Result
	if err := json.Unmarshal([]byte(out), &results); err != nil || len(results) != len(held) || code != exitRefused {
		t.Fatalf("exit %d, %s%s", code, out, errs)
	}
	for _, r := range results {
		if says := r.Fault == "lost_as_expected" || !r.Held; r.Held != held[r.Fault] || (r.Says != "") != says || r.NotDone != slices.Contains(notDone, r.Fault) {
			t.Errorf("%+v", r)
		}
	}
}

// A fault in what asks for a credential that comes later is done when it is asked for, and nothing stays pending.
func TestAFaultWhenItComesLater(t *testing.T) {
	i := newTryIssuer(t)
	flags := i.attests(t)
	file := filepath.Join(t.TempDir(), "mine.yaml")
	must(t, os.WriteFile(file, []byte("name: of_no_order\nbreaks: OpenID4VCI 1.0 section 9.3\nat: deferred credential request\n"+
		"do: [{in: json transaction_id, set: no-such}]\nexpect: {error: [invalid_transaction_id], status: 400}\n"), 0o600))
	code, out, errs := ran(t, "", append([]string{"fault", "run", file, "--issuer", i.url, "--type", "no.sikt.vitnemal_sd_jwt_vc", "--person", "3"}, flags...)...)
	if code != exitDone || !strings.Contains(out, `"invalid_transaction_id"`) {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	if _, out, _ := ran(t, "", append([]string{"credential", "pending"}, flags...)...); strings.TrimSpace(out) != "[]" && strings.TrimSpace(out) != "null" {
		t.Errorf("pending: %s", out)
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
