package wallet

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cheap is what a passphrase costs in tests.
var cheap = Argon2{KiB: 64, Passes: 1, Lanes: 1}

func opened(t *testing.T, dir, passphrase string) *Store {
	t.Helper()
	s, err := OpenStore(dir, func() (string, error) { return passphrase, nil })
	check(t, err)
	return s
}

// secrets is every byte in the folder.
func secrets(t *testing.T, dir string) (all []byte) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		all = append(all, raw...)
		return err
	}))
	return all
}

func aCredential(t *testing.T) *Credential {
	t.Helper()
	key, err := newKey()
	check(t, err)
	return &Credential{Format: "dc+sd-jwt", Type: "no:test:card", Copies: []Copy{{Credential: "the-credential", Key: key}}}
}

// A protected wallet holds no key and no credential that can be read, what it had before and what comes after; another passphrase, a
// wrong one and none at all; and it can be read again when it is unprotected.
func TestPassphrase(t *testing.T) {
	dir := t.TempDir()
	s := &Store{Dir: dir}
	before := aCredential(t)
	check(t, s.Add(before))
	check(t, s.Protect("first", cheap))
	after := aCredential(t)
	check(t, s.Add(after))
	readable := func() bool {
		all := secrets(t, dir)
		return bytes.Contains(all, []byte("PRIVATE KEY")) || bytes.Contains(all, []byte("the-credential"))
	}
	if on, err := Protected(dir); readable() || !on || err != nil {
		t.Errorf("protected %t, %v", on, err)
	}
	for _, passphrase := range []string{"", "second", "first "} {
		if _, err := OpenStore(dir, func() (string, error) { return passphrase, nil }); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", passphrase, err)
		}
	}
	if _, err := (&Store{Dir: dir}).Get(before.ID); !errors.Is(err, ErrFile) {
		t.Errorf("without a passphrase: %v", err)
	}
	check(t, opened(t, dir, "first").Protect("second", cheap))
	if _, err := OpenStore(dir, func() (string, error) { return "first", nil }); !errors.Is(err, ErrPassphrase) {
		t.Errorf("the passphrase before: %v", err)
	}
	s = opened(t, dir, "second")
	all, err := s.List()
	if err != nil || len(all) != 2 || all[0].Copies[0].Key.PrivateKey == nil {
		t.Errorf("%d credentials, %v", len(all), err)
	}
	check(t, s.Unprotect())
	if on, err := Protected(dir); on || err != nil || !readable() {
		t.Errorf("unprotected: %t, %v", on, err)
	}
	if _, err := (&Store{Dir: dir}).Get(after.ID); err != nil {
		t.Error(err)
	}
}

// A file that was changed, moved to another name or put there in plain is refused; protecting again takes the plain one in.
func TestAProtectedFileIsItself(t *testing.T) {
	dir := t.TempDir()
	s := &Store{Dir: dir}
	check(t, s.Protect("first", cheap))
	one, other := aCredential(t), aCredential(t)
	check(t, s.Add(one))
	check(t, s.Add(other))
	path := func(c *Credential) string { return filepath.Join(dir, credentialsDir, c.ID+".json") }
	raw, err := os.ReadFile(path(one))
	check(t, err)
	check(t, os.WriteFile(path(other), raw, 0o600))
	if _, err := s.Get(other.ID); !errors.Is(err, ErrFile) {
		t.Errorf("moved: %v", err)
	}
	check(t, os.Remove(path(other)))
	at := len(raw) / 2
	changed := bytes.Clone(raw)
	if changed[at] = 'A'; raw[at] == 'A' {
		changed[at] = 'B'
	}
	check(t, os.WriteFile(path(one), changed, 0o600))
	if _, err := s.Get(one.ID); !errors.Is(err, ErrFile) {
		t.Errorf("changed: %v", err)
	}
	check(t, os.Remove(path(one)))
	raw, err = json.Marshal(one)
	check(t, err)
	check(t, os.WriteFile(path(one), raw, 0o600))
	if _, err := s.Get(one.ID); !errors.Is(err, ErrUnsealed) {
		t.Errorf("plain: %v", err)
	}
	check(t, s.Protect("first", cheap))
	if _, err := s.Get(one.ID); err != nil {
		t.Errorf("protected again: %v", err)
	}
}

// What the file asks for is bounded, and a file that is none is no wallet without a passphrase.
func TestProtectionFile(t *testing.T) {
	for name, content := range map[string]string{
		"no JSON": "x", "no cost": `{"kdf":"argon2id","cost":{},"salt":"AAAA"}`,
		"all memory":    `{"kdf":"argon2id","cost":{"memory_kib":4294967295,"passes":1,"lanes":1},"salt":"AAAAAAAAAAAAAAAAAAAAAA=="}`,
		"another kdf":   `{"kdf":"none","salt":"AAAAAAAAAAAAAAAAAAAAAA=="}`,
		"too little":    `{"kdf":"argon2id","cost":{"memory_kib":64,"passes":0,"lanes":1},"salt":"AAAAAAAAAAAAAAAAAAAAAA=="}`,
		"no sealed key": `{"kdf":"argon2id","cost":{"memory_kib":64,"passes":1,"lanes":1},"salt":"AAAAAAAAAAAAAAAAAAAAAA=="}`,
	} {
		dir := t.TempDir()
		check(t, os.WriteFile(filepath.Join(dir, protectionFile), []byte(content), 0o600))
		_, err := OpenStore(dir, func() (string, error) { return "x", nil })
		if !errors.Is(err, ErrFile) && !errors.Is(err, ErrPassphrase) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&Store{Dir: t.TempDir()}).Protect("", cheap); !errors.Is(err, ErrPassphrase) {
		t.Errorf("an empty one: %v", err)
	}
}

// A grant goes with the last credential that has it.
func TestDelete(t *testing.T) {
	dir := t.TempDir()
	s := &Store{Dir: dir}
	grant := newID()
	check(t, s.write(grantsDir, grant, held{ID: grant}))
	one, other := aCredential(t), aCredential(t)
	one.Grant, other.Grant = grant, grant
	check(t, s.Add(one))
	check(t, s.Add(other))
	for i, c := range []*Credential{one, other} {
		gone, err := s.Delete(c.ID)
		if err != nil || gone.ID != c.ID {
			t.Errorf("%v", err)
		}
		if _, err := s.Get(c.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("still there: %v", err)
		}
		if kept := len(idsOf(t, s, grantsDir)); kept != 1-i {
			t.Errorf("after %d: %d grants", i+1, kept)
		}
	}
	if _, err := s.Delete(one.ID); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "credentials") {
		t.Errorf("twice: %v", err)
	}
}

func idsOf(t *testing.T, s *Store, kind string) []string {
	t.Helper()
	ids, err := s.ids(kind)
	check(t, err)
	return ids
}

// A store that was opened before the wallet got its passphrase, lost it or got another one neither writes nor takes the key away.
func TestAStoreOfBefore(t *testing.T) {
	dir := t.TempDir()
	c := aCredential(t)
	first, second := &Store{Dir: dir}, &Store{Dir: dir}
	check(t, first.Add(c))
	check(t, first.Protect("first", cheap))
	for name, err := range map[string]error{"protects": second.Protect("second", cheap), "unprotects": second.Unprotect(), "writes": second.Add(aCredential(t))} {
		if !errors.Is(err, ErrChanged) {
			t.Errorf("opened in plain, %s: %v", name, err)
		}
	}
	if _, err := opened(t, dir, "first").Get(c.ID); err != nil {
		t.Errorf("the key is gone: %v", err)
	}
	second = opened(t, dir, "first")
	check(t, first.Unprotect())
	for name, err := range map[string]error{"protects": second.Protect("second", cheap), "unprotects": second.Unprotect(), "writes": second.Add(aCredential(t))} {
		if !errors.Is(err, ErrChanged) {
			t.Errorf("opened with a passphrase, %s: %v", name, err)
		}
	}
	if all, err := (&Store{Dir: dir}).List(); err != nil || len(all) != 1 {
		t.Errorf("%d credentials, %v", len(all), err)
	}
}

// Of several who protect a wallet at once, one does: the key that its files are encrypted with is the one that is kept.
func TestProtectedOnce(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		c := aCredential(t)
		check(t, (&Store{Dir: dir}).Add(c))
		answers := make(chan error)
		for range 4 {
			go func() { answers <- (&Store{Dir: dir}).Protect("one", cheap) }()
		}
		done := 0
		for range 4 {
			err := <-answers
			if err == nil {
				done++
			} else if !errors.Is(err, ErrChanged) && !errors.Is(err, ErrFile) { // ErrFile: the other was further
				t.Error(err)
			}
		}
		if _, err := opened(t, dir, "one").Get(c.ID); err != nil || done != 1 {
			t.Fatalf("%d protected it, %v", done, err)
		}
	}
	raw := []byte("another's")
	s := &Store{Dir: t.TempDir()}
	check(t, os.WriteFile(filepath.Join(s.Dir, protectionFile), raw, 0o600))
	if err := s.keepProtection([]byte("ours")); !errors.Is(err, ErrChanged) {
		t.Errorf("there is one: %v", err)
	}
	if kept, err := os.ReadFile(filepath.Join(s.Dir, protectionFile)); err != nil || !bytes.Equal(kept, raw) {
		t.Errorf("kept %q, %v", kept, err)
	}
}

// A file that cannot be read leaves the passphrase as it is, and so does a folder that cannot be listed.
func TestADamagedWalletKeepsItsPassphrase(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"a file": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, newID()+".json"), []byte(`{"sealed":"AAAA"}`), 0o600)
		},
		"a folder": func(dir string) error { return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)) },
	} {
		for _, protect := range []bool{true, false} {
			dir := t.TempDir()
			s := &Store{Dir: dir}
			check(t, s.Add(aCredential(t)))
			check(t, damage(filepath.Join(dir, credentialsDir)))
			if err := s.Protect("first", cheap); err == nil {
				t.Errorf("%s: protected", name)
			}
			if on, err := Protected(dir); on || err != nil {
				t.Errorf("%s: got a passphrase: %t, %v", name, on, err)
			}
			dir = t.TempDir()
			s = &Store{Dir: dir}
			check(t, s.Protect("first", cheap))
			c := aCredential(t)
			check(t, s.Add(c))
			check(t, damage(filepath.Join(dir, credentialsDir)))
			change := s.Unprotect
			if protect {
				change = func() error { return s.Protect("second", cheap) }
			}
			if err := change(); err == nil {
				t.Errorf("%s: changed", name)
			}
			_ = opened(t, dir, "first")
		}
	}
}
