package wallet

import (
	"fmt"
	"path/filepath"
	"sync"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/x5c"
)

// Trust is a folder of trust anchors: Dir/issuers/*.pem, Dir/verifiers/*.pem and Dir/attesters/*.pem. It is read again when a file has come,
// gone or changed. It is safe for concurrent use.
type Trust struct {
	Dir string

	mu   sync.Mutex
	sets map[string]*anchorSet
}

type anchorSet struct {
	stamp   string
	anchors *x5c.Anchors
}

// Issuers are the anchors of those who issue credentials. The error says how to fill an empty folder.
func (t *Trust) Issuers() (*x5c.Anchors, error) { return t.load("issuers") }

// Verifiers are the anchors of those who may ask.
func (t *Trust) Verifiers() (*x5c.Anchors, error) { return t.load("verifiers") }

// Attesters are the anchors of those who attest verifiers (OpenID4VP 1.0 section 12); there may be none.
func (t *Trust) Attesters() (*x5c.Anchors, error) {
	if _, stamp, err := keys.Listing(filepath.Join(t.Dir, "attesters"), ".pem"); err != nil || stamp == "" {
		return x5c.NewAnchors(), err
	}
	return t.load("attesters")
}

func (t *Trust) load(kind string) (*x5c.Anchors, error) {
	dir := filepath.Join(t.Dir, kind)
	_, stamp, err := keys.Listing(dir, ".pem")
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if set := t.sets[kind]; set != nil && set.stamp == stamp {
		return set.anchors, nil
	}
	anchors, err := x5c.LoadAnchors(dir)
	if err != nil {
		return nil, fmt.Errorf("wallet: trust anchors of %s: %w", kind, err)
	}
	if t.sets == nil {
		t.sets = map[string]*anchorSet{}
	}
	t.sets[kind] = &anchorSet{stamp: stamp, anchors: anchors}
	return anchors, nil
}
