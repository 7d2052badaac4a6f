package server_test

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/server"
	"lommebok.example/issuer/source"
	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

const libraryCard = `
id: no.eksempel.lanekort_sd_jwt_vc
format: dc+sd-jwt
vct: no.eksempel.lanekort.1
scope: no:eksempel:lanekort
level: substantial
max_auth_age: 15m
validity: 90d
batch: 3
display:
  name: {nb: Lånekort, nn: Lånekort, en: Library card}
  description: {nb: Viser at du kan låne bøker., nn: Viser at du kan låne bøker., en: Shows that you can borrow books.}
  background_color: "#e8f0d8"
  text_color: "#22330a"
claims:
  - path: [card_number]
    source: facts.card_number
    mandatory: true
    label: {nb: Kortnummer, nn: Kortnummer, en: Card number}
  - path: [branches]
    source: facts.branches
    disclosure: parts
    label: {nb: Avdelinger, nn: Avdelingar, en: Branches}
  - path: [age_over_15]
    source: age_over_15
    label: {nb: Over 15 år, nn: Over 15 år, en: Over 15}
`

const libraryFacts = `
"14846599313":
  card_number: "40017"
  branches: [Sentrum, Øst]
`

// Adding a type is adding one file: it is offered, described, asked consent for and issued.
func TestATypeIsAFile(t *testing.T) {
	s := newService(t)
	s.cfg.CredentialsDir, s.cfg.FactsFile = t.TempDir(), filepath.Join(t.TempDir(), "facts.yaml")
	file := filepath.Join(s.cfg.CredentialsDir, "lanekort.yaml")
	check(t, os.WriteFile(file, []byte(libraryCard), 0o600))
	check(t, os.WriteFile(s.cfg.FactsFile, []byte(libraryFacts), 0o600))
	s.start(t)

	p, w := s.person(t, stjerne), s.wallet(t)
	p.get("/")
	p.sees("Lånekort", "Viser at du kan låne bøker.", "Elevbevis")
	token := w.token(p, byScope("no:eksempel:lanekort"), p.signInWithCode)
	list, keys := w.credentials(token.AccessToken, "credential_configuration_id", "no.eksempel.lanekort_sd_jwt_vc", 3)
	if len(list) != 3 || len(keys) != 3 {
		t.Fatalf("%d credentials", len(list))
	}
	c, err := sdjwtvc.ParseIssued(list[0])
	check(t, err)
	check(t, c.VerifySignature())
	claims, err := c.Claims()
	check(t, err)
	if c.VCT() != "no.eksempel.lanekort.1" || claims["card_number"] != "40017" || claims["age_over_15"] != true ||
		!reflect.DeepEqual(claims["branches"], []any{"Sentrum", "Øst"}) || len(c.SDJWT().Disclosures) != 5 {
		t.Errorf("%v", claims)
	}
	m, err := sdjwtvc.ResolveType(t.Context(), c.VCT(), c.TypeIntegrity(), func(_ context.Context, vct string) ([]byte, error) {
		return s.fetch(t, "/types/"+vct).body, nil
	})
	check(t, err)
	check(t, c.CheckType(m, true))

	without := s.person(t, karies) // has no card
	access := w.token(without, byScope("no:eksempel:lanekort"), without.signInWithCode).AccessToken
	body, _ := w.request("credential_configuration_id", "no.eksempel.lanekort_sd_jwt_vc", w.cNonce(), 1)
	if a := w.send("/credential", "application/json", body, access); a.status != 400 || a.code(t) != "credential_request_denied" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestTheIssuerDoesNotStartOnABadFile(t *testing.T) {
	s := newService(t)
	for name, c := range map[string]struct {
		old, fresh, says string
		want             error
	}{
		"a rule":          {"validity: 90d", "validity: 900d", "lanekort.yaml: credentials: not a credential type: line 8: validity", credentials.ErrType},
		"no such fact":    {"source: facts.card_number", "source: card_number", "line 16: claim [card_number]: source \"card_number\" is no fact", credentials.ErrType},
		"a built-in type": {"vct: no.eksempel.lanekort.1", "vct: no:minid:mpid:1", "the vct no:minid:mpid:1 is taken", credentials.ErrType},
		"facts":           {"", "", "facts.yaml", source.ErrFile},
	} {
		cfg := s.cfg
		cfg.CredentialsDir = t.TempDir()
		check(t, os.WriteFile(filepath.Join(cfg.CredentialsDir, "lanekort.yaml"), []byte(strings.Replace(libraryCard, c.old, c.fresh, 1)), 0o600))
		if errors.Is(c.want, source.ErrFile) {
			cfg.FactsFile = filepath.Join(cfg.CredentialsDir, "facts.yaml.txt")
			check(t, os.WriteFile(cfg.FactsFile, []byte("kari: {a: b}"), 0o600))
		}
		_, err := server.New(t.Context(), cfg, server.Deps{DB: s.db, Now: s.now, Log: slog.New(slog.DiscardHandler)})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// ISO/IEC 18013-5 section 7.2.1: the mandatory elements, with their types; 7.2.8: what is national in a name space of its own.
func TestDrivingLicence(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	const id = "org.iso.18013.5.1.mDL_mso_mdoc"
	token := w.token(p, byScope("eudiw:no:mdl"), p.signInWithCode)
	list, _ := w.credentials(token.AccessToken, "credential_configuration_id", id, 1)
	raw, err := jose.DecodeBase64URL(list[0])
	check(t, err)
	m, err := mdoc.ParseIssuerSigned(raw)
	check(t, err)
	check(t, errors.Join(m.VerifySignature(), m.VerifyDigests(), m.VerifyValidity(s.now())))
	_, err = s.anchors.Verify(m.Chain(), x5c.DocumentSigner, s.now())
	check(t, err)
	got := map[string]any{}
	for _, e := range m.Elements() {
		got[e.Namespace+"/"+e.Identifier] = e.Value
	}
	const ns = "org.iso.18013.5.1/"
	privilege := func(category, issued string) map[string]any {
		return map[string]any{"vehicle_category_code": category, "issue_date": cose.FullDate(issued), "expiry_date": cose.FullDate("2039-01-15")}
	}
	for name, want := range map[string]any{
		ns + "family_name": "Stjerne", ns + "given_name": "Flat", ns + "birth_date": cose.FullDate("1965-04-14"),
		ns + "issue_date": cose.FullDate("2024-01-15"), ns + "expiry_date": cose.FullDate("2039-01-15"), ns + "issuing_country": "NO",
		ns + "issuing_authority": "Lommebok demonstrasjon", ns + "document_number": "9914880202", ns + "un_distinguishing_sign": "N",
		ns + "driving_privileges": []any{privilege("AM", "1981-04-14"), privilege("B", "1983-05-06")},
		ns + "age_over_16":        true, ns + "age_over_18": true, ns + "age_over_21": true,
		"org.iso.18013.5.1.NO/personal_administrative_number": stjerne,
	} {
		if !reflect.DeepEqual(got[name], want) {
			t.Errorf("%s is %#v, want %#v", name, got[name], want)
		}
	}
	portrait, ok := got[ns+"portrait"].([]byte)
	if _, err := jpeg.Decode(bytes.NewReader(portrait)); !ok || err != nil || m.DocType() != "org.iso.18013.5.1.mDL" || len(got) != 15 {
		t.Errorf("portrait %T %v, %d elements of %s", got[ns+"portrait"], err, len(got), m.DocType())
	}

	without := s.person(t, "10876698493")
	access := w.token(without, byScope("eudiw:no:mdl"), without.signInWithCode).AccessToken
	body, _ := w.request("credential_configuration_id", id, w.cNonce(), 1)
	if a := w.send("/credential", "application/json", body, access); a.status != 400 || a.code(t) != "credential_request_denied" {
		t.Errorf("%d %s", a.status, a.body)
	}
}
