package trust

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/x5c"
)

// Folder keeps a set as a folder has it: an issuer that is started later, or thrown out, is seen at the next look. Each
// NAME.pem is the certificate of an authority, and NAME.yaml beside it says what it may issue:
//
//	types:
//	  - urn:eudi:pid:1           # vct of an SD-JWT VC
//	  - eu.europa.ec.eudi.pid.1  # docType of an mdoc
//
// An authority without such a file is known and entitled to nothing.
type Folder struct {
	Dir string
	Set *Set
	Log *slog.Logger

	mu   sync.Mutex
	seen string // names, sizes and times when it was last read
}

// types is what NAME.yaml says.
type types struct {
	Types []string `yaml:"types"`
}

// Reload looks whether the folder has changed, and reads it then. Looking costs one listing.
func (f *Folder) Reload() {
	f.mu.Lock()
	defer f.mu.Unlock()
	names, state, err := listing(f.Dir)
	if err != nil {
		f.Log.Error("trust folder", "folder", f.Dir, "cause", err.Error())
		names, state = nil, "" // what cannot be seen is not trusted
	}
	if state == f.seen {
		return
	}
	f.seen = state
	f.read(names)
}

// listing gives the names before .pem, and a text that changes when a file comes, goes or is written.
func listing(dir string) (names []string, state string, err error) {
	files, state, err := keys.Listing(dir, ".pem", ".yaml")
	for _, file := range files {
		if name, ok := strings.CutSuffix(file, ".pem"); ok {
			names = append(names, name)
		}
	}
	return names, state, err
}

// read replaces the anchors. A file that cannot be read trusts nobody and hinders nobody.
func (f *Folder) read(names []string) {
	var all []Anchor
	for _, name := range names {
		anchors, err := readAuthority(f.Dir, name)
		if err != nil {
			f.Log.Error("trust folder", "file", name+".pem", "cause", err.Error())
			continue
		}
		if len(anchors[0].Types) == 0 {
			f.Log.Warn("trust folder", "file", name+".pem", "cause", "no types in "+name+".yaml beside it: entitled to nothing")
		}
		all = append(all, anchors...)
	}
	f.Set.Put("the trust folder", Source{Anchors: all})
	f.Log.Info("trust anchors of issuers", "count", len(all))
}

func readAuthority(dir, name string) ([]Anchor, error) {
	anchors, err := ReadAnchors(dir, name)
	for _, a := range anchors {
		err = errors.Join(err, authority(a.Certificate))
	}
	return anchors, err
}

// ReadAnchors reads NAME.pem of a folder, and the types in NAME.yaml beside it; without that file there are none.
func ReadAnchors(dir, name string) ([]Anchor, error) {
	raw, err := os.ReadFile(filepath.Join(dir, name+".pem"))
	if err != nil {
		return nil, err
	}
	certs, err := x5c.ParsePEM(raw)
	if err != nil {
		return nil, err
	}
	var t types
	if err := readYAML(filepath.Join(dir, name+".yaml"), &t); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	anchors := make([]Anchor, len(certs))
	for i, cert := range certs {
		anchors[i] = Anchor{Name: name, Certificate: cert, Types: t.Types}
	}
	return anchors, nil
}

// readYAML reads a file strictly: a member that is not known is an error.
func readYAML(file string, to any) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(to); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	return nil
}
