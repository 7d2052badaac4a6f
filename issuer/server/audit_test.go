package server_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/issuer/server"
	"lommebok.example/specs/jose"
)

func (s *service) health(t testing.TB) int {
	t.Helper()
	resp, err := http.Get(s.url + "/health")
	check(t, err)
	check(t, resp.Body.Close())
	return resp.StatusCode
}

// G08: where the audit log cannot be written nothing is issued, and whoever asks how we are is told.
func TestNothingIsIssuedWithoutTheAuditLog(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, karies), s.wallet(t)
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	if s.health(t) != http.StatusOK {
		t.Fatal("not well at the beginning")
	}
	check(t, s.db.W.Exec("CREATE TRIGGER audit_full BEFORE INSERT ON issuer_audit_entries BEGIN SELECT RAISE(ABORT, 'full'); END").Error)
	before := s.entries(t)
	body, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
	if a := w.send("/credential", "application/json", body, token.AccessToken); a.status != http.StatusInternalServerError || bytes.Contains(a.body, []byte(`"credential"`)) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if s.entries(t) != before {
		t.Error("status indices were taken")
	}
	s.add(2 * time.Second)
	if got := s.health(t); got != http.StatusServiceUnavailable {
		t.Errorf("health %d", got)
	}
	check(t, s.db.W.Exec("DROP TRIGGER audit_full").Error)
	s.add(2 * time.Second)
	if got := s.health(t); got != http.StatusOK {
		t.Errorf("health %d after it was mended", got)
	}
	w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
}

func TestAuditLogOfAJourney(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, karies), s.wallet(t)
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	w.credentials(token.AccessToken, "credential_configuration_id", mpid, 3)
	p.get("/mine")
	p.get(revokeLink(t, p, 3))
	p.submit(p.path)
	check(t, s.Checkpoint(context.Background()))
	var out bytes.Buffer
	check(t, server.ExportAudit(context.Background(), s.cfg, s.db, s.now(), &out))
	v, thumbprint, err := server.VerifyAudit(bytes.NewReader(out.Bytes()), "")
	check(t, err)
	if v.Last.Seq != 3 || v.Checkpoints != 2 || v.Last.Log != s.url || len(thumbprint) != 43 {
		t.Errorf("%+v %s", v, thumbprint)
	}
	for _, kind := range []string{`"kind":"issuance.intent"`, `"kind":"issuance.result"`, `"kind":"issuance.revoke"`, `"outcome":"issued"`} {
		if !strings.Contains(out.String(), kind) {
			t.Errorf("no %s in\n%s", kind, out.String())
		}
	}
	s.nothingPersonal(t, "the audit log", out.String())
	if !strings.Contains(s.log.String(), `"key":"`+thumbprint+`"`) {
		t.Error("the service's log does not tell the key of the checkpoints")
	}
	if _, _, err := server.VerifyAudit(bytes.NewReader(out.Bytes()), thumbprint); err != nil {
		t.Error(err)
	}
	if _, _, err := server.VerifyAudit(bytes.NewReader(out.Bytes()), strings.Repeat("A", 43)); !errors.Is(err, server.ErrAuditKey) {
		t.Errorf("another key: %v", err)
	}
	found, err := server.CheckCredentials(context.Background(), s.cfg, s.db, s.now())
	if err != nil || len(found) != 0 {
		t.Errorf("%v %v", found, err)
	}
}

// A checkpoint is a JWS of a kind of its own by the audit key: no other signature passes for one.
func TestCheckpointsOfOtherKindsRefused(t *testing.T) {
	s := newService(t)
	var out bytes.Buffer
	check(t, server.ExportAudit(context.Background(), s.cfg, s.db, s.now(), &out))
	lines := strings.Split(out.String(), "\n")
	signed := func(typ string, change func(payload []byte) []byte) string {
		key := newKey(t)
		jwk, err := jose.AppendPublicJWK(nil, &key.PublicKey)
		check(t, err)
		signer, err := jose.NewSigner(key, jose.Header{Typ: typ})
		check(t, err)
		jws, err := signer.Sign(change([]byte(`{"log":"l","seq":0,"hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","at":1}`)))
		check(t, err)
		return `{"key":` + string(jwk) + "}\n" + `{"checkpoint":"` + jws + `"}` + "\n"
	}
	same := func(payload []byte) []byte { return payload }
	if _, _, err := server.VerifyAudit(strings.NewReader(signed(audit.CheckpointTyp, same)), ""); err != nil {
		t.Fatal("the good one:", err)
	}
	for name, text := range map[string]string{
		"another typ":      signed("JWT", same),
		"another member":   signed(audit.CheckpointTyp, func(p []byte) []byte { return bytes.Replace(p, []byte(`{`), []byte(`{"x":1,`), 1) }),
		"another hash":     signed(audit.CheckpointTyp, func(p []byte) []byte { return bytes.Replace(p, []byte("AAA"), []byte("BAA"), 1) }),
		"a key of another": strings.Split(signed(audit.CheckpointTyp, same), "\n")[0] + "\n" + lines[1],
		"no signature":     lines[0] + "\n" + lines[1][:strings.LastIndex(lines[1], ".")+1] + `"}`,
	} {
		if _, _, err := server.VerifyAudit(strings.NewReader(text), ""); !errors.Is(err, audit.ErrCheckpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// breakAuditOf makes each new entry of a kind fail, and gives what mends it.
func breakAuditOf(t *testing.T, db *database.DB, kind string) (mend func()) {
	t.Helper()
	broken, mended := "ALTER TABLE issuer_audit_entries ADD CONSTRAINT audit_full CHECK (kind <> '"+kind+"') NOT VALID",
		"ALTER TABLE issuer_audit_entries DROP CONSTRAINT audit_full"
	if db.Dialect == database.SQLite {
		broken = "CREATE TRIGGER audit_full BEFORE INSERT ON issuer_audit_entries WHEN NEW.kind = '" + kind + "' BEGIN SELECT RAISE(ABORT, 'full'); END"
		mended = "DROP TRIGGER audit_full"
	}
	check(t, db.W.Exec(broken).Error)
	return func() { check(t, db.W.Exec(mended).Error) }
}

// entriesOf is how many entries of a kind the audit log has.
func entriesOf(t *testing.T, db *database.DB, kind string) (n int64) {
	t.Helper()
	check(t, db.R.Raw("SELECT count(*) FROM issuer_audit_entries WHERE kind = ?", kind).Scan(&n).Error)
	return n
}
