package server_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/issuer/server"
	"lommebok.example/minid"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/statuslist"
	"lommebok.example/wallet-sim/provider"
)

// attester is the simulator's wallet provider on a port of its own, which the issuer trusts.
type attester struct {
	*provider.Provider
	asked atomic.Int32 // for its status lists
	down  atomic.Bool
}

func (s *service) provider(t testing.TB) *attester {
	t.Helper()
	a := &attester{}
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked.Add(1)
		if a.down.Load() {
			http.Error(w, "down", http.StatusInternalServerError)
			return
		}
		a.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	}))
	t.Cleanup(listener.Close)
	var err error
	a.Provider, err = provider.Open(t.TempDir(), listener.URL, s.now)
	check(t, err)
	check(t, a.Publish(s.cfg.TrustDir))
	return a
}

// unit is an installation of a wallet that attests itself as walletID.
type unit struct {
	provider *attester
	id       string
	issuer   string
	now      func() time.Time
	key      *ecdsa.PrivateKey
	jwt      string // what the provider attested, "" for anew each time
	combined bool   // the proof of DPoP is the proof of possession
}

func (s *service) attestedWallet(t testing.TB, a *attester) *wallet {
	t.Helper()
	w := s.wallet(t)
	w.unit = &unit{provider: a, id: provider.NewUnit(), issuer: s.url, now: s.now, key: newKey(t)}
	return w
}

// attest adds the headers; the challenge is the nonce of DPoP, as the server gives both.
func (u *unit) attest(t testing.TB, r *http.Request, challenge string) {
	t.Helper()
	jwt := u.jwt
	if jwt == "" {
		jwt = u.attested(t)
	}
	r.Header.Set(attestation.HeaderWallet, jwt)
	if u.combined {
		return
	}
	pop, err := attestation.SignPoP(u.key, walletID, u.issuer, challenge, u.now())
	check(t, err)
	r.Header.Set(attestation.HeaderPoP, pop)
}

func (u *unit) attested(t testing.TB) string {
	t.Helper()
	jwt, err := u.provider.AttestWallet(u.id, walletID, u.issuer, &u.key.PublicKey)
	check(t, err)
	return jwt
}

// attestedRequest is a Credential Request with one proof, by the first key, that carries the key attestation of all.
func (w *wallet) attestedRequest(by, id, nonce string, keys []*ecdsa.PrivateKey) string {
	w.t.Helper()
	var public []*ecdsa.PublicKey
	for _, key := range keys {
		public = append(public, &key.PublicKey)
	}
	high := []string{attestation.High}
	jwt, err := w.unit.provider.AttestKeys(w.unit.id, "", public, high, high)
	check(w.t, err)
	proof, err := openid4vci.SignAttestedProof(keys[0], jwt, w.s.url, nonce, walletID, w.s.now())
	check(w.t, err)
	raw, err := json.Marshal(map[string]any{by: id, "proofs": map[string]any{"jwt": []string{proof}}})
	check(w.t, err)
	return string(raw)
}

// pids gets a PID in each format.
func (w *wallet) pids(p *person) []string {
	w.t.Helper()
	token := w.token(p, byScope("eudiw:no:pid eudiw:no:pid:mdoc"), p.signInWithApp).AccessToken
	var all []string
	for _, id := range []string{"pid_sd_jwt_vc", "pid_mso_mdoc"} {
		list, _ := w.credentials(token, "credential_configuration_id", id, 2)
		all = append(all, list...)
	}
	return all
}

// statuses are what the issuer's own lists say of credentials, SD-JWT VC and mdoc.
func (s *service) statuses(t testing.TB, credentials []string) []statuslist.Status {
	t.Helper()
	var all []statuslist.Status
	for _, text := range credentials {
		index, uri := statusOf(t, text)
		r, err := http.NewRequest(http.MethodGet, uri, nil)
		check(t, err)
		token, err := statuslist.ParseJWT(string(do(t, r).body))
		check(t, err)
		status, err := token.List.Get(index)
		check(t, err)
		all = append(all, status)
	}
	return all
}

func statusOf(t testing.TB, text string) (uint64, string) {
	t.Helper()
	if c, err := sdjwtvc.ParseIssued(text); err == nil {
		check(t, c.VerifySignature())
		return c.Status().Index, c.Status().URI
	}
	raw, err := jose.DecodeBase64URL(text)
	check(t, err)
	m, err := mdoc.ParseIssuerSigned(raw)
	check(t, err)
	check(t, m.VerifySignature())
	return m.Status().Index, m.Status().URI
}

// A wallet unit that its provider revokes has its PID revoked, within a day and once, whichever replica looks; others keep theirs
// (EUDI TS3 section 2.4.3). Two issuers on one database look at the same time.
func TestRevokedWalletUnitLosesItsPID(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		replica, err := server.New(t.Context(), s.cfg, server.Deps{
			DB: db, Now: s.now, Log: slog.New(slog.NewJSONHandler(s.log, nil)), Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1},
		})
		check(t, err)
		look := func() {
			var wg sync.WaitGroup
			for _, one := range []*server.Server{s.Server, replica} {
				wg.Go(func() {
					if err := one.CheckWallets(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		a, p := s.provider(t), s.person(t, karies)
		p.pair()
		lost, kept := s.attestedWallet(t, a), s.attestedWallet(t, a)
		gone := lost.pids(p)
		still := s.person(t, karies)
		still.phone = p.phone
		good := kept.pids(still)
		look()
		want(t, s.statuses(t, append(gone, good...)), 0, 0, 0, 0, 0, 0, 0, 0)

		check(t, a.Revoke(lost.unit.id))
		s.add(19 * time.Hour)
		look() // not due yet
		want(t, s.statuses(t, gone), 0, 0, 0, 0)

		s.add(2 * time.Hour)
		a.down.Store(true)
		look() // a list that cannot be had revokes nothing
		want(t, s.statuses(t, gone), 0, 0, 0, 0)

		s.add(15 * time.Minute)
		a.down.Store(false)
		before := a.asked.Load()
		look()
		want(t, s.statuses(t, gone), 1, 1, 1, 1)
		want(t, s.statuses(t, good), 0, 0, 0, 0)
		if asked := a.asked.Load() - before; asked == 0 || asked > 4 {
			t.Errorf("two lists were fetched %d times by two replicas", asked)
		}
		var revocations, watched int64
		check(t, s.db.R.Raw("SELECT count(*) FROM issuer_issuances WHERE revoked_at <> 0").Scan(&revocations).Error)
		check(t, s.db.R.Raw("SELECT count(*) FROM issuer_watched").Scan(&watched).Error)
		if revocations != 2 || watched != 4 {
			t.Errorf("%d issuances revoked, %d statuses watched", revocations, watched)
		}
	})
}

func want(t testing.TB, got []statuslist.Status, want ...statuslist.Status) {
	t.Helper()
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("statuses %v, want %v", got, want)
		}
	}
}

// Nothing is issued to a unit whose list cannot be had, nor to one that is revoked; and a provider that is thrown out of the
// folder is not trusted at the next request.
func TestWalletThatCannotBeTrusted(t *testing.T) {
	s := newService(t)
	a := s.provider(t)
	w := s.attestedWallet(t, a)
	ask := byScope("eudiw:no:minid:mpid")
	w.authorize(ask)

	s.add(10 * time.Minute) // what was fetched is old
	a.down.Store(true)
	refused := func(status int, code string) {
		t.Helper()
		if got := w.push(ask); got.status != status || got.code(t) != code {
			t.Errorf("PAR: %d %s, want %d %s", got.status, got.body, status, code)
		}
	}
	refused(503, "temporarily_unavailable")
	a.down.Store(false)
	w.authorize(ask)

	w.unit.jwt = w.unit.attested(t)
	check(t, a.Revoke(w.unit.id))
	s.add(10 * time.Minute)
	refused(401, "invalid_client_attestation")

	w = s.attestedWallet(t, a)
	w.authorize(ask)
	check(t, os.Remove(filepath.Join(s.cfg.TrustDir, "wallet-providers", "wallet-sim.pem")))
	refused(401, "invalid_client_attestation")
}
