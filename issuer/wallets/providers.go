package wallets

import (
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/x5c"
)

// Providers are the trust anchors of wallet providers, as *.pem in Dir. It is read again when a file has come, gone or
// changed: who is thrown out is not trusted at the next request. It is safe for concurrent use.
type Providers struct {
	Dir string
	Log *slog.Logger

	mu      sync.Mutex
	seen    string // names, sizes and times when it was last read
	anchors *x5c.Anchors
}

// Anchors are those of now. What cannot be read is not trusted.
func (p *Providers) Anchors() *x5c.Anchors {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.anchors == nil {
		p.anchors = x5c.NewAnchors()
	}
	names, state, err := keys.Listing(p.Dir, ".pem")
	if err != nil {
		p.Log.Error("wallet providers", "folder", p.Dir, "cause", err)
		names, state = nil, ""
	}
	if state != p.seen {
		p.seen = state
		p.anchors.Replace(p.read(names)...)
		p.Log.Info("trust anchors of wallet providers", "count", len(p.anchors.All()))
	}
	return p.anchors
}

// read gives the certificates of the files. One that cannot be read trusts nobody and hinders nobody.
func (p *Providers) read(names []string) []*x509.Certificate {
	var all []*x509.Certificate
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join(p.Dir, name))
		var certs []*x509.Certificate
		if err == nil {
			certs, err = x5c.ParsePEM(raw)
		}
		if err != nil {
			p.Log.Error("wallet providers", "file", name, "cause", err)
			continue
		}
		all = append(all, certs...)
	}
	return all
}
