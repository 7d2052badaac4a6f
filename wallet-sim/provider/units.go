package provider

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lommebok.example/internal/keys"
)

const (
	entriesDir = "entries"
	revokedDir = "revoked"
	knownDir   = "known"
	// listSize is the entries of a list: at least 10000, so that none stands out (EUDI TS3 section 2.5.1).
	listSize = 1 << 14
)

// NewUnit gives the identifier of a new wallet unit.
func NewUnit() string { return strings.ToLower(rand.Text()) }

// good refuses a unit that is revoked, and what is no unit.
func (p *Provider) good(unit string) error {
	if revoked, err := p.Revoked(unit); err != nil || !revoked {
		return err
	}
	return ErrRevoked
}

// Revoked tells whether a unit is revoked.
func (p *Provider) Revoked(unit string) (bool, error) {
	if !filepath.IsLocal(unit) || unit != filepath.Base(unit) {
		return false, fmt.Errorf("provider: %q is no wallet unit", unit)
	}
	f, err := os.OpenInRoot(filepath.Join(p.Dir, revokedDir), unit)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}

// Revoke revokes a unit for good: every place of the list that stands for it becomes invalid.
func (p *Provider) Revoke(unit string) error {
	if _, err := p.Revoked(unit); err != nil {
		return err
	}
	return keys.Replace(filepath.Join(p.Dir, revokedDir), unit, nil)
}

// entry gives the place of a unit on the list for an issuer, a random free one at the first call.
func (p *Provider) entry(unit, issuer string) (uint64, error) {
	if err := p.good(unit); err != nil {
		return 0, err
	}
	sum := sha256.Sum256([]byte(unit + "\x00" + issuer))
	raw, err := keys.Keep(filepath.Join(p.Dir, knownDir), hex.EncodeToString(sum[:]), func() ([]byte, error) { return p.reserve(unit) })
	if err != nil {
		return 0, fmt.Errorf("provider: %w", err)
	}
	return strconv.ParseUint(string(raw), 10, 63)
}

// reserve takes a free place: the file that is made for it can be made once.
func (p *Provider) reserve(unit string) ([]byte, error) {
	dir := filepath.Join(p.Dir, entriesDir)
	for range 64 {
		n, err := rand.Int(rand.Reader, big.NewInt(listSize))
		if err != nil {
			return nil, err
		}
		index, mine := n.String(), false
		if _, err := keys.Keep(dir, index, func() ([]byte, error) { mine = true; return []byte(unit), nil }); err != nil {
			return nil, err
		}
		owner, err := os.ReadFile(filepath.Join(dir, index))
		if err != nil {
			return nil, err
		}
		if mine && string(owner) == unit {
			return []byte(index), nil
		}
	}
	return nil, errors.New("no free place on the status list was found")
}

// invalid are the places that stand for revoked units.
func (p *Provider) invalid() ([]uint64, error) {
	dir := filepath.Join(p.Dir, entriesDir)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []uint64
	for _, e := range entries {
		index, err := strconv.ParseUint(e.Name(), 10, 63)
		if err != nil {
			continue // a file that is being written
		}
		unit, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		revoked, err := p.Revoked(string(unit))
		if err != nil {
			return nil, err
		}
		if revoked {
			all = append(all, index)
		}
	}
	return all, nil
}
