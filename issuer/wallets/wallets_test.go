package wallets

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

// provider is a wallet provider whose list a test can bend.
type provider struct {
	t      testing.TB
	root   *x509.Certificate
	key    *ecdsa.PrivateKey
	chain  []*x509.Certificate
	server *httptest.Server
	asked  int

	values map[uint64]statuslist.Status
	uri    string // sub, "" for the right one
	media  string
	status int
	ttl    time.Duration
	at     time.Time
	life   time.Duration
}

func newProvider(t testing.TB, trust string) *provider {
	t.Helper()
	rootKey := newKey(t)
	p := &provider{t: t, key: newKey(t), media: statuslist.MediaTypeJWT, status: 200, ttl: time.Minute, at: start, life: time.Hour, values: map[uint64]statuslist.Status{}}
	subject := x5c.Subject{Country: "NO", CommonName: "Provider", URI: "https://provider.example"}
	var err error
	p.root, err = x5c.NewRoot(rootKey, subject, start.Add(-time.Hour), 900*24*time.Hour)
	check(t, err)
	subject.CommonName = "Signer"
	leaf, err := x5c.Issue(x5c.WalletProvider, p.root, rootKey, p.key.Public(), subject, start.Add(-time.Hour), 400*24*time.Hour)
	check(t, err)
	p.chain = []*x509.Certificate{leaf}
	check(t, os.WriteFile(filepath.Join(trust, "p.pem"), x5c.EncodePEM(p.root), 0o600))
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked++
	list := statuslist.New(2, 16)
	for i, v := range p.values {
		check(p.t, list.Set(i, v))
	}
	uri := p.uri
	if uri == "" {
		uri = p.server.URL + r.URL.Path
	}
	jwt, err := statuslist.SignJWT(p.key, p.chain, list, uri, p.at, p.at.Add(p.life), p.ttl)
	check(p.t, err)
	w.Header().Set("Content-Type", p.media)
	w.WriteHeader(p.status)
	_, _ = w.Write([]byte(jwt))
}

func newStatuses(t testing.TB) (*Statuses, *provider, string) {
	t.Helper()
	trust := t.TempDir()
	p := newProvider(t, trust)
	return &Statuses{
		Providers: &Providers{Dir: trust, Log: slog.New(slog.DiscardHandler)}, Fetch: fetch.New(fetch.Config{InsecureAllowLoopback: true}),
	}, p, trust
}

func TestCheck(t *testing.T) {
	cases := map[string]struct {
		bend func(p *provider, s *attestation.Status, trust string)
		want error
	}{
		"valid":                    {func(*provider, *attestation.Status, string) {}, nil},
		"revoked":                  {func(p *provider, _ *attestation.Status, _ string) { p.values[3] = statuslist.Invalid }, attestation.ErrRevoked},
		"suspended":                {func(p *provider, _ *attestation.Status, _ string) { p.values[3] = statuslist.Suspended }, attestation.ErrSuspended},
		"a value unknown":          {func(p *provider, _ *attestation.Status, _ string) { p.values[3] = 3 }, attestation.ErrStatusUnknown},
		"its neighbour":            {func(p *provider, _ *attestation.Status, _ string) { p.values[2] = statuslist.Invalid }, nil},
		"outside the list":         {func(_ *provider, s *attestation.Status, _ string) { s.Index = 16 }, attestation.ErrStatusUnknown},
		"another list":             {func(p *provider, _ *attestation.Status, _ string) { p.uri = "https://other.example" }, attestation.ErrStatusUnknown},
		"a list of the day before": {func(p *provider, _ *attestation.Status, _ string) { p.at = start.Add(-24 * time.Hour) }, attestation.ErrStatusUnknown},
		"a list of tomorrow":       {func(p *provider, _ *attestation.Status, _ string) { p.at = start.Add(24 * time.Hour) }, attestation.ErrStatusUnknown},
		"another type":             {func(p *provider, _ *attestation.Status, _ string) { p.media = "text/html" }, attestation.ErrStatusUnknown},
		"an error":                 {func(p *provider, _ *attestation.Status, _ string) { p.status = 500 }, attestation.ErrStatusUnknown},
		"nobody there":             {func(p *provider, _ *attestation.Status, _ string) { p.server.Close() }, attestation.ErrStatusUnknown},
		"a signer unknown": {func(p *provider, _ *attestation.Status, trust string) {
			check(p.t, os.Remove(filepath.Join(trust, "p.pem")))
		}, attestation.ErrStatusUnknown},
		"a private address": {func(_ *provider, s *attestation.Status, _ string) { s.URI = "https://169.254.169.254/x" }, attestation.ErrStatusUnknown},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, p, trust := newStatuses(t)
			status := &attestation.Status{Index: 3, URI: p.server.URL + "/1"}
			c.bend(p, status, trust)
			if err := s.Check(t.Context(), status, start); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestListsAreKeptAsLongAsTheyAllow(t *testing.T) {
	s, p, trust := newStatuses(t)
	status := &attestation.Status{Index: 3, URI: p.server.URL + "/1"}
	asked := func(at time.Time, want int, result error) {
		t.Helper()
		p.at = at
		if err := s.Check(t.Context(), status, at); !errors.Is(err, result) || p.asked != want {
			t.Fatalf("at %s: %v, asked %d times, want %d", at, err, p.asked, want)
		}
	}
	asked(start, 1, nil)
	p.values[3] = statuslist.Invalid
	asked(start.Add(59*time.Second), 1, nil)
	asked(start.Add(time.Minute), 2, attestation.ErrRevoked)
	p.ttl, p.values = time.Hour, map[uint64]statuslist.Status{}
	asked(start.Add(2*time.Minute), 3, nil)
	asked(start.Add(2*time.Minute+MaxAge-time.Second), 3, nil)
	asked(start.Add(2*time.Minute+MaxAge), 4, nil)
	p.life = 30 * time.Second
	asked(start.Add(10*time.Minute), 4, nil)
	asked(start.Add(12*time.Minute), 5, nil)
	asked(start.Add(12*time.Minute+30*time.Second), 6, nil)
	// A provider that is thrown out is not believed any more, though its list is kept.
	check(t, os.Remove(filepath.Join(trust, "p.pem")))
	asked(start.Add(12*time.Minute+31*time.Second), 6, attestation.ErrStatusUnknown)
}

func TestProvidersFollowTheFolder(t *testing.T) {
	dir := t.TempDir()
	p := &Providers{Dir: dir, Log: slog.New(slog.DiscardHandler)}
	count := func(want int) {
		t.Helper()
		if got := len(p.Anchors().All()); got != want {
			t.Errorf("%d anchors, want %d", got, want)
		}
	}
	count(0)
	newProvider(t, dir)
	count(1)
	check(t, os.WriteFile(filepath.Join(dir, "bad.pem"), []byte("no certificate"), 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "README"), []byte("no certificate"), 0o600))
	count(1)
	check(t, os.Remove(filepath.Join(dir, "p.pem")))
	count(0)
	if none := (&Providers{Log: slog.New(slog.DiscardHandler)}).Anchors().All(); len(none) != 0 {
		t.Errorf("no folder trusts %v", none)
	}
}

// memory is a Store whose rows come due as they are told.
type memory struct {
	due     map[Watched]time.Time
	revoked []string
	fault   error
}

func (m *memory) ClaimWatched(_ context.Context, at, next time.Time, limit int) ([]Watched, error) {
	var all []Watched
	for w, due := range m.due {
		if !due.After(at) && len(all) < limit {
			all, m.due[w] = append(all, w), next
		}
	}
	return all, m.fault
}

func (m *memory) SeenGood(_ context.Context, w Watched, next time.Time) error {
	m.due[w] = next
	return nil
}

func (m *memory) RevokeWatched(_ context.Context, id string, _ time.Time) (bool, error) {
	m.revoked = append(m.revoked, id)
	return true, nil
}

// says answers for each index.
type says map[uint64]error

func (s says) Check(_ context.Context, status *attestation.Status, _ time.Time) error {
	return s[status.Index]
}

func TestWatchLooksAtEachAsItStands(t *testing.T) {
	of := func(i uint64) Watched {
		return Watched{IssuanceID: string(rune('a' + i)), Status: attestation.Status{Index: i}}
	}
	m := &memory{due: map[Watched]time.Time{of(0): start, of(1): start, of(2): start, of(3): start, of(4): start.Add(time.Second)}}
	w := &Watch{
		Store: m, Statuses: says{1: attestation.ErrRevoked, 2: attestation.ErrSuspended, 3: attestation.ErrStatusUnknown, 4: attestation.ErrRevoked},
		Now: func() time.Time { return start }, Log: slog.New(slog.DiscardHandler),
	}
	check(t, w.Run(t.Context()))
	if len(m.revoked) != 1 || m.revoked[0] != "b" {
		t.Errorf("revoked %v", m.revoked)
	}
	for i, want := range map[uint64]time.Time{0: start.Add(Every), 2: start.Add(Every), 3: start.Add(retry), 4: start.Add(time.Second)} {
		if !m.due[of(i)].Equal(want) {
			t.Errorf("%d is due at %s, want %s", i, m.due[of(i)], want)
		}
	}
	m.fault = errors.New("store")
	if err := w.Run(t.Context()); !errors.Is(err, m.fault) {
		t.Errorf("got %v", err)
	}
	if Every >= 24*time.Hour-retry {
		t.Error("a list that cannot be had at the first try is looked up later than in a day")
	}
}
