package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
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

func TestCertificateIsKeptWhileItHolds(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	key, err := Signer(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	other, err := Signer(dir, "other")
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Certificate(dir, "ca", key, now, now); got != nil || err != nil {
		t.Errorf("before there is one: %v %v", got, err)
	}
	if err := KeepCertificate(dir, "ca", cert); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		key       crypto.Signer
		at, until time.Time
		kept      bool
	}{
		{"good", key, now, now.Add(time.Hour), true},
		{"ends too soon", key, now, now.Add(time.Hour + time.Second), false},
		{"not valid yet", key, now.Add(-time.Second), now, false},
		{"another key's", other, now, now, false},
	} {
		got, err := Certificate(dir, "ca", tt.key, tt.at, tt.until)
		if (got != nil) != tt.kept || err != nil {
			t.Errorf("%s: %v %v, want kept %v", tt.name, got, err, tt.kept)
		}
	}
	if err := PublishCertificate(filepath.Join(dir, "trust"), "ca", cert); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "trust", "ca.pem")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the published file: %v %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Certificate(dir, "ca", key, now, now); !errors.Is(err, ErrFile) {
		t.Errorf("a file with something else: %v, want ErrFile", err)
	}
}
