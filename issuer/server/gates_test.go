package server

import (
	"strings"
	"testing"

	"lommebok.example/specs/openapitest"
)

// Whatever programs call has the gate of programs, where a crowd of people holds up nobody and a refusal is JSON.
func TestWhatProgramsCallHasTheirGate(t *testing.T) {
	for _, path := range openapitest.Paths(t, "issuer", "wire") {
		if !begins(path, machines) && !begins(path, free) && !strings.HasPrefix(path, "/transactions/") {
			t.Errorf("%s has the gate of people", path)
		}
	}
	for _, path := range []string{"/login", "/mine", "/offers", "/cases"} {
		if begins(path, machines) || begins(path, free) {
			t.Errorf("%s has the gate of programs", path)
		}
	}
}
