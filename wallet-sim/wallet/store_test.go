package wallet

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestCredentialsSurviveTheProcess(t *testing.T) {
	w := newWorld(t)
	got, err := w.get(sdConfig)
	check(t, err)
	other := &Store{Dir: w.wallet.Store.Dir}
	kept, err := other.Get(got[0].ID)
	check(t, err)
	if kept.Copies[0].Credential != got[0].Copies[0].Credential || !kept.Copies[0].Key.Equal(got[0].Copies[0].Key.PrivateKey) ||
		kept.Name("nb") != "Kort" || kept.Name("en") != "Card" || !kept.Expires.Equal(got[0].Expires) {
		t.Errorf("kept %+v", kept)
	}
	decoded, err := kept.Decode()
	if err != nil || decoded.All["given_name"] != "Flat" || len(decoded.Claims) != 1 || decoded.Claims[0].Key() != "given_name" {
		t.Errorf("decoded %+v, %v", decoded, err)
	}
}

// An issuance survives a restart between the wallet's request and the browser's return.
func TestFlowsSurviveTheProcess(t *testing.T) {
	w := newWorld(t)
	check(t, w.begin(sdConfig))
	again := *w.wallet
	again.Store, again.Trust = &Store{Dir: w.wallet.Store.Dir}, &Trust{Dir: w.trust}
	got, err := again.Finish(t.Context(), w.back())
	if err != nil || len(got) != 1 {
		t.Errorf("%d, %v", len(got), err)
	}
}

func TestOnlyTheUserCanReadTheFiles(t *testing.T) {
	w := newWorld(t)
	_, err := w.get(sdConfig)
	check(t, err)
	check(t, w.begin(sdConfig))
	files := 0
	check(t, filepath.WalkDir(w.wallet.Store.Dir, func(path string, d fs.DirEntry, err error) error {
		check(t, err)
		info, err := d.Info()
		check(t, err)
		if path != w.wallet.Store.Dir && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		if !d.IsDir() {
			files++
		}
		return nil
	}))
	if files != 2 {
		t.Errorf("%d files", files)
	}
}

func TestFilesThatAreNotCredentials(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	dir := filepath.Join(s.Dir, credentialsDir)
	check(t, os.MkdirAll(dir, 0o700))
	id := strings.Repeat("a", 26)
	for name, content := range map[string]string{
		"half":      `{"id":"x","copies":[{"cred`,
		"no copies": `{"id":"x"}`,
		"bad key":   `{"id":"x","copies":[{"credential":"c","key":"none"}]}`,
		"no key":    `{"id":"x","copies":[{"credential":"c"}]}`,
		"RSA key":   `{"copies":[{"key":"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}]}`,
	} {
		check(t, os.WriteFile(filepath.Join(dir, id+".json"), []byte(content), 0o600))
		if _, err := s.Get(id); !errors.Is(err, ErrFile) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.List(); !errors.Is(err, ErrFile) {
			t.Errorf("%s in the list: %v", name, err)
		}
	}
	check(t, os.Remove(filepath.Join(dir, id+".json")))
	// What an interrupted write leaves behind is no credential.
	check(t, os.WriteFile(filepath.Join(dir, ".new-123"), []byte("half"), 0o600))
	if all, err := s.List(); err != nil || len(all) != 0 {
		t.Errorf("%d, %v", len(all), err)
	}
	for _, id := range []string{"", "../x", strings.Repeat("A", 26), id} {
		if _, err := s.Get(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestOneTakesAFlow(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	id := newID()
	check(t, s.write(flowsDir, id, map[string]string{}))
	var wg sync.WaitGroup
	results := make(chan error, 16)
	for range 16 {
		wg.Go(func() { results <- s.takeFlow(id) })
	}
	wg.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d took it", won)
	}
}

func TestShowingIsCountedOnce(t *testing.T) {
	w := newWorld(t)
	got, err := w.get(sdConfig)
	check(t, err)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := w.wallet.Store.countShown(got[0].ID, 1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c, err := w.wallet.Store.Get(got[0].ID)
	if err != nil || c.Copies[1].Shown != 16 || c.Copies[0].Shown != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestTextsOfValues(t *testing.T) {
	for raw, want := range map[string]string{
		`"a"`: "a", `true`: "true", `7`: "7", `["NO","SE"]`: "NO, SE", `{"b":1,"a":["x"]}`: "x, 1", `null`: "null",
	} {
		var v any
		check(t, json.Unmarshal([]byte(raw), &v))
		if got := TextOf(v); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

func FuzzStoredCredential(f *testing.F) {
	f.Add([]byte(`{"copies":[{"credential":"c","key":"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := &Store{Dir: t.TempDir()}
		id := strings.Repeat("a", 26)
		check(t, os.MkdirAll(filepath.Join(s.Dir, credentialsDir), 0o700))
		check(t, os.WriteFile(filepath.Join(s.Dir, credentialsDir, id+".json"), raw, 0o600))
		c, err := s.Get(id)
		if err != nil {
			return
		}
		if len(c.Copies) == 0 {
			t.Error("a credential without copies")
		}
		_, _ = c.Decode() // may fail, must not panic
	})
}
