//go:build pkcs11

// Package keystest makes a token of SoftHSM for tests: a PKCS#11 library in software, from Debian's package softhsm2.
package keystest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Module is the library's file.
const Module = "/usr/lib/softhsm/libsofthsm2.so"

// Label is the token's.
const Label = "lommebok"

// Token is a token of its own in a folder of its own.
type Token struct{ Folder, PINFile string }

// SoftHSM gives the token of this process: the library reads its configuration when it is loaded.
func SoftHSM(t testing.TB) Token {
	t.Helper()
	token, err := newToken()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

var newToken = sync.OnceValues(func() (Token, error) {
	dir, err := os.MkdirTemp("", "softhsm")
	if err != nil {
		return Token{}, err
	}
	t := Token{Folder: filepath.Join(dir, "tokens"), PINFile: filepath.Join(dir, "pin")}
	conf := filepath.Join(dir, "softhsm2.conf")
	err = errors.Join(os.Mkdir(t.Folder, 0o700), os.WriteFile(t.PINFile, []byte("4711-secret\n"), 0o600),
		os.WriteFile(conf, []byte("directories.tokendir = "+t.Folder+"\nobjectstore.backend = file\n"), 0o600),
		os.Setenv("SOFTHSM2_CONF", conf))
	if err != nil {
		return Token{}, err
	}
	out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", Label, "--so-pin", "so-4711", "--pin", "4711-secret").CombinedOutput()
	if err != nil {
		err = errors.Join(err, errors.New(string(out)))
	}
	return t, err
})
