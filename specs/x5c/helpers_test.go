package x5c

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var (
	// Long past, so that no certificate is good by the machine's own clock.
	start = time.Date(2020, 3, 1, 12, 0, 0, 0, time.UTC)
	later = start.Add(30 * day)
)

var (
	rootSubject = Subject{Country: "NO", Organization: "Test", CommonName: "Test IACA", URI: "https://iaca.example"}
	leafSubject = Subject{Country: "NO", Organization: "Test", CommonName: "Test leaf", URI: "https://issuer.example"}
)

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func newRoot(tb testing.TB) (*x509.Certificate, *ecdsa.PrivateKey) {
	tb.Helper()
	key := newKey(tb)
	root, err := NewRoot(key, rootSubject, start, 9*365*day)
	if err != nil {
		tb.Fatal(err)
	}
	return root, key
}

func newLeaf(tb testing.TB, p Profile, root *x509.Certificate, rootKey *ecdsa.PrivateKey) *x509.Certificate {
	tb.Helper()
	leaf, err := Issue(p, root, rootKey, &newKey(tb).PublicKey, leafSubject, start, 365*day)
	if err != nil {
		tb.Fatal(err)
	}
	return leaf
}

// authority signs what a test asks for, without any rule.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// make fills in what the template leaves out; a nil parent means self-signed.
func (a *authority) make(tb testing.TB, name string, change func(*x509.Certificate)) authority {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    start,
		NotAfter:     start.Add(365 * day),
		SubjectKeyId: []byte(name),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(template)
	}
	key, parent := newKey(tb), authority{cert: template}
	if parent.key = key; a != nil {
		parent = *a
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, &key.PublicKey, parent.key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return authority{cert: cert, key: key}
}

func asCA(template *x509.Certificate) {
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
}

func readVectors(t *testing.T, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the package")
		}
		dir = filepath.Dir(dir)
	}
	file := filepath.Join(dir, "..", "shared", "vectors", name)
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		t.Skipf("left out: the test vectors are not at %s", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}
