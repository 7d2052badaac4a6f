package cose

import (
	"bytes"
	"crypto/x509"
	"sync"
)

// Bounds of the certificates remembered; together some megabytes at most.
const (
	maxKnown      = 64
	maxKnownBytes = 8 << 10
)

// known remembers certificates by their DER: an issuer signs thousands of documents
// under one certificate, and reading it costs a tenth of verifying a signature. It says
// nothing of trust: the same bytes are read to the same certificate, whoever sent them.
// A stranger can push others out, which costs time and nothing else. What it gives is
// shared and must not be written to.
type known struct {
	mu    sync.RWMutex
	byDER map[string]*x509.Certificate
}

var knownCertificates known

func (k *known) parse(der []byte) (*x509.Certificate, error) {
	k.mu.RLock()
	cert := k.byDER[string(der)]
	k.mu.RUnlock()
	if cert != nil {
		return cert, nil
	}
	own := bytes.Clone(der) // a certificate shares the memory that it is read from
	cert, err := x509.ParseCertificate(own)
	if err == nil && len(der) <= maxKnownBytes {
		k.keep(string(own), cert)
	}
	return cert, err
}

// keep makes room by dropping any other.
func (k *known) keep(der string, cert *x509.Certificate) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byDER == nil {
		k.byDER = make(map[string]*x509.Certificate)
	}
	for old := range k.byDER {
		if len(k.byDER) < maxKnown {
			break
		}
		delete(k.byDER, old)
	}
	k.byDER[der] = cert
}
