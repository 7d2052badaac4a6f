package keys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Files is a vault in a folder: <Dir>/<purpose>/<id>.key.pem, PKCS #8.
type Files struct{ Dir string }

const keyEnding = ".key.pem"

// Keys implements Vault.
func (f Files) Keys(purpose string) ([]Key, error) {
	dir := filepath.Join(f.Dir, purpose)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Key
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), keyEnding)
		if !ok {
			continue
		}
		from, err := parseKeyID(id)
		if err != nil {
			return nil, err
		}
		signer, err := Signer(dir, id)
		if err != nil {
			return nil, err
		}
		all = append(all, Key{ID: id, From: from, Signer: signer})
	}
	slices.SortFunc(all, func(a, b Key) int { return a.From.Compare(b.From) })
	return all, nil
}

// Make implements Vault.
func (f Files) Make(purpose string, from time.Time) (Key, error) {
	from = from.UTC().Truncate(time.Second)
	id := newKeyID(from)
	signer, err := Signer(filepath.Join(f.Dir, purpose), id)
	return Key{ID: id, From: from, Signer: signer}, err
}

// Close implements Vault.
func (Files) Close() error { return nil }
