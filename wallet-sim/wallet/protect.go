package wallet

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"

	"lommebok.example/internal/keys"
)

// The refusals of a wallet with a passphrase.
var (
	ErrPassphrase = errors.New("wallet: not the passphrase of this wallet")
	ErrUnsealed   = errors.New("wallet: a file of a protected wallet is not encrypted; protect it again")
	ErrChanged    = errors.New("wallet: the wallet got a passphrase, or lost it, since it was opened; open it again")
)

// Argon2 is the cost of a passphrase (RFC 9106). Zero values mean its second recommended option: 64 MiB, three passes, four lanes.
type Argon2 struct {
	KiB    uint32 `json:"memory_kib"`
	Passes uint32 `json:"passes"`
	Lanes  uint8  `json:"lanes"`
}

const maxKiB = 1 << 20 // of memory that a file may ask for

func (a Argon2) key(passphrase string, salt []byte) ([]byte, error) {
	if a == (Argon2{}) {
		a = secondRecommended
	}
	if a.KiB > maxKiB || a.Passes < 1 || a.Passes > 64 || a.Lanes < 1 || len(salt) < saltBytes {
		return nil, fmt.Errorf("%w: %s", ErrFile, protectionFile)
	}
	return argon2.IDKey([]byte(passphrase), salt, a.Passes, a.KiB, a.Lanes, chacha20poly1305.KeySize), nil
}

var secondRecommended = Argon2{KiB: 64 << 10, Passes: 3, Lanes: 4}

const (
	protectionFile = "protection.json"
	saltBytes      = 16
)

// protection is how the key of a wallet's files is kept: encrypted with a key that is derived from the passphrase. So another
// passphrase needs no other key; the files are written anew all the same, which takes in those that are not encrypted.
type protection struct {
	KDF    string `json:"kdf"`
	Cost   Argon2 `json:"cost"`
	Salt   []byte `json:"salt"`
	Sealed []byte `json:"sealed_key"`
}

const kdfArgon2id = "argon2id"

// sealed is the content of an encrypted file: a nonce, and what XChaCha20-Poly1305 makes of it with the file's name.
type sealed struct {
	Sealed []byte `json:"sealed"`
}

// Protected tells whether the wallet in dir has a passphrase.
func Protected(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, protectionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// OpenStore opens the folder of a wallet. passphrase is asked only when the wallet has one. Errors: ErrPassphrase, ErrFile.
func OpenStore(dir string, passphrase func() (string, error)) (*Store, error) {
	s := &Store{Dir: dir}
	raw, err := os.ReadFile(filepath.Join(dir, protectionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("wallet: %w", err)
	}
	var p protection
	if err := json.Unmarshal(raw, &p); err != nil || p.KDF != kdfArgon2id {
		return nil, fmt.Errorf("%w: %s", ErrFile, protectionFile)
	}
	given, err := passphrase()
	if err != nil {
		return nil, err
	}
	key, err := p.Cost.key(given, p.Salt)
	if err != nil {
		return nil, err
	}
	wrap, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	if s.key, err = openWith(wrap, p.Sealed, protectionFile); err != nil {
		return nil, ErrPassphrase
	}
	return s, s.useKey()
}

func (s *Store) useKey() (err error) {
	s.aead, err = chacha20poly1305.NewX(s.key)
	return err
}

// current refuses a store whose wallet got its passphrase, or lost it, after the store was opened: what it wrote would not be
// protected as the rest is. ErrChanged.
func (s *Store) current() error {
	on, err := Protected(s.Dir)
	if err == nil && on != (s.aead != nil) {
		err = ErrChanged
	}
	return err
}

// Protect gives the wallet a passphrase, or another one, and encrypts every file that is not. A wallet with a file that cannot be
// read stays as it is: ErrFile. When encrypting is interrupted, it is to be done again: until then some files are refused with
// ErrUnsealed.
func (s *Store) Protect(passphrase string, cost Argon2) error {
	if passphrase == "" {
		return fmt.Errorf("%w: an empty one protects nothing", ErrPassphrase)
	}
	if err := s.current(); err != nil {
		return err
	}
	if err := s.each(func(string, string, []byte) error { return nil }); err != nil {
		return err
	}
	key := s.key
	if key == nil {
		key = make([]byte, chacha20poly1305.KeySize)
		_, _ = rand.Read(key) // never fails
	}
	raw, err := wrapped(key, passphrase, cost)
	if err != nil {
		return err
	}
	if err := s.keepProtection(raw); err != nil {
		return err
	}
	if s.key = key; s.aead == nil {
		if err := s.useKey(); err != nil {
			return err
		}
	}
	return s.each(s.placeBy(s.aead))
}

// wrapped is the content of a protection file for the wallet's key.
func wrapped(key []byte, passphrase string, cost Argon2) ([]byte, error) {
	if cost == (Argon2{}) {
		cost = secondRecommended
	}
	p := protection{KDF: kdfArgon2id, Cost: cost, Salt: make([]byte, saltBytes)}
	_, _ = rand.Read(p.Salt) // never fails
	derived, err := cost.key(passphrase, p.Salt)
	if err != nil {
		return nil, err
	}
	wrap, err := chacha20poly1305.NewX(derived)
	if err != nil {
		return nil, err
	}
	p.Sealed = sealWith(wrap, key, protectionFile)
	raw, err := json.MarshalIndent(p, "", "  ")
	return append(raw, '\n'), err
}

// keepProtection writes the protection file: over the one that there is only when this store has the key that is in it, for
// nothing else has that key.
func (s *Store) keepProtection(raw []byte) error {
	if s.aead != nil {
		return keys.Replace(s.Dir, protectionFile, raw)
	}
	kept, err := keys.Keep(s.Dir, protectionFile, func() ([]byte, error) { return raw, nil })
	if err == nil && !bytes.Equal(kept, raw) {
		err = ErrChanged
	}
	return err
}

// Unprotect decrypts every file, and takes the passphrase away. A file that cannot be read leaves the passphrase in place: ErrFile.
func (s *Store) Unprotect() error {
	if err := s.current(); err != nil || s.aead == nil {
		return err
	}
	if err := s.each(s.placeBy(nil)); err != nil {
		return err
	}
	s.aead, s.key = nil, nil
	return os.Remove(filepath.Join(s.Dir, protectionFile))
}

// each gives every file with its content in the clear, of protected wallets those too that are not encrypted yet.
func (s *Store) each(do func(kind, id string, plain []byte) error) error {
	for _, kind := range []string{credentialsDir, grantsDir, pendingDir, flowsDir, historyDir} {
		ids, err := s.ids(kind)
		if err != nil {
			return err
		}
		for _, id := range ids {
			name := kind + "/" + id + ".json"
			raw, err := os.ReadFile(filepath.Join(s.Dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue // taken meanwhile
			}
			if err != nil {
				return fmt.Errorf("wallet: %w", err)
			}
			plain, err := s.unseal(raw, name)
			if errors.Is(err, ErrUnsealed) {
				plain, err = raw, nil
			}
			if err != nil {
				return err
			}
			if err := do(kind, id, plain); err != nil {
				return err
			}
		}
	}
	return nil
}

// placeBy is place for each.
func (s *Store) placeBy(by cipher.AEAD) func(kind, id string, plain []byte) error {
	return func(kind, id string, plain []byte) error { return s.place(kind, id, plain, by) }
}

// place writes a file, encrypted unless by is nil.
func (s *Store) place(kind, id string, plain []byte, by cipher.AEAD) error {
	raw := plain
	if by != nil {
		var err error
		if raw, err = json.Marshal(sealed{sealWith(by, plain, kind+"/"+id+".json")}); err != nil {
			return err
		}
		raw = append(raw, '\n')
	}
	return keys.Replace(filepath.Join(s.Dir, kind), id+".json", raw)
}

// unseal gives the content of a file. One that is not as the wallet is protected is refused.
func (s *Store) unseal(raw []byte, name string) ([]byte, error) {
	var file sealed
	encrypted := json.Unmarshal(raw, &file) == nil && len(file.Sealed) > 0
	switch {
	case s.aead == nil && encrypted:
		return nil, fmt.Errorf("%w: %s is encrypted", ErrFile, name)
	case s.aead == nil:
		return raw, nil
	case !encrypted:
		return nil, fmt.Errorf("%w: %s", ErrUnsealed, name)
	}
	plain, err := openWith(s.aead, file.Sealed, name)
	if err != nil {
		return nil, fmt.Errorf("%w: %s was changed, or belongs to another wallet", ErrFile, name)
	}
	return plain, nil
}

func sealWith(by cipher.AEAD, plain []byte, name string) []byte {
	nonce := make([]byte, by.NonceSize(), by.NonceSize()+len(plain)+by.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return by.Seal(nonce, nonce, plain, []byte(name))
}

func openWith(by cipher.AEAD, sealed []byte, name string) ([]byte, error) {
	if len(sealed) < by.NonceSize() {
		return nil, ErrFile
	}
	return by.Open(nil, sealed[:by.NonceSize()], sealed[by.NonceSize():], []byte(name))
}
