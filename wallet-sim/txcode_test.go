package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/server"
	"lommebok.example/minid"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/phone"
)

// tryIssuer is an issuer of its own, in this process, and the folder of a wallet that trusts it.
type tryIssuer struct {
	url, data string
	person    browser.Person
	tokens    int // requests for one
}

func newTryIssuer(t *testing.T) *tryIssuer {
	t.Helper()
	i := &tryIssuer{data: t.TempDir()}
	var handler http.Handler
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			i.tokens++
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(listener.Close)
	i.url = listener.URL
	db := dbtest.Open(t, dbtest.SQLite(t))
	built, err := server.New(t.Context(), server.Config{
		URL: i.url, DataDir: filepath.Join(i.data, "issuer"), TrustDir: filepath.Join(i.data, "trust"),
		InsecureAllowHTTP: true, InsecureAllowAnyClient: true, InsecureTestPeople: true, InsecureAllowLoopback: true,
	}, server.Deps{DB: db, Now: time.Now, Log: slog.New(slog.DiscardHandler), Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1}})
	must(t, err)
	handler = built.Handler
	people, err := phone.ReadPeople(filepath.Join(i.data, "issuer", "test-people.json"))
	must(t, err)
	i.person = sitting(people[9], nil)
	return i
}

// offer makes an offer at the issuer's page, and gives its link and the transaction code that came by SMS.
func (i *tryIssuer) offer(t *testing.T) (link, tx string) {
	t.Helper()
	b, err := browser.New(nil, i.person, time.Now)
	must(t, err)
	page, _, err := b.SignIn(t.Context(), i.url+"/pre-authorized?"+url.Values{"configuration": {configMinID}}.Encode())
	must(t, err)
	page, err = b.Submit(t.Context(), page, page.FormTo("/pre-authorized"), nil, "")
	must(t, err)
	link = page.TextOf("offer-address")
	page, err = b.Open(t.Context(), i.url+"/dev/outbox", "")
	must(t, err)
	if tx = sentTxCode.FindString(page.TextOfClass("lb-box")); link == "" || tx == "" {
		t.Fatalf("link %q, code %q on %s", link, tx, page.Says())
	}
	return link, tx
}

func (i *tryIssuer) run(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append(args, "--data", i.data, "--insecure-allow-http", "--plain"), nil, &stdout, &stderr, time.Now)
	return code, stdout.String() + stderr.String()
}

// OpenID4VCI sections 4.1.1, 6.1 and 13.6.2 on the command line: without --tx-code the wallet stops, names who asks, and sends nothing; a wrong
// one is refused and costs nothing but a try; the right one stores the credential, and the offer is over.
func TestTxCodeOnTheCommandLine(t *testing.T) {
	i := newTryIssuer(t)
	link, tx := i.offer(t)
	host := strings.TrimPrefix(i.url, "http://")
	if code, says := i.run(t, "offer", "accept", link); code != exitUsage || !strings.Contains(says, host) || !strings.Contains(says, "--tx-code") || i.tokens != 0 {
		t.Errorf("without: exit %d, %d token requests, %s", code, i.tokens, says)
	}
	wrong := "000000"
	if tx == wrong {
		wrong = "000001"
	}
	code, says := i.run(t, "offer", "accept", link, "--tx-code", wrong)
	if code != exitRefused || !strings.Contains(says, "invalid_grant") || strings.Contains(says, wrong) {
		t.Errorf("wrong: exit %d, %s", code, says)
	}
	code, says = i.run(t, "offer", "accept", link, "--tx-code", tx, "--json")
	var got accepted
	if err := json.Unmarshal([]byte(says), &got); err != nil || code != 0 || len(got.Stored) != 1 || len(got.Signed) != 0 {
		t.Fatalf("right: exit %d, %s", code, says)
	}
	if strings.Contains(says, tx) {
		t.Errorf("the code is told: %s", says)
	}
	code, says = i.run(t, "offer", "accept", link, "--tx-code", tx, "--json")
	var refused struct{ Error string }
	if err := json.Unmarshal([]byte(says), &refused); err != nil || code != exitRefused || refused.Error != "offer_over" {
		t.Errorf("again: exit %d, %s", code, says)
	}
	code, says = i.run(t, "credential", "list", "--json")
	var stored []listed
	if err := json.Unmarshal([]byte(says), &stored); err != nil || code != 0 || len(stored) != 1 || stored[0].ID != got.Stored[0].ID {
		t.Errorf("list: exit %d, %s", code, says)
	}
}
