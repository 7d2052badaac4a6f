package issuance_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/x5c"
)

// signingMetadata makes the bench sign its metadata, and gives the anchor and a way to renew the certificate.
func (b *bench) signingMetadata(t testing.TB) (*x5c.Anchors, func()) {
	t.Helper()
	rootKey, subject, begin := newKey(t), x5c.Subject{Country: "NO", CommonName: "Root", URI: issuerURL}, b.at.Add(-time.Hour)
	root, err := x5c.NewRoot(rootKey, subject, begin, 3*365*24*time.Hour)
	check(t, err)
	var key crypto.Signer
	var chain []*x509.Certificate
	renew := func() {
		fresh := newKey(t)
		subject.CommonName = "Access"
		leaf, err := x5c.Issue(x5c.AccessCertificate, root, rootKey, fresh.Public(), subject, begin, 400*24*time.Hour)
		check(t, err)
		key, chain = fresh, []*x509.Certificate{leaf}
	}
	renew()
	b.MetadataSigner = func() (crypto.Signer, []*x509.Certificate) { return key, chain }
	r := gin.New()
	check(t, b.Mount(r))
	b.handler = r
	return x5c.NewAnchors(root), renew
}

func (b *bench) wellKnown(t testing.TB, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/.well-known/openid-credential-issuer", nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return b.do(r)
}

func TestMetadataInTheFormThatIsAskedFor(t *testing.T) {
	b := newBench(t)
	anchors, _ := b.signingMetadata(t)
	const jwt, plain = "application/jwt", "application/json"
	for accept, want := range map[string]string{
		"": plain, "*/*": plain, "application/json": plain, "text/html": plain, "application/*": plain,
		"application/jwt": jwt, "Application/JWT": jwt, "application/jwt, application/json;q=0.9": jwt, "application/json, application/jwt": jwt,
		"application/jwt;q=0.4, application/json;q=0.5": plain, "application/jwt;q=0": plain, "application/jwt;q=x": plain, "application/jwt;q=NaN": plain,
	} {
		rec := b.wellKnown(t, "Accept", accept)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != want || rec.Header().Get("Vary") != "Accept, Accept-Language" {
			t.Errorf("Accept %q: %d %v", accept, rec.Code, rec.Header())
			continue
		}
		var err error
		if want == plain {
			_, err = openid4vci.ParseIssuerMetadata(rec.Body.Bytes(), issuerURL, openid4vci.Rules{})
		} else {
			_, err = openid4vci.ParseSignedMetadata(rec.Body.String(), issuerURL, anchors, b.at, openid4vci.Rules{})
		}
		if err != nil {
			t.Errorf("Accept %q: %v", accept, err)
		}
	}
}

func TestUnsignedIssuerServesJSONAlone(t *testing.T) {
	if rec := newBench(t).wellKnown(t, "Accept", "application/jwt"); rec.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%v", rec.Header())
	}
}

func TestMetadataInTheLanguagesThatAreAskedFor(t *testing.T) {
	b := newBench(t)
	anchors, _ := b.signingMetadata(t)
	for accept, want := range map[string]string{
		"": "nb, nn, en", "*": "nb, nn, en", "fr": "nb, nn, en", "fr, *;q=0.1": "nb, nn, en", "no such; header": "nb, nn, en",
		"nb": "nb", "nn-NO": "nn", "en-GB, en;q=0.5": "en", "no": "nb", "no, en;q=0.5": "nb, en", "en, nn;q=0.9": "nn, en", "nb, nn;q=0": "nb",
	} {
		for _, form := range []string{"application/json", "application/jwt"} {
			rec := b.wellKnown(t, "Accept-Language", accept, "Accept", form)
			if got := rec.Header().Get("Content-Language"); got != want {
				t.Errorf("Accept-Language %q: %q, want %q", accept, got, want)
			}
			m, err := openid4vci.ParseIssuerMetadata(rec.Body.Bytes(), issuerURL, openid4vci.Rules{})
			if form == "application/jwt" {
				m, err = openid4vci.ParseSignedMetadata(rec.Body.String(), issuerURL, anchors, b.at, openid4vci.Rules{})
			}
			check(t, err)
			var issuer, credential, claim []string
			for _, d := range m.Display {
				issuer = append(issuer, d.Locale)
			}
			shown := m.CredentialConfigurationsSupported["pid_sd_jwt_vc"].CredentialMetadata
			for _, d := range shown.Display {
				credential = append(credential, d.Locale)
			}
			for _, d := range shown.Claims[0].Display {
				claim = append(claim, d.Locale)
			}
			for _, got := range [][]string{issuer, credential, claim} {
				if strings.Join(got, ", ") != want {
					t.Errorf("Accept-Language %q: texts in %v", accept, got)
				}
			}
		}
	}
}

func TestMetadataIsKeptByCaches(t *testing.T) {
	b := newBench(t)
	_, renew := b.signingMetadata(t)
	for _, form := range []string{"application/json", "application/jwt"} {
		first := b.wellKnown(t, "Accept", form)
		etag := first.Header().Get("ETag")
		if etag == "" || first.Header().Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%v", first.Header())
		}
		again := b.wellKnown(t, "Accept", form, "If-None-Match", `"x", W/`+etag)
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 || again.Header().Get("ETag") != etag {
			t.Errorf("%d %v", again.Code, again.Header())
		}
		if other := b.wellKnown(t, "Accept", form, "Accept-Language", "nn"); other.Header().Get("ETag") == etag {
			t.Error("two languages have one ETag")
		}
	}
	signed := func() string { return b.wellKnown(t, "Accept", "application/jwt").Body.String() }
	first := signed()
	b.at = b.at.Add(59 * time.Minute)
	if signed() != first {
		t.Error("signed anew within the hour")
	}
	b.at = b.at.Add(time.Minute)
	second := signed()
	if second == first {
		t.Error("not signed anew after an hour")
	}
	renew()
	if signed() == second {
		t.Error("the old certificate's signature is served after another took over")
	}
}

func TestMetadataHasOurMarkByValue(t *testing.T) {
	m := newBench(t).metadataOf(t)
	all := map[string]*openid4vci.Image{}
	for _, d := range m.Display {
		all["issuer "+d.Locale] = d.Logo
	}
	for id, c := range m.CredentialConfigurationsSupported {
		for _, d := range c.CredentialMetadata.Display {
			all[id+" "+d.Locale] = d.Logo
		}
		if c.Scope == "" {
			t.Errorf("%s has no scope (HAIP 1.0 section 4.1)", id)
		}
		p := c.CredentialMetadata.CredentialReusePolicy
		if p == nil || p.ID != openid4vci.ReuseARF || p.Options[0].BatchSize != 10 || p.Options[0].ReissueTriggerUnused != 2 {
			t.Errorf("%s: %+v", id, p)
		}
	}
	for where, logo := range all {
		text, ok := strings.CutPrefix(logo.URI, "data:image/png;base64,")
		raw, err := base64.StdEncoding.DecodeString(text)
		check(t, err)
		if _, err := png.Decode(bytes.NewReader(raw)); !ok || err != nil || logo.AltText == "" {
			t.Errorf("%s: %+v", where, logo)
		}
	}
}

func TestIssuerInfoStandsInBothForms(t *testing.T) {
	b := newBench(t)
	b.Info = []openid4vci.IssuerInfo{{Format: openid4vci.InfoRegistrarDataset, Data: json.RawMessage(`{"name":"x"}`)}}
	anchors, _ := b.signingMetadata(t)
	m, err := openid4vci.ParseSignedMetadata(b.wellKnown(t, "Accept", "application/jwt").Body.String(), issuerURL, anchors, b.at, openid4vci.Rules{})
	check(t, err)
	for _, info := range [][]openid4vci.IssuerInfo{m.IssuerInfo, b.metadataOf(t).IssuerInfo} {
		if len(info) != 1 || info[0].Format != "registrar_dataset" || string(info[0].Data) != `{"name":"x"}` {
			t.Errorf("%+v", info)
		}
	}
}
