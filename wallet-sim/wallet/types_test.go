package wallet

import (
	"crypto/ecdsa"
	"errors"
	"net/http"
	"testing"
	"time"

	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

const cardType = `{"vct":"no:test:card","display":[{"locale":"nb","name":"Kortet"},{"locale":"en","name":"The card"}],"claims":[
	{"path":["family_name"],"sd":"always","mandatory":true,"display":[{"locale":"nb","label":"Slektsnavn"}]},
	{"path":["given_name"],"sd":"always","display":[{"locale":"nb","label":"Døpenavn"}]}]}`

// bindsType makes the world issue credentials that name type metadata, which it serves.
func (w *world) bindsType(document, served string) {
	w.t.Helper()
	signer, err := sdjwtvc.NewSigner(w.ca.keys[x5c.CredentialIssuer.Name], w.ca.leafs[x5c.CredentialIssuer.Name])
	check(w.t, err)
	integrity := sdjwtvc.Integrity([]byte(document))
	w.issue = func(_ int, holder *ecdsa.PublicKey, _ string) string {
		text, err := signer.Issue(sdjwtvc.Template{
			VCT: "no:test:card", Holder: holder, Issuer: w.server.URL, IssuedAt: now.Add(-time.Hour), Expires: w.at.Add(30 * day),
			Claims: map[string]any{"given_name": sdjwt.SD{Value: "Flat"}, "family_name": sdjwt.SD{Value: "Stjerne"}, "vct#integrity": integrity},
		})
		check(w.t, err)
		return text
	}
	w.handle["/types/no:test:card"] = func(out http.ResponseWriter, r *http.Request) {
		if served == "" {
			http.NotFound(out, r)
			return
		}
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write([]byte(served))
	}
}

// What the type says of its claims beats what the issuer says of them (OpenID4VCI 1.0 section 12.2.4).
func TestTypeMetadataBeatsTheIssuersWords(t *testing.T) {
	w := newWorld(t)
	w.bindsType(cardType, cardType)
	all, err := w.get(sdConfig)
	check(t, err)
	c, err := w.wallet.Store.Get(all[0].ID)
	check(t, err)
	d, err := c.Decode()
	check(t, err)
	if c.Name("nb") != "Kortet" || c.Name("en") != "The card" || len(d.Claims) != 2 || d.Claims[0].Label("nb") != "Slektsnavn" || d.Claims[1].Label("nb") != "Døpenavn" {
		t.Errorf("%s: %+v", c.Name("nb"), d.Claims)
	}
}

func TestWithoutTypeMetadataTheIssuersWordsStand(t *testing.T) {
	w := newWorld(t)
	w.bindsType(cardType, "")
	all, err := w.get(sdConfig)
	check(t, err)
	d, err := all[0].Decode()
	check(t, err)
	if all[0].Name("nb") != "Kort" || d.Claims[0].Label("nb") != "Fornavn" {
		t.Errorf("%s: %+v", all[0].Name("nb"), d.Claims)
	}
}

func TestTypeMetadataThatDoNotHoldRefuseTheCredential(t *testing.T) {
	const strict = `{"vct":"no:test:card","claims":[{"path":["number"],"mandatory":true}]}`
	for name, c := range map[string]struct {
		document, served string
		want             error
	}{
		"another document":        {cardType, cardType + " ", sdjwtvc.ErrIntegrity},
		"not type metadata":       {`[]`, `[]`, sdjwtvc.ErrTypeMetadata},
		"a mandatory claim lacks": {strict, strict, sdjwtvc.ErrTypeClaims},
	} {
		w := newWorld(t)
		w.bindsType(c.document, c.served)
		if _, err := w.get(sdConfig); !errors.Is(err, c.want) || !errors.Is(err, ErrCredential) || w.stored() != 0 {
			t.Errorf("%s: %v, %d stored", name, err, w.stored())
		}
	}
}

func TestCopiesNameOneType(t *testing.T) {
	w := newWorld(t)
	w.bindsType(cardType, cardType)
	first := w.issue
	w.issue = func(n int, holder *ecdsa.PublicKey, format string) string {
		if n == 0 {
			return first(n, holder, format)
		}
		return w.signed(w.ca, holder, format, "no:test:card", "", w.at.Add(30*day))
	}
	if _, err := w.get(sdConfig); !errors.Is(err, sdjwtvc.ErrIntegrity) {
		t.Errorf("got %v", err)
	}
}
