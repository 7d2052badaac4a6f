package x5c

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"sync"
	"time"
)

// maxCached bounds the chains remembered. Only chains that lead to an anchor are
// stored, so that a stranger cannot push others out.
const maxCached = 256

// cache remembers good chains by their certificates and the profile.
type cache struct {
	mu     sync.RWMutex
	chains map[cacheKey]verified
}

type cacheKey struct {
	sum     [sha256.Size]byte
	profile Profile
}

// verified is a good chain: its anchor, and the time in which every certificate
// of it is valid, the anchor's included.
type verified struct {
	anchor              *x509.Certificate
	notBefore, notAfter time.Time
}

func keyOf(chain []*x509.Certificate, p Profile) cacheKey {
	h := sha256.New()
	var size [8]byte
	for _, cert := range chain {
		binary.BigEndian.PutUint64(size[:], uint64(len(cert.Raw)))
		h.Write(size[:])
		h.Write(cert.Raw)
	}
	key := cacheKey{profile: p}
	h.Sum(key.sum[:0])
	return key
}

func (c *cache) find(key cacheKey, at time.Time) (*x509.Certificate, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.chains[key]
	if !ok || at.Before(v.notBefore) || at.After(v.notAfter) {
		return nil, false
	}
	return v.anchor, true
}

func (c *cache) store(key cacheKey, chain []*x509.Certificate, anchor *x509.Certificate) {
	v := verified{anchor: anchor, notBefore: anchor.NotBefore, notAfter: anchor.NotAfter}
	for _, cert := range chain {
		if cert.NotBefore.After(v.notBefore) {
			v.notBefore = cert.NotBefore
		}
		if cert.NotAfter.Before(v.notAfter) {
			v.notAfter = cert.NotAfter
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chains == nil {
		c.chains = make(map[cacheKey]verified)
	}
	for old := range c.chains {
		if len(c.chains) < maxCached {
			break
		}
		delete(c.chains, old)
	}
	c.chains[key] = v
}
