// Package leftout leaves out tests for want of something on the machine. For tests.
package leftout

import (
	"os"
	"testing"
)

// For ends a test that cannot run: it is left out, and fails when CI is set, where nothing may be left out. want says what is
// missing and how to get it.
func For(t testing.TB, want string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("may not be left out here: " + want)
	}
	t.Skip("left out: " + want)
}
