package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrFile is returned for a file that is there and does not hold what it should: it is never overwritten.
var ErrFile = errors.New("keys: the file does not hold what its name says")

// Signer gives the P-256 key kept as <dir>/<name>.key.pem (PKCS #8), made at the first call.
func Signer(dir, name string) (crypto.Signer, error) {
	raw, err := Keep(dir, name+".key.pem", newKey)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(raw)
	if block == nil || block.Type != "PRIVATE KEY" || len(rest) != 0 {
		return nil, fmt.Errorf("%w: %s.key.pem", ErrFile, name)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s.key.pem: %w", ErrFile, name, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: %s.key.pem is no P-256 key", ErrFile, name)
	}
	return ec, nil
}

func newKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// Secret gives the n random bytes kept as <dir>/<name>.secret, made at the first call.
func Secret(dir, name string, n int) ([]byte, error) {
	raw, err := Keep(dir, name+".secret", func() ([]byte, error) {
		b := make([]byte, n)
		_, err := rand.Read(b)
		return b, err
	})
	if err != nil {
		return nil, err
	}
	if len(raw) != n {
		return nil, fmt.Errorf("%w: %s.secret has %d bytes, not %d", ErrFile, name, len(raw), n)
	}
	return raw, nil
}

// Keep gives the content of <dir>/<file>, and where there is none writes what newContent returns. The file appears
// whole or not at all, and of two that start together one wins and both read the same.
func Keep(dir, file string, newContent func() ([]byte, error)) ([]byte, error) {
	path := filepath.Join(dir, file)
	raw, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return raw, err
	}
	content, err := newContent()
	if err != nil {
		return nil, fmt.Errorf("keys: %s: %w", file, err)
	}
	if err := place(dir, path, content, os.Link); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keys: %s: %w", file, err)
	}
	return os.ReadFile(path)
}

// Replace writes <dir>/<file> anew; a reader sees the old content or the new one, never a part.
func Replace(dir, file string, content []byte) error {
	if err := place(dir, filepath.Join(dir, file), content, os.Rename); err != nil {
		return fmt.Errorf("keys: %s: %w", file, err)
	}
	return nil
}

func place(dir, path string, content []byte, move func(from, to string) error) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = move(f.Name(), path)
	}
	if e := os.Remove(f.Name()); e != nil && !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}
