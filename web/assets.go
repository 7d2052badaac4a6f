package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// files holds templates, texts and assets. The pattern is the folder assets itself, so that assets/vendor, which
// "npm run assets" fills, is taken when it is there and not missed when it is not.
//
//go:embed templates/*.html texts/*.yaml assets
var files embed.FS

// designSystem is the file whose presence says that assets/vendor has been filled.
const designSystem = "vendor/designsystemet/index.css"

type asset struct {
	content     []byte
	contentType string
	version     string // of the content, for addresses that may be cached for ever
}

func loadAssets(fsys fs.FS) (map[string]asset, error) {
	all := map[string]asset{}
	err := fs.WalkDir(fsys, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		all[strings.TrimPrefix(name, "assets/")] = asset{
			content:     content,
			contentType: contentType(name),
			version:     base64.RawURLEncoding.EncodeToString(sum[:9]),
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web: reading assets: %w", err)
	}
	return all, nil
}

// contentType does not ask the machine's own tables for the types we have: they differ between machines.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// assetURL gives the address of an asset, with the version of its content.
func (c *contents) assetURL(name string) (string, error) {
	a, ok := c.assets[name]
	if !ok {
		return "", fmt.Errorf("web: no asset is called %q", name)
	}
	return "/assets/" + name + "?v=" + a.version, nil
}

func (c *contents) hasDesignSystem() bool {
	_, ok := c.assets[designSystem]
	return ok
}

func (s *Site) serveAsset(c *gin.Context) {
	a, ok := s.assets[strings.TrimPrefix(c.Param("path"), "/")]
	if !ok {
		c.Status(http.StatusNotFound)
		return
	}
	h := c.Writer.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+a.version+`"`)
	if c.Query("v") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(a.content))
}
