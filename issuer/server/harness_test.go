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
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/internal/keys"
	"lommebok.example/issuer/server"
	"lommebok.example/issuer/source"
	"lommebok.example/minid"
	"lommebok.example/minid/testpeople"
	"lommebok.example/specs/openapitest"
	"lommebok.example/specs/x5c"
	"lommebok.example/web/webtest/leak"
)

const (
	karies  = "12865398148" // proofed in person
	stjerne = "14846599313" // proofed by letter, attends a school
)

// each runs f on SQLite at the root of a host, and on PostgreSQL with two issuers behind one address, below a path of their host: each
// request goes to the other one than the request before. The issuers share the database and the data folder, and nothing in memory.
func each(t *testing.T, f func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, openAt(t, dbtest.SQLite(t))) })
	t.Run("two issuers on postgres", func(t *testing.T) {
		address := dbtest.Postgres(t)
		db := openAt(t, address)
		twins.Store(db, openAt(t, address))
		t.Cleanup(func() { twins.Delete(db) })
		f(t, db)
	})
}

// twins gives the database of the second issuer, by that of the first.
var twins sync.Map

func openAt(t testing.TB, address string) *database.DB {
	t.Helper()
	return dbtest.Open(t, address)
}

// service is the whole issuer on a port of its own, with the test people.
type service struct {
	*server.Server
	twin    *server.Server // the second issuer, nil for none
	turn    atomic.Int64   // of the two
	vault   keys.Vault     // nil for files
	url     string
	under   string // the path in url, "" for none
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
	return newServiceOn(t, openAt(t, dbtest.SQLite(t)))
}

func newServiceOn(t testing.TB, db *database.DB) *service {
	t.Helper()
	if _, ok := twins.Load(db); ok {
		return newServiceUnder(t, db, "/stat/lommebok")
	}
	return newServiceUnder(t, db, "")
}

// newServiceUnder has the issuer stand below a path of its host.
func newServiceUnder(t testing.TB, db *database.DB, under string) *service {
	t.Helper()
	s := &service{db: db, under: under, at: time.Date(2026, time.November, 23, 14, 5, 9, 0, time.UTC), log: leak.NewLog(t)}
	listener := httptest.NewServer(openapitest.Checked(t, "issuer", func() http.Handler { return s.next().Handler }))
	t.Cleanup(listener.Close)
	s.url = listener.URL + under
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
	s.Server = s.build(t, s.db)
	if twin, ok := twins.Load(s.db); ok {
		s.twin = s.build(t, twin.(*database.DB))
	}
}

func (s *service) build(t testing.TB, db *database.DB) *server.Server {
	t.Helper()
	built, err := server.New(context.Background(), s.cfg, server.Deps{
		DB: db, Vault: s.vault, Now: s.now, Log: slog.New(slog.NewJSONHandler(s.log, nil)),
		Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1},
	})
	check(t, err)
	return built
}

// next is whose turn it is.
func (s *service) next() *server.Server {
	if s.twin != nil && s.turn.Add(1)%2 == 0 {
		return s.twin
	}
	return s.Server
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
