package server_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/server"
)

func TestConfigRefused(t *testing.T) {
	good := server.Config{URL: "https://verifier.example", DataDir: "x", TrustDir: "x"}
	for name, change := range map[string]func(c *server.Config){
		"http":                     func(c *server.Config) { c.URL = "http://localhost:8081" },
		"no host":                  func(c *server.Config) { c.URL = "https://" },
		"no scheme":                func(c *server.Config) { c.URL = "verifier.example" },
		"path":                     func(c *server.Config) { c.URL = "https://verifier.example/x" },
		"final slash":              func(c *server.Config) { c.URL = "https://verifier.example/" },
		"query":                    func(c *server.Config) { c.URL = "https://verifier.example?x" },
		"fragment":                 func(c *server.Config) { c.URL = "https://verifier.example#" },
		"user":                     func(c *server.Config) { c.URL = "https://a@verifier.example" },
		"another scheme":           func(c *server.Config) { c.URL, c.InsecureAllowHTTP = "ftp://verifier.example", true },
		"no data folder":           func(c *server.Config) { c.DataDir = "" },
		"no trust folder":          func(c *server.Config) { c.TrustDir = "" },
		"wallet over http":         func(c *server.Config) { c.WalletURL = "http://localhost:8082" },
		"wallet with a path":       func(c *server.Config) { c.WalletURL = "https://wallet.example/present" },
		"wallet without a host":    func(c *server.Config) { c.WalletURL = "present" },
		"MinID with a final slash": func(c *server.Config) { c.MinIDURL = "https://minid.example/stat/" },
		"MinID with dots":          func(c *server.Config) { c.MinIDURL = "https://minid.example/../stat" },
		"MinID over http":          func(c *server.Config) { c.MinIDURL = "http://minid.example/stat" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			change(&cfg)
			_, err := server.New(context.Background(), cfg, server.Deps{})
			if !errors.Is(err, server.ErrConfig) || strings.Contains(err.Error(), "DB, Now and Log") { // which is looked at later
				t.Errorf("got %v", err)
			}
		})
	}
	good.MinIDURL = "https://minid.example/stat/lommebok" // an issuer may stand below a path
	if _, err := server.New(context.Background(), good, server.Deps{}); !errors.Is(err, server.ErrConfig) || !strings.Contains(err.Error(), "DB") {
		t.Errorf("no database: %v", err)
	}
}

func clientID(t testing.TB, s *service) string {
	t.Helper()
	link, err := openid4vp.ParseRequestURI(s.browserAt(t, "skatteetaten").transaction().QR, rules)
	check(t, err)
	return link.ClientID
}

func TestStartMakesWhatItNeedsAndKeepsIt(t *testing.T) {
	s := newService(t)
	anchor, id := s.Anchor, clientID(t, s)
	published, err := os.ReadFile(filepath.Join(s.cfg.TrustDir, "verifiers", strings.ReplaceAll(strings.TrimPrefix(s.url, "http://"), ":", "-")+".pem"))
	check(t, err)
	if !bytes.Equal(published, anchor) {
		t.Error("another anchor was published")
	}
	for _, name := range []string{"access-ca.key.pem", "access.key.pem", "seal.secret"} {
		info, err := os.Stat(filepath.Join(s.cfg.DataDir, name))
		check(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode().Perm())
		}
	}
	s.start(t)
	if !bytes.Equal(anchor, s.Anchor) || clientID(t, s) != id {
		t.Error("a second start made another identity")
	}
	s.add(340 * day) // less than a month is left of the leaf
	s.start(t)
	if !bytes.Equal(anchor, s.Anchor) {
		t.Error("the anchor changed with the leaf")
	}
	if clientID(t, s) == id {
		t.Error("the leaf was not made anew in time")
	}
}

// The access certificate names the address of the verifier, and is made anew when that changes.
func TestAccessCertificateNamesTheVerifier(t *testing.T) {
	s := newService(t)
	id := clientID(t, s)
	s.cfg.URL = strings.Replace(s.url, "localhost", "127.0.0.1", 1)
	s.start(t)
	if clientID(t, s) == id {
		t.Error("the certificate still names the address before")
	}
	certs, err := os.ReadFile(filepath.Join(s.cfg.DataDir, "access.pem"))
	check(t, err)
	chain, err := x5c.ParsePEM(certs)
	check(t, err)
	if len(chain) != 1 || len(chain[0].URIs) != 1 || chain[0].URIs[0].String() != s.cfg.URL {
		t.Errorf("the certificate names %v", chain[0].URIs)
	}
}

// A relying party is the same to wallets after each start, until its certificate would name another than it is.
func TestCertificateOfARelyingPartyStays(t *testing.T) {
	s := newService(t)
	s.ownParty(t, "", "client: {method: client_secret_basic}\n", nil)
	leaf := func() *x509.Certificate {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(s.cfg.DataDir, "relying-parties", "school.pem"))
		check(t, err)
		chain, err := x5c.ParsePEM(raw)
		check(t, err)
		return chain[0]
	}
	first := leaf()
	s.start(t)
	if !leaf().Equal(first) {
		t.Error("a second start made another client_id")
	}
	file := filepath.Join(s.cfg.RelyingPartiesDir, "school.yaml")
	raw, err := os.ReadFile(file)
	check(t, err)
	check(t, os.WriteFile(file, bytes.ReplaceAll(raw, []byte("nb: Skolen"), []byte("nb: Storskolen")), 0o600))
	s.start(t)
	renamed := leaf()
	if renamed.Subject.CommonName != "Storskolen" {
		t.Errorf("wallets still see %s", renamed.Subject.CommonName)
	}
	s.cfg.URL = strings.Replace(s.url, "localhost", "127.0.0.1", 1)
	s.start(t)
	if moved := leaf(); len(moved.URIs) != 1 || moved.URIs[0].String() != s.cfg.URL {
		t.Errorf("the certificate names %v", moved.URIs)
	}
}

// The front page asks as the verifier, never as a relying party that calls itself as one of its services.
func TestRelyingPartyNamedAsAServiceStopsTheStart(t *testing.T) {
	s := newService(t)
	s.ownParty(t, "", "client: {method: client_secret_basic}\n", nil)
	file := filepath.Join(s.cfg.RelyingPartiesDir, "school.yaml")
	raw, err := os.ReadFile(file)
	check(t, err)
	check(t, os.WriteFile(file, bytes.Replace(raw, []byte("id: school"), []byte("id: skatteetaten"), 1), 0o600))
	if _, err := s.tryBuild(); !errors.Is(err, server.ErrConfig) {
		t.Errorf("got %v, want ErrConfig", err)
	}
}

func TestBrokenFilesStopTheStart(t *testing.T) {
	for _, file := range []string{"access-ca.pem", "access.pem", "access.key.pem", "seal.secret"} {
		s := newService(t)
		check(t, os.WriteFile(filepath.Join(s.cfg.DataDir, file), []byte("broken"), 0o600))
		if _, err := server.New(context.Background(), s.cfg, server.Deps{DB: s.db, Now: s.now, Log: slog.New(slog.DiscardHandler)}); err == nil {
			t.Errorf("started with a broken %s", file)
		}
	}
}

// Issuers come and go while the verifier runs.
func TestTrustFolderIsReadWhenItChanges(t *testing.T) {
	s := newService(t)
	late := newIssuer(t, s.now)
	show := func() transaction {
		b := s.browserAt(t, "skatteetaten")
		w := s.open(t, b.transaction().QR)
		w.send(map[string][]string{"pid_sd_jwt": {w.bind(late.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", binding{})}})
		return b.wantState("answered")
	}
	wantRefused(t, show(), "issuer_untrusted", "status_not_asked")
	folder := filepath.Join(s.cfg.TrustDir, "issuers")
	check(t, os.WriteFile(filepath.Join(folder, "a-broken.pem"), []byte("hello"), 0o644))
	check(t, os.WriteFile(filepath.Join(folder, "readme.txt"), []byte("hello"), 0o644))
	s.trust(t, "late.pem", late)
	if tx := show(); !tx.Verdict.Accepted {
		t.Errorf("the new anchor is not seen: %+v", tx.Verdict.Failed())
	}
	if !strings.Contains(s.log.String(), "a-broken.pem") {
		t.Error("the broken file is not in the log")
	}
	check(t, os.Remove(filepath.Join(folder, "late.pem")))
	wantRefused(t, show(), "issuer_untrusted", "status_not_asked")
	check(t, os.RemoveAll(folder))
	wantRefused(t, show(), "issuer_untrusted", "status_not_asked")
	check(t, os.WriteFile(folder, nil, 0o644)) // no folder at all
	wantRefused(t, show(), "issuer_untrusted", "status_not_asked")
}

// A key that the database keeps opens nothing without the secret of the data folder.
func TestResponseKeysAreSealed(t *testing.T) {
	s := newService(t)
	s.browserAt(t, "skatteetaten")
	var row struct{ ResponseKey []byte }
	check(t, s.db.R.Table("requests").Select("response_key").Take(&row).Error)
	if len(row.ResponseKey) == 0 || bytes.Contains(row.ResponseKey, []byte{0x2a, 0x86, 0x48, 0xce, 0x3d}) {
		t.Error("the key lies open in the database")
	}
}

func TestPublicAnswers(t *testing.T) {
	s := newService(t)
	b := s.browser(t)
	sees(t, b.get("/health"), `"ok"`)
	a := b.get("/trust/access-ca.pem")
	if a.body != string(s.Anchor) || a.header.Get("Content-Type") != "application/x-pem-file" || !strings.Contains(a.body, "BEGIN CERTIFICATE") {
		t.Errorf("anchor: %v\n%s", a.header, a.body)
	}
	is(t, b.get("/nowhere"), http.StatusNotFound)
	check(t, s.db.Close())
	is(t, b.get("/health"), http.StatusServiceUnavailable)
}

func TestDatabaseFailureIsASilent500(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	form := w.encrypt(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}, "")
	check(t, s.db.Close())
	for name, a := range map[string]answer{"page": b.get(b.tx), "start": b.do(http.MethodPost, "/services/skatteetaten/start"), "request": b.get("/requests/x"), "response": w.post(form)} {
		if a.status != http.StatusInternalServerError || strings.Contains(a.body, "sql") || strings.Contains(a.body, "database") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}
