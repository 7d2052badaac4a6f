package server_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"lommebok.example/issuer/server"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
)

// get fetches a document of the service; headers in pairs.
func (s *service) fetch(t testing.TB, path string, headers ...string) answer {
	t.Helper()
	address := s.url + path
	if name, ok := strings.CutPrefix(path, "/.well-known/"); ok && name != "openid-configuration" {
		address = strings.TrimSuffix(s.url, s.under) + path + s.under
	}
	r, err := http.NewRequest(http.MethodGet, address, nil)
	check(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return do(t, r)
}

// What the issuer signs its metadata with leads to the anchor that it publishes, also after a restart.
func TestSignedMetadataLeadsToTheAnchor(t *testing.T) {
	s := newService(t)
	s.cfg.Info = []openid4vci.IssuerInfo{{Format: openid4vci.InfoRegistrarDataset, Data: json.RawMessage(`{"a":1}`)}}
	for range 2 {
		a := s.fetch(t, "/.well-known/openid-credential-issuer", "Accept", "application/jwt", "Accept-Language", "no")
		if a.header.Get("Content-Type") != "application/jwt" || a.header.Get("Content-Language") != "nb" {
			t.Fatalf("%d %v", a.status, a.header)
		}
		m, err := openid4vci.ParseSignedMetadata(string(a.body), s.url, s.anchors, s.now(), openid4vci.Rules{InsecureAllowHTTP: true})
		check(t, err)
		if len(m.Display) != 1 || m.Display[0].Locale != "nb" {
			t.Errorf("%+v", m.Display)
		}
		s.start(t)
	}
	if a := s.fetch(t, "/.well-known/openid-credential-issuer"); !strings.Contains(string(a.body), `"issuer_info":[{"format":"registrar_dataset","data":{"a":1}}]`) {
		t.Error("issuer_info is not as configured")
	}
}

// The keys under jwt-vc-issuer are those that the credentials are signed with, and the type metadata are there.
func TestIssuerKeysAndTypes(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	list, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
	c, err := sdjwtvc.ParseIssued(list[0])
	check(t, err)
	check(t, c.VerifySignature())
	m, err := sdjwtvc.ParseIssuerMetadata(s.fetch(t, "/.well-known/jwt-vc-issuer").body, s.url)
	check(t, err)
	key, err := m.JWKS.Keys[0].PublicKey()
	check(t, err)
	if len(m.JWKS.Keys) != 1 || !key.Equal(c.Chain()[0].PublicKey) {
		t.Errorf("%+v", m.JWKS)
	}
	check(t, sdjwtvc.VerifyIntegrity(s.fetch(t, "/types/"+c.VCT()).body, c.TypeIntegrity()))
}

func TestParseInfo(t *testing.T) {
	cert := func(typ string) string {
		signer, err := jose.NewSigner(newKey(t), jose.Header{Typ: typ})
		check(t, err)
		jwt, err := signer.Sign([]byte(`{"sub":"x"}`))
		check(t, err)
		return jwt
	}
	both := `{"registrar_dataset":{"x":1},"registration_cert":"` + cert("rc-wrp+jwt") + `"}`
	info, err := server.ParseInfo([]byte(both))
	check(t, err)
	if len(info) != 2 || info[0].Format != "registrar_dataset" || info[1].Format != "registration_cert" || info[1].Data[0] != '"' {
		t.Errorf("%+v", info)
	}
	for name, raw := range map[string]string{
		"nothing": `{}`, "not JSON": `{`, "a member that there is not": `{"x":1}`, "a dataset that is a list": `{"registrar_dataset":[]}`,
		"no JWT": `{"registration_cert":"x"}`, "another JWT": `{"registration_cert":"` + cert("JWT") + `"}`,
	} {
		if _, err := server.ParseInfo([]byte(raw)); !errors.Is(err, server.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
