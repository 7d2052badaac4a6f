//go:build pkcs11

package server_test

import (
	"testing"

	"lommebok.example/internal/keys"
	"lommebok.example/internal/keys/keystest"
	"lommebok.example/specs/statuslist"
)

// Issue 4 item 9: with the keys in a token, what is issued is signed there, whatever the purpose, and verifies as ever.
func TestKeysInAToken(t *testing.T) {
	token := keystest.SoftHSM(t)
	s := newService(t)
	vault, err := keys.OpenPKCS11(keys.PKCS11Config{
		Module: keystest.Module, Token: keystest.Label, PINFile: token.PINFile, Now: s.now,
	})
	check(t, err)
	t.Cleanup(func() { check(t, vault.Close()) })
	s.vault = vault
	s.start(t)
	s.trustAnew(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	access := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	texts, _ := w.credentials(access.AccessToken, "credential_configuration_id", mpid, 3)
	for _, text := range texts {
		s.holds(t, text)
	}
	wantStatus(t, s, statuslist.Valid, texts...)
	all, err := vault.Keys("credential-issuer")
	check(t, err)
	if len(all) != 1 {
		t.Errorf("%d keys of the issuer in the token", len(all))
	}
}
