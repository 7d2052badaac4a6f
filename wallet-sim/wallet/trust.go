package wallet

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

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

// Types are those that an anchor of Issuers counts for, as NAME.yaml beside its NAME.pem says:
//
//	types: [no:minid:mpid:1, eu.europa.ec.av.1]
//
// known is false when no such file is there.
func (t *Trust) Types(anchor *x509.Certificate) (types []string, known bool, err error) {
	dir := filepath.Join(t.Dir, "issuers")
	files, _, err := keys.Listing(dir, ".pem")
	if err != nil {
		return nil, false, err
	}
	for _, file := range files {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return nil, false, err
		}
		certs, err := x5c.ParsePEM(raw)
		if err != nil || !slices.ContainsFunc(certs, anchor.Equal) {
			continue
		}
		beside := strings.TrimSuffix(file, ".pem") + ".yaml"
		raw, err = os.ReadFile(filepath.Join(dir, beside))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		var says struct {
			Types []string `yaml:"types"`
		}
		if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&says); err != nil {
			return nil, false, fmt.Errorf("%s: %w", beside, err)
		}
		types, known = append(types, says.Types...), true
	}
	return types, known, nil
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
