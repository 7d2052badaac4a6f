package server

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/x5c"
)

const (
	day          = 24 * time.Hour
	rootLifetime = 9 * 365 * day
	leafLifetime = 365 * day
	// restart is how long a service may run before it is started anew and looks at its certificates.
	restart      = 30 * day
	organisation = "Lommebok demonstrasjon"
)

// access is the verifier's certificates: a root that wallets take as their anchor, and the access certificate whose hash
// is the client_id (OpenID4VP 1.0 section 5.9.3).
type access struct {
	Root  *x509.Certificate
	Key   crypto.Signer
	Chain []*x509.Certificate // leaf first, without the anchor

	rootKey crypto.Signer
	maker   maker
}

// maker makes certificates where there are none in the folder or where they end too soon. Keys stay as they are.
type maker struct {
	dir, verifier string
	at            time.Time
}

func makeAccess(dir, verifier string, at time.Time) (*access, error) {
	m := maker{dir: dir, verifier: verifier, at: at}
	rootKey, root, err := m.root()
	if err != nil {
		return nil, err
	}
	a := &access{Root: root, rootKey: rootKey, maker: m}
	a.Key, a.Chain, err = a.leaf(dir, "access", m.subject("kontroll av bevis"))
	return a, err
}

func (m maker) root() (crypto.Signer, *x509.Certificate, error) {
	key, err := keys.Signer(m.dir, "access-ca")
	if err != nil {
		return nil, nil, err
	}
	if kept, err := keys.Certificate(m.dir, "access-ca", key, m.at, m.at.Add(leafLifetime)); kept != nil || err != nil {
		return key, kept, err
	}
	root, err := x5c.NewRoot(key, m.subject("access CA"), m.begin(), rootLifetime)
	if err != nil {
		return nil, nil, fmt.Errorf("certificates: %w", err)
	}
	return key, root, keys.KeepCertificate(m.dir, "access-ca", root)
}

// leaf is an access certificate under the root, with its key, in a folder.
func (a *access) leaf(dir, name string, subject x5c.Subject) (crypto.Signer, []*x509.Certificate, error) {
	m := a.maker
	key, err := keys.Signer(dir, name)
	if err != nil {
		return nil, nil, err
	}
	kept, err := keys.Certificate(dir, name, key, m.at, m.at.Add(restart))
	if err != nil {
		return nil, nil, err
	}
	if kept != nil && kept.CheckSignatureFrom(a.Root) == nil && m.named(kept) {
		return key, []*x509.Certificate{kept}, nil
	}
	leaf, err := x5c.Issue(x5c.AccessCertificate, a.Root, a.rootKey, key.Public(), subject, m.begin(), leafLifetime)
	if err != nil {
		return nil, nil, fmt.Errorf("certificates: %w", err)
	}
	return key, []*x509.Certificate{leaf}, keys.KeepCertificate(dir, name, leaf)
}

// begin lies back a day, for wallets whose clocks are slow.
func (m maker) begin() time.Time { return m.at.UTC().Truncate(day).Add(-day) }

func (m maker) subject(words string) x5c.Subject {
	return x5c.Subject{Country: "NO", Organization: organisation, CommonName: organisation + " " + words, URI: m.verifier}
}

// named tells whether the certificate names the address that the verifier has now.
func (m maker) named(cert *x509.Certificate) bool {
	return slices.ContainsFunc(cert.URIs, func(u *url.URL) bool { return u.String() == m.verifier })
}

// publish writes the anchor where wallets of this machine look for the verifiers they trust.
func publish(trustDir, verifier string, root *x509.Certificate) error {
	u, err := url.Parse(verifier)
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	return keys.PublishCertificate(filepath.Join(trustDir, "verifiers"), strings.ReplaceAll(u.Host, ":", "-"), root)
}
