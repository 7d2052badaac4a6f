package x5c

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
)

const pemType = "CERTIFICATE"

// LoadAnchors reads every *.pem in a folder. The error names the file that is
// bad, and says how to fill a folder that is missing or empty.
func LoadAnchors(dir string) (*Anchors, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return nil, fmt.Errorf("trust anchors: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("trust anchors: no *.pem in %q: put the CA certificates you trust there, in PEM, one file each", dir)
	}
	var all []*x509.Certificate
	for _, file := range files {
		certs, err := loadFile(file)
		if err != nil {
			return nil, fmt.Errorf("trust anchors: %s: %w", file, err)
		}
		all = append(all, certs...)
	}
	return NewAnchors(all...), nil
}

func loadFile(file string) ([]*x509.Certificate, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	certs, err := ParsePEM(b)
	if err != nil {
		return nil, err
	}
	for _, cert := range certs {
		if !cert.IsCA {
			return nil, fmt.Errorf("%w: %q is not a CA", ErrProfile, cert.Subject.CommonName)
		}
	}
	return certs, nil
}

// ParseDER reads certificates, each in DER and nothing behind it. Errors: ErrChain.
func ParseDER(ders [][]byte) ([]*x509.Certificate, error) {
	certs := make([]*x509.Certificate, len(ders))
	for i, der := range ders {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate %d: %w", ErrChain, i, err)
		}
		certs[i] = cert
	}
	return certs, nil
}

// EncodePEM writes certificates one after the other (RFC 7468 section 5).
func EncodePEM(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, cert := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: cert.Raw})...)
	}
	return out
}

// ParsePEM reads one certificate or more; any other kind of block is refused,
// a private key above all. Errors: ErrChain.
func ParsePEM(b []byte) ([]*x509.Certificate, error) {
	var ders [][]byte
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			break
		}
		if block.Type != pemType {
			return nil, fmt.Errorf("%w: expected a PEM block %s, got %s", ErrChain, pemType, block.Type)
		}
		ders = append(ders, block.Bytes)
		b = rest
	}
	if len(ders) == 0 {
		return nil, fmt.Errorf("%w: no PEM block %s", ErrChain, pemType)
	}
	if len(bytes.TrimSpace(b)) > 0 {
		return nil, fmt.Errorf("%w: text behind the last PEM block", ErrChain)
	}
	return ParseDER(ders)
}

// Hash is the value of the client identifier prefix x509_hash: base64url of the
// SHA-256 over the leaf's DER (OpenID4VP 1.0 section 5.9.3).
func Hash(leaf *x509.Certificate) string {
	sum := sha256.Sum256(leaf.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
