package x5c

import (
	"crypto/x509"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestCacheForgetsWhenAnchorsChange(t *testing.T) {
	root, rootKey := newRoot(t)
	other, _ := newRoot(t)
	chain := []*x509.Certificate{newLeaf(t, CredentialIssuer, root, rootKey)}
	anchors := NewAnchors(root)
	verify := func(want error) {
		t.Helper()
		if _, err := anchors.Verify(chain, CredentialIssuer, later); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	verify(nil)
	anchors.Replace(other)
	verify(ErrUntrusted)
	anchors.Add(root, root)
	verify(nil)
	if got := len(anchors.All()); got != 2 {
		t.Errorf("%d anchors, want 2", got)
	}
	anchors.Replace()
	verify(ErrUntrusted)
}

func TestCacheStillLooksAtTimeAndProfile(t *testing.T) {
	root, rootKey := newRoot(t)
	leaf, err := Issue(CredentialIssuer, root, rootKey, &newKey(t).PublicKey, leafSubject, start.Add(day), 365*day)
	if err != nil {
		t.Fatal(err)
	}
	anchors := NewAnchors(root)
	chain := []*x509.Certificate{leaf}
	steps := []struct {
		rule    string
		profile Profile
		at      time.Time
		want    error
	}{
		{"first", CredentialIssuer, later, nil},
		{"cached", CredentialIssuer, later.Add(time.Hour), nil},
		{"cached, too late", CredentialIssuer, leaf.NotAfter.Add(time.Second), ErrExpired},
		{"cached, too early", CredentialIssuer, leaf.NotBefore.Add(-time.Second), ErrNotYetValid},
		{"cached, no time", CredentialIssuer, time.Time{}, ErrNotYetValid},
		{"another profile", DocumentSigner, later, ErrProfile},
		{"the same name with other rules", Profile{Name: CredentialIssuer.Name, sign: true, maxLifetime: day}, later, ErrProfile},
		{"cached still", CredentialIssuer, later, nil},
	}
	for _, s := range steps {
		if _, err := anchors.Verify(chain, s.profile, s.at); !errors.Is(err, s.want) {
			t.Errorf("%s: got %v, want %v", s.rule, err, s.want)
		}
	}
	if got := len(anchors.state.Load().cache.chains); got != 1 {
		t.Errorf("%d chains remembered, want 1", got)
	}
}

func TestCacheKeysAreWholeChains(t *testing.T) {
	var none *authority
	root := none.make(t, "root", asCA)
	middle := root.make(t, "middle", asCA)
	leaf := middle.make(t, "leaf", nil)
	anchors := NewAnchors(root.cert)
	if _, err := anchors.Verify([]*x509.Certificate{leaf.cert, middle.cert}, Any, later); err != nil {
		t.Fatal(err)
	}
	if _, err := anchors.Verify([]*x509.Certificate{leaf.cert}, Any, later); !errors.Is(err, ErrUntrusted) {
		t.Errorf("got %v, want ErrUntrusted", err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	root, _ := newRoot(t)
	var c cache
	key := func(i int) cacheKey { return cacheKey{sum: [32]byte{byte(i), byte(i >> 8)}} }
	for i := range 2 * maxCached {
		c.store(key(i), []*x509.Certificate{root}, root)
	}
	if len(c.chains) != maxCached {
		t.Errorf("%d chains, want %d", len(c.chains), maxCached)
	}
	if _, ok := c.find(key(2*maxCached-1), later); !ok {
		t.Error("the latest chain is not remembered")
	}
}

func TestAnchorsConcurrently(t *testing.T) {
	root, rootKey := newRoot(t)
	leaf := newLeaf(t, CredentialIssuer, root, rootKey)
	anchors := NewAnchors(root)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if _, err := anchors.Verify([]*x509.Certificate{leaf}, CredentialIssuer, later); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				anchors.Add(root)
			}
		})
	}
	wg.Wait()
}

func BenchmarkVerifyCached(b *testing.B) {
	root, rootKey := newRoot(b)
	chain := []*x509.Certificate{newLeaf(b, DocumentSigner, root, rootKey)}
	anchors := NewAnchors(root)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := anchors.Verify(chain, DocumentSigner, later); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyFresh(b *testing.B) {
	root, rootKey := newRoot(b)
	chain := []*x509.Certificate{newLeaf(b, DocumentSigner, root, rootKey)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewAnchors(root).Verify(chain, DocumentSigner, later); err != nil {
			b.Fatal(err)
		}
	}
}
