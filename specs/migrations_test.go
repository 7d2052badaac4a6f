package specs

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// landedFile lists, beside the migrations of a store, the SHA-256 of those that may have been applied to somebody's database, as
// sha256sum writes it. When a release is made its migrations are added: sha256sum sqlite/*.sql postgres/*.sql > landed.sha256.
const landedFile = "landed.sha256"

// A migration that has been applied is never applied again: a change of its file would reach new databases alone, and the two would differ
// for good. Nor is one applied whose number is below one that has been.
func TestLandedMigrationsAreAsTheyWere(t *testing.T) {
	stores, err := filepath.Glob("../*/store/migrations")
	if err != nil || len(stores) != 3 {
		t.Fatalf("%d stores, %v", len(stores), err)
	}
	for _, dir := range stores {
		landed, err := os.ReadFile(filepath.Join(dir, landedFile))
		if err != nil {
			t.Fatal(err)
		}
		last := map[string]string{} // of a dialect
		known := map[string]bool{}
		for line := range strings.Lines(string(landed)) {
			sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Error(err)
			} else if got := fmt.Sprintf("%x", sha256.Sum256(text)); got != sum {
				t.Errorf("%s/%s has been changed after it had landed: write another that changes the tables", dir, name)
			}
			dialect, file := filepath.Split(name)
			last[dialect], known[name] = max(last[dialect], file), true
		}
		files, err := filepath.Glob(filepath.Join(dir, "*", "*.sql"))
		if err != nil || len(last) != 2 || len(files) < len(known) {
			t.Fatalf("%s: %d dialects, %d files, %v", dir, len(last), len(files), err)
		}
		for _, file := range files {
			dialect, name := filepath.Split(strings.TrimPrefix(file, dir+"/"))
			if !known[dialect+name] && name < last[dialect] {
				t.Errorf("%s: %s has landed, and goose applies nothing of a lower number", file, last[dialect])
			}
		}
		sameOnBoth(t, dir, known)
	}
}

// sameOnBoth: what has landed has landed for both.
func sameOnBoth(t *testing.T, dir string, known map[string]bool) {
	t.Helper()
	for name := range known {
		if other := strings.NewReplacer("sqlite/", "postgres/", "postgres/", "sqlite/").Replace(name); !known[other] {
			t.Errorf("%s: %s and not %s", dir, name, other)
		}
	}
}
