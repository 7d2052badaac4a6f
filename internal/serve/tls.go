package serve

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"lommebok.example/internal/keys"
)

// suites for TLS 1.2: ECDHE and AEAD only. TLS 1.3 has no others.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// TLSConfig gives the protocol versions and suites of every server, with the certificate cert.
func TLSConfig(cert tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: suites, Certificates: []tls.Certificate{cert}}
}

// LocalAuthority is the file of the certificate authority that LocalTLS makes, beside its key.
const LocalAuthority = "tls-ca.pem"

const (
	authorityLifetime   = 5 * 365 * 24 * time.Hour
	certificateLifetime = 90 * 24 * time.Hour
)

// LocalTLS serves development: it keeps a certificate authority of its own in dir, made at the first call, and makes
// a fresh certificate for localhost under it. The authority may only certify names of this machine, so that trusting
// it opens nothing else.
func LocalTLS(dir string, now time.Time) (*tls.Config, error) {
	caKey, err := keys.Signer(dir, "tls-ca")
	if err != nil {
		return nil, err
	}
	ca, err := localAuthority(dir, caKey, now)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:   now.Add(-time.Minute), NotAfter: now.Add(certificateLifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
	if err != nil {
		return nil, err
	}
	return TLSConfig(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}), nil
}

// LocalTrust is LocalTLS with the roots by which to reach neighbours that serve in the same way: the system's, and the
// authority in dir. Without dir both are nil.
func LocalTrust(dir string, now time.Time) (*tls.Config, *x509.CertPool, error) {
	if dir == "" {
		return nil, nil, nil
	}
	config, err := LocalTLS(dir, now)
	if err != nil {
		return nil, nil, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, LocalAuthority))
	if err != nil {
		return nil, nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, nil, err
	}
	if !roots.AppendCertsFromPEM(raw) {
		return nil, nil, fmt.Errorf("%w: %s", keys.ErrFile, LocalAuthority)
	}
	return config, roots, nil
}

func localAuthority(dir string, key crypto.Signer, now time.Time) (*x509.Certificate, error) {
	raw, err := keys.Keep(dir, LocalAuthority, func() ([]byte, error) {
		_, loopback4, _ := net.ParseCIDR("127.0.0.0/8")
		_, loopback6, _ := net.ParseCIDR("::1/128")
		template := &x509.Certificate{
			SerialNumber: serial(), Subject: pkix.Name{CommonName: "Lommebok development, this machine only"},
			NotBefore: now.Add(-time.Minute), NotAfter: now.Add(authorityLifetime),
			IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
			PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"localhost"},
			PermittedIPRanges: []*net.IPNet{loopback4, loopback6},
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
	})
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%w: %s", keys.ErrFile, LocalAuthority)
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", keys.ErrFile, LocalAuthority, err)
	}
	want, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(ca.RawSubjectPublicKeyInfo, want) {
		return nil, fmt.Errorf("%w: %s belongs to another key", keys.ErrFile, LocalAuthority)
	}
	return ca, nil
}

func serial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (Go 1.24 and later)
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b)
}
