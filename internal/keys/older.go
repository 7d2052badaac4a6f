package keys

import (
	"crypto"
	"path/filepath"
	"slices"
	"strings"
)

// Signers gives the key of Signer, made at the first call, and after it the older ones that are kept as
// <dir>/<name>-<anything>.key.pem. So a key is replaced by renaming its file, and what others have encrypted for it can be opened
// until the renamed file is deleted.
func Signers(dir, name string) ([]crypto.Signer, error) {
	key, err := Signer(dir, name)
	if err != nil {
		return nil, err
	}
	all := []crypto.Signer{key}
	files, err := filepath.Glob(filepath.Join(dir, name+"-*.key.pem"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	for _, file := range files {
		older, err := Signer(dir, strings.TrimSuffix(filepath.Base(file), ".key.pem"))
		if err != nil {
			return nil, err
		}
		all = append(all, older)
	}
	return all, nil
}
