package wallet

import (
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
// passphrase changes this file alone.
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

// Protect gives the wallet a passphrase, or another one, and encrypts every file that is not. When it is interrupted, it is to be
// done again: until then some files are refused with ErrUnsealed.
func (s *Store) Protect(passphrase string, cost Argon2) error {
	if passphrase == "" {
		return fmt.Errorf("%w: an empty one protects nothing", ErrPassphrase)
	}
	if s.aead == nil {
		s.key = make([]byte, chacha20poly1305.KeySize)
		if _, err := rand.Read(s.key); err != nil {
			return err
		}
		if err := s.useKey(); err != nil {
			return err
		}
	}
	if cost == (Argon2{}) {
		cost = secondRecommended
	}
	p := protection{KDF: kdfArgon2id, Cost: cost, Salt: make([]byte, saltBytes)}
	if _, err := rand.Read(p.Salt); err != nil {
		return err
	}
	key, err := cost.key(passphrase, p.Salt)
	if err != nil {
		return err
	}
	wrap, err := chacha20poly1305.NewX(key)
	if err != nil {
		return err
	}
	p.Sealed = sealWith(wrap, s.key, protectionFile)
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := keys.Replace(s.Dir, protectionFile, append(raw, '\n')); err != nil {
		return err
	}
	return s.rewrite(s.aead)
}

// Unprotect decrypts every file, and takes the passphrase away.
func (s *Store) Unprotect() error {
	if s.aead == nil {
		return nil
	}
	if err := s.rewrite(nil); err != nil {
		return err
	}
	s.aead, s.key = nil, nil
	return os.Remove(filepath.Join(s.Dir, protectionFile))
}

// rewrite writes every file anew, encrypted with to, or plain for nil.
func (s *Store) rewrite(to cipher.AEAD) error {
	for _, kind := range []string{credentialsDir, grantsDir, pendingDir, flowsDir} {
		for _, id := range s.ids(kind) {
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
			if err := s.place(kind, id, plain, to); err != nil {
				return err
			}
		}
	}
	return nil
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
