package server_test

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/server"
	"lommebok.example/minid"
	"lommebok.example/specs/x5c"
)

func TestConfigRefused(t *testing.T) {
	good := server.Config{URL: "https://issuer.example", DataDir: "x"}
	tests := map[string]func(c *server.Config){
		"http":                       func(c *server.Config) { c.URL = "http://localhost:8080" },
		"no host":                    func(c *server.Config) { c.URL = "https://" },
		"no scheme":                  func(c *server.Config) { c.URL = "issuer.example" },
		"path with dots":             func(c *server.Config) { c.URL = "https://issuer.example/a/../b" },
		"path with a slash too many": func(c *server.Config) { c.URL = "https://issuer.example/a//b" },
		"path that is encoded":       func(c *server.Config) { c.URL = "https://issuer.example/a%2Fb" },
		"path of documents":          func(c *server.Config) { c.URL = "https://issuer.example/.well-known" },
		"final slash":                func(c *server.Config) { c.URL = "https://issuer.example/" },
		"query":                      func(c *server.Config) { c.URL = "https://issuer.example?x" },
		"fragment":                   func(c *server.Config) { c.URL = "https://issuer.example#" },
		"user":                       func(c *server.Config) { c.URL = "https://a@issuer.example" },
		"keys shorter than they are published ahead": func(c *server.Config) { c.KeysEvery = time.Hour },
		"keys since before":                          func(c *server.Config) { c.KeysEvery = -time.Hour },
		"no data folder":                             func(c *server.Config) { c.DataDir = "" },
		"wallet over http":                           func(c *server.Config) { c.WalletURL = "http://localhost:8082" },
		"wallet with a query":                        func(c *server.Config) { c.WalletURL = "https://wallet.example/?x=1" },
		"gateway over http":                          func(c *server.Config) { c.SMS.URL = "http://sms.example/" },
		"gateway with password":                      func(c *server.Config) { c.SMS.URL = "https://a:b@sms.example/" },
		"mail without SMS":                           func(c *server.Config) { c.Email.URL = "https://mail.example/" },
		"letters without mail": func(c *server.Config) {
			c.InsecureTestPeople, c.SMS.URL, c.Letters.URL = false, "https://sms.example/", "https://letters.example/"
		},
		"letters over http":           func(c *server.Config) { c.Letters.URL = "http://letters.example/" },
		"letters that expire at once": func(c *server.Config) { c.LetterLife = -time.Hour },
		"gateway, test people":        func(c *server.Config) { c.SMS.URL, c.InsecureTestPeople = "https://sms.example/", true },
		"wallet without a host":       func(c *server.Config) { c.WalletURL = "offer" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := good
			change(&cfg)
			_, err := server.New(context.Background(), cfg, server.Deps{})
			if !errors.Is(err, server.ErrConfig) || strings.Contains(err.Error(), "DB, Now and Log") { // which is looked at later
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := server.New(context.Background(), good, server.Deps{}); !errors.Is(err, server.ErrConfig) {
		t.Errorf("no database: %v", err)
	}
}

func TestStartMakesWhatItNeedsAndKeepsIt(t *testing.T) {
	s := newService(t)
	anchor := string(s.Anchor)
	published := filepath.Join(s.cfg.TrustDir, "issuers", strings.ReplaceAll(strings.TrimPrefix(s.url, "http://"), ":", "-")+".pem")
	if raw := read(t, published); raw != anchor {
		t.Errorf("%s holds another anchor", published)
	}
	types := read(t, strings.TrimSuffix(published, ".pem")+".yaml")
	for _, name := range []string{`"urn:eudi:pid:1"`, `"eu.europa.ec.eudi.pid.1"`} {
		if strings.Count(types, "  - "+name+"\n") != 1 {
			t.Errorf("the issuer does not publish once that it issues %s:\n%s", name, types)
		}
	}
	secret := []string{filepath.Join(s.cfg.DataDir, "test-people.json"), filepath.Join(s.cfg.DataDir, "pepper.secret")}
	for _, purpose := range append(server.KeyPurposes(), "iaca") {
		secret = append(secret, kept(t, s, purpose, ".key.pem"))
	}
	for _, name := range secret {
		info, err := os.Stat(name)
		check(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	if len(s.people) != 10 {
		t.Errorf("%d test people", len(s.people))
	}
	before := snapshot(t, s.cfg.DataDir)
	s.add(24 * time.Hour)
	s.start(t)
	after := snapshot(t, s.cfg.DataDir)
	for name, content := range before {
		if after[name] != content {
			t.Errorf("%s changed at the second start", name)
		}
	}
}

func TestCertificates(t *testing.T) {
	s := newService(t)
	root := certificate(t, s, "iaca")
	if root.Subject.Country[0] != "NO" || !strings.Contains(root.Subject.Organization[0], "demonstrasjon") || !root.IsCA || !root.MaxPathLenZero {
		t.Errorf("root %v", root.Subject)
	}
	for name, p := range map[string]x5c.Profile{"document-signer": x5c.DocumentSigner, "credential-issuer": x5c.CredentialIssuer, "status-signer": x5c.StatusSigner} {
		if _, err := s.anchors.Verify([]*x509.Certificate{certificate(t, s, name)}, p, s.now()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// ISO/IEC 18013-5 B.1: 457 days for a document signer, 1187 for who signs status lists.
		if leaf := certificate(t, s, name); leaf.NotAfter.Sub(leaf.NotBefore) > 457*24*time.Hour {
			t.Errorf("%s lives from %s to %s", name, leaf.NotBefore, leaf.NotAfter)
		}
	}
}

// A leaf must outlive what it signs until the next start, a month at most: it is renewed when it no longer does. The root is
// renewed when it would end before a leaf that is made today.
func TestCertificatesAreRenewedNearTheirEnd(t *testing.T) {
	const day = 24 * time.Hour
	s := newService(t)
	root, leaf := certificate(t, s, "iaca"), certificate(t, s, "document-signer")
	s.add(60 * day)
	s.start(t)
	if !certificate(t, s, "document-signer").Equal(leaf) {
		t.Error("the leaf was renewed before it must")
	}
	s.add(3 * day)
	s.start(t)
	renewed := certificate(t, s, "document-signer")
	if renewed.Equal(leaf) || !renewed.NotAfter.After(s.now().Add(395*day)) || !certificate(t, s, "iaca").Equal(root) {
		t.Errorf("the leaf ends %s", renewed.NotAfter)
	}
	s.add(8 * 365 * day)
	s.start(t)
	anchors, err := x5c.LoadAnchors(filepath.Join(s.cfg.TrustDir, "issuers"))
	check(t, err)
	if certificate(t, s, "iaca").Equal(root) {
		t.Error("the root was not renewed")
	}
	if _, err := anchors.Verify([]*x509.Certificate{certificate(t, s, "document-signer")}, x5c.DocumentSigner, s.now()); err != nil {
		t.Error(err)
	}
}

// What an operator put there by mistake stops the start; it is never written over.
func TestDamagedCertificateStopsTheStart(t *testing.T) {
	s := newService(t)
	damaged := kept(t, s, "iaca", "Z.pem")
	check(t, os.WriteFile(damaged, []byte("not a certificate"), 0o600))
	_, err := server.New(context.Background(), s.cfg, server.Deps{DB: s.db, Now: s.now, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), filepath.Base(damaged)) {
		t.Errorf("got %v", err)
	}
}

func TestNoTestPeopleUnlessAskedFor(t *testing.T) {
	db := dbtest.Open(t, dbtest.SQLite(t))
	dir := t.TempDir()
	_, err := server.New(context.Background(), server.Config{URL: "https://issuer.example", DataDir: dir}, server.Deps{
		DB: db, Now: time.Now, Log: slog.New(slog.DiscardHandler), Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1},
	})
	check(t, err)
	if _, err := os.Stat(filepath.Join(dir, "test-people.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("test-people.json: %v", err)
	}
	var n int64
	check(t, db.R.Raw("SELECT count(*) FROM minid_people").Scan(&n).Error)
	if n != 0 {
		t.Errorf("%d accounts", n)
	}
}

// kept is the file of the newest key of a purpose, or of its certificate, by its ending.
func kept(t testing.TB, s *service, purpose, ending string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.cfg.DataDir, "keys", purpose, "*"+ending))
	check(t, err)
	if len(names) == 0 {
		t.Fatalf("no file of %s", purpose)
	}
	return names[len(names)-1] // Glob sorts, and the names are times
}

func certificate(t testing.TB, s *service, name string) *x509.Certificate {
	t.Helper()
	certs, err := x5c.ParsePEM([]byte(read(t, kept(t, s, name, "Z.pem"))))
	check(t, err)
	return certs[0]
}

func read(t testing.TB, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	check(t, err)
	return string(raw)
}

func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	check(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files[path] = read(t, path)
		}
		return err
	}))
	return files
}

func TestPagesForDevelopersOnlyWithTestPeople(t *testing.T) {
	s := newService(t)
	for people, want := range map[bool]int{true: http.StatusOK, false: http.StatusNotFound} {
		s.cfg.InsecureTestPeople = people
		s.start(t)
		for _, path := range []string{"/dev/outbox", "/operator/logins", "/operator/metrics"} {
			w := httptest.NewRecorder()
			s.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if w.Code != want {
				t.Errorf("%s with test people %v: %d, want %d", path, people, w.Code, want)
			}
		}
	}
}
