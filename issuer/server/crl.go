package server

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/x5c"
)

const (
	crlPath = "/trust/iaca.crl"
	// crlLife is how long a list is good for; ISO/IEC 18013-5 B.2 allows 90 days. A list is made anew after crlAge.
	crlLife = 7 * day
	crlAge  = 10 * time.Minute
)

// crl is the list of the root's revoked certificates (ISO/IEC 18013-5 B.2). A certificate is revoked by putting it, in PEM,
// into the folder dir; the time of the file is when.
type crl struct {
	dir  string
	root *x509.Certificate
	key  crypto.Signer
	now  func() time.Time
	log  *slog.Logger

	mu   sync.Mutex
	made time.Time
	list []byte
}

func (l *crl) mount(r gin.IRouter) { r.GET(crlPath, l.get) }

func (l *crl) get(c *gin.Context) {
	list, err := l.current()
	if err != nil {
		l.log.Error("list of revoked certificates", "trace_id", observe.TraceID(c.Request.Context()), "cause", err)
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Header("Cache-Control", "public, max-age=600")
	c.Data(http.StatusOK, "application/pkix-crl", list) // RFC 2585 section 4.2
}

func (l *crl) current() ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.list != nil && now.Sub(l.made) < crlAge && !now.Before(l.made) {
		return l.list, nil
	}
	revoked, err := readRevoked(l.dir)
	if err != nil {
		return nil, err
	}
	list, err := x5c.NewCRL(l.root, l.key, revoked, now, now.Add(crlLife))
	if err != nil {
		return nil, err
	}
	l.list, l.made = list, now
	return list, nil
}

// readRevoked reads the folder; one that is not there holds none. A file that is no certificate is an error, since it was
// meant to revoke one.
func readRevoked(dir string) ([]x5c.Revoked, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return nil, err
	}
	var revoked []x5c.Revoked
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(file)
		if err != nil {
			return nil, err
		}
		certs, err := x5c.ParsePEM(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		for _, cert := range certs {
			revoked = append(revoked, x5c.Revoked{Serial: cert.SerialNumber, At: info.ModTime()})
		}
	}
	return revoked, nil
}
