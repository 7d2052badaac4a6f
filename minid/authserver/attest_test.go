package authserver_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/x5c"
)

// maker is a wallet provider that a test can bend, and what the server knows of it.
type maker struct {
	t       testing.TB
	root    *x509.Certificate
	rootKey *ecdsa.PrivateKey
	key     *ecdsa.PrivateKey
	chain   []*x509.Certificate
	status  error // of every wallet
	asked   int   // how often
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newMaker(t testing.TB, name string) *maker {
	t.Helper()
	m := &maker{t: t, rootKey: newKey(t), key: newKey(t)}
	begin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	subject := x5c.Subject{Country: "NO", CommonName: name, URI: "https://provider.example"}
	var err error
	if m.root, err = x5c.NewRoot(m.rootKey, subject, begin, 800*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	subject.CommonName = name + " signer"
	leaf, err := x5c.Issue(x5c.WalletProvider, m.root, m.rootKey, m.key.Public(), subject, begin, 400*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	m.chain = []*x509.Certificate{leaf}
	return m
}

func (m *maker) Anchors() *x5c.Anchors { return x5c.NewAnchors(m.root) }

func (m *maker) Check(_ context.Context, s *attestation.Status, _ time.Time) error {
	if s.URI != "https://provider.example/lists/1" || s.Index != 7 {
		m.t.Errorf("asked for the status %+v", s)
	}
	m.asked++
	return m.status
}

// unit is an installation of a wallet: with an attestation that says client_id wallet-x, and a key of its own.
type unit struct {
	*wallet
	maker    *maker
	instance *ecdsa.PrivateKey
	says     attestation.Wallet
	server   string // aud
	now      time.Time
	key      *ecdsa.PrivateKey // signs the proof of possession
}

const attestedID = "https://wallet-x.example"

// attesting is a world whose server takes attestations of a maker, and no public client.
func attesting(t testing.TB, db *database.DB, change ...func(*authserver.Server)) (*world, *maker) {
	m := newMaker(t, "Provider")
	w := worldOn(t, db, append([]func(*authserver.Server){func(s *authserver.Server) {
		s.Providers, s.InsecureAllowAnyClient = m, false
	}}, change...)...)
	return w, m
}

func (w *world) unit(m *maker) *unit {
	u := &unit{wallet: w.wallet(), maker: m, instance: newKey(w.t), server: issuer, now: w.now}
	u.says = attestation.Wallet{
		ClientID: attestedID, Key: &u.instance.PublicKey, IssuedAt: w.now, Expires: w.now.Add(time.Hour), Name: "Lommebok X",
		Status: &attestation.Status{Index: 7, URI: "https://provider.example/lists/1", Until: w.now.Add(31 * 24 * time.Hour)}, Chain: m.chain,
	}
	u.wallet.key = u.instance
	u.key = u.instance
	return u
}

// headers are those of an attested request with this challenge.
func (u *unit) headers(challenge string) []string {
	u.t.Helper()
	statement, err := u.says.Sign(u.maker.key)
	if err != nil {
		u.t.Fatal(err)
	}
	pop, err := attestation.SignPoP(u.key, u.says.ClientID, u.server, challenge, u.now)
	if err != nil {
		u.t.Fatal(err)
	}
	return []string{attestation.HeaderWallet, statement, attestation.HeaderPoP, pop}
}

func (u *unit) par(pairs ...string) *http.Request {
	return post("/par", parForm(append([]string{"client_id", attestedID}, pairs...)...), u.headers(u.world.server.Nonces.Current())...)
}

// attestedCode goes to an authorization code that is bound to the unit.
func (u *unit) attestedCode() string {
	u.t.Helper()
	rec := u.do(u.par())
	var answer oauth2.PARResponse
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || rec.Code != http.StatusCreated {
		u.t.Fatalf("PAR: %d %s", rec.Code, rec.Body)
	}
	page := u.get("/authorize?" + url.Values{"client_id": {attestedID}, "request_uri": {answer.RequestURI}}.Encode())
	if !strings.Contains(page.Body.String(), "Lommebok X") || strings.Contains(page.Body.String(), "Vi kjenner ikke") {
		u.t.Errorf("the page does not name the wallet as its provider does: %s", page.Body)
	}
	return u.landed(u.answer(page, "yes")).Get("code")
}

func (u *unit) redeemAttested(code string, headers ...string) *httptest.ResponseRecorder {
	u.t.Helper()
	return u.do(post("/token", tokenForm(code, "client_id", attestedID), append(headers, "DPoP", u.proof(http.MethodPost, "/token", ""))...))
}

func TestWalletAttestation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w, m := attesting(t, db)
		u := w.unit(m)
		rec := u.redeemAttested(u.attestedCode(), u.headers(w.server.Nonces.Current())...)
		var answer oauth2.TokenResponse
		if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || rec.Code != http.StatusOK {
			t.Fatalf("token: %d %s", rec.Code, rec.Body)
		}
		if rec.Header().Get(attestation.HeaderChallenge) == "" || m.asked != 2 {
			t.Errorf("challenge %q, status asked %d times", rec.Header().Get(attestation.HeaderChallenge), m.asked)
		}
		var access authserver.Access
		if err := json.Unmarshal(u.use(answer.AccessToken).Body.Bytes(), &access); err != nil {
			t.Fatal(err)
		}
		want := authserver.WalletUnit{JKT: jose.Thumbprint(&u.instance.PublicKey), Name: "Lommebok X", Status: u.says.Status}
		if access.Unit == nil || access.Unit.JKT != want.JKT || access.Unit.Name != want.Name || *access.Unit.Status != *want.Status || access.ClientID != attestedID {
			t.Errorf("access %+v, unit %+v", access, access.Unit)
		}
	})
}

// B19: each attestation that does not hold, at both endpoints.
func TestWalletAttestationRefused(t *testing.T) {
	stranger := newMaker(t, "Stranger")
	cases := map[string]struct {
		change  func(u *unit)
		headers func(u *unit, h []string) []string
		status  int
		code    string
	}{
		"expired":                {change: func(u *unit) { u.says.Expires = u.now }, status: 400, code: "use_fresh_attestation"},
		"lives for two days":     {change: func(u *unit) { u.says.Expires = u.now.Add(48 * time.Hour) }, status: 401, code: "invalid_client_attestation"},
		"unknown CA":             {change: func(u *unit) { u.maker, u.says.Chain = stranger, stranger.chain }, status: 401, code: "invalid_client_attestation"},
		"the CA signs itself":    {change: func(u *unit) { u.maker = &maker{key: u.maker.rootKey}; u.says.Chain = []*x509.Certificate{w19Root(u)} }, status: 401, code: "invalid_client_attestation"},
		"signed by another key":  {headers: forgedChain, status: 401, code: "invalid_client_attestation"},
		"PoP by another key":     {change: func(u *unit) { u.key = stranger.key }, status: 401, code: "invalid_client_attestation"},
		"PoP for another server": {change: func(u *unit) { u.server = "https://other.example" }, status: 401, code: "invalid_client_attestation"},
		"PoP for the endpoint":   {change: func(u *unit) { u.server = issuer + "/par" }, status: 401, code: "invalid_client_attestation"},
		"PoP 61 s old":           {change: func(u *unit) { u.now = u.now.Add(-61 * time.Second) }, status: 401, code: "invalid_client_attestation"},
		"PoP 11 s ahead":         {change: func(u *unit) { u.now = u.now.Add(11 * time.Second) }, status: 401, code: "invalid_client_attestation"},
		"another client":         {change: func(u *unit) { u.says.ClientID = "https://other.example" }, status: 401, code: "invalid_client"},
		"no challenge":           {headers: func(u *unit, _ []string) []string { return u.headers("") }, status: 400, code: "use_attestation_challenge"},
		"a forged challenge":     {headers: func(u *unit, _ []string) []string { return u.headers("forged") }, status: 400, code: "use_attestation_challenge"},
		"two attestations":       {headers: func(_ *unit, h []string) []string { return append(h, h[:2]...) }, status: 401, code: "invalid_client_attestation"},
		"two proofs":             {headers: func(_ *unit, h []string) []string { return append(h, h[2:]...) }, status: 401, code: "invalid_client_attestation"},
		"a proof alone":          {headers: func(_ *unit, h []string) []string { return h[2:] }, status: 401, code: "invalid_client_attestation"},
		"no proof":               {headers: func(_ *unit, h []string) []string { return h[:2] }, status: 401, code: "invalid_client_attestation"},
		"nothing":                {headers: func(*unit, []string) []string { return nil }, status: 401, code: "invalid_client"},
		"a secret beside it": {headers: func(_ *unit, h []string) []string {
			return append(h, "Authorization", "Basic aHR0cHM6Ly93YWxsZXQteC5leGFtcGxlOng=")
		}, status: 401, code: "invalid_client"},
		"revoked by its provider": {change: func(u *unit) { u.maker.status = attestation.ErrRevoked }, status: 401, code: "invalid_client_attestation"},
		"suspended":               {change: func(u *unit) { u.maker.status = attestation.ErrSuspended }, status: 401, code: "invalid_client_attestation"},
		"status cannot be known":  {change: func(u *unit) { u.maker.status = attestation.ErrStatusUnknown }, status: 503, code: "temporarily_unavailable"},
		"not an attestation at all": {headers: func(*unit, []string) []string {
			return []string{attestation.HeaderWallet, "x", attestation.HeaderPoP, "y"}
		}, status: 401, code: "invalid_client_attestation"},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w, m := attesting(t, db)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				m.status, w.now = nil, w.now.Add(time.Second)
				u := w.unit(m)
				code := u.attestedCode()
				if c.change != nil {
					c.change(u)
				}
				made := func() []string {
					h := u.headers(w.server.Nonces.Current())
					if c.headers != nil {
						h = c.headers(u, h)
					}
					return h
				}
				for _, rec := range []*httptest.ResponseRecorder{
					u.do(post("/par", parForm("client_id", attestedID), made()...)), u.redeemAttested(code, made()...),
				} {
					wantError(t, rec, c.status, c.code)
					if rec.Header().Get(attestation.HeaderChallenge) == "" {
						t.Error("no challenge for the next request")
					}
				}
			})
		}
	})
}

func w19Root(u *unit) *x509.Certificate {
	return u.world.server.Providers.(*maker).root
}

// forgedChain gives an attestation with the trusted provider's chain and another's signature.
func forgedChain(u *unit, h []string) []string {
	stranger := newMaker(u.t, "Stranger")
	says := u.says
	says.Chain = stranger.chain
	forged, err := says.Sign(stranger.key)
	if err != nil {
		u.t.Fatal(err)
	}
	return []string{h[0], h[1][:strings.LastIndex(h[1], ".")] + forged[strings.LastIndex(forged, "."):], h[2], h[3]}
}

func TestOldChallenge(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w, m := attesting(t, db)
		old := w.server.Nonces.Current()
		w.now = w.now.Add(2 * time.Minute)
		u := w.unit(m)
		rec := u.do(post("/par", parForm("client_id", attestedID), u.headers(old)...))
		wantError(t, rec, 400, "use_attestation_challenge")
		fresh := rec.Header().Get(attestation.HeaderChallenge)
		if rec = u.do(post("/par", parForm("client_id", attestedID), u.headers(fresh)...)); rec.Code != http.StatusCreated {
			t.Errorf("with the challenge of the refusal: %d %s", rec.Code, rec.Body)
		}
	})
}

// A code is redeemed by the instance that asked, and by no other that has code, verifier and DPoP key (ABCA section 10.4).
func TestCodeIsBoundToTheInstance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w, m := attesting(t, db, func(s *authserver.Server) { s.InsecureAllowAnyClient = true })
		u, other := w.unit(m), w.unit(m)
		wantError(t, u.redeemAttested(u.attestedCode(), other.headers(w.server.Nonces.Current())...), 400, "invalid_grant")
		wantError(t, u.redeemAttested(u.attestedCode()), 400, "invalid_grant") // as a public client
		public := u.code("client_id", "wallet")
		u.says.ClientID = "wallet"
		rec := u.do(post("/token", tokenForm(public), append(u.headers(w.server.Nonces.Current()), "DPoP", u.proof("POST", "/token", ""))...))
		wantError(t, rec, 400, "invalid_grant")
	})
}

func TestPoPIsTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w, m := attesting(t, db)
		u := w.unit(m)
		headers := u.headers(w.server.Nonces.Current())
		requests := make([]*http.Request, racers)
		for i := range requests {
			requests[i] = post("/par", parForm("client_id", attestedID), headers...)
		}
		if count := u.race(requests); count["201"] != 1 || count["401 invalid_client_attestation"] != racers-1 {
			t.Errorf("%v, want one winner", count)
		}
	})
}

func TestDPoPProofAsProofOfPossession(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w, m := attesting(t, db)
		u := w.unit(m)
		own := w.wallet()
		u.says.Key = &own.key.PublicKey
		statement, err := u.says.Sign(m.key)
		if err != nil {
			t.Fatal(err)
		}
		proof := own.proof(http.MethodPost, "/par", "")
		request := func(proof string) *http.Request {
			return post("/par", parForm("client_id", attestedID), attestation.HeaderWallet, statement, "DPoP", proof)
		}
		if rec := w.do(request(proof)); rec.Code != http.StatusCreated {
			t.Fatalf("combined mode: %d %s", rec.Code, rec.Body)
		}
		wantError(t, w.do(request(proof)), 400, "invalid_dpop_proof")                                                 // used
		wantError(t, w.do(request(w.wallet().proof(http.MethodPost, "/par", ""))), 401, "invalid_client_attestation") // another key
		w.now = w.now.Add(2 * time.Minute)
		stale, err := own.prover.Proof(http.MethodPost, issuer+"/par", "stale", "", w.now)
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, w.do(request(stale)), 400, "use_dpop_nonce")
	})
}

func TestChallengeEndpoint(t *testing.T) {
	w, _ := attesting(t, openSQLite(t))
	var m oauth2.ServerMetadata
	if err := json.Unmarshal(w.do(httptest.NewRequest(http.MethodGet, issuer+"/.well-known/oauth-authorization-server", nil)).Body.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(m.TokenEndpointAuthMethodsSupported, " "); got != "attest_jwt_client_auth attest_jwt_client_auth_dpop" || m.ChallengeEndpoint != issuer+"/challenge" {
		t.Errorf("methods %s, challenge_endpoint %s", got, m.ChallengeEndpoint)
	}
	rec := w.do(httptest.NewRequest(http.MethodPost, m.ChallengeEndpoint, nil))
	var answer map[string]string
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || rec.Code != 200 || !w.server.Nonces.Valid(answer["attestation_challenge"]) ||
		rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
	}
}

func openSQLite(t testing.TB) *database.DB {
	t.Helper()
	return dbtest.Open(t, dbtest.SQLite(t))
}

// Public clients are served where the dangerous setting has it, registered or not, and nowhere else.
func TestPublicClients(t *testing.T) {
	strict, open := newWorld(t, func(s *authserver.Server) { s.InsecureAllowAnyClient = false }), newWorld(t)
	attests := newWorld(t, func(s *authserver.Server) { s.Clients[0].Auth = oauth2.AuthAttestation })
	for name, c := range map[string]struct {
		*world
		id     string
		served bool
	}{
		"registered, strict": {strict, "wallet", false}, "unknown, strict": {strict, "nobody", false}, "registered, open": {open, "wallet", true},
		"unknown, open": {open, "nobody", true}, "registered to attest itself, open": {attests, "wallet", false}, "its neighbour, open": {attests, "other", true},
	} {
		rec := c.do(post("/par", parForm("client_id", c.id)))
		if c.served && rec.Code != http.StatusCreated {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
		if !c.served {
			t.Run(name, func(t *testing.T) {
				wantError(t, rec, 401, "invalid_client")
				wantError(t, c.wallet().redeem("code", "client_id", c.id), 401, "invalid_client")
			})
		}
	}
}
