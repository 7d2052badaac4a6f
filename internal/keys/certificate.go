package keys

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Certificate gives the certificate kept as <dir>/<name>.pem when it is the key's, valid at the time and until then; nil
// when there is none such and a new one must be made.
func Certificate(dir, name string, key crypto.Signer, at, until time.Time) (*x509.Certificate, error) {
	raw, err := os.ReadFile(filepath.Join(dir, name+".pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(raw)
	if block == nil || block.Type != "CERTIFICATE" || len(rest) != 0 {
		return nil, fmt.Errorf("%w: %s.pem", ErrFile, name)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s.pem: %w", ErrFile, name, err)
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(cert.PublicKey) || cert.NotAfter.Before(until) || cert.NotBefore.After(at) {
		return nil, nil
	}
	return cert, nil
}

// KeepCertificate writes <dir>/<name>.pem in place of what was there.
func KeepCertificate(dir, name string, cert *x509.Certificate) error {
	return Replace(dir, name+".pem", encode(cert))
}

// PublishCertificate writes <dir>/<name>.pem for everybody to read: a certificate is public.
func PublishCertificate(dir, name string, cert *x509.Certificate) error {
	return Publish(dir, name+".pem", encode(cert))
}

// Publish writes <dir>/<file> for everybody to read.
func Publish(dir, file string, content []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if err := Replace(dir, file, content); err != nil {
		return err
	}
	return os.Chmod(filepath.Join(dir, file), 0o644)
}

func encode(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
