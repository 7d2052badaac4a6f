package wallet

import (
	"cmp"
	"crypto"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
)

// Store keeps what the wallet has, as files in Dir that a tester can read. Nothing is kept in memory, so that the command
// line and the web face may work on one folder. A file is replaced whole or not at all.
//
// A wallet with a passphrase is opened with OpenStore; its files are encrypted.
type Store struct {
	Dir string

	mu   sync.Mutex // counting the use of copies
	key  []byte     // of a wallet with a passphrase, and what encrypts with it
	aead cipher.AEAD
}

// Credential is one credential: one or more copies that say the same, each with a key of its own.
type Credential struct {
	ID              string                         `json:"id"`
	Format          string                         `json:"format"`
	Type            string                         `json:"type"` // vct or doctype
	ConfigurationID string                         `json:"credential_configuration_id"`
	Issuer          string                         `json:"credential_issuer"`
	IssuerDisplay   []openid4vci.IssuerDisplay     `json:"issuer_display,omitempty"`
	Display         *openid4vci.CredentialMetadata `json:"credential_metadata,omitempty"`
	TypeMetadata    *sdjwtvc.TypeMetadata          `json:"type_metadata,omitempty"` // of an SD-JWT VC that names it
	Logo            *Picture                       `json:"logo,omitempty"`
	Stored          time.Time                      `json:"stored"`
	Expires         time.Time                      `json:"expires"`
	Copies          []Copy                         `json:"copies"`
	Grant           string                         `json:"grant,omitempty"`     // with what it can be had again; "" for a new sign-in
	Encrypted       bool                           `json:"encrypted,omitempty"` // on its way, by more than TLS (OpenID4VCI 1.0 section 10)
	// Notified is the event that the issuer was told of after storing (OpenID4VCI 1.0 section 11), "" when it takes none; NotNotified
	// is why it could not be told. The credential is stored all the same.
	Notified    string `json:"notified,omitempty"`
	NotNotified string `json:"not_notified,omitempty"`
}

// Copy is a credential as it was issued, with the key that it is bound to.
type Copy struct {
	Credential string `json:"credential"` // SD-JWT VC, or IssuerSigned in base64url
	Key        Key    `json:"key"`
	Shown      int    `json:"shown"` // how often it was presented
}

// Key is a P-256 key; in JSON it is PKCS #8 in PEM.
type Key struct{ *ecdsa.PrivateKey }

func newKey() (Key, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return Key{k}, err
}

var _ crypto.Signer = Key{}

// MarshalText writes the key.
func (k Key) MarshalText() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.PrivateKey)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// UnmarshalText reads the key.
func (k *Key) UnmarshalText(text []byte) error {
	block, rest := pem.Decode(text)
	if block == nil || len(strings.TrimSpace(string(rest))) > 0 {
		return fmt.Errorf("%w: expected one PEM block", ErrFile)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFile, err)
	}
	ec, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return fmt.Errorf("%w: expected a P-256 key", ErrFile)
	}
	k.PrivateKey = ec
	return nil
}

const (
	credentialsDir = "credentials"
	flowsDir       = "flows"
)

// newID is 26 letters and digits, 128 bits and more, lower case for file systems that do not tell case apart.
func newID() string { return strings.ToLower(rand.Text()) }

var idForm = regexp.MustCompile(`^[a-z2-7]{26}$`)

// Add stores a credential under a new ID.
func (s *Store) Add(c *Credential) error {
	c.ID = newID()
	return s.write(credentialsDir, c.ID, c)
}

// Get gives a credential: ErrNotFound.
func (s *Store) Get(id string) (*Credential, error) {
	var c Credential
	if err := s.read(credentialsDir, id, &c); err != nil {
		return nil, err
	}
	if len(c.Copies) == 0 || slices.ContainsFunc(c.Copies, func(c Copy) bool { return c.Key.PrivateKey == nil }) {
		return nil, fmt.Errorf("%w: credential %s has no copies, or one without a key", ErrFile, id)
	}
	return &c, nil
}

// List gives all credentials, the newest first.
func (s *Store) List() ([]*Credential, error) {
	ids, err := s.ids(credentialsDir)
	if err != nil {
		return nil, err
	}
	var all []*Credential
	for _, id := range ids {
		c, err := s.Get(id)
		if errors.Is(err, ErrNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Credential) int {
		return cmp.Or(b.Stored.Compare(a.Stored), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// countShown notes that a copy was presented.
func (s *Store) countShown(id string, copyIndex int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.Get(id)
	if err != nil {
		return err
	}
	if copyIndex >= len(c.Copies) {
		return fmt.Errorf("%w: credential %s lost copies", ErrFile, id)
	}
	c.Copies[copyIndex].Shown++
	return s.write(credentialsDir, id, c)
}

// write writes a file, protected as the wallet is: ErrChanged.
func (s *Store) write(kind, id string, v any) error {
	if err := s.current(); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	return s.place(kind, id, append(raw, '\n'), s.aead)
}

func (s *Store) read(kind, id string, v any) error {
	if !idForm.MatchString(id) {
		return fmt.Errorf("%w: %q in %s", ErrNotFound, id, kind)
	}
	raw, err := os.ReadFile(filepath.Join(s.Dir, kind, id+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %q in %s", ErrNotFound, id, kind)
	}
	if err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	if raw, err = s.unseal(raw, kind+"/"+id+".json"); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%w: %s/%s.json: %w", ErrFile, kind, id, err)
	}
	return nil
}

// Delete deletes a credential, and its grant when nothing else has it: ErrNotFound.
func (s *Store) Delete(id string) (*Credential, error) {
	gone, err := s.Get(id)
	if err != nil {
		return nil, err
	}
	if err := s.remove(credentialsDir, id); err != nil || gone.Grant == "" {
		return gone, err
	}
	credentials, err := s.List()
	if err != nil {
		return nil, err
	}
	pending, err := s.Pending()
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(credentials, func(c *Credential) bool { return c.Grant == gone.Grant }) ||
		slices.ContainsFunc(pending, func(p *Pending) bool { return p.Grant == gone.Grant }) {
		return gone, nil
	}
	return gone, s.remove(grantsDir, gone.Grant)
}

// takeFlow deletes what is under way; of several who try, one succeeds.
func (s *Store) takeFlow(id string) error {
	if !idForm.MatchString(id) {
		return fmt.Errorf("%w: %s", ErrNotFound, flowsDir)
	}
	err := os.Remove(filepath.Join(s.Dir, flowsDir, id+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNotFound, flowsDir)
	}
	return err
}

// ids lists what there is of a kind.
func (s *Store) ids(kind string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.Dir, kind))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("wallet: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".json"); ok && idForm.MatchString(id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
