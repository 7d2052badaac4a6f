package issuance_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/signing"
	"lommebok.example/issuer/source"
	"lommebok.example/issuer/status"
	"lommebok.example/issuer/store"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

const (
	issuerURL = "https://issuer.example"
	karies    = "12865398148"
	stjerne   = "14846599313" // attends a school
)

// bench is a Credential Issuer whose access tokens, accounts and clock the test decides about. Everything else is real.
type bench struct {
	*issuance.Service
	handler http.Handler
	db      *database.DB
	access  *authserver.Access
	state   minid.State
	at      time.Time
	anchors *x5c.Anchors
	makers  *maker           // the wallet provider that is trusted
	status  map[string]error // what it says, by the address of the list
	log     *bytes.Buffer

	spent  int
	events map[string]int
	replay *authserver.AccessError
	config signing.Config      // of Signers, for tests that want others
	key    crypto.Signer       // of SD-JWT VCs
	chain  []*x509.Certificate // of that key
}

// Unspent gives what the test has set, to whoever asks: the token itself is the authorization server's business.
func (b *bench) Unspent(*http.Request) (*authserver.Unspent, *authserver.AccessError) {
	return &authserver.Unspent{Access: b.access}, nil
}

// Spend counts how often a proof was spent, and refuses when the test says so.
func (b *bench) Spend(context.Context, *authserver.Unspent) *authserver.AccessError {
	b.spent++
	return b.replay
}

func (b *bench) NonceHeader(w http.ResponseWriter) { w.Header().Set("DPoP-Nonce", "next") }

// Event counts.
func (b *bench) Event(event, detail string) {
	if b.events == nil {
		b.events = map[string]int{}
	}
	b.events[event+" "+detail]++
}

func (b *bench) Standing(_ context.Context, id string) (minid.State, string, error) {
	if id != "anna" {
		return "", "", minid.ErrNotFound
	}
	return b.state, karies, nil
}

func newBench(t testing.TB) *bench {
	t.Helper()
	return newBenchOn(t, dbtest.Open(t, dbtest.SQLite(t)))
}

func newBenchOn(t testing.TB, db *database.DB) *bench {
	t.Helper()
	b := &bench{
		db: db, state: minid.StateNormal, at: time.Date(2026, time.November, 23, 14, 5, 9, 0, time.UTC), log: &bytes.Buffer{},
	}
	now := func() time.Time { return b.at }
	st, err := store.New(context.Background(), db)
	check(t, err)
	types, err := credentials.Embedded()
	check(t, err)
	log := slog.New(slog.NewJSONHandler(&lockedWriter{w: b.log}, nil))
	b.Service = &issuance.Service{
		Issuer: issuerURL, Name: credentials.Words{NB: "n", NN: "n", EN: "n"}, Types: types, Source: source.NewRegister(now),
		Store: st, Access: b, Accounts: b, Nonces: issuance.NewNonces(bytes.Repeat([]byte{1}, 32), now),
		Signers: unchanging(b.signers(t)), Counts: b, Now: now, Log: log, Encryption: issuance.NewEncryption([]*ecdsa.PrivateKey{newKey(t)}, false),
		Seal: sealer(t),
	}
	b.makers, b.status = newMaker(t, b.at), map[string]error{}
	b.Wallets = b
	b.access = &authserver.Access{
		Unit:    &authserver.WalletUnit{JKT: "instance", Status: &attestation.Status{Index: 7, URI: unitsURL, Until: b.at.Add(60 * 24 * time.Hour)}},
		GrantID: "g", PersonID: "anna", PID: karies, ClientID: "wallet", Level: minid.LevelHigh, AuthTime: b.at.Add(-time.Minute),
		Scopes: []string{"eudiw:no:pid", "eudiw:no:pid:mdoc", "eudiw:no:minid:mpid", "eudiw:no:elevbevis", "no:sikt:vitnemal"},
	}
	gin.SetMode(gin.TestMode)
	r := gin.New()
	check(t, b.Mount(r))
	b.handler = r
	return b
}

func sealer(t testing.TB) *minid.Sealer {
	t.Helper()
	s, err := minid.NewSealer(bytes.Repeat([]byte{2}, 32))
	check(t, err)
	return s
}

func (b *bench) signers(t testing.TB) *signing.Signers {
	t.Helper()
	begin := b.at.Add(-48 * time.Hour)
	subject := x5c.Subject{Country: "NO", Organization: "Test", CommonName: "Root", URI: issuerURL}
	rootKey := newKey(t)
	root, err := x5c.NewRoot(rootKey, subject, begin, 3*365*24*time.Hour)
	check(t, err)
	b.anchors = x5c.NewAnchors(root)
	leaf := func(name string, p x5c.Profile) (crypto.Signer, []*x509.Certificate) {
		key := newKey(t)
		subject.CommonName = name
		cert, err := x5c.Issue(p, root, rootKey, key.Public(), subject, begin, 457*24*time.Hour)
		check(t, err)
		return key, []*x509.Certificate{cert}
	}
	key, chain := leaf("SD-JWT", x5c.CredentialIssuer)
	b.chain = chain
	sd, err := sdjwtvc.NewSigner(key, chain)
	check(t, err)
	b.key = key
	key, chain = leaf("DS", x5c.DocumentSigner)
	md, err := mdoc.NewSigner(key, chain)
	check(t, err)
	b.config = signing.Config{Issuer: issuerURL, Lists: &status.Service{Issuer: issuerURL}, SDJWT: sd, MDoc: md, Until: chain[0].NotAfter}
	return signing.New(b.config)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

// proof is a key proof that holds, by a new key.
func (b *bench) proof(t testing.TB, nonce string) string {
	t.Helper()
	text, err := openid4vci.SignProof(newKey(t), issuerURL, nonce, "wallet", b.at)
	check(t, err)
	return text
}

func (b *bench) proofs(t testing.TB, n int) []string {
	t.Helper()
	nonce := b.Nonces.New()
	list := make([]string, n)
	for i := range list {
		list[i] = b.proof(t, nonce)
	}
	return list
}

func body(configuration string, proofs ...string) string {
	raw, err := json.Marshal(map[string]any{"credential_configuration_id": configuration, "proofs": map[string]any{"jwt": proofs}})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func (b *bench) post(text string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/credential", strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	return b.do(r)
}

func (b *bench) do(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	b.handler.ServeHTTP(rec, r)
	return rec
}

// credentials reads a Credential Response.
func (b *bench) credentials(t testing.TB, rec *httptest.ResponseRecorder, n int) []string {
	t.Helper()
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s\n%s", rec.Code, rec.Body, b.log)
	}
	answer, err := openid4vci.ParseCredentialResponse(rec.Code, rec.Body.Bytes(), n)
	check(t, err)
	if len(answer.Credentials) != n {
		t.Fatalf("%d credentials, want %d", len(answer.Credentials), n)
	}
	var list []string
	for _, c := range answer.Credentials {
		list = append(list, c.Credential)
	}
	return list
}

type rows struct{ Nonces, Issuances, Entries, Allocated, Audit int64 }

func (b *bench) rows(t testing.TB) rows {
	t.Helper()
	var r rows
	check(t, b.db.R.Raw(`SELECT (SELECT count(*) FROM issuer_used_nonces) AS nonces, (SELECT count(*) FROM issuer_issuances) AS issuances,
		(SELECT count(*) FROM issuer_status_entries) AS entries, (SELECT coalesce(sum(allocated), 0) FROM issuer_status_lists) AS allocated,
		(SELECT count(*) FROM issuer_audit_entries) AS audit`).Scan(&r).Error)
	return r
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unchanging are signers that never change.
func unchanging(s *signing.Signers) func() *signing.Signers {
	return func() *signing.Signers { return s }
}
