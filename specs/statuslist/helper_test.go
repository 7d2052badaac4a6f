package statuslist

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"testing"
	"time"

	"lommebok.example/specs/x5c"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	day = 24 * time.Hour
	uri = "https://issuer.example/status/1"
)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newSigner gives a signing key, its chain, and the anchor behind it.
func newSigner(t testing.TB) (*ecdsa.PrivateKey, []*x509.Certificate, *x509.Certificate) {
	t.Helper()
	rootKey, key := newKey(t), newKey(t)
	subject := x5c.Subject{Country: "NO", CommonName: "Test Root", URI: "https://issuer.example"}
	root, err := x5c.NewRoot(rootKey, subject, noon.Add(-day), 10*365*day)
	if err != nil {
		t.Fatal(err)
	}
	subject.CommonName = "Test Status"
	leaf, err := x5c.Issue(x5c.StatusSigner, root, rootKey, &key.PublicKey, subject, noon.Add(-day), 365*day)
	if err != nil {
		t.Fatal(err)
	}
	return key, []*x509.Certificate{leaf}, root
}

// example is a list with each status that two bits hold.
func example(t testing.TB) *List {
	t.Helper()
	l := New(2, 12)
	for i, s := range []Status{1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3} {
		if err := l.Set(uint64(i), s); err != nil {
			t.Fatal(err)
		}
	}
	return l
}
