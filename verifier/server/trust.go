package server

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/fetch"
	"lommebok.example/verifier/trust"
)

// trusted is whom the verifier trusts, and where that is read from.
type trusted struct {
	set    *trust.Set
	folder *trust.Folder
	lists  *trust.Lists
}

// trustOf reads what there is at the start: the folder, the lists that were kept, and the leaf that is pinned.
func trustOf(cfg Config, deps Deps) (*trusted, error) {
	set := trust.NewSet()
	t := &trusted{
		set:    set,
		folder: &trust.Folder{Dir: filepath.Join(cfg.TrustDir, "issuers"), Set: set, Log: deps.Log},
		lists: &trust.Lists{
			Dir: filepath.Join(cfg.TrustDir, "lists"), Cache: filepath.Join(cfg.DataDir, "trust-lists"), Set: set, Log: deps.Log,
			Fetch: fetch.New(fetch.Config{
				Timeout: 10 * time.Second, MaxBytes: trust.MaxListBytes, Roots: deps.Roots, InsecureAllowLoopback: cfg.InsecureAllowLoopback,
			}),
		},
	}
	t.folder.Reload()
	t.lists.Load(deps.Now())
	return t, pinLeaf(set, cfg.InsecurePinLeaf, deps.Log)
}

// pinLeaf trusts the leaf of a file, for the types in the YAML file beside it.
func pinLeaf(set *trust.Set, file string, log *slog.Logger) error {
	if file == "" {
		return nil
	}
	leaves, err := trust.ReadAnchors(filepath.Dir(file), strings.TrimSuffix(filepath.Base(file), ".pem"))
	if err != nil {
		return fmt.Errorf("%w: the pinned leaf: %w", ErrConfig, err)
	}
	if len(leaves) != 1 || len(leaves[0].Types) == 0 {
		return fmt.Errorf("%w: the pinned leaf: expected one certificate in %s and its types in the .yaml file beside it", ErrConfig, file)
	}
	set.Pin(leaves[0])
	log.Warn("a leaf certificate is pinned: whoever holds its key is trusted, without a chain", "file", file, "types", leaves[0].Types)
	return nil
}

// fresh runs before a handler that trusts somebody.
func (t *trusted) fresh(c *gin.Context) {
	t.folder.Reload()
	c.Next()
}

// Refresh fetches the trust lists that are due.
func (s *Server) Refresh(ctx context.Context) { s.trust.lists.Refresh(ctx, s.now()) }
