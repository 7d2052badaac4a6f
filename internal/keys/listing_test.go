package keys

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestListingIsAnotherWhenAFileComesGoesOrIsWritten(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	look := func() (string, string) {
		t.Helper()
		names, state, err := Listing(dir, ".pem", ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(names, " "), state
	}
	write("b.pem", "1")
	write("b.yaml", "1")
	write("b.key", "1")
	names, before := look()
	if names != "b.pem b.yaml" {
		t.Errorf("names %q", names)
	}
	if _, again := look(); again != before {
		t.Error("another state of the same files")
	}
	for what, change := range map[string]func() error{
		"of another kind": func() error { write("c.key", "1"); return nil },
		"comes":           func() error { write("a.pem", "1"); return nil },
		"is written":      func() error { write("b.yaml", "two"); return nil },
		"of the same length": func() error {
			return os.Chtimes(filepath.Join(dir, "b.pem"), time.Time{}, time.Now().Add(time.Hour))
		},
		"goes": func() error { return os.Remove(filepath.Join(dir, "b.yaml")) },
	} {
		_, then := look()
		if err := change(); err != nil {
			t.Fatal(what, err)
		}
		if _, now := look(); (now == then) != (what == "of another kind") {
			t.Errorf("a file %s: the state is %q and was %q", what, now, then)
		}
		write("b.yaml", "1")
	}
	if names, state, err := Listing(filepath.Join(dir, "none"), ".pem"); len(names) != 0 || state != "" || err != nil {
		t.Errorf("no folder: %v, %q, %v", names, state, err)
	}
	if _, _, err := Listing(filepath.Join(dir, "b.pem"), ".pem"); err == nil {
		t.Error("a file is taken for a folder")
	}
}
