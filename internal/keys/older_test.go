package keys

import (
	"crypto"
	"os"
	"path/filepath"
	"testing"
)

func TestARenamedKeyIsAnOlderKey(t *testing.T) {
	dir := t.TempDir()
	read := func(want int) []crypto.Signer {
		t.Helper()
		all, err := Signers(dir, "opens")
		if err != nil || len(all) != want {
			t.Fatalf("%d keys (%v), want %d", len(all), err, want)
		}
		return all
	}
	first := read(1)[0]
	if err := os.Rename(filepath.Join(dir, "opens.key.pem"), filepath.Join(dir, "opens-2026.key.pem")); err != nil {
		t.Fatal(err)
	}
	two := read(2)
	same := func(a, b crypto.Signer) bool {
		return a.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(b.Public())
	}
	if same(two[0], first) || !same(two[1], first) || !same(read(2)[0], two[0]) {
		t.Error("the new key does not stand first, or the older one is another")
	}
	if err := os.WriteFile(filepath.Join(dir, "opens-x.key.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Signers(dir, "opens"); err == nil {
		t.Error("a file that holds no key is passed by")
	}
}
