package server

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/issuer/signing"
	"lommebok.example/issuer/status"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

const (
	day          = 24 * time.Hour
	rootLifetime = 9 * 365 * day
	leafLifetime = 457 * day // the longest that ISO/IEC 18013-5 B.1.4 allows a document signer
	organisation = "Lommebok demonstrasjon"
)

// renewAhead is how long before it would become too short for a credential a certificate is replaced.
const renewAhead = 30 * day

// The purposes of keys. A leaf's certificate lies beside its key, as <purpose>/<id>.pem.
const (
	purposeRoot       = "iaca"
	purposeDocument   = "document-signer"
	purposeCredential = "credential-issuer"
	purposeStatus     = "status-signer"
	purposeAccess     = "access" // signs the metadata (ARF ISSU_22)
	purposeOpenID     = "openid"
)

// leaf is what the certificate of a purpose says.
type leaf struct {
	purpose, words string
	profile        x5c.Profile
}

var leaves = []leaf{
	{purposeDocument, "dokumentsignering", x5c.DocumentSigner},
	{purposeCredential, "utsteder av bevis", x5c.CredentialIssuer},
	{purposeStatus, "statuslister", x5c.StatusSigner},
	{purposeAccess, "tilgang", x5c.AccessCertificate},
}

// identity is a key with its certificate chain, leaf first, without the anchor.
type identity struct {
	ID    string // the key's
	Key   crypto.Signer
	Chain []*x509.Certificate
}

// trust is the issuer's keys and certificates: a root that others take as their anchor, and a leaf for each purpose, which is
// replaced while the service runs when another key takes over or the certificate comes near its end. What an earlier one
// signed carries its chain, and holds until that ends.
type trust struct {
	cfg     trustConfig
	Root    *x509.Certificate
	rootKey crypto.Signer
	rings   map[string]*keys.Ring
	OpenID  *keys.Ring

	mu      sync.RWMutex
	now     map[string]identity // by purpose
	signers *signing.Signers
}

type trustConfig struct {
	vault   keys.Vault
	dir     string // of the certificates
	issuer  string
	longest time.Duration // validity of a credential
	now     func() time.Time
	every   time.Duration // how long a key signs; 0: until somebody makes the next

	insecureAllowHTTP bool
}

// A new key of the provider is published for so long before it signs that services which keep the key set have seen it; an
// ID token may come back as a hint for as long as a session lasts.
const (
	openIDLead = 24 * time.Hour
	openIDKeep = 4 * time.Hour
)

func newTrust(cfg trustConfig) (*trust, error) {
	if cfg.longest+renewAhead > leafLifetime-2*day {
		return nil, fmt.Errorf("certificates: a validity of %d days is too long for certificates of %d", cfg.longest/day, leafLifetime/day)
	}
	t := &trust{cfg: cfg, rings: map[string]*keys.Ring{}, now: map[string]identity{}}
	if err := t.openRoot(); err != nil {
		return nil, err
	}
	var err error
	for _, l := range leaves {
		t.rings[l.purpose], err = keys.OpenRing(keys.RingConfig{
			Purpose: l.purpose, Vault: cfg.vault, Now: cfg.now, Every: cfg.every, Keep: cfg.longest,
		})
		if err != nil {
			return nil, err
		}
	}
	t.OpenID, err = keys.OpenRing(keys.RingConfig{
		Purpose: purposeOpenID, Vault: cfg.vault, Now: cfg.now, Every: cfg.every, Lead: openIDLead, Keep: openIDKeep,
	})
	if err != nil {
		return nil, err
	}
	return t, t.renew()
}

// openRoot finds the root of the oldest key, or makes one. Another root would be another anchor, which nobody knows.
func (t *trust) openRoot() error {
	ring, err := keys.OpenRing(keys.RingConfig{Purpose: purposeRoot, Vault: t.cfg.vault, Now: t.cfg.now})
	if err != nil {
		return err
	}
	key, at := ring.Current(), t.cfg.now()
	t.rootKey = key.Signer
	dir := filepath.Join(t.cfg.dir, purposeRoot)
	if t.Root, err = keys.Certificate(dir, key.ID, key.Signer, at, at.Add(leafLifetime)); t.Root != nil || err != nil {
		return err
	}
	if t.Root, err = x5c.NewRoot(key.Signer, t.subject("IACA"), begin(at), rootLifetime); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	return keys.KeepCertificate(dir, key.ID, t.Root)
}

// begin is when what is made now begins: credentials begin at the start of the day, and no signature is older than its
// certificate.
func begin(at time.Time) time.Time { return at.UTC().Truncate(day).Add(-day) }

// Refresh takes over the keys that others made, makes those that are due, and renews the certificates that come near their
// end. What fails stays as it was.
func (t *trust) Refresh() error {
	var failed error
	for _, ring := range t.rings {
		failed = errors.Join(failed, ring.Refresh())
	}
	return errors.Join(failed, t.OpenID.Refresh(), t.renew())
}

// renew brings the leaves up to the keys that sign now. What cannot be renewed signs on as it is.
func (t *trust) renew() error {
	var failed error
	changed := false
	for _, l := range leaves {
		key, at := t.rings[l.purpose].Current(), t.cfg.now()
		old := t.identity(l.purpose)
		if old.ID == key.ID && !old.Chain[0].NotAfter.Before(at.Add(t.cfg.longest+renewAhead)) {
			continue
		}
		fresh, err := t.leaf(l, key, at)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		t.mu.Lock()
		t.now[l.purpose], changed = fresh, true
		t.mu.Unlock()
	}
	if !changed || failed != nil && t.Signers() == nil {
		return failed
	}
	signers, err := t.newSigners()
	if err != nil {
		return errors.Join(failed, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.signers = signers
	return failed
}

func (t *trust) leaf(l leaf, key keys.Key, at time.Time) (identity, error) {
	dir := filepath.Join(t.cfg.dir, l.purpose)
	cert, err := keys.Certificate(dir, key.ID, key.Signer, at, at.Add(t.cfg.longest+renewAhead))
	if err != nil {
		return identity{}, err
	}
	if cert == nil || cert.CheckSignatureFrom(t.Root) != nil {
		cert, err = x5c.Issue(l.profile, t.Root, t.rootKey, key.Signer.Public(), t.subject(l.words), begin(at), leafLifetime)
		if err != nil {
			return identity{}, fmt.Errorf("certificates: %w", err)
		}
		if err := keys.KeepCertificate(dir, key.ID, cert); err != nil {
			return identity{}, err
		}
	}
	return identity{ID: key.ID, Key: key.Signer, Chain: []*x509.Certificate{cert}}, nil
}

func (t *trust) identity(purpose string) identity {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.now[purpose]
}

// Signers are those that sign credentials now.
func (t *trust) Signers() *signing.Signers {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.signers
}

// StatusSigner signs status lists now.
func (t *trust) StatusSigner() (crypto.Signer, []*x509.Certificate) {
	i := t.identity(purposeStatus)
	return i.Key, i.Chain
}

// access signs the metadata now.
func (t *trust) access() (crypto.Signer, []*x509.Certificate) {
	i := t.identity(purposeAccess)
	return i.Key, i.Chain
}

// credentialKeys are the keys under which SD-JWT VCs are in use, the newest first.
func (t *trust) credentialKeys() []*ecdsa.PublicKey {
	var all []*ecdsa.PublicKey
	for _, k := range t.rings[purposeCredential].Live() {
		if key, ok := k.Signer.Public().(*ecdsa.PublicKey); ok { // a ring's keys are on P-256
			all = append(all, key)
		}
	}
	return all
}

func (t *trust) newSigners() (*signing.Signers, error) {
	credential, document := t.identity(purposeCredential), t.identity(purposeDocument)
	until := document.Chain[0].NotAfter
	if other := credential.Chain[0].NotAfter; other.Before(until) {
		until = other
	}
	sdjwt, err := sdjwtvc.NewSigner(credential.Key, credential.Chain)
	if err != nil {
		return nil, err
	}
	mso, err := mdoc.NewSigner(document.Key, document.Chain)
	if err != nil {
		return nil, err
	}
	return signing.New(signing.Config{
		Issuer: t.cfg.issuer, Lists: &status.Service{Issuer: t.cfg.issuer}, SDJWT: sdjwt, MDoc: mso, Until: until,
		SDJWTKey: keyName(purposeCredential, credential.ID), MDocKey: keyName(purposeDocument, document.ID),
		InsecureAllowHTTP: t.cfg.insecureAllowHTTP,
	}), nil
}

// keyName is what a key is called in the records.
func keyName(purpose, id string) string { return purpose + "/" + id }

// signerKeys are the names of the keys under which credentials are in use, the newest first.
func (t *trust) signerKeys() []string {
	var all []string
	for _, purpose := range []string{purposeDocument, purposeCredential} {
		for _, k := range t.rings[purpose].Live() {
			if !k.From.After(t.cfg.now()) {
				all = append(all, keyName(purpose, k.ID))
			}
		}
	}
	return all
}

func (t *trust) subject(words string) x5c.Subject {
	return x5c.Subject{Country: "NO", Organization: organisation, CommonName: organisation + " " + words, URI: t.cfg.issuer, CRL: t.cfg.issuer + crlPath}
}

// publish writes the anchor where verifiers and wallets of this machine look for the issuers they trust, and beside it the
// types that a verifier is to trust it for. That an issuer says itself what it is entitled to is a convenience of a
// developer's machine: elsewhere the operator of the verifier writes that file.
func publish(trustDir, issuer string, root *x509.Certificate, types []string) error {
	u, err := url.Parse(issuer)
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	dir, name := filepath.Join(trustDir, "issuers"), strings.NewReplacer(":", "-", "/", "-").Replace(u.Host+u.Path)
	text := "# what the issuer at " + issuer + " may issue: written by itself at its start\ntypes:\n"
	for _, t := range types {
		text += fmt.Sprintf("  - %q\n", t)
	}
	if err := keys.Publish(dir, name+".yaml", []byte(text)); err != nil {
		return err
	}
	return keys.PublishCertificate(dir, name, root)
}
