package provider

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/x5c"
)

const (
	day          = 24 * time.Hour
	rootLifetime = 9 * 365 * day
	leafLifetime = 365 * day
	// walletLife is how long a wallet attestation lives: less than a day (EUDI TS3 section 2.2.1.1).
	walletLife = time.Hour
	keysLife   = time.Hour
	// statusLife is how long a status is kept: the 31 days of TS3 section 2.4.2, and what PIDs of two weeks need.
	statusLife = 60 * day

	organisation = "Lommeboksimulator"
)

// ErrRevoked is returned for a unit that is revoked: nothing is attested of it any more.
var ErrRevoked = errors.New("provider: the wallet unit is revoked")

// Provider is the wallet provider. It is safe for concurrent use, also by several processes on one Dir.
type Provider struct {
	Dir string
	URL string // where Handler is reached, without final slash
	Now func() time.Time

	root  *x509.Certificate
	key   crypto.Signer
	chain []*x509.Certificate
}

// Open reads the provider in dir, which is made at the first call.
func Open(dir, url string, now func() time.Time) (*Provider, error) {
	p := &Provider{Dir: dir, URL: url, Now: now}
	rootKey, err := keys.Signer(dir, "provider")
	if err != nil {
		return nil, err
	}
	if p.key, err = keys.Signer(dir, "signer"); err != nil {
		return nil, err
	}
	at := now()
	begin := at.UTC().Truncate(day).Add(-day)
	if p.root, err = keys.Certificate(dir, "provider", rootKey, at, at.Add(leafLifetime)); err != nil {
		return nil, err
	}
	if p.root == nil {
		if p.root, err = x5c.NewRoot(rootKey, p.subject("leverandør (demonstrasjon)"), begin, rootLifetime); err != nil {
			return nil, fmt.Errorf("provider: %w", err)
		}
		if err := keys.KeepCertificate(dir, "provider", p.root); err != nil {
			return nil, err
		}
	}
	leaf, err := p.leaf(rootKey, at, begin)
	p.chain = []*x509.Certificate{leaf}
	return p, err
}

func (p *Provider) leaf(rootKey crypto.Signer, at, begin time.Time) (*x509.Certificate, error) {
	leaf, err := keys.Certificate(p.Dir, "signer", p.key, at, at.Add(statusLife))
	if err != nil {
		return nil, err
	}
	if leaf != nil && leaf.CheckSignatureFrom(p.root) == nil {
		return leaf, nil
	}
	if leaf, err = x5c.Issue(x5c.WalletProvider, p.root, rootKey, p.key.Public(), p.subject("attester (demonstrasjon)"), begin, leafLifetime); err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	return leaf, keys.KeepCertificate(p.Dir, "signer", leaf)
}

func (p *Provider) subject(words string) x5c.Subject {
	return x5c.Subject{Country: "NO", Organization: organisation, CommonName: organisation + " " + words, URI: p.URL}
}

// Publish writes the root where issuers of this machine look for the wallet providers they trust.
func (p *Provider) Publish(trustDir string) error {
	return keys.PublishCertificate(filepath.Join(trustDir, "wallet-providers"), "wallet-sim", p.root)
}

// ReadRoot reads the certificate of the provider in dir, and makes nothing: fs.ErrNotExist when there is none.
func ReadRoot(dir string) (*x509.Certificate, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "provider.pem"))
	if err != nil {
		return nil, err
	}
	certs, err := x5c.ParsePEM(raw)
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	return certs[0], nil
}

// Root is the certificate that its attestations lead to.
func (p *Provider) Root() *x509.Certificate { return p.root }

// AttestWallet attests that a unit's wallet has a key, to one issuer. The place of its status is the same each time the
// unit comes to that issuer, and another at another (EUDI TS3 section 2.5.1).
func (p *Provider) AttestWallet(unit, clientID, issuer string, key *ecdsa.PublicKey) (string, error) {
	index, err := p.entry(unit, issuer)
	if err != nil {
		return "", err
	}
	now := p.Now()
	return attestation.Wallet{
		Issuer:   p.URL, // draft -07 demands it
		ClientID: clientID, Key: key, IssuedAt: now, Expires: now.Add(walletLife),
		Name: organisation, Version: "1", Link: p.URL, Certification: "none: a simulator",
		Status: &attestation.Status{Index: index, URI: p.URL + unitsPath, Until: now.Add(statusLife)}, Chain: p.chain,
	}.Sign(p.key)
}

// AttestKeys attests that keys of a unit are guarded at the levels that are asked for. nonce may be empty.
func (p *Provider) AttestKeys(unit, nonce string, list []*ecdsa.PublicKey, keyStorage, userAuthentication []string) (string, error) {
	if err := p.good(unit); err != nil {
		return "", err
	}
	now := p.Now()
	return attestation.Keys{
		IssuedAt: now, Expires: now.Add(keysLife), Attested: list, KeyStorage: keyStorage, UserAuthentication: userAuthentication,
		Certification: p.URL, Nonce: nonce,
		Status: &attestation.Status{Index: keysIndex, URI: p.URL + keysPath, Until: now.Add(statusLife)}, Chain: p.chain,
	}.Sign(p.key)
}
