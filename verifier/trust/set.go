package trust

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lommebok.example/specs/x5c"
)

// Reasons to trust a chain not at all, or not for a type. Those of x5c.Anchors.Verify come through as they are.
var (
	ErrNotEntitled = errors.New("trust: the trust anchor is not entitled to this type of credential")
	ErrListOver    = errors.New("trust: the trust list that names the anchor is over")
)

// Anchor is a certificate authority and what it counts for.
type Anchor struct {
	Name        string // of its file or of its entry on a list; for people
	Certificate *x509.Certificate
	Types       []string // vct and docType, compared exactly; what type metadata says of extends or aka_vcts adds none
	StatusOnly  bool     // it signs status lists, and no credentials
}

// Source is a set of anchors that come and go together.
type Source struct {
	Until   time.Time // from then on none of them counts; zero for no end
	Anchors []Anchor
}

// Set is everybody who is trusted. It is safe for concurrent use; every change of a source makes it forget the chains that it
// has found good by that source.
type Set struct {
	change  sync.Mutex // held by writers
	sources map[string]*source
	pinned  []Anchor
	state   atomic.Pointer[state]
}

// state is one state of the set, which never changes.
type state struct {
	sources []*source
	pinned  map[string][]entry // by the DER of the leaf
}

// source judges a chain by itself: what another one says of an authority, or said until it was over, hides nothing of it.
type source struct {
	name    string
	until   time.Time
	anchors *x5c.Anchors
	known   map[string][]entry // by nameAndKey
}

// entry is what one source says of an anchor.
type entry struct {
	Anchor
	source string
}

// nameAndKey is what an authority is known by, also when its certificate is renewed (RFC 5280 section 6.1.1 d).
func nameAndKey(cert *x509.Certificate) string {
	return string(cert.RawSubject) + string(cert.RawSubjectPublicKeyInfo)
}

func newSource(name string, s Source) *source {
	t := &source{name: name, until: s.Until, known: map[string][]entry{}}
	var certs []*x509.Certificate
	for _, a := range s.Anchors {
		certs = append(certs, a.Certificate)
		t.known[nameAndKey(a.Certificate)] = append(t.known[nameAndKey(a.Certificate)], entry{a, name})
	}
	t.anchors = x5c.NewAnchors(certs...)
	return t
}

func (s *source) over(at time.Time) bool { return !s.until.IsZero() && !at.Before(s.until) }

// NewSet makes a set that trusts nobody.
func NewSet() *Set {
	s := &Set{sources: map[string]*source{}}
	s.build()
	return s
}

// Put takes the anchors of a source in place of those that it had.
func (s *Set) Put(name string, source Source) {
	s.change.Lock()
	defer s.change.Unlock()
	s.sources[name] = newSource(name, source)
	s.build()
}

// Drop forgets a source.
func (s *Set) Drop(name string) {
	s.change.Lock()
	defer s.change.Unlock()
	delete(s.sources, name)
	s.build()
}

// Pin trusts one leaf as it is, without a chain and without a look at its profile. Safe for a test partner alone: a key
// that was stolen cannot be taken back by anybody but the operator.
func (s *Set) Pin(leaf Anchor) {
	s.change.Lock()
	defer s.change.Unlock()
	s.pinned = append(s.pinned, leaf)
	s.build()
}

func (s *Set) build() {
	t := &state{pinned: map[string][]entry{}}
	for _, name := range slices.Sorted(maps.Keys(s.sources)) {
		t.sources = append(t.sources, s.sources[name])
	}
	for _, a := range s.pinned {
		der := string(a.Certificate.Raw)
		t.pinned[der] = append(t.pinned[der], entry{a, "pinned"})
	}
	s.state.Store(t)
}

// Found is the anchor at which a chain ends, with all that is said of it.
type Found struct{ entries []entry }

// Verify finds the anchor of a chain, leaf first, whose leaf fits the profile. Errors: those of x5c.Anchors.Verify,
// ErrListOver.
func (s *Set) Verify(chain []*x509.Certificate, p x5c.Profile, at time.Time) (*Found, error) {
	t := s.state.Load()
	if len(chain) > 0 {
		if entries := t.pinned[string(chain[0].Raw)]; entries != nil {
			return pinned(chain[0], entries, at)
		}
	}
	f := &Found{}
	var over []string
	var failed error
	for _, source := range t.sources {
		switch anchor, err := source.anchors.Verify(chain, p, at); {
		case err == nil && source.over(at):
			over = append(over, fmt.Sprintf("%s held until %s", source.name, source.until.UTC().Format(time.RFC3339)))
		case err == nil:
			f.entries = append(f.entries, source.known[nameAndKey(anchor)]...)
		case failed == nil && !source.over(at) && !errors.Is(err, x5c.ErrUntrusted):
			failed = err
		}
	}
	switch {
	case len(f.entries) > 0:
		return f, nil
	case len(over) > 0:
		return nil, fmt.Errorf("%w: %s", ErrListOver, strings.Join(over, "; "))
	case failed == nil:
		_, failed = x5c.NewAnchors().Verify(chain, p, at) // what is wrong with the chain itself, and else that nobody knows it
	}
	return nil, failed
}

func pinned(leaf *x509.Certificate, entries []entry, at time.Time) (*Found, error) {
	switch _, ok := leaf.PublicKey.(*ecdsa.PublicKey); {
	case !ok:
		return nil, fmt.Errorf("%w: the pinned certificate has no ECDSA key", x5c.ErrProfile)
	case at.Before(leaf.NotBefore):
		return nil, fmt.Errorf("%w: the pinned certificate", x5c.ErrNotYetValid)
	case at.After(leaf.NotAfter):
		return nil, fmt.Errorf("%w: the pinned certificate", x5c.ErrExpired)
	}
	return &Found{entries}, nil
}

// Issues tells whether the anchor is entitled to credentials of a type. ErrNotEntitled, which names the anchor and its types.
func (f *Found) Issues(kind string) error {
	return f.counts(kind, func(e entry) bool { return !e.StatusOnly })
}

// Revokes tells whether the anchor is entitled to tell the status of credentials of a type. ErrNotEntitled.
func (f *Found) Revokes(kind string) error {
	return f.counts(kind, func(entry) bool { return true })
}

func (f *Found) counts(kind string, use func(entry) bool) error {
	var said []string
	for _, e := range f.entries {
		if use(e) && slices.Contains(e.Types, kind) {
			return nil
		}
		said = append(said, e.describe())
	}
	return fmt.Errorf("%w: %q; %s", ErrNotEntitled, kind, strings.Join(said, "; "))
}

func (e entry) describe() string {
	types := "no type"
	if len(e.Types) > 0 {
		types = strings.Join(e.Types, ", ")
	}
	if e.StatusOnly {
		types = "the status alone of " + types
	}
	return fmt.Sprintf("%s of %s is entitled to %s", e.Name, e.source, types)
}

// authority refuses what is no certificate authority: whoever holds the key of a leaf could otherwise be taken for one.
func authority(cert *x509.Certificate) error {
	if !cert.IsCA {
		return fmt.Errorf("%w: %q is not a certificate authority", x5c.ErrProfile, cert.Subject.CommonName)
	}
	return nil
}
