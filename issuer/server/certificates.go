package server

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/x5c"
)

const (
	day          = 24 * time.Hour
	rootLifetime = 9 * 365 * day
	leafLifetime = 457 * day // the longest that ISO/IEC 18013-5 B.1.4 allows a document signer
	organisation = "Lommebok demonstrasjon"
)

// identity is a key with its certificate chain, leaf first, without the anchor.
type identity struct {
	Key   crypto.Signer
	Chain []*x509.Certificate
}

// trust is the issuer's own certificates: a root that others take as their anchor, and a leaf for each purpose.
type trust struct {
	Root             *x509.Certificate
	rootKey          crypto.Signer
	DocumentSigner   identity
	CredentialIssuer identity
	StatusSigner     identity
	Access           identity // signs the metadata (ARF ISSU_22)
}

// maker makes certificates where there are none in the folder or where they end too soon. Keys stay as they are, so
// that what an old certificate signed holds until it ends.
type maker struct {
	dir     string
	issuer  string
	at      time.Time
	begin   time.Time     // of what is made now
	longest time.Duration // a leaf must outlive every credential that is signed before the next start
}

// restart is how long a service may run before it is started anew and looks at its certificates.
const restart = 30 * day

func makeTrust(dir, issuer string, longest time.Duration, at time.Time) (*trust, error) {
	// Credentials begin at the start of the day, and no signature is older than its certificate.
	m := maker{dir: dir, issuer: issuer, at: at, begin: at.UTC().Truncate(day).Add(-day), longest: longest}
	if longest+restart > leafLifetime-2*day {
		return nil, fmt.Errorf("certificates: a validity of %d days is too long for certificates of %d", longest/day, leafLifetime/day)
	}
	rootKey, root, err := m.root()
	if err != nil {
		return nil, err
	}
	t := &trust{Root: root, rootKey: rootKey}
	for _, leaf := range []struct {
		into    *identity
		name    string
		words   string
		profile x5c.Profile
	}{
		{&t.DocumentSigner, "document-signer", "dokumentsignering", x5c.DocumentSigner},
		{&t.CredentialIssuer, "credential-issuer", "utsteder av bevis", x5c.CredentialIssuer},
		{&t.StatusSigner, "status-signer", "statuslister", x5c.StatusSigner},
		{&t.Access, "access", "tilgang", x5c.AccessCertificate},
	} {
		if *leaf.into, err = m.leaf(leaf.name, leaf.words, leaf.profile, root, rootKey); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// access signs the metadata now.
func (t *trust) access() (crypto.Signer, []*x509.Certificate) { return t.Access.Key, t.Access.Chain }

// credentialKeys are the keys that sign SD-JWT VCs.
func (t *trust) credentialKeys() []*ecdsa.PublicKey {
	key, ok := t.CredentialIssuer.Key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil
	}
	return []*ecdsa.PublicKey{key}
}

func (m maker) root() (crypto.Signer, *x509.Certificate, error) {
	key, err := keys.Signer(m.dir, "iaca")
	if err != nil {
		return nil, nil, err
	}
	if kept, err := keys.Certificate(m.dir, "iaca", key, m.at, m.at.Add(leafLifetime)); kept != nil || err != nil {
		return key, kept, err
	}
	root, err := x5c.NewRoot(key, m.subject("IACA"), m.begin, rootLifetime)
	if err != nil {
		return nil, nil, fmt.Errorf("certificates: %w", err)
	}
	return key, root, keys.KeepCertificate(m.dir, "iaca", root)
}

func (m maker) leaf(name, words string, p x5c.Profile, root *x509.Certificate, rootKey crypto.Signer) (identity, error) {
	key, err := keys.Signer(m.dir, name)
	if err != nil {
		return identity{}, err
	}
	cert, err := keys.Certificate(m.dir, name, key, m.at, m.at.Add(m.longest+restart))
	if err != nil {
		return identity{}, err
	}
	if cert == nil || cert.CheckSignatureFrom(root) != nil {
		if cert, err = x5c.Issue(p, root, rootKey, key.Public(), m.subject(words), m.begin, leafLifetime); err != nil {
			return identity{}, fmt.Errorf("certificates: %w", err)
		}
		if err := keys.KeepCertificate(m.dir, name, cert); err != nil {
			return identity{}, err
		}
	}
	return identity{Key: key, Chain: []*x509.Certificate{cert}}, nil
}

func (m maker) subject(words string) x5c.Subject {
	return x5c.Subject{Country: "NO", Organization: organisation, CommonName: organisation + " " + words, URI: m.issuer, CRL: m.issuer + crlPath}
}

// publish writes the anchor where verifiers and wallets of this machine look for the issuers they trust.
func publish(trustDir, issuer string, root *x509.Certificate) error {
	u, err := url.Parse(issuer)
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	return keys.PublishCertificate(filepath.Join(trustDir, "issuers"), strings.ReplaceAll(u.Host, ":", "-"), root)
}
