package check

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database/dbtest"
	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	issuer "lommebok.example/issuer/server"
	"lommebok.example/minid"
	verifier "lommebok.example/verifier/server"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/provider"
	"lommebok.example/wallet-sim/wallet"
)

const (
	mpid = "no.minid.mpid_sd_jwt_vc"
	age  = "proof_of_age"
	// diploma is issued later.
	diploma = "no.sikt.vitnemal_sd_jwt_vc"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// breaking serves a handler with something in front of it that may break a rule.
type breaking struct {
	mu     sync.Mutex
	server http.Handler
	front  func(http.Handler) http.Handler
}

func (b *breaking) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	h := b.server
	if b.front != nil {
		h = b.front(h)
	}
	b.mu.Unlock()
	h.ServeHTTP(out, r)
}

func (b *breaking) by(front func(http.Handler) http.Handler) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.front = front
}

// reply is an answer that is being changed.
type reply struct {
	*httptest.ResponseRecorder
	request *http.Request
	sent    []byte // the body of the request
}

// rewritten changes answers of addresses that begin with path.
func rewritten(path string, change func(*reply)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, path) {
				next.ServeHTTP(out, r)
				return
			}
			a := &reply{ResponseRecorder: httptest.NewRecorder(), request: r}
			var body bytes.Buffer
			if r.Body != nil {
				_, _ = body.ReadFrom(r.Body)
				r.Body = http.NoBody
			}
			a.sent = bytes.Clone(body.Bytes())
			again := r.Clone(r.Context())
			again.Body = readCloser{&body}
			next.ServeHTTP(a.ResponseRecorder, again)
			change(a)
			a.HeaderMap.Del("Content-Length") //nolint:staticcheck // what is changed is what was recorded
			for name, values := range a.HeaderMap {
				out.Header()[name] = values
			}
			out.WriteHeader(a.Code)
			_, _ = out.Write(a.Body.Bytes())
		})
	}
}

type readCloser struct{ *bytes.Buffer }

func (readCloser) Close() error { return nil }

// object changes the JSON object of an answer of success.
func object(path string, change func(o map[string]any)) func(http.Handler) http.Handler {
	return rewritten(path, func(a *reply) {
		if !strings.Contains(a.HeaderMap.Get("Content-Type"), "json") || a.Code >= 400 {
			return
		}
		var o map[string]any
		if json.Unmarshal(a.Body.Bytes(), &o) != nil {
			return
		}
		change(o)
		a.put(o)
	})
}

func (a *reply) put(v any) {
	raw, err := json.Marshal(v)
	if err == nil {
		a.Body = bytes.NewBuffer(raw)
	}
}

func header(path, name, value string) func(http.Handler) http.Handler {
	return rewritten(path, func(a *reply) { a.HeaderMap.Set(name, value) })
}

// status gives answers of success another one.
func status(path string, code int) func(http.Handler) http.Handler {
	return rewritten(path, func(a *reply) {
		if a.Code < 300 {
			a.Code = code
		}
	})
}

// refusedSo changes a refusal with a code.
func refusedSo(path, code string, change func(*reply)) func(http.Handler) http.Handler {
	return rewritten(path, func(a *reply) {
		var e struct{ Error string }
		if a.Code >= 400 && (json.Unmarshal(a.Body.Bytes(), &e) == nil && e.Error == code || strings.Contains(a.HeaderMap.Get("Www-Authenticate"), `"`+code+`"`)) {
			change(a)
		}
	})
}

// town is our issuer and our verifier, each behind what may break a rule, and a person who is signed in.
type town struct {
	t                      *testing.T
	issuer, verifier       *breaking
	issuerURL, verifierURL string
	home, dir              string
	person                 *browser.Browser
	attester               wallet.Attester
	access                 *ecdsa.PrivateKey // of the verifier
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{t: t, dir: t.TempDir(), issuer: &breaking{}, verifier: &breaking{}}
	var lists http.Handler
	serve := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	w.issuerURL = serve(w.issuer)
	w.verifierURL = strings.Replace(serve(w.verifier), "127.0.0.1", "localhost", 1)
	w.home = serve(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { lists.ServeHTTP(out, r) }))
	log, trust := slog.New(slog.DiscardHandler), filepath.Join(w.dir, "trust")
	i, err := issuer.New(t.Context(), issuer.Config{
		URL: w.issuerURL, DataDir: filepath.Join(w.dir, "issuer"), TrustDir: trust, WalletURL: w.home,
		InsecureAllowHTTP: true, InsecureAllowAnyClient: true, InsecureTestPeople: true, InsecureAllowLoopback: true,
	}, issuer.Deps{DB: dbtest.Open(t, dbtest.SQLite(t)), Now: time.Now, Log: log, Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1}})
	must(t, err)
	w.issuer.server = i.Handler
	v, err := verifier.New(t.Context(), verifier.Config{
		URL: w.verifierURL, DataDir: filepath.Join(w.dir, "verifier"), TrustDir: trust, WalletURL: w.home, InsecureAllowHTTP: true, InsecureAllowLoopback: true,
	}, verifier.Deps{DB: dbtest.Open(t, dbtest.SQLite(t)), Now: time.Now, Log: log})
	must(t, err)
	w.verifier.server = v.Handler
	key, err := keys.Signer(filepath.Join(w.dir, "verifier"), "access")
	must(t, err)
	w.access = key.(*ecdsa.PrivateKey)
	p, err := provider.Open(filepath.Join(w.dir, "provider"), w.home+"/wallet-provider", time.Now)
	must(t, err)
	must(t, p.Publish(trust))
	lists = http.StripPrefix("/wallet-provider", p.Handler(log))
	w.attester = provider.Unit{Provider: p, ID: provider.NewUnit(), ClientID: "wallet-sim"}
	people, err := phone.ReadPeople(filepath.Join(w.dir, "issuer", "test-people.json"))
	must(t, err)
	n := slices.IndexFunc(people, func(p phone.Person) bool { return p.Name == "FLAT STJERNE" })
	w.person, err = browser.New(nil, browser.Person{PID: people[n].PID, Password: people[n].Password, TOTPSecret: people[n].TOTPSecret}, time.Now)
	must(t, err)
	return w
}

// issuerKey is the key of the issuer for a purpose.
func (w *town) issuerKey(purpose string) *ecdsa.PrivateKey {
	w.t.Helper()
	dir := filepath.Join(w.dir, "issuer", "keys", purpose)
	files, err := filepath.Glob(filepath.Join(dir, "*.key.pem"))
	must(w.t, err)
	key, err := keys.Signer(dir, strings.TrimSuffix(filepath.Base(files[0]), ".key.pem"))
	must(w.t, err)
	return key.(*ecdsa.PrivateKey)
}

// way is a wallet with a store of its own, or of a name to come back to.
func (w *town) way(store string) *Way {
	dir := filepath.Join(w.dir, "wallet-"+store)
	if store == "" {
		dir = w.t.TempDir()
	}
	one := &wallet.Wallet{
		Attester: w.attester, Store: &wallet.Store{Dir: dir}, Trust: &wallet.Trust{Dir: filepath.Join(w.dir, "trust")},
		ClientID: "wallet-sim", RedirectURI: w.home + "/callback", Copies: 2, InsecureAllowHTTP: true, Now: time.Now,
	}
	return NewWay(one, func(through func(http.RoundTripper) http.RoundTripper) *fetch.Client {
		return fetch.New(fetch.Config{Timeout: 10 * time.Second, MaxBytes: 1 << 20, InsecureAllowLoopback: true, Through: through})
	})
}

var digits = regexp.MustCompile(`\b\d{6}\b`)

// offer makes an offer with a pre-authorized code at the issuer's page, and gives its link and the transaction code that came by SMS.
func (w *town) offer(configuration string) (link, tx string) {
	w.t.Helper()
	page, _, err := w.person.SignIn(w.t.Context(), w.issuerURL+"/pre-authorized?"+url.Values{"configuration": {configuration}}.Encode())
	must(w.t, err)
	page, err = w.person.Submit(w.t.Context(), page, page.FormTo("/pre-authorized"), nil, "")
	must(w.t, err)
	link = page.TextOf("offer-address")
	page, err = w.person.Open(w.t.Context(), w.issuerURL+"/dev/outbox", "")
	must(w.t, err)
	return link, digits.FindString(page.TextOfClass("lb-box"))
}

func (w *town) signIn(ctx context.Context, address string) (url.Values, error) {
	back, err := w.person.Authorize(ctx, address, w.home+"/callback")
	if err != nil {
		return nil, err
	}
	return back.Query, nil
}

// checkIssuer checks the issuer, by what good flows show and the requirements that are named: those that take a flow of their own, and faults.
func (w *town) checkIssuer(i Issuer, named ...string) *Report {
	w.t.Helper()
	for _, r := range issuerRules() {
		if r.ID != idEncrypted && r.ID != idRefresh {
			named = append(named, r.ID)
		}
	}
	i.Address, i.Way, i.SignIn, i.Patience, i.Chosen = w.issuerURL, w.way(""), w.signIn, max(i.Patience, time.Second), Chosen{IDs: named}
	r, err := i.Check(w.t.Context())
	must(w.t, err)
	return r
}

// checkVerifier checks the verifier with what the wallet of this name holds.
func (w *town) checkVerifier(store string, source Source, ids ...string) *Report {
	w.t.Helper()
	for _, r := range verifierRules() {
		ids = append(ids, r.ID)
	}
	v := Verifier{
		Address: w.verifierURL, Way: w.way(store), Source: source, Chosen: Chosen{IDs: ids},
		Browser: func() (*browser.Browser, error) { return browser.New(nil, browser.Person{}, time.Now) },
	}
	r, err := v.Check(w.t.Context())
	must(w.t, err)
	return r
}

func (r *Report) failed() (ids []string) {
	for _, one := range r.Results {
		if one.Outcome == Failed {
			ids = append(ids, one.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// failedAs holds that exactly these failed, each saying what was expected and found.
func (r *Report) failedAs(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := r.failed(); !slices.Equal(got, want) {
		t.Errorf("failed: %v, want %v", got, want)
	}
	for _, one := range r.Results {
		switch {
		case one.Outcome == Failed && (one.Expected == "" || one.Found == "" || one.Section == "" || one.Says == ""):
			t.Errorf("%+v says too little", one)
		case one.Outcome == Failed && !slices.Contains(want, one.ID):
			t.Errorf("%s: expected %s, found %s", one.ID, one.Expected, one.Found)
		case one.Outcome == NotTested && one.Why == "":
			t.Errorf("%s: not tested, and no word why", one.ID)
		}
	}
}

// library are the faults that stand ready.
func library(t *testing.T) []faults.Fault {
	t.Helper()
	all, err := faults.Library()
	must(t, err)
	return all
}

// firstPart changes what stands before the first tilde: what the issuer signed.
func firstPart(text string, change func(string) (string, error)) (string, error) {
	before, rest, _ := strings.Cut(text, "~")
	changed, err := change(before)
	return changed + "~" + rest, err
}

// flipTo exchanges the first of some characters of base64url.
func flipTo(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}

func setOrDrop(o map[string]any, name string, value any) {
	if value == nil {
		delete(o, name)
		return
	}
	o[name] = value
}
