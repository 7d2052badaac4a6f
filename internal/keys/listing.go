package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Listing gives the names of a folder's files of these kinds, such as ".pem", sorted, and a text that is another when one of them
// comes, goes or is written. A folder that is not there is empty.
func Listing(dir string, kinds ...string) (names []string, state string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("keys: %w", err)
	}
	var b strings.Builder
	for _, entry := range entries {
		if !slices.Contains(kinds, filepath.Ext(entry.Name())) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone meanwhile
		}
		if err != nil {
			return nil, "", fmt.Errorf("keys: %w", err)
		}
		names = append(names, entry.Name())
		fmt.Fprintf(&b, "%q %d %d\n", entry.Name(), info.Size(), info.ModTime().UnixNano())
	}
	return names, b.String(), nil
}
