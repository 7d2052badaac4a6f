package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/openapitest"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/server"
	"lommebok.example/web/webtest/leak"
)

// each runs f on SQLite, and on PostgreSQL with two verifiers behind one address: each request goes to the other one than the
// request before. They share the database and the data folder, and nothing in memory.
func each(t *testing.T, f func(t *testing.T, s *service)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, newService(t)) })
	t.Run("two verifiers on postgres", func(t *testing.T) {
		address := dbtest.Postgres(t)
		s := newServiceOn(t, dbtest.Open(t, address))
		s.twin = s.build(t, dbtest.Open(t, address))
		f(t, s)
	})
}

// service is the whole verifier on a port of its own, with an issuer that it trusts.
type service struct {
	*server.Server
	twin   *server.Server // the second verifier, nil for none
	turn   atomic.Int64   // of the two
	url    string
	cfg    server.Config
	db     *database.DB
	log    *leak.Log
	issuer *issuer

	mu sync.Mutex
	at time.Time
}

func (s *service) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *service) add(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

func newService(t testing.TB) *service {
	t.Helper()
	return newServiceOn(t, dbtest.Open(t, dbtest.SQLite(t)))
}

func newServiceOn(t testing.TB, db *database.DB) *service {
	t.Helper()
	s := &service{db: db, at: time.Date(2026, time.November, 23, 14, 5, 9, 0, time.UTC), log: leak.NewLog(t)}
	listener := httptest.NewServer(openapitest.Checked(t, "verifier", s.handler))
	t.Cleanup(listener.Close)
	s.url = strings.Replace(listener.URL, "127.0.0.1", "localhost", 1) // a name, for certificates
	dir := t.TempDir()
	s.cfg = server.Config{
		URL: s.url, DataDir: filepath.Join(dir, "data"), TrustDir: filepath.Join(dir, "trust"), WalletURL: "http://localhost:8082",
		StatusMaxAge: time.Hour, InsecureAllowHTTP: true, InsecureAllowLoopback: true,
	}
	s.issuer = newIssuer(t, s.now)
	s.log.Know("who the person is", "Eksakt", "Karies", "12865398148", "1998-06-12")
	s.trust(t, "issuer.pem", s.issuer)
	s.start(t)
	return s
}

func (s *service) start(t testing.TB) {
	t.Helper()
	s.Server = s.build(t, s.db)
}

func (s *service) build(t testing.TB, db *database.DB) *server.Server {
	t.Helper()
	built, err := s.tryBuild(db)
	check(t, err)
	return built
}

func (s *service) tryBuild(db ...*database.DB) (*server.Server, error) {
	return server.New(context.Background(), s.cfg, server.Deps{DB: append(db, s.db)[0], Now: s.now, Log: slog.New(slog.NewJSONHandler(s.log, nil))})
}

// handler is who answers the next request.
func (s *service) handler() http.Handler {
	if s.twin != nil && s.turn.Add(1)%2 == 0 {
		return s.twin.Handler
	}
	return s.Handler
}

// entitled are the types that the issuers of these tests may issue.
var entitled = []string{`"urn:eudi:pid:1"`, `"urn:eudi:pid:2"`, `"no:minid:mpid:1"`, `"no.sikt.elevbevis.1"`, `"eu.europa.ec.eudi.pid.1"`, `"eu.europa.ec.av.1"`, `"org.iso.18013.5.1.mDL"`}

// trust puts the root of an issuer into the trust folder.
func (s *service) trust(t testing.TB, file string, i *issuer) {
	t.Helper()
	dir := filepath.Join(s.cfg.TrustDir, "issuers")
	check(t, os.MkdirAll(dir, 0o755))
	types := fmt.Sprintf("types: [%s]\n", strings.Join(entitled, ", "))
	check(t, os.WriteFile(filepath.Join(dir, strings.TrimSuffix(file, ".pem")+".yaml"), []byte(types), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, file), x5c.EncodePEM(i.root), 0o644))
}

// rows counts a table.
func (s *service) rows(t testing.TB, table string) int64 {
	t.Helper()
	var n int64
	check(t, s.db.R.Table(table).Count(&n).Error)
	return n
}

// browser is somebody at a browser, and after start at a transaction.
type browser struct {
	t      testing.TB
	s      *service
	client *http.Client
	jar    *cookiejar.Jar
	tx     string // path of the transaction
}

func (s *service) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	return &browser{t: t, s: s, jar: jar, client: &http.Client{Jar: jar}}
}

// at starts a service in a new browser.
func (s *service) browserAt(t testing.TB, service string) *browser {
	t.Helper()
	b := s.browser(t)
	b.start(service)
	return b
}

func (b *browser) start(service string) { b.startAs(service, nil) }

// startAs chooses how to ask, as a tester of wallets does.
func (b *browser) startAs(service string, how url.Values) {
	b.t.Helper()
	a := b.send("/services/"+service+"/start", "application/x-www-form-urlencoded", how.Encode())
	if a.status != http.StatusOK || !strings.HasPrefix(a.path, "/transactions/") {
		b.t.Fatalf("start: %d at %s\n%s", a.status, a.path, a.body)
	}
	b.tx = a.path
}

// answer is what a server said, after redirects.
type answer struct {
	status int
	header http.Header
	path   string
	body   string
}

func (b *browser) do(method, path string, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequest(method, b.s.url+path, nil)
	check(b.t, err)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return send(b.t, b.client, r)
}

func (b *browser) send(path, media, body string) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.s.url+path, strings.NewReader(body))
	check(b.t, err)
	r.Header.Set("Content-Type", media)
	return send(b.t, b.client, r)
}

func (b *browser) get(path string, header ...string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, header...)
}

func send(t testing.TB, client *http.Client, r *http.Request) answer {
	t.Helper()
	res, err := client.Do(r)
	check(t, err)
	body, err := io.ReadAll(res.Body)
	check(t, err)
	check(t, res.Body.Close())
	return answer{res.StatusCode, res.Header, res.Request.URL.RequestURI(), string(body)}
}

func post(t testing.TB, address string, form url.Values) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	check(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(t, http.DefaultClient, r)
}

// transaction is the JSON that a program reads.
type transaction struct {
	ID, Service, State, Link, QR, Wallet, Error, Record string
	Expires                                             time.Time
	Verdict                                             *presentation.Verdict
}

func (b *browser) transaction() transaction {
	b.t.Helper()
	a := b.get(b.tx, "Accept", "application/json")
	if a.status != http.StatusOK || a.header.Get("Cache-Control") != "no-store" {
		b.t.Fatalf("%s: %d %v\n%s", b.tx, a.status, a.header, a.body)
	}
	var tx transaction
	check(b.t, json.Unmarshal([]byte(a.body), &tx))
	return tx
}

func (b *browser) wantState(want string) transaction {
	b.t.Helper()
	tx := b.transaction()
	if tx.State != want || (tx.Verdict != nil) != (want == "answered") || (tx.Link != "") != (want == "waiting" || want == "fetched") {
		b.t.Fatalf("state %+v, want %s", tx, want)
	}
	return tx
}

func sees(t testing.TB, a answer, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s (%d) lacks %q:\n%s", a.path, a.status, text, a.body)
		}
	}
}

func is(t testing.TB, a answer, status int) {
	t.Helper()
	if a.status != status {
		t.Fatalf("%s: status %d, want %d\n%s", a.path, a.status, status, a.body)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
