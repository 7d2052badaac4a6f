package server_test

import (
	"crypto"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/keys"
	"lommebok.example/issuer/server"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

// holds verifies an issued SD-JWT VC with its chain, and gives the certificate that it was signed under.
func (s *service) holds(t testing.TB, text string) (leaf string) {
	t.Helper()
	c, err := sdjwtvc.ParseIssued(text)
	check(t, err)
	check(t, c.VerifySignature())
	_, err = s.anchors.Verify(c.Chain(), x5c.CredentialIssuer, s.now())
	check(t, err)
	return c.Chain()[0].SerialNumber.String()
}

// Row G16: each purpose gets a new key again and again while the service runs. What was signed before verifies on.
func TestKeysRotateWhileServing(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	vault := keys.Files{Dir: filepath.Join(s.cfg.DataDir, "keys")}
	var issued []string
	seen := map[string]bool{}
	for range 5 {
		texts, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 2)
		issued = append(issued, texts...)
		for _, text := range issued {
			s.holds(t, text)
		}
		seen[s.holds(t, texts[0])] = true
		wantStatus(t, s, statuslist.Valid, texts...)
		s.add(time.Second)
		for _, purpose := range server.KeyPurposes() { // another process does it
			_, err := vault.Make(purpose, s.now())
			check(t, err)
		}
		check(t, s.RefreshKeys())
	}
	if len(seen) != 5 {
		t.Errorf("%d keys signed, want 5", len(seen))
	}
	r, err := http.NewRequest(http.MethodGet, s.url+"/jwks.json", nil)
	check(t, err)
	var set jose.JWKS
	check(t, json.Unmarshal(do(t, r).body, &set))
	if len(set.Keys) != 6 { // every key of the last hours: an ID token that it signed comes back as a hint
		t.Errorf("%d keys are published, want 6", len(set.Keys))
	}
}

// Row G17: a certificate is renewed long before it would become too short for a credential, told of near its end, and when
// it cannot be renewed, issuance stops before it does.
func TestCertificatesNearTheirEnd(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	texts, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
	first := s.holds(t, texts[0])

	const year = 365 * 24 * time.Hour
	s.add(year)
	check(t, s.RefreshKeys())
	p, w = s.person(t, stjerne), s.wallet(t)
	token = w.token(p, byScope("eudiw:no:minid:mpid"), p.signInAfterLong)
	if texts, _ = w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1); s.holds(t, texts[0]) == first {
		t.Error("after a year the certificate is the same")
	}

	// The root ends after nine years, so a leaf cannot be renewed in the last 457 days.
	s.add(8*year - 20*24*time.Hour)
	if err := s.RefreshKeys(); err == nil {
		t.Error("certificates were renewed beyond their root")
	}
	if !strings.Contains(s.log.String(), `"certificate near its end","purpose":"iaca"`) {
		t.Errorf("nobody is told:\n%s", s.log)
	}
	p, w = s.person(t, stjerne), s.wallet(t)
	token = w.token(p, byScope("eudiw:no:minid:mpid"), p.signInAfterLong)
	body, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
	a := w.send("/credential", "application/json", body, token.AccessToken)
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.code(t) != "temporarily_unavailable" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// signInAfterLong declines to confirm the contact information, which is asked for once a year.
func (p *person) signInAfterLong() {
	p.t.Helper()
	p.signInWithCode()
	onward := regexp.MustCompile(`href="(/authorize/consent/[^"]+)"`).FindStringSubmatch(p.body)
	if p.path != "/login/contact" || onward == nil {
		p.t.Fatalf("came to %s", p.path)
	}
	p.get(onward[1])
}

// shaky is a vault whose keys can be out of reach for a while, as those of a token are.
type shaky struct {
	keys.Vault
	away *atomic.Bool
}

func (v shaky) Keys(purpose string) ([]keys.Key, error) {
	all, err := v.Vault.Keys(purpose)
	for i := range all {
		all[i].Signer = shakySigner{all[i].Signer, v.away}
	}
	return all, err
}

func (v shaky) Make(purpose string, from time.Time) (keys.Key, error) {
	k, err := v.Vault.Make(purpose, from)
	k.Signer = shakySigner{k.Signer, v.away}
	return k, err
}

type shakySigner struct {
	crypto.Signer
	away *atomic.Bool
}

func (s shakySigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if s.away.Load() {
		return nil, keys.ErrUnavailable
	}
	return s.Signer.Sign(random, digest, opts)
}

// Row C20: what cannot be signed now is told so and leaves nothing half issued; afterwards all is well without a restart.
func TestKeysOutOfReach(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		away := &atomic.Bool{}
		s.vault = shaky{keys.Files{Dir: filepath.Join(s.cfg.DataDir, "keys")}, away}
		s.start(t)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
		w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
		away.Store(true)
		body, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 2)
		a := w.send("/credential", "application/json", body, token.AccessToken)
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.code(t) != "temporarily_unavailable" {
			t.Errorf("%d %s", a.status, a.body)
		}
		var states []string
		check(t, s.db.R.Raw("SELECT state FROM issuer_issuances ORDER BY issued_at, id").Scan(&states).Error)
		if len(states) != 2 || !strings.Contains(strings.Join(states, " "), "failed") || !strings.Contains(strings.Join(states, " "), "issued") {
			t.Errorf("the records: %v", states)
		}
		away.Store(false)
		w.credentials(token.AccessToken, "credential_configuration_id", mpid, 2)
		if amiss, err := server.CheckCredentials(t.Context(), s.cfg, s.db, s.now()); err != nil || len(amiss) != 0 {
			t.Errorf("%v, %v", amiss, err)
		}
	})
}
