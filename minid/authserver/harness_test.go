package authserver_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/minid/store"
	"lommebok.example/specs/dpop"
	"lommebok.example/specs/oauth2"
	"lommebok.example/web"
	"lommebok.example/web/webtest/leak"
)

const (
	issuer   = "http://localhost:8080"
	redirect = "https://wallet.example/cb?tenant=1"
	pid      = "29908299476" // stands for a person's number; never looked at
	verifier = "the-verifier-of-the-wallet-that-is-long-enough"
)

const day = 24 * time.Hour

// catalog offers a student credential at substantial, and a PID at high with a fresh sign-in.
type catalog struct{}

var offered = []authserver.Resource{
	{ConfigurationID: "student_sdjwt", Scope: "student", Level: minid.LevelSubstantial, PreAuthorized: true, Reissue: 30 * day},
	{ConfigurationID: "pid_mdoc", Scope: "pid", Level: minid.LevelHigh, MaxAuthAge: 5 * time.Minute},
	{ConfigurationID: "age_mdoc", Level: minid.LevelSubstantial, MaxAuthAge: 15 * time.Minute, PreAuthorized: true, TxCode: true, Reissue: 10 * day},
}

func (catalog) ByScope(scope string) (authserver.Resource, bool) {
	for _, r := range offered {
		if r.Scope == scope && scope != "" {
			return r, true
		}
	}
	return authserver.Resource{}, false
}

func (catalog) ByConfiguration(id string) (authserver.Resource, bool) {
	for _, r := range offered {
		if r.ConfigurationID == id {
			return r, true
		}
	}
	return authserver.Resource{}, false
}

func (catalog) Scopes() []string { return []string{"student", "pid"} }

func (catalog) Consent(id, lang string) (authserver.ConsentText, bool) {
	return authserver.ConsentText{
		Name: "Navn på " + id + " " + lang, Description: "Beskrivelse <b>", Claims: []string{"Rolle", "Skole"}, Validity: 30 * 24 * time.Hour,
	}, true
}

// signIn gives the session that a test put there, or sends the browser to /login.
type signIn struct {
	session *minid.Session
	mu      sync.Mutex
	need    minid.Need // the latest
}

func (f *signIn) SignedIn(c *gin.Context, need minid.Need) (*minid.Session, bool) {
	f.mu.Lock()
	f.need = need
	f.mu.Unlock()
	if f.session == nil {
		c.Redirect(http.StatusSeeOther, "/login")
		return nil, false
	}
	return f.session, true
}

// world is a server with its clock, its log and the person in front of it.
type world struct {
	t      testing.TB
	server *authserver.Server
	engine *gin.Engine
	person *signIn
	now    time.Time
	log    *leak.Log
}

func newWorld(t testing.TB, change ...func(*authserver.Server)) *world {
	t.Helper()
	return worldOn(t, dbtest.Open(t, dbtest.SQLite(t)), change...)
}

func worldOn(t testing.TB, db *database.DB, change ...func(*authserver.Server)) *world {
	t.Helper()
	s, err := store.New(context.Background(), db)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: time.Date(2026, 11, 23, 12, 0, 30, 0, time.UTC), log: leak.NewLog(t)}
	clock := func() time.Time { return w.now }
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	site, err := web.New(web.Config{Service: "issuer", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	w.person = &signIn{session: &minid.Session{
		ID: "session", PersonID: "person", PID: pid, Level: minid.LevelHigh, Basis: minid.BasisInPerson, AuthTime: w.now,
	}}
	w.server = &authserver.Server{
		Issuer: issuer, Store: s, SignIn: w.person, Catalog: catalog{}, Nonces: dpop.NewNonces(bytes.Repeat([]byte{7}, 32), clock),
		Clients: []authserver.Client{
			{ID: "wallet", Name: "Lommeboka", RedirectURIs: []string{redirect, "com.example.wallet:/cb"}},
			{ID: "other", Name: "Den andre", RedirectURIs: []string{redirect}},
		},
		InsecureAllowHTTP: true, InsecureAllowAnyClient: true, Site: site, Now: clock, Log: log,
	}
	for _, f := range change {
		f(w.server)
	}
	gin.SetMode(gin.TestMode)
	w.engine = gin.New()
	site.Mount(w.engine)
	w.server.Mount(w.engine)
	w.engine.POST("/credential", func(c *gin.Context) {
		access, refusal := w.server.Access(c.Request)
		if refusal != nil {
			refusal.Write(c.Writer)
			return
		}
		c.JSON(http.StatusOK, access)
	})
	return w
}

func (w *world) do(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.engine.ServeHTTP(rec, r)
	return rec
}

// wallet is a client with its key, and the browser that it opens.
type wallet struct {
	*world
	key     *ecdsa.PrivateKey
	prover  *dpop.Prover
	cookies []*http.Cookie
}

func (w *world) wallet() *wallet {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	prover, err := dpop.NewProver(key)
	if err != nil {
		w.t.Fatal(err)
	}
	return &wallet{world: w, key: key, prover: prover}
}

// change sets parameters of a form; a value of "" takes the parameter away.
func change(v url.Values, pairs []string) url.Values {
	for i := 0; i+1 < len(pairs); i += 2 {
		if v.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			v.Del(pairs[i])
		}
	}
	return v
}

func parForm(pairs ...string) url.Values {
	return change(url.Values{
		"client_id": {"wallet"}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"student"}, "state": {"the state"},
		"code_challenge": {oauth2.S256(verifier)}, "code_challenge_method": {"S256"},
	}, pairs)
}

func post(path string, v url.Values, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// proof is a good proof for a request; token may be "".
func (w *wallet) proof(method, path, token string) string {
	w.t.Helper()
	p, err := w.prover.Proof(method, issuer+path, w.server.Nonces.Current(), token, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// push gives the request_uri of a request that is accepted.
func (w *wallet) push(pairs ...string) string {
	w.t.Helper()
	rec := w.do(post("/par", parForm(pairs...)))
	var answer oauth2.PARResponse
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || rec.Code != http.StatusCreated {
		w.t.Fatalf("PAR: %d %s", rec.Code, rec.Body)
	}
	return answer.RequestURI
}

// browse is a request of the wallet's browser, which keeps cookies.
func (w *wallet) browse(r *http.Request) *httptest.ResponseRecorder {
	for _, c := range w.cookies {
		r.AddCookie(c)
	}
	r.Header.Set("Accept", "text/html")
	rec := w.do(r)
	w.cookies = append(rec.Result().Cookies(), w.cookies...)
	return rec
}

func (w *wallet) get(path string) *httptest.ResponseRecorder {
	return w.browse(httptest.NewRequest(http.MethodGet, issuer+path, nil))
}

func (w *wallet) authorize(requestURI string) *httptest.ResponseRecorder {
	return w.get("/authorize?" + url.Values{"client_id": {"wallet"}, "request_uri": {requestURI}}.Encode())
}

var formPattern = regexp.MustCompile(`(?s)<form method="post" action="([^"]+)">.*name="token" value="([^"]+)"`)

// consentForm finds address and token of the consent page.
func (w *wallet) consentForm(rec *httptest.ResponseRecorder) (action, token string) {
	w.t.Helper()
	m := formPattern.FindStringSubmatch(rec.Body.String())
	if rec.Code != http.StatusOK || m == nil {
		w.t.Fatalf("no consent page: %d %s", rec.Code, rec.Body)
	}
	return m[1], m[2]
}

func (w *wallet) answer(page *httptest.ResponseRecorder, answer string, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	action, token := w.consentForm(page)
	return w.browse(post(action, url.Values{"token": {token}, "answer": {answer}}, header...))
}

// landed gives the parameters that came back at the redirect_uri.
func (w *wallet) landed(rec *httptest.ResponseRecorder) url.Values {
	w.t.Helper()
	location := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(location, redirect+"&") {
		w.t.Fatalf("expected a 303 to the wallet, got %d %q %s", rec.Code, location, rec.Body)
	}
	u, err := url.Parse(location)
	if err != nil {
		w.t.Fatal(err)
	}
	return u.Query()
}

// code goes all the way to an authorization code.
func (w *wallet) code(pairs ...string) string {
	w.t.Helper()
	q := w.landed(w.answer(w.authorize(w.push(pairs...)), "yes"))
	if q.Get("code") == "" {
		w.t.Fatalf("no code: %v", q)
	}
	return q.Get("code")
}

func tokenForm(code string, pairs ...string) url.Values {
	return change(url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"wallet"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier},
	}, pairs)
}

func (w *wallet) redeem(code string, pairs ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.do(post("/token", tokenForm(code, pairs...), "DPoP", w.proof(http.MethodPost, "/token", "")))
}

// token goes all the way to an access token.
func (w *wallet) token(pairs ...string) oauth2.TokenResponse {
	w.t.Helper()
	rec := w.redeem(w.code(pairs...))
	var answer oauth2.TokenResponse
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || rec.Code != http.StatusOK {
		w.t.Fatalf("token: %d %s", rec.Code, rec.Body)
	}
	return answer
}

// use calls the protected resource.
func (w *wallet) use(token string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.do(w.request(token))
}

func (w *wallet) request(token string) *http.Request {
	w.t.Helper()
	return post("/credential", nil, "Authorization", "DPoP "+token, "DPoP", w.proof(http.MethodPost, "/credential", token))
}

// wantError fails unless the answer is this OAuth error, told in the way the specification allows.
func wantError(t *testing.T, rec *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &e); err != nil || rec.Code != status || e.Error != code {
		t.Fatalf("got %d %s, want %d %s", rec.Code, rec.Body, status, code)
	}
	if rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", rec.Header().Get("Cache-Control"))
	}
	if e.Description == "" {
		t.Error("no error_description")
	}
	for _, r := range e.Description {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			t.Errorf("error_description holds %q", r)
		}
	}
}
