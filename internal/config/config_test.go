package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "setting")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := errors.New("no setting")
	text := func(raw []byte) (string, error) { return string(raw), nil }
	bad := func([]byte) (string, error) { return "", wrong }
	if got, err := File("A", "", bad); got != "" || err != nil {
		t.Errorf("no file: %q, %v", got, err)
	}
	if got, err := File("A", file, text); got != "x" || err != nil {
		t.Errorf("a file: %q, %v", got, err)
	}
	if _, err := File("A", file, bad); !errors.Is(err, wrong) || !strings.HasPrefix(err.Error(), "A: ") {
		t.Errorf("a bad file: %v", err)
	}
	if _, err := File("A", file+"x", text); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "A: ") {
		t.Errorf("no such file: %v", err)
	}
}
