package status

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

const issuerURL = "https://issuer.example"

// memory is a Store of one list.
type memory struct {
	list    List
	invalid []uint64
	entries []Entry
	past    Past
	asked   time.Time
	fault   error
	reads   int // of the entries
}

func (m *memory) List(_ context.Context, id string) (List, error) {
	if id != m.list.ID {
		return List{}, ErrUnknownList
	}
	return m.list, m.fault
}

func (m *memory) Entries(context.Context, string) ([]Entry, error) {
	m.reads++
	all := m.entries
	for _, i := range m.invalid {
		all = append(all, Entry{i, statuslist.Invalid})
	}
	return all, nil
}

func (m *memory) Lists(context.Context) ([]string, error) { return []string{"L0", m.list.ID}, m.fault }

func (m *memory) At(_ context.Context, id string, at, now time.Time) (Past, error) {
	m.asked = at
	if id != m.list.ID {
		return Past{}, ErrUnknownList
	}
	if at.After(now) {
		return Past{}, ErrNoHistory
	}
	return m.past, m.fault
}

type bench struct {
	*memory
	handler http.Handler
	at      time.Time
	anchors *x5c.Anchors
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{memory: &memory{list: List{ID: "L1", Bits: 1, Size: 1 << 17, Version: 1}}, at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	rootKey, key := newKey(t), newKey(t)
	subject := x5c.Subject{Country: "NO", CommonName: "Root", URI: issuerURL}
	root, err := x5c.NewRoot(rootKey, subject, b.at.Add(-time.Hour), 365*24*time.Hour)
	check(t, err)
	subject.CommonName = "Status"
	leaf, err := x5c.Issue(x5c.StatusSigner, root, rootKey, key.Public(), subject, b.at.Add(-time.Hour), 300*24*time.Hour)
	check(t, err)
	b.anchors = x5c.NewAnchors(root)
	s := &Service{
		Issuer: issuerURL, Store: b.memory, Signer: func() (crypto.Signer, []*x509.Certificate) { return key, []*x509.Certificate{leaf} },
		Now: func() time.Time { return b.at }, Log: slog.New(slog.DiscardHandler),
	}
	gin.SetMode(gin.TestMode)
	r := gin.New()
	s.Mount(r)
	b.handler = r
	return b
}

func (b *bench) get(path, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	rec := httptest.NewRecorder()
	b.handler.ServeHTTP(rec, r)
	return rec
}

// token reads either form and checks what a verifier checks.
func (b *bench) token(t testing.TB, rec *httptest.ResponseRecorder) *statuslist.Token {
	t.Helper()
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	var token *statuslist.Token
	var err error
	if rec.Header().Get("Content-Type") == statuslist.MediaTypeCWT {
		token, err = statuslist.ParseCWT(rec.Body.Bytes())
	} else {
		token, err = statuslist.ParseJWT(rec.Body.String())
	}
	check(t, err)
	check(t, token.Check(issuerURL+"/statuslists/L1", b.at))
	_, err = b.anchors.Verify(token.Chain, x5c.StatusSigner, b.at)
	check(t, err)
	return token
}

func TestListInTheFormThatIsAskedFor(t *testing.T) {
	tests := []struct{ accept, want string }{
		{"", statuslist.MediaTypeJWT},
		{"*/*", statuslist.MediaTypeJWT},
		{"application/json", statuslist.MediaTypeJWT},
		{"application/statuslist+jwt", statuslist.MediaTypeJWT},
		{"application/statuslist+cwt", statuslist.MediaTypeCWT},
		{"application/statuslist+cwt, */*", statuslist.MediaTypeCWT},
		{"application/statuslist+jwt, application/statuslist+cwt", statuslist.MediaTypeJWT},
		{"application/statuslist+jwt;q=0.5, application/statuslist+cwt", statuslist.MediaTypeCWT},
		{"application/statuslist+jwt;q=0.9, application/statuslist+cwt;q=0.8", statuslist.MediaTypeJWT},
		{"application/statuslist+cwt;q=0", statuslist.MediaTypeJWT},
		{"application/statuslist+cwt;q=x", statuslist.MediaTypeJWT},
		{";;,", statuslist.MediaTypeJWT},
	}
	b := newBench(t)
	b.invalid = []uint64{0, 7, 8, 131071}
	for _, tt := range tests {
		rec := b.get("/statuslists/L1", tt.accept)
		if got := rec.Header().Get("Content-Type"); got != tt.want {
			t.Errorf("Accept %q: %s", tt.accept, got)
			continue
		}
		token := b.token(t, rec)
		for i, want := range map[uint64]statuslist.Status{0: 1, 1: 0, 6: 0, 7: 1, 8: 1, 9: 0, 131070: 0, 131071: 1} {
			if got, err := token.List.Get(i); err != nil || got != want {
				t.Errorf("Accept %q, index %d: %v, %v", tt.accept, i, got, err)
			}
		}
		if token.List.Len() != 1<<17 || token.TTL != TTL {
			t.Errorf("%d entries, ttl %s", token.List.Len(), token.TTL)
		}
		h := rec.Header()
		if h.Get("Cache-Control") != "public, max-age=60" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Vary") != "Accept, Accept-Encoding" {
			t.Errorf("headers %v", h)
		}
	}
	if b.reads != 1 {
		t.Errorf("the entries were read %d times for one version", b.reads)
	}
}

func TestListIsSignedAnewWhenItMust(t *testing.T) {
	b := newBench(t)
	first := b.get("/statuslists/L1", "").Body.Bytes()
	b.at = b.at.Add(lifetime/2 - time.Second)
	if !bytes.Equal(first, b.get("/statuslists/L1", "").Body.Bytes()) || b.reads != 1 {
		t.Error("signed again without need")
	}
	b.invalid, b.list.Version = []uint64{5}, 2
	token := b.token(t, b.get("/statuslists/L1", ""))
	if got, err := token.List.Get(5); err != nil || got != statuslist.Invalid {
		t.Errorf("after a change: %v, %v", got, err)
	}
	b.at = b.at.Add(lifetime / 2)
	if token = b.token(t, b.get("/statuslists/L1", "")); !token.IssuedAt.Equal(b.at) || b.reads != 3 {
		t.Errorf("not signed anew in time: issued %s, read %d times", token.IssuedAt, b.reads)
	}
}

func TestNoList(t *testing.T) {
	b := newBench(t)
	if rec := b.get("/statuslists/L2", ""); rec.Code != http.StatusNotFound {
		t.Errorf("unknown list: %d", rec.Code)
	}
	b.fault = errors.New("secret cause")
	rec := b.get("/statuslists/L1", "")
	if rec.Code != http.StatusInternalServerError || bytes.Contains(rec.Body.Bytes(), []byte("secret")) {
		t.Errorf("store down: %d %s", rec.Code, rec.Body)
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
