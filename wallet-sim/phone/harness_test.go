package phone_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/internal/fetch"
	issuer "lommebok.example/issuer/server"
	"lommebok.example/minid"
	verifier "lommebok.example/verifier/server"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/journal"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/provider"
	"lommebok.example/wallet-sim/wallet"
)

const (
	karies  = "EKSAKT KARIES" // proofed in person
	stjerne = "FLAT STJERNE"  // proofed by letter, attends a school
	mpid    = "no.minid.mpid_sd_jwt_vc"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// town is issuer, verifier and the pages of the wallet, each on a port of its own, with one clock.
type town struct {
	t                      testing.TB
	issuer, verifier, home string
	face                   *phone.Face
	people                 []phone.Person

	mu   sync.Mutex
	at   time.Time
	real bool // the clock is the machine's, for programs that have no other
}

func (w *town) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.real {
		return time.Now()
	}
	return w.at
}

func (w *town) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// place is a server whose handler comes later, so that all addresses are known first.
func place(t testing.TB) (address string, open func(http.Handler)) {
	var handler http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { handler.ServeHTTP(out, r) }))
	t.Cleanup(s.Close)
	return s.URL, func(h http.Handler) { handler = h }
}

func newTown(t testing.TB) *town {
	t.Helper()
	return newTownWith(t, func() *database.DB { return db(t) }, func(*town, *verifier.Config, *verifier.Deps) {})
}

// newTownWith opens each database by open, and lets settle change the verifier when there is an issuer.
func newTownWith(t testing.TB, open func() *database.DB, settle func(*town, *verifier.Config, *verifier.Deps)) *town {
	t.Helper()
	w := &town{t: t, at: time.Date(2026, time.November, 23, 12, 0, 10, 0, time.UTC)}
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	trust := filepath.Join(dir, "trust")
	var openIssuer, openVerifier, openWallet func(http.Handler)
	w.issuer, openIssuer = place(t)
	w.verifier, openVerifier = place(t)
	w.verifier = strings.Replace(w.verifier, "127.0.0.1", "localhost", 1) // a name, for certificates
	w.home, openWallet = place(t)

	i, err := issuer.New(t.Context(), issuer.Config{
		URL: w.issuer, DataDir: filepath.Join(dir, "issuer"), TrustDir: trust, WalletURL: w.home,
		InsecureAllowHTTP: true, InsecureAllowAnyClient: true, InsecureTestPeople: true, InsecureAllowLoopback: true,
	}, issuer.Deps{DB: open(), Now: w.now, Log: log, Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1}})
	check(t, err)
	openIssuer(i.Handler)
	cfg := verifier.Config{
		URL: w.verifier, DataDir: filepath.Join(dir, "verifier"), TrustDir: trust, WalletURL: w.home, InsecureAllowHTTP: true, InsecureAllowLoopback: true,
	}
	deps := verifier.Deps{DB: open(), Now: w.now, Log: log}
	settle(w, &cfg, &deps)
	v, err := verifier.New(t.Context(), cfg, deps)
	check(t, err)
	openVerifier(v.Handler)

	p, err := provider.Open(filepath.Join(dir, "provider"), w.home+"/wallet-provider", w.now)
	check(t, err)
	check(t, p.Publish(trust))
	people := filepath.Join(dir, "issuer", "test-people.json")
	w.people, err = phone.ReadPeople(people)
	check(t, err)
	record := journal.Journal{Dir: filepath.Join(dir, "wallet")}
	w.face = &phone.Face{
		Journal: record,
		URL:     w.home, Issuer: w.issuer, Verifier: w.verifier, People: people, Now: w.now, Log: log,
		Devices:  &phone.Devices{Dir: filepath.Join(dir, "phone"), HTTP: &http.Client{Transport: &phone.Recorded{RoundTripper: http.DefaultTransport, Record: record.Write, Now: w.now}}, Now: w.now},
		Provider: p.Handler(log),
		Wallet: &wallet.Wallet{
			Record:   record.Write,
			Attester: provider.Unit{Provider: p, ID: provider.NewUnit(), ClientID: "wallet-sim"},
			Store:    &wallet.Store{Dir: filepath.Join(dir, "wallet")}, Trust: &wallet.Trust{Dir: trust},
			Fetch:    fetch.New(fetch.Config{Timeout: 10 * time.Second, MaxBytes: 1 << 20, InsecureAllowLoopback: true}),
			ClientID: "wallet-sim", RedirectURI: w.home + "/callback", Copies: 2, InsecureAllowHTTP: true, Now: w.now,
		},
	}
	handler, err := w.face.Handler()
	check(t, err)
	openWallet(handler)
	t.Cleanup(w.face.Close)
	return w
}

func db(t testing.TB) *database.DB {
	t.Helper()
	return dbtest.Open(t, dbtest.SQLite(t))
}

// surfer is a person with a browser who presses what pages show.
type surfer struct {
	*browser.Browser
	w    *town
	page *browser.Page
}

func (w *town) surfer(name string) *surfer {
	w.t.Helper()
	i := slices.IndexFunc(w.people, func(p phone.Person) bool { return p.Name == name })
	p := w.people[i]
	b, err := browser.New(nil, browser.Person{
		PID: p.PID, Password: p.Password, TOTPSecret: p.TOTPSecret,
		Approve: func(ctx context.Context, number string) error { return w.face.Devices.Approve(ctx, name, number) },
	}, w.now)
	check(w.t, err)
	b.Language = "nb"
	return &surfer{Browser: b, w: w}
}

func (s *surfer) open(address string) {
	s.w.t.Helper()
	page, err := s.Open(s.w.t.Context(), address, "")
	check(s.w.t, err)
	s.page = page
}

// press sends the form to a path by a button, with what is filled in besides.
func (s *surfer) press(path string, fields ...string) {
	s.w.t.Helper()
	form := s.page.FormTo(path)
	if form == nil {
		s.w.t.Fatalf("%s has no form to %s: %s", s.page.URL.Path, path, s.page.Says())
	}
	filled := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		filled.Set(fields[i], fields[i+1])
	}
	page, err := s.Submit(s.w.t.Context(), s.page, form, filled, "")
	check(s.w.t, err)
	s.page = page
}

// follow goes where the link with these words leads.
func (s *surfer) follow(words string) {
	s.w.t.Helper()
	i := slices.IndexFunc(s.page.Links, func(l browser.Link) bool { return l.Text == words })
	if i < 0 {
		s.w.t.Fatalf("%s has no link %q: %s", s.page.URL.Path, words, s.page.Says())
	}
	next, err := s.page.URL.Parse(s.page.Links[i].Href)
	check(s.w.t, err)
	s.open(next.String())
}

// signIn answers the pages of a sign-in and of a consent, until they lead to the wallet.
func (s *surfer) signIn() {
	s.w.t.Helper()
	r, err := s.Authorize(s.w.t.Context(), s.page.URL.String(), s.w.home+"/callback")
	check(s.w.t, err)
	s.open(s.w.home + "/callback?" + r.Query.Encode())
}

func (s *surfer) sees(words ...string) {
	s.w.t.Helper()
	all := s.page.Says() + string(s.page.Raw)
	for _, word := range words {
		if !strings.Contains(all, word) {
			s.w.t.Errorf("%s does not say %q: %s", s.page.URL.Path, word, s.page.Says())
		}
	}
}

func (s *surfer) is(status int, path string) {
	s.w.t.Helper()
	if s.page.Status != status || s.page.URL.Path != path {
		s.w.t.Fatalf("at %s with status %d, want %s with %d: %s", s.page.URL.Path, s.page.Status, path, status, s.page.Says())
	}
}

// fetch gets a credential by the pages of issuer and wallet.
func (s *surfer) fetch(configuration, name string) {
	s.w.t.Helper()
	s.open(s.w.issuer + "/")
	for _, form := range s.page.Forms {
		if form.Action == "/offers" && form.Fields.Get("configuration") == configuration {
			page, err := s.Submit(s.w.t.Context(), s.page, form, nil, "")
			check(s.w.t, err)
			s.page = page
		}
	}
	s.follow("Bruk lommeboksimulatoren")
	s.press("/offer", "look", "1")
	s.sees("tilbyr deg", name, strings.TrimPrefix(s.w.issuer, "http://"))
	s.press("/offer")
	s.signIn()
}

// pair pairs the MinID app of the surfer, with the code from the service desk or, for who has none, from My MinID.
func (s *surfer) pair(name string) {
	s.w.t.Helper()
	i := slices.IndexFunc(s.w.people, func(p phone.Person) bool { return p.Name == name })
	code := s.w.people[i].AppCode
	if code == "" {
		page, _, err := s.SignIn(s.w.t.Context(), s.w.issuer+"/minid")
		check(s.w.t, err)
		s.page = page
		s.press("/minid/pair")
		code = s.page.TextOf("pairing-code")
	}
	s.open(s.w.home + "/phone/pair")
	s.press("/phone/pair", "owner", name, "code", code)
	if s.page.FormTo("/phone/pair/confirm") != nil {
		s.sees("Koble appen til denne MinID-en?", s.w.issuer, s.w.people[i].PID[:6]+" *****")
		s.press("/phone/pair/confirm", "action", "pair")
	}
}
