package wallet

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/x5c"
)

// signsMetadata makes the world serve signed metadata, by an authority.
func (w *world) signsMetadata(a *authority, bend func(*openid4vci.IssuerMetadata)) {
	w.t.Helper()
	name := x5c.AccessCertificate.Name
	signer, err := openid4vci.NewMetadataSigner(a.keys[name], a.leafs[name])
	check(w.t, err)
	w.handle["/.well-known/openid-credential-issuer"] = func(out http.ResponseWriter, r *http.Request) {
		if accept := r.Header.Get("Accept"); accept != "application/jwt, application/json;q=0.9" {
			w.t.Errorf("Accept %q", accept)
		}
		m := w.metadata()
		bend(m)
		jwt, err := openid4vci.SignMetadata(signer, m, w.at, time.Hour)
		check(w.t, err)
		out.Header().Set("Content-Type", "application/jwt")
		_, _ = out.Write([]byte(jwt))
	}
}

func TestSignedMetadata(t *testing.T) {
	nothing := func(*openid4vci.IssuerMetadata) {}
	trusted := func(w *world) *authority {
		a := newAuthority(t, x5c.AccessCertificate, x5c.CredentialIssuer, x5c.DocumentSigner)
		w.ca = a
		w.anchor("issuers", a)
		return a
	}
	t.Run("of a trusted issuer", func(t *testing.T) {
		w := newWorld(t)
		w.signsMetadata(trusted(w), nothing)
		if _, err := w.get(sdConfig); err != nil || w.stored() != 1 {
			t.Errorf("%v, %d stored", err, w.stored())
		}
	})
	t.Run("of a stranger", func(t *testing.T) {
		w := newWorld(t)
		w.signsMetadata(newAuthority(t, x5c.AccessCertificate), nothing)
		if err := w.begin(sdConfig); !errors.Is(err, openid4vci.ErrUntrusted) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("of another issuer", func(t *testing.T) {
		w := newWorld(t)
		w.signsMetadata(trusted(w), func(m *openid4vci.IssuerMetadata) { m.CredentialIssuer = "https://other.example" })
		if err := w.begin(sdConfig); !errors.Is(err, openid4vci.ErrSignedMetadata) {
			t.Errorf("got %v", err)
		}
	})
}
