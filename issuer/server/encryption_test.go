package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/specs/openid4vci"
)

func (s *service) metadata(t testing.TB) *openid4vci.IssuerMetadata {
	t.Helper()
	m, err := openid4vci.ParseIssuerMetadata(s.fetch(t, "/.well-known/openid-credential-issuer").body, s.url, openid4vci.Rules{InsecureAllowHTTP: true})
	check(t, err)
	return m
}

// Section 10, over a start with another key: what was encrypted for the old one is opened, and plain requests are refused where
// the operator demands encryption.
func TestTheKeyForRequestsIsReplaced(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w, own := s.person(t, stjerne), s.wallet(t), newKey(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode).AccessToken
		old := s.metadata(t)
		if old.CredentialRequestEncryption.EncryptionRequired {
			t.Error("encryption is demanded, and nobody said so")
		}
		key := filepath.Join(s.cfg.DataDir, "credential-request")
		check(t, os.Rename(key+".key.pem", key+"-2026.key.pem"))
		s.cfg.EncryptionRequired = true
		s.start(t)
		if m := s.metadata(t); m.CredentialRequestEncryption.JWKS.Keys[0] == old.CredentialRequestEncryption.JWKS.Keys[0] ||
			!m.CredentialRequestEncryption.EncryptionRequired || !m.CredentialResponseEncryption.EncryptionRequired {
			t.Errorf("%+v", m.CredentialRequestEncryption)
		}
		plain, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
		if a := w.send("/credential", "application/json", plain, token); a.status != http.StatusBadRequest || a.code(t) != openid4vci.InvalidEncryptionParameters {
			t.Errorf("plain: %d %s", a.status, a.body)
		}
		asked, err := old.CredentialResponseEncryption.Asks(&own.PublicKey)
		check(t, err)
		request := openid4vci.CredentialRequest{
			CredentialConfigurationID: mpid, ResponseEncryption: asked,
			Proofs: &openid4vci.Proofs{Type: openid4vci.ProofTypeJWT, JWTs: []string{w.proof(newKey(t), w.cNonce())}},
		}
		compact, err := request.Encrypt(old.CredentialRequestEncryption)
		check(t, err)
		a := w.send("/credential", "application/jwt", compact, token)
		if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/jwt" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		raw, err := openid4vci.OpenCredentialResponse(string(a.body), asked, own)
		check(t, err)
		check(t, fits(t, "credential_response", raw))
	})
}
