package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

const clubCard = `
id: no.eksempel.klubbkort_mso_mdoc
format: mso_mdoc
doctype: no.eksempel.klubbkort.1
scope: no:eksempel:klubbkort
level: substantial
max_auth_age: 15m
validity: 90d
batch: 3
status: identifier_list
display:
  name: {nb: Klubbkort, nn: Klubbkort, en: Club card}
  description: {nb: Viser at du er medlem., nn: Viser at du er medlem., en: Shows that you are a member.}
  background_color: "#e8f0d8"
  text_color: "#22330a"
claims:
  - path: [no.eksempel.klubbkort.1, age_over_15]
    source: age_over_15
    mandatory: true
    label: {nb: Over 15 år, nn: Over 15 år, en: Over 15}
`

// A type whose status stands on an identifier list: no copy is named until it is revoked, and then each of them is, and nobody else's.
func TestATypeOnAnIdentifierList(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		s.cfg.CredentialsDir = t.TempDir()
		check(t, os.WriteFile(filepath.Join(s.cfg.CredentialsDir, "klubbkort.yaml"), []byte(clubCard), 0o600))
		s.start(t)
		issue := func(number string) (*person, []*mdoc.IdentifierRef) {
			p, w := s.person(t, number), s.wallet(t)
			token := w.token(p, byScope("no:eksempel:klubbkort"), p.signInWithCode)
			texts, _ := w.credentials(token.AccessToken, "credential_configuration_id", "no.eksempel.klubbkort_mso_mdoc", 3)
			return p, namesOf(t, texts)
		}
		p, mine := issue(stjerne)
		_, others := issue(karies)
		for n, ref := range mine {
			if s.isNamed(t, ref) || s.isNamed(t, others[n]) {
				t.Error("revoked from the start")
			}
		}
		p.get("/mine")
		if strings.Contains(p.body, "/suspend") {
			t.Error("can be put on hold, which an identifier list cannot tell")
		}
		p.get(revokeLink(t, p, 3))
		p.submit(p.path)
		p.sees("Beviset er tilbakekalt.")
		for n, ref := range mine {
			if !s.isNamed(t, ref) || s.isNamed(t, others[n]) {
				t.Errorf("copy %d: its own %v, another's %v", n, s.isNamed(t, ref), s.isNamed(t, others[n]))
			}
		}
	})
}

func namesOf(t *testing.T, texts []string) []*mdoc.IdentifierRef {
	t.Helper()
	var refs []*mdoc.IdentifierRef
	for _, text := range texts {
		raw, err := jose.DecodeBase64URL(text)
		check(t, err)
		m, err := mdoc.ParseIssuerSigned(raw)
		check(t, err)
		check(t, m.VerifySignature())
		if m.Identifier() == nil || m.Status() != nil {
			t.Fatalf("%+v, %+v", m.Identifier(), m.Status())
		}
		refs = append(refs, m.Identifier())
	}
	return refs
}

// isNamed asks the list as a verifier does.
func (s *service) isNamed(t *testing.T, ref *mdoc.IdentifierRef) bool {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, ref.URI, nil)
	check(t, err)
	a := do(t, r)
	list, err := statuslist.ParseIdentifiers(a.body)
	check(t, err)
	check(t, list.Check(ref.URI, s.now()))
	_, err = s.anchors.Verify(list.Chain, x5c.StatusSigner, s.now())
	check(t, err)
	return list.Has(ref.ID)
}
