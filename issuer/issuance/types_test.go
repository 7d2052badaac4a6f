package issuance_test

import (
	"context"
	"crypto/ecdsa"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gin-gonic/gin"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwtvc"
)

func (b *bench) document(path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return b.do(r)
}

// Every SD-JWT VC names the type metadata that the issuer serves, and keeps what they say; they speak all languages.
func TestCredentialsKeepTheirTypeMetadata(t *testing.T) {
	b := newBench(t)
	for _, id := range []string{"pid_sd_jwt_vc", "no.minid.mpid_sd_jwt_vc"} {
		texts, keys := b.batch(t, id, 1)
		c, _ := b.sdjwt(t, texts[0], keys[0])
		fetch := func(_ context.Context, vct string) ([]byte, error) {
			rec := b.document("/types/" + vct)
			if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/json" || rec.Header().Get("Cache-Control") != "public, max-age=300" {
				t.Errorf("%d %v", rec.Code, rec.Header())
			}
			return rec.Body.Bytes(), nil
		}
		m, err := sdjwtvc.ResolveType(context.Background(), c.VCT(), c.TypeIntegrity(), fetch)
		check(t, err)
		check(t, c.CheckType(m, true))
		typ, _ := b.Types.ByID(id)
		var locales []string
		for _, d := range m.Display {
			locales = append(locales, d.Locale)
		}
		if !slices.Equal(locales, credentials.Languages) || m.Display[1].Name != typ.Display.Name.NN || m.Claims[0].Display[2].Label != typ.Claims[0].Label.EN {
			t.Errorf("%+v", m)
		}
		if c.TypeIntegrity() == "" {
			t.Errorf("%s has no vct#integrity", id)
		}
	}
}

// PID_21: what the type metadata say of the disclosure of the PID.
func TestTypeMetadataSayWhatIsDisclosedByItself(t *testing.T) {
	m, err := sdjwtvc.ParseTypeMetadata(newBench(t).document("/types/urn:eudi:pid:1").Body.Bytes(), "urn:eudi:pid:1")
	check(t, err)
	elements := false
	for _, c := range m.Claims {
		if c.SD != sdjwtvc.SDAlways {
			t.Errorf("%v: %s", c.Path, c.SD)
		}
		elements = elements || len(c.Path) == 2 && c.Path[0] == "nationalities" && c.Path[1] == nil
	}
	if !elements {
		t.Error("nothing is said of each nationality")
	}
}

func TestWhatPeopleAreNotAskedAbout(t *testing.T) {
	b := newBench(t)
	for id, c := range b.metadataOf(t).CredentialConfigurationsSupported {
		for _, d := range c.CredentialMetadata.Claims {
			if len(d.Display) != 3 || d.Display[0].Name == "" || d.Path[0] == "vct#integrity" {
				t.Errorf("%s: %+v", id, d)
			}
		}
	}
}

func TestUnknownTypes(t *testing.T) {
	b := newBench(t)
	for _, path := range []string{"/types/", "/types/urn:eudi:pid:2", "/types/eu.europa.ec.av.1", "/types/urn:eudi:pid:1/"} {
		if rec := b.document(path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	etag := b.document("/types/urn:eudi:pid:1").Header().Get("ETag")
	if rec := b.document("/types/urn:eudi:pid:1", "If-None-Match", etag); etag == "" || rec.Code != http.StatusNotModified {
		t.Errorf("%d", rec.Code)
	}
}

// A vct that is an address of the issuer is served where it says.
func TestTypeAtItsOwnAddress(t *testing.T) {
	b := newBench(t)
	raw, err := os.ReadFile("../credentials/elevbevis_sd_jwt_vc.yaml")
	check(t, err)
	load := func(vct string) error {
		text := strings.Replace(string(raw), "vct: no.sikt.elevbevis.1", "vct: "+vct, 1)
		types, err := credentials.Load(fstest.MapFS{"a.yaml": {Data: []byte(text)}})
		check(t, err)
		b.Types = types
		r := gin.New()
		b.handler = r
		return b.Mount(r)
	}
	check(t, load(issuerURL+"/types/elevbevis/1"))
	rec := b.document("/types/elevbevis/1")
	if _, err := sdjwtvc.ParseTypeMetadata(rec.Body.Bytes(), issuerURL+"/types/elevbevis/1"); err != nil {
		t.Errorf("%d %v", rec.Code, err)
	}
	check(t, load("https://elsewhere.example/elevbevis"))
	if rec := b.document("/types/https:/elsewhere.example/elevbevis"); rec.Code == http.StatusOK {
		t.Error("a path that is not the vct is served")
	}
	if rec := b.document("/types/https:%2F%2Felsewhere.example%2Felevbevis"); rec.Code != http.StatusOK {
		t.Errorf("the registry does not know a foreign vct: %d", rec.Code)
	}
	if err := load(issuerURL + "/elevbevis"); err == nil || !strings.Contains(err.Error(), "/types/") {
		t.Errorf("a vct that cannot be served: %v", err)
	}
}

func TestJWTVCIssuerMetadata(t *testing.T) {
	b := newBench(t)
	if rec := b.document("/.well-known/jwt-vc-issuer"); rec.Code != http.StatusNotFound {
		t.Errorf("without keys: %d", rec.Code)
	}
	now, before := newKey(t), newKey(t)
	b.IssuerKeys = func() []*ecdsa.PublicKey { return []*ecdsa.PublicKey{&now.PublicKey, &before.PublicKey} }
	for issuer, path := range map[string]string{issuerURL: "/.well-known/jwt-vc-issuer", issuerURL + "/tenant": "/.well-known/jwt-vc-issuer/tenant"} {
		b.Issuer = issuer
		r := gin.New()
		check(t, b.Mount(r))
		b.handler = r
		rec := b.document(path)
		m, err := sdjwtvc.ParseIssuerMetadata(rec.Body.Bytes(), issuer)
		check(t, err)
		if len(m.JWKS.Keys) != 2 || m.JWKS.Keys[1].Kid != jose.Thumbprint(&before.PublicKey) || rec.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%+v", m)
		}
		key, err := m.JWKS.Keys[0].PublicKey()
		check(t, err)
		if !key.Equal(&now.PublicKey) {
			t.Error("not the key that signs")
		}
	}
}
