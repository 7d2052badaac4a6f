package holder_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	issuer "lommebok.example/issuer/server"
	"lommebok.example/minid"
	"lommebok.example/specs/x5c"
	verifier "lommebok.example/verifier/server"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/phone"
)

// clock stands still, for services and wallets alike.
func clock() time.Time { return time.Date(2026, time.November, 23, 12, 0, 10, 0, time.UTC) }

// What the examples stand on: our issuer and our verifier, each on a port of its own.
var (
	issuerURL, verifierURL string
	issuers, verifiers     []*x509.Certificate // their trust anchors
	people                 []browser.Person    // a one-time code counts once, so that each example has its own
	folder                 string              // of everything
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "holder-")
	if err == nil {
		err = start(context.Background(), dir)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// place is a server whose handler comes later, so that its address is known first: by a name, for certificates.
func place() (address string, open func(http.Handler)) {
	var handler http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { handler.ServeHTTP(out, r) }))
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1), func(h http.Handler) { handler = h }
}

func start(ctx context.Context, dir string) error {
	folder = dir
	trust, log := filepath.Join(dir, "trust"), slog.New(slog.DiscardHandler)
	var openIssuer, openVerifier func(http.Handler)
	issuerURL, openIssuer = place()
	verifierURL, openVerifier = place()
	var dbs []*database.DB
	for _, name := range []string{"issuer.db", "verifier.db"} {
		db, err := database.Open(ctx, "sqlite:"+filepath.Join(dir, name))
		if err != nil {
			return err
		}
		dbs = append(dbs, db)
	}
	i, err := issuer.New(ctx, issuer.Config{
		URL: issuerURL, DataDir: filepath.Join(dir, "issuer"), TrustDir: trust,
		InsecureAllowHTTP: true, InsecureAllowAnyClient: true, InsecureTestPeople: true, InsecureAllowLoopback: true,
	}, issuer.Deps{DB: dbs[0], Now: clock, Log: log, Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1}})
	if err != nil {
		return err
	}
	openIssuer(i.Handler)
	v, err := verifier.New(ctx, verifier.Config{
		URL: verifierURL, DataDir: filepath.Join(dir, "verifier"), TrustDir: trust, InsecureAllowHTTP: true, InsecureAllowLoopback: true,
	}, verifier.Deps{DB: dbs[1], Now: clock, Log: log})
	if err != nil {
		return err
	}
	openVerifier(v.Handler)
	if issuers, err = x5c.ParsePEM(i.Anchor); err != nil {
		return err
	}
	if verifiers, err = x5c.ParsePEM(v.Anchor); err != nil {
		return err
	}
	all, err := phone.ReadPeople(filepath.Join(dir, "issuer", "test-people.json"))
	for _, p := range all {
		people = append(people, browser.Person{PID: p.PID, Password: p.Password, TOTPSecret: p.TOTPSecret})
	}
	return err
}

// ask has the verifier's page ask, and gives the link for a wallet on the same device, and where the verdict will stand.
func ask(ctx context.Context, b *browser.Browser, service string) (link, verdict string, err error) {
	front, err := b.Open(ctx, verifierURL+"/", "")
	if err != nil {
		return "", "", err
	}
	form := front.FormTo("/services/" + service + "/start")
	if form == nil {
		return "", "", fmt.Errorf("no service %s", service)
	}
	page, err := b.Submit(ctx, front, form, nil, "")
	if err != nil {
		return "", "", err
	}
	i := slices.IndexFunc(page.Links, func(l browser.Link) bool {
		return strings.HasPrefix(l.Href, "openid4vp:") || strings.HasPrefix(l.Href, "haip-vp:")
	})
	if i < 0 {
		return "", "", fmt.Errorf("no link to a wallet: %s", page.Says())
	}
	return page.Links[i].Href, page.URL.String(), nil
}
