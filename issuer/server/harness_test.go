package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/server"
	"lommebok.example/issuer/source"
	"lommebok.example/minid"
	"lommebok.example/minid/testpeople"
	"lommebok.example/specs/x5c"
)

const (
	karies  = "12865398148" // proofed in person
	stjerne = "14846599313" // proofed by letter, attends a school
)

// service is the whole issuer on a port of its own, with the test people.
type service struct {
	*server.Server
	url     string
	cfg     server.Config
	db      *database.DB
	people  map[string]testpeople.Credentials
	anchors *x5c.Anchors
	log     *lockedBuffer

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
	s := &service{db: db, at: time.Date(2026, time.November, 23, 14, 5, 9, 0, time.UTC), log: &lockedBuffer{}}
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
	t.Cleanup(func() { s.nothingPersonal(t, "the log", s.log.String()) })
	anchors, err := x5c.LoadAnchors(filepath.Join(s.cfg.TrustDir, "issuers"))
	check(t, err)
	s.anchors = anchors
	return s
}

func (s *service) start(t testing.TB) {
	t.Helper()
	built, err := server.New(context.Background(), s.cfg, server.Deps{
		DB: s.db, Now: s.now, Log: slog.New(slog.NewJSONHandler(s.log, nil)),
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
	}
}

// nothingPersonal fails when a text holds who somebody is or what they sign in with. Every test holds it against the log, and
// against each refusal.
func (s *service) nothingPersonal(t testing.TB, where, text string) {
	t.Helper()
	for _, p := range source.People() {
		c := s.people[p.PID]
		all := map[string]string{
			"identity number": p.PID, "family name": p.FamilyName, "password": c.Password, "secret of the codes": c.TOTPSecret,
		}
		if c.Basis == minid.BasisInPerson {
			all["code for the app"] = c.AppCode
		}
		for what, personal := range all {
			// A name of four letters is a word as well.
			if personal == "" || len(personal) > 4 && strings.Contains(text, personal) {
				t.Errorf("%s holds a person's %s", where, what)
			}
		}
	}
}

// entries is how many status indices have been given out.
func (s *service) entries(t testing.TB) int64 {
	t.Helper()
	var n int64
	check(t, s.db.R.Raw("SELECT count(*) FROM issuer_status_entries").Scan(&n).Error)
	return n
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
