package server_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/internal/keys"
	"lommebok.example/issuer/server"
	"lommebok.example/issuer/source"
	"lommebok.example/minid"
	"lommebok.example/minid/testpeople"
	"lommebok.example/specs/x5c"
	"lommebok.example/web/webtest/leak"
)

const (
	karies  = "12865398148" // proofed in person
	stjerne = "14846599313" // proofed by letter, attends a school
)

// service is the whole issuer on a port of its own, with the test people.
type service struct {
	*server.Server
	vault   keys.Vault // nil for files
	url     string
	cfg     server.Config
	db      *database.DB
	people  map[string]testpeople.Credentials
	anchors *x5c.Anchors
	log     *leak.Log

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
	db, err := database.Open(context.Background(), dbtest.SQLite(t))
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	return newServiceOn(t, db)
}

func newServiceOn(t testing.TB, db *database.DB) *service {
	t.Helper()
	s := &service{db: db, at: time.Date(2026, time.November, 23, 14, 5, 9, 0, time.UTC), log: leak.NewLog(t)}
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Handler.ServeHTTP(w, r) }))
	t.Cleanup(listener.Close)
	s.url = listener.URL
	dir := t.TempDir()
	s.cfg = server.Config{
		URL: s.url, DataDir: filepath.Join(dir, "data"), TrustDir: filepath.Join(dir, "trust"), WalletURL: "http://localhost:8082",
		InsecureAllowHTTP: true, InsecureAllowAnyClient: true, InsecureTestPeople: true, InsecureAllowLoopback: true,
	}
	s.start(t)
	s.readPeople(t)
	anchors, err := x5c.LoadAnchors(filepath.Join(s.cfg.TrustDir, "issuers"))
	check(t, err)
	s.anchors = anchors
	return s
}

func (s *service) start(t testing.TB) {
	t.Helper()
	built, err := server.New(context.Background(), s.cfg, server.Deps{
		DB: s.db, Vault: s.vault, Now: s.now, Log: slog.New(slog.NewJSONHandler(s.log, nil)),
		Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1},
	})
	check(t, err)
	s.Server = built
}

func (s *service) readPeople(t testing.TB) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.cfg.DataDir, "test-people.json"))
	check(t, err)
	var list []testpeople.Credentials
	check(t, json.Unmarshal(raw, &list))
	s.people = map[string]testpeople.Credentials{}
	for _, p := range list {
		s.people[p.PID] = p
		s.log.Know("a password", p.Password)
		s.log.Know("a secret of codes", p.TOTPSecret)
		if p.Basis == minid.BasisInPerson {
			s.log.Know("a code for the app", p.AppCode)
		}
	}
	for _, p := range source.People() {
		s.log.Know("an identity number", p.PID)
		if len(p.FamilyName) > 4 { // a name of four letters is a word as well
			s.log.Know("a family name", p.FamilyName)
		}
	}
}

// nothingPersonal fails when a text holds who somebody is or what they sign in with. Every test holds it against each refusal;
// the log is searched by itself.
func (s *service) nothingPersonal(t testing.TB, where, text string) {
	t.Helper()
	leak.Search(t, where, text, s.log.Known())
}

// entries is how many status indices have been given out.
func (s *service) entries(t testing.TB) int64 {
	t.Helper()
	var n int64
	check(t, s.db.R.Raw("SELECT count(*) FROM issuer_status_entries").Scan(&n).Error)
	return n
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
