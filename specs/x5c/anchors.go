package x5c

import (
	"crypto/x509"
	"slices"
	"sync"
	"sync/atomic"
)

// Anchors is a set of trust anchors, safe for concurrent use. It remembers
// chains that it found good; every change of the set makes it forget them all.
type Anchors struct {
	change sync.Mutex // held by writers, so that no change is lost
	state  atomic.Pointer[trust]
}

// trust is one state of the set; it never changes but for its cache.
type trust struct {
	certs []*x509.Certificate
	pool  *x509.CertPool
	cache cache
}

func newTrust(certs []*x509.Certificate) *trust {
	t := &trust{pool: x509.NewCertPool()}
	for _, cert := range certs {
		if slices.ContainsFunc(t.certs, cert.Equal) {
			continue
		}
		t.certs = append(t.certs, cert)
		t.pool.AddCert(cert)
	}
	return t
}

// NewAnchors makes a set; without certificates it trusts nobody.
func NewAnchors(certs ...*x509.Certificate) *Anchors {
	a := new(Anchors)
	a.state.Store(newTrust(certs))
	return a
}

// Add puts further anchors into the set.
func (a *Anchors) Add(certs ...*x509.Certificate) {
	a.change.Lock()
	defer a.change.Unlock()
	a.state.Store(newTrust(append(a.All(), certs...)))
}

// Replace makes the set hold these anchors alone.
func (a *Anchors) Replace(certs ...*x509.Certificate) {
	a.change.Lock()
	defer a.change.Unlock()
	a.state.Store(newTrust(certs))
}

// All lists the anchors; the slice is the caller's.
func (a *Anchors) All() []*x509.Certificate {
	return slices.Clone(a.state.Load().certs)
}
