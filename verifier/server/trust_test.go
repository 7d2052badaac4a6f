package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/server"
	"lommebok.example/verifier/trust"
)

func (s *service) write(t testing.TB, folder, file string, content []byte) {
	t.Helper()
	dir := filepath.Join(s.cfg.TrustDir, folder)
	check(t, os.MkdirAll(dir, 0o755))
	check(t, os.WriteFile(filepath.Join(dir, file), content, 0o644))
}

// shows presents a PID of an issuer and gives what came of it.
func (s *service) shows(t testing.TB, i *issuer, change ...func(*sdjwtvc.Template)) transaction {
	t.Helper()
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	w.send(map[string][]string{"pid_sd_jwt": {w.bind(i.issueSDJWT(&w.key.PublicKey, change...), "pid_sd_jwt", binding{})}})
	return b.wantState("answered")
}

// D08: a good chain of an issuer that is not entitled to the type, in both formats; the page says so.
func TestIssuerIsNotEntitled(t *testing.T) {
	s := newService(t)
	librarian := newIssuer(t, s.now)
	s.write(t, "issuers", "librarian.pem", x5c.EncodePEM(librarian.root))
	s.write(t, "issuers", "librarian.yaml", []byte(`types: ["urn:example:library-card:1"]`))
	tx := s.shows(t, librarian)
	wantRefused(t, tx, "issuer_not_entitled", "status_not_asked")
	for _, c := range tx.Verdict.Failed() {
		if c.Code == "issuer_not_entitled" && (!strings.Contains(c.Got, "librarian") || !strings.Contains(c.Got, "urn:example:library-card:1")) {
			t.Errorf("it is not told which anchor it was, and for what: %s", c.Got)
		}
	}
	if n := librarian.fetches(); n != 0 {
		t.Errorf("its status list was asked for %d times", n)
	}
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	w.send(map[string][]string{"pid_mdoc": {jose.EncodeBase64URL(w.mdocPID(librarian.issueMdoc(&w.key.PublicKey)))}})
	wantRefused(t, b.wantState("answered"), "issuer_not_entitled", "status_not_asked")
	sees(t, b.get(b.tx), "issuer_not_entitled", "Utstederen har ikke lov til å utstede denne typen bevis.")
	s.write(t, "issuers", "librarian.yaml", []byte("types:\n  - urn:eudi:pid:1\n"))
	if tx := s.shows(t, librarian); !tx.Verdict.Accepted {
		t.Errorf("the types that were written later are not seen: %+v", tx.Verdict.Failed())
	}
}

func TestATrustListIsFetchedAndEnds(t *testing.T) {
	s := newService(t)
	late := newIssuer(t, s.now)
	key := newKey(t)
	cert, err := x5c.NewRoot(key, x5c.Subject{Country: "NO", CommonName: "Trust list", URI: "https://trust.example"}, s.now().Add(-day), 900*day)
	check(t, err)
	text, err := trust.SignList(key, trust.List{
		Issued: s.now(), NextUpdate: s.now().Add(day), Until: s.now().Add(2 * day),
		Anchors: []trust.Anchor{{Name: "late", Certificate: late.root, Types: []string{"urn:eudi:pid:1"}}},
	})
	check(t, err)
	up := true
	lists := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !up {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(lists.Close)
	s.write(t, "lists", "test.pem", x5c.EncodePEM(cert))
	s.write(t, "lists", "test.yaml", []byte("address: "+lists.URL+"\n"))
	wantRefused(t, s.shows(t, late), "issuer_untrusted", "status_not_asked")
	s.Refresh(context.Background())
	if tx := s.shows(t, late); !tx.Verdict.Accepted {
		t.Errorf("who is on the list is refused: %+v", tx.Verdict.Failed())
	}
	up = false
	s.start(t)
	if tx := s.shows(t, late); !tx.Verdict.Accepted {
		t.Errorf("refused after a start, while the list is kept: %+v", tx.Verdict.Failed())
	}
	s.add(2 * day)
	s.Refresh(context.Background())
	wantRefused(t, s.shows(t, late), "trust_list_expired", "status_not_asked")
	if !strings.Contains(s.log.String(), "trust list read") {
		t.Error("the operator does not see which list was read")
	}
}

func TestAPinnedLeaf(t *testing.T) {
	s := newService(t)
	partner := newIssuer(t, s.now)
	dir := t.TempDir()
	s.cfg.InsecurePinLeaf = filepath.Join(dir, "partner.pem")
	started := func() error {
		_, err := server.New(context.Background(), s.cfg, server.Deps{DB: s.db, Now: s.now, Log: slog.New(slog.DiscardHandler)})
		return err
	}
	if started() == nil {
		t.Error("started without the file")
	}
	leaf, err := sdjwtvc.Parse(partner.issueSDJWT(&newKey(t).PublicKey))
	check(t, err)
	check(t, os.WriteFile(s.cfg.InsecurePinLeaf, x5c.EncodePEM(leaf.Chain()[0]), 0o644))
	if started() == nil {
		t.Error("started without the types of the leaf")
	}
	check(t, os.WriteFile(filepath.Join(dir, "partner.yaml"), fmt.Appendf(nil, "types: [%q]", "urn:eudi:pid:1"), 0o644))
	s.start(t)
	plain := func(m *sdjwtvc.Template) { m.Status = nil }
	if tx := s.shows(t, partner, plain); !tx.Verdict.Accepted {
		t.Errorf("refused: %+v", tx.Verdict.Failed())
	}
	s.add(time.Second)
	wantRefused(t, s.shows(t, partner, plain, func(m *sdjwtvc.Template) { m.VCT = "urn:eudi:pid:2" }), "issuer_not_entitled", "not_as_asked")
	wantRefused(t, s.shows(t, partner), "status_signer_untrusted") // only the leaf of credentials is pinned
	wantRefused(t, s.shows(t, newIssuer(t, s.now), plain), "issuer_untrusted")
}
