package server

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/x5c"
)

// trustFolder keeps a set of anchors as a folder has them: an issuer that is started later, or thrown out, is seen at
// the next answer. Looking costs one listing.
type trustFolder struct {
	dir     string
	anchors *x5c.Anchors
	log     *slog.Logger

	mu   sync.Mutex
	seen string // names, sizes and times when it was last read
}

// fresh runs before a handler that trusts somebody.
func (f *trustFolder) fresh(c *gin.Context) {
	f.reload()
	c.Next()
}

func (f *trustFolder) reload() {
	f.mu.Lock()
	defer f.mu.Unlock()
	names, state, err := f.list()
	if err != nil {
		f.log.Error("trust folder", "folder", f.dir, "cause", err.Error())
		names, state = nil, "" // what cannot be seen is not trusted
	}
	if state == f.seen {
		return
	}
	f.seen = state
	f.read(names)
}

func (f *trustFolder) list() (names []string, state string, err error) {
	entries, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	var b strings.Builder
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".pem" {
			continue
		}
		info, err := os.Stat(filepath.Join(f.dir, entry.Name()))
		if err != nil {
			return nil, "", err
		}
		names = append(names, entry.Name())
		fmt.Fprintf(&b, "%q %d %d\n", entry.Name(), info.Size(), info.ModTime().UnixNano())
	}
	return names, b.String(), nil
}

// read replaces the set. A file that cannot be read trusts nobody and hinders nobody.
func (f *trustFolder) read(names []string) {
	var all []*x509.Certificate
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join(f.dir, name))
		var certs []*x509.Certificate
		if err == nil {
			certs, err = x5c.ParsePEM(raw)
		}
		if err != nil {
			f.log.Error("trust folder", "file", name, "cause", err.Error())
			continue
		}
		all = append(all, certs...)
	}
	f.anchors.Replace(all...)
	f.log.Info("trust anchors of issuers", "count", len(all))
}
