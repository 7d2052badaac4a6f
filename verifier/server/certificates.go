package server

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/openid4vp"
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
// is the client_id (OpenID4VP 1.0 section 5.9.3), and which has the host's name for the prefix x509_san_dns.
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

func (m maker) access() (*access, error) { return m.issue("access", "access CA", "kontroll av bevis") }

// attester is another root, and who attests verifiers under it (section 12): who holds an access certificate attests nobody.
func (m maker) attester() (*access, error) {
	return m.issue("attester", "attester CA", "attestasjon av tjenester")
}

// issue makes the root <name>-ca and the leaf <name> under it.
func (m maker) issue(name, rootWords, leafWords string) (*access, error) {
	rootKey, root, err := m.root(name+"-ca", rootWords)
	if err != nil {
		return nil, err
	}
	a := &access{Root: root, rootKey: rootKey, maker: m}
	subject := m.subject(leafWords)
	subject.DNS = m.host()
	a.Key, a.Chain, err = a.leaf(m.dir, name, subject)
	return a, err
}

func (m maker) root(name, words string) (crypto.Signer, *x509.Certificate, error) {
	key, err := keys.Signer(m.dir, name)
	if err != nil {
		return nil, nil, err
	}
	if kept, err := keys.Certificate(m.dir, name, key, m.at, m.at.Add(leafLifetime)); kept != nil || err != nil {
		return key, kept, err
	}
	root, err := x5c.NewRoot(key, m.subject(words), m.begin(), rootLifetime)
	if err != nil {
		return nil, nil, fmt.Errorf("certificates: %w", err)
	}
	return key, root, keys.KeepCertificate(m.dir, name, root)
}

// leaf is a certificate under the root, with its key, in a folder.
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
	if kept != nil && kept.CheckSignatureFrom(a.Root) == nil && named(kept, subject) {
		return key, []*x509.Certificate{kept}, nil
	}
	leaf, err := x5c.Issue(x5c.AccessCertificate, a.Root, a.rootKey, key.Public(), subject, m.begin(), leafLifetime)
	if err != nil {
		return nil, nil, fmt.Errorf("certificates: %w", err)
	}
	return key, []*x509.Certificate{leaf}, keys.KeepCertificate(dir, name, leaf)
}

// host is the verifier's name, "" when its address has a number instead.
func (m maker) host() string {
	u, err := url.Parse(m.verifier)
	if err != nil || net.ParseIP(u.Hostname()) != nil {
		return ""
	}
	return u.Hostname()
}

// signers sign for the prefixes that HAIP 1.0 does not know, which a single request may ask for.
func (m maker) signers(a, attester *access) (map[string]*openid4vp.Signer, error) {
	all := map[string]*openid4vp.Signer{}
	host := m.host()
	if host == "" {
		return all, nil
	}
	var err error
	if all[openid4vp.PrefixX509SANDNS], err = openid4vp.NewSANSigner(a.Key, a.Chain, host); err != nil {
		return nil, err
	}
	public, ok := a.Key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("certificates: a key of type %T", a.Key.Public())
	}
	word := openid4vp.VerifierAttestation{Iss: m.verifier, Sub: host, Iat: m.at.Unix(), Exp: m.at.Add(leafLifetime).Unix()}
	attestation, err := word.Attest(public, attester.Key, attester.Chain)
	if err != nil {
		return nil, err
	}
	all[openid4vp.PrefixVerifierAttestation], err = openid4vp.NewAttestedSigner(a.Key, attestation)
	return all, err
}

// begin lies back a day, for wallets whose clocks are slow.
func (m maker) begin() time.Time { return m.at.UTC().Truncate(day).Add(-day) }

func (m maker) subject(words string) x5c.Subject {
	return x5c.Subject{Country: "NO", Organization: organisation, CommonName: organisation + " " + words, URI: m.verifier}
}

// named tells whether a kept certificate is for this subject.
func named(cert *x509.Certificate, subject x5c.Subject) bool {
	return cert.Subject.CommonName == subject.CommonName &&
		slices.ContainsFunc(cert.URIs, func(u *url.URL) bool { return u.String() == subject.URI }) &&
		(subject.DNS == "" || slices.Contains(cert.DNSNames, subject.DNS))
}

// publish writes the anchors where wallets of this machine look for the verifiers they trust, and for who attests verifiers.
func publish(trustDir, verifier string, anchors map[string]*x509.Certificate) error {
	u, err := url.Parse(verifier)
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	for kind, root := range anchors {
		if err := keys.PublishCertificate(filepath.Join(trustDir, kind), strings.ReplaceAll(u.Host, ":", "-"), root); err != nil {
			return err
		}
	}
	return nil
}
