package wallet

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lommebok.example/specs/x5c"
)

// What an anchor counts for is told by the file beside it, and by no other.
func TestTypesOfAnAnchor(t *testing.T) {
	root := func() (*x509.Certificate, string) {
		key, err := newKey()
		check(t, err)
		at := time.Unix(1_800_000_000, 0)
		anchor, err := x5c.NewRoot(key, x5c.Subject{Country: "NO", Organization: "Prøve", CommonName: "Prøverot", URI: "https://issuer.example"}, at, 900*24*time.Hour)
		check(t, err)
		return anchor, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: anchor.Raw}))
	}
	anchor, certificate := root()
	_, another := root()
	for name, c := range map[string]struct {
		files map[string]string
		types []string
		known bool
		fails bool
	}{
		"two types":      {files: map[string]string{"a.pem": certificate, "a.yaml": "types: [x, y]"}, types: []string{"x", "y"}, known: true},
		"none":           {files: map[string]string{"a.pem": certificate, "a.yaml": "types: []"}, known: true},
		"no file":        {files: map[string]string{"a.pem": certificate, "b.yaml": "types: [x]"}},
		"of another":     {files: map[string]string{"a.pem": certificate, "b.pem": another, "b.yaml": "types: [x]"}},
		"in two files":   {files: map[string]string{"a.pem": certificate, "a.yaml": "types: [x]", "b.pem": certificate, "b.yaml": "types: [y]"}, types: []string{"x", "y"}, known: true},
		"a typing error": {files: map[string]string{"a.pem": certificate, "a.yaml": "tpyes: [x]"}, fails: true},
	} {
		dir := t.TempDir()
		check(t, os.Mkdir(filepath.Join(dir, "issuers"), 0o700))
		for file, content := range c.files {
			check(t, os.WriteFile(filepath.Join(dir, "issuers", file), []byte(content), 0o600))
		}
		types, known, err := (&Trust{Dir: dir}).Types(anchor)
		if !slices.Equal(types, c.types) || known != c.known || (err != nil) != c.fails {
			t.Errorf("%s: %v, %t, %v", name, types, known, err)
		}
	}
}
