package load_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/internal/fetch"
	"lommebok.example/internal/serve"
	issuer "lommebok.example/issuer/server"
	"lommebok.example/minid"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/load"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/wallet"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// crowded is an issuer that works on one request at a time, lets one more wait, and sends away the rest with 503.
type crowded struct {
	url, people, trust string
	db                 *database.DB
	open               bool                      // everybody comes in, while the holders are prepared
	lists              func(http.ResponseWriter) // answers in place of the status lists; nil for the issuer itself
}

func newCrowded(t *testing.T) *crowded {
	t.Helper()
	dir, c := t.TempDir(), &crowded{db: dbtest.Open(t, dbtest.SQLite(t)), open: true}
	var handler http.Handler
	gate := serve.NewGate(1, 1, 5*time.Millisecond)
	s := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/statuslists/") && c.lists != nil {
			c.lists(out)
			return
		}
		if !c.open {
			leave, ok := gate.Enter(r.Context())
			if !ok {
				out.Header().Set("Retry-After", "1")
				http.Error(out, "too many", http.StatusServiceUnavailable)
				return
			}
			defer leave()
		}
		handler.ServeHTTP(out, r)
	}))
	t.Cleanup(s.Close)
	c.url, c.people, c.trust = s.URL, filepath.Join(dir, "issuer", "test-people.json"), filepath.Join(dir, "trust")
	i, err := issuer.New(t.Context(), issuer.Config{
		URL: c.url, DataDir: filepath.Join(dir, "issuer"), TrustDir: c.trust,
		InsecureAllowHTTP: true, InsecureAllowAnyClient: true, InsecureTestPeople: true, InsecureAllowLoopback: true,
	}, issuer.Deps{DB: c.db, Now: time.Now, Log: slog.New(slog.DiscardHandler), Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1}})
	must(t, err)
	handler = i.Handler
	return c
}

// issued is how many credentials the issuer has signed.
func (c *crowded) issued(t *testing.T) int {
	t.Helper()
	var n int
	must(t, c.db.R.Raw("SELECT count(*) FROM issuer_issuances WHERE state = 'issued'").Scan(&n).Error)
	return n
}

func (c *crowded) holders(t *testing.T, n int) *load.Holders {
	t.Helper()
	people, err := phone.ReadPeople(c.people)
	must(t, err)
	var signIn []browser.Person
	for _, p := range people[:4] {
		signIn = append(signIn, browser.Person{PID: p.PID, Password: p.Password, TOTPSecret: p.TOTPSecret})
	}
	dir := t.TempDir()
	h, err := load.Prepare(t.Context(), load.Setting{
		Issuer: c.url, Type: "proof_of_age", People: signIn,
		Browser: func(p browser.Person) (*browser.Browser, error) { return browser.New(nil, p, time.Now) },
		Wallet: func(holder int) (*wallet.Wallet, error) {
			return &wallet.Wallet{
				Store: &wallet.Store{Dir: filepath.Join(dir, strconv.Itoa(holder))}, Trust: &wallet.Trust{Dir: c.trust},
				Fetch:    fetch.New(fetch.Config{Timeout: time.Minute, MaxBytes: 1 << 20, InsecureAllowLoopback: true}),
				ClientID: "load", RedirectURI: "http://localhost:8082/callback", Copies: 1, InsecureAllowHTTP: true, Now: time.Now,
			}, nil
		},
	}, n)
	must(t, err)
	return h
}

// At twice what it can do the issuer answers or says 503, every arrival is accounted for, and every credential that a wallet was told of
// is in the issuer's table. What it can do is what it served of more than that.
func TestTwiceWhatTheServerCanDo(t *testing.T) {
	c := newCrowded(t)
	const holders = 16
	h := c.holders(t, holders)
	if n := c.issued(t); n != holders {
		t.Fatalf("%d credentials for %d holders", n, holders)
	}
	c.open = false
	flows, err := h.Named(map[string]int{"refresh": 3, "metadata": 1, "status": 1})
	must(t, err)
	told := holders
	run := func(rate float64, count int) *load.Report {
		r, err := load.Run(context.Background(), load.Config{Rate: rate, Count: count, Holders: holders, Flows: flows, Seed: 1, Now: time.Now})
		must(t, err)
		total := r.Total
		if total.Arrivals != count || total.OK+total.Busy+total.NotSent != count || total.Refused+total.Failed != 0 {
			t.Errorf("at %.0f a second: %+v", rate, total)
		}
		if total.Busy == 0 || total.OK == 0 {
			t.Errorf("at %.0f a second: expected some to be served and some to be sent away: %+v", rate, total)
		}
		renewed := r.Flows[1]
		told += renewed.OK
		if got := c.issued(t); renewed.Flow != "refresh" || got != told {
			t.Errorf("%d credentials are issued, and the wallets know of %d", got, told)
		}
		return r
	}
	can := run(1000, 150).Served
	run(2*can, 150)
}

// A status list that says that the credential is revoked is no good answer, and neither is none.
func TestTheFlowOfStatusChecksTheList(t *testing.T) {
	c := newCrowded(t)
	h := c.holders(t, 1)
	status := h.Does()["status"]
	must(t, status(t.Context(), 0))
	c.lists = func(out http.ResponseWriter) { http.Error(out, "no", http.StatusServiceUnavailable) }
	var busy *wallet.Refusal
	if err := status(t.Context(), 0); !errors.As(err, &busy) || busy.Status != http.StatusServiceUnavailable {
		t.Errorf("%v", err)
	}
	c.lists = func(out http.ResponseWriter) {
		out.Header().Set("Content-Type", "application/identifierlist+cwt")
		_, _ = out.Write([]byte{0xa0})
	}
	if err := status(t.Context(), 0); err == nil {
		t.Error("a list that is none is a good answer")
	}
}

// What a flow is not called is told with what there is.
func TestNamesOfFlows(t *testing.T) {
	if err := (load.Setting{}).Check(load.Config{}, map[string]int{"present": 1}); !errors.Is(err, load.ErrConfig) || !strings.Contains(err.Error(), "issue, metadata, refresh, status") {
		t.Errorf("there is no verifier to present to: %v", err)
	}
}
