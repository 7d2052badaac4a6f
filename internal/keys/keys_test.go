package keys

import (
	"crypto/ecdsa"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestSignerIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := Signer(dir, "issuer")
	if err != nil {
		t.Fatal(err)
	}
	again, err := Signer(dir, "issuer")
	if err != nil {
		t.Fatal(err)
	}
	if !first.Public().(*ecdsa.PublicKey).Equal(again.Public()) {
		t.Error("the second call gave another key")
	}
	info, err := os.Stat(filepath.Join(dir, "issuer.key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v, not 0600", info.Mode().Perm())
	}
}

func TestSixteenStartsMakeOneSecret(t *testing.T) {
	dir := t.TempDir()
	got := make([]string, 16)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			b, err := Secret(dir, "pepper", 32)
			if err != nil {
				t.Error(err)
			}
			got[i] = string(b)
		})
	}
	wg.Wait()
	for _, g := range got {
		if g != got[0] || len(g) != 32 {
			t.Fatal("two starts disagree about the secret")
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".new-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("temporary files left: %v %v", left, err)
	}
}

func TestForeignFileIsRefusedAndKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "issuer.key.pem")
	if err := os.WriteFile(path, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Signer(dir, "issuer"); !errors.Is(err, ErrFile) {
		t.Errorf("got %v, want ErrFile", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "no key" {
		t.Errorf("the file was changed: %q %v", b, err)
	}
}
