package server_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lommebok.example/specs/x5c"
)

// Each certificate names the list, and the list names those that are revoked (ISO/IEC 18013-5 B.1.2, B.1.4, B.2).
func TestRevokedCertificatesAreListed(t *testing.T) {
	s := newService(t)
	root, signer, other := certificate(t, s, "iaca"), certificate(t, s, "document-signer"), certificate(t, s, "credential-issuer")
	for _, name := range []string{"iaca", "document-signer", "credential-issuer", "status-signer", "access"} {
		if got := certificate(t, s, name).CRLDistributionPoints; !slices.Equal(got, []string{s.url + "/trust/iaca.crl"}) {
			t.Errorf("%s names the lists %v", name, got)
		}
	}
	list := func() []byte {
		t.Helper()
		a := s.fetch(t, "/trust/iaca.crl")
		if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/pkix-crl" {
			t.Fatalf("%d %v", a.status, a.header)
		}
		return a.body
	}
	first := list()
	check(t, x5c.CheckCRL(first, signer, root, s.now()))

	dir := filepath.Join(s.cfg.DataDir, "revoked")
	check(t, os.MkdirAll(dir, 0o700))
	check(t, os.WriteFile(filepath.Join(dir, "lost.pem"), x5c.EncodePEM(signer), 0o600))
	s.add(10 * time.Minute)
	if err := x5c.CheckCRL(list(), signer, root, s.now()); !errors.Is(err, x5c.ErrRevoked) {
		t.Errorf("the revoked certificate: %v", err)
	}
	check(t, x5c.CheckCRL(list(), other, root, s.now()))

	s.add(8 * 24 * time.Hour)
	if err := x5c.CheckCRL(first, other, root, s.now()); !errors.Is(err, x5c.ErrCRL) {
		t.Errorf("the first list a week later: %v", err)
	}
	check(t, x5c.CheckCRL(list(), other, root, s.now()))

	check(t, os.WriteFile(filepath.Join(dir, "bad.pem"), []byte("x"), 0o600))
	s.add(time.Hour)
	if a := s.fetch(t, "/trust/iaca.crl"); a.status != http.StatusInternalServerError {
		t.Errorf("a file that revokes nothing: %d", a.status)
	}
}
