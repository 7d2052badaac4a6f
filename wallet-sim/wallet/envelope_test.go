package wallet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

// encrypts makes the issuer offer encryption both ways.
func (w *world) encrypts(required bool) {
	w.opens = testKey(w.t)
	key := jose.PublicJWK(&w.opens.PublicKey)
	key.Kid, key.Alg = "opens", "ECDH-ES"
	w.bendMetadata = func(m *openid4vci.IssuerMetadata) {
		m.CredentialRequestEncryption = &openid4vci.RequestEncryption{
			JWKS: jose.JWKS{Keys: []jose.JWK{key}}, EncValuesSupported: []string{"A128GCM"}, ZipValuesSupported: []string{"DEF"}, EncryptionRequired: required,
		}
		m.CredentialResponseEncryption = &openid4vci.ResponseEncryption{
			AlgValuesSupported: []string{"ECDH-ES"}, EncValuesSupported: []string{"A256GCM"}, EncryptionRequired: required,
		}
	}
}

// watched gives the media type and the body of the credential request.
func (w *world) watched() (media, body *string) {
	media, body = new(string), new(string)
	w.handle["/credential"] = func(out http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		check(w.t, err)
		*media, *body = r.Header.Get("Content-Type"), string(raw)
		r.Body = io.NopCloser(strings.NewReader(*body))
		w.credential(out, r)
	}
	return media, body
}

func TestSection10EncryptedWhenTheIssuerCan(t *testing.T) {
	w := newWorld(t)
	w.encrypts(false)
	media, body := w.watched()
	got, err := w.get(sdConfig)
	check(t, err)
	_, zipped := jose.PeekJWE(*body) // which takes no zip; this issuer does
	if *media != "application/jwt" || !errors.Is(zipped, jose.ErrHeader) || !got[0].Encrypted {
		t.Errorf("%s, %v, %+v", *media, zipped, got[0])
	}
}

func TestSection10PlainWhereTheIssuerOffersNothing(t *testing.T) {
	w := newWorld(t)
	media, _ := w.watched()
	got, err := w.get(sdConfig)
	check(t, err)
	if *media != "application/json" || got[0].Encrypted {
		t.Error(*media)
	}
}

func TestSection10APlainResponseWhereAnEncryptedOneWasAskedFor(t *testing.T) {
	w := newWorld(t)
	w.encrypts(false)
	w.leaks = true
	if _, err := w.get(sdConfig); !errors.Is(err, fetch.ErrContentType) || w.stored() != 0 {
		t.Errorf("%v, %d stored", err, w.stored())
	}
}

func TestSection10ARefusalIsReadInPlain(t *testing.T) {
	w := newWorld(t)
	w.encrypts(false)
	w.handle["/credential"] = func(out http.ResponseWriter, _ *http.Request) {
		writeJSON(out, 400, oauth2.Error{Code: openid4vci.CredentialRequestDenied, Description: "no"})
	}
	_, err := w.get(sdConfig)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Code != openid4vci.CredentialRequestDenied {
		t.Error(err)
	}
}

func TestSection10AnIssuerThatDemandsWhatWeCannot(t *testing.T) {
	for name, bend := range map[string]func(m *openid4vci.IssuerMetadata){
		"enc of the request": func(m *openid4vci.IssuerMetadata) {
			m.CredentialRequestEncryption.EncValuesSupported = []string{"A128CBC-HS256"}
		},
		"alg of the key": func(m *openid4vci.IssuerMetadata) { m.CredentialRequestEncryption.JWKS.Keys[0].Alg = "ECDH-ES+A256KW" },
		"alg of the response": func(m *openid4vci.IssuerMetadata) {
			m.CredentialResponseEncryption.AlgValuesSupported = []string{"RSA-OAEP-256"}
		},
		"enc of the response": func(m *openid4vci.IssuerMetadata) {
			m.CredentialResponseEncryption.EncValuesSupported = []string{"A192GCM"}
		},
	} {
		for _, required := range []bool{true, false} {
			w := newWorld(t)
			w.encrypts(required)
			offer := w.bendMetadata
			w.bendMetadata = func(m *openid4vci.IssuerMetadata) { offer(m); bend(m) }
			if _, err := w.get(sdConfig); errors.Is(err, ErrUnsupported) != required || !required && err != nil {
				t.Errorf("%s, required %t: %v", name, required, err)
			}
		}
	}
}

func TestSection10AResponseForAnotherKey(t *testing.T) {
	w := newWorld(t)
	w.encrypts(false)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	w.handle["/credential"] = func(out http.ResponseWriter, _ *http.Request) {
		to := jose.PublicJWK(&other.PublicKey)
		compact, err := jose.Encrypt([]byte(`{"credentials":[{"credential":"x"}]}`), to, jose.A256GCM)
		check(t, err)
		out.Header().Set("Content-Type", "application/jwt")
		_, _ = io.WriteString(out, compact)
	}
	if _, err := w.get(sdConfig); !errors.Is(err, openid4vci.ErrResponse) {
		t.Error(err)
	}
}
