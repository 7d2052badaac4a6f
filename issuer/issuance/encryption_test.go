package issuance_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lommebok.example/issuer/issuance"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
)

// metadata reads what the issuer tells of itself.
func (b *bench) metadata(t testing.TB) *openid4vci.IssuerMetadata {
	t.Helper()
	rec := b.do(httptest.NewRequest(http.MethodGet, "/.well-known/openid-credential-issuer", nil))
	m, err := openid4vci.ParseIssuerMetadata(rec.Body.Bytes(), issuerURL, openid4vci.Rules{})
	check(t, err)
	return m
}

// encrypting makes the issuer use these keys.
func (b *bench) encrypting(t testing.TB, required bool, keys ...*ecdsa.PrivateKey) {
	t.Helper()
	b.Encryption = issuance.NewEncryption(keys, required)
	b.handler = mounted(t, b)
}

func (b *bench) postJWT(compact string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/credential", strings.NewReader(compact))
	r.Header.Set("Content-Type", "application/jwt")
	return b.do(r)
}

// sealed is a good request, encrypted, that asks for a response for the key; nil asks for a plain one.
func (b *bench) sealed(t testing.TB, m *openid4vci.IssuerMetadata, own *ecdsa.PrivateKey) (string, *openid4vci.ResponseEncryptionKey) {
	t.Helper()
	request := openid4vci.CredentialRequest{CredentialConfigurationID: mpid, Proofs: &openid4vci.Proofs{Type: "jwt", JWTs: b.proofs(t, 3)}}
	if own != nil {
		var err error
		request.ResponseEncryption, err = m.CredentialResponseEncryption.Asks(&own.PublicKey)
		check(t, err)
	}
	compact, err := request.Encrypt(m.CredentialRequestEncryption)
	check(t, err)
	return compact, request.ResponseEncryption
}

func TestSection10MetadataNameTheKey(t *testing.T) {
	b := newBench(t)
	current, older := newKey(t), newKey(t)
	b.encrypting(t, true, current, older)
	m := b.metadata(t)
	keys := m.CredentialRequestEncryption.JWKS.Keys
	want := jose.PublicJWK(&current.PublicKey)
	want.Kid, want.Alg, want.Use = jose.Thumbprint(&current.PublicKey), "ECDH-ES", "enc"
	if len(keys) != 1 || keys[0] != want || !m.CredentialRequestEncryption.EncryptionRequired || !m.CredentialResponseEncryption.EncryptionRequired {
		t.Errorf("%+v, %+v", m.CredentialRequestEncryption, m.CredentialResponseEncryption)
	}
}

func TestSection10EncryptedBothWays(t *testing.T) {
	for _, required := range []bool{false, true} {
		b := newBench(t)
		b.encrypting(t, required, newKey(t))
		own := newKey(t)
		compact, asked := b.sealed(t, b.metadata(t), own)
		rec := b.postJWT(compact)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/jwt" || rec.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v %s", rec.Code, rec.Header(), rec.Body)
		}
		raw, err := openid4vci.OpenCredentialResponse(rec.Body.String(), asked, own)
		check(t, err)
		answer, err := openid4vci.ParseCredentialResponse(rec.Code, raw, 3)
		check(t, err)
		if len(answer.Credentials) != 3 || answer.NotificationID == "" {
			t.Errorf("%+v", answer)
		}
	}
}

func TestSection10AnEncryptedRequestMayGetAPlainResponse(t *testing.T) {
	b := newBench(t)
	compact, _ := b.sealed(t, b.metadata(t), nil)
	b.credentials(t, b.postJWT(compact), 3)
}

// A wallet has read the metadata before the key was replaced.
func TestSection10SeveralKeysAreLive(t *testing.T) {
	b := newBench(t)
	older, current := newKey(t), newKey(t)
	b.encrypting(t, false, older)
	compact, _ := b.sealed(t, b.metadata(t), nil)
	b.encrypting(t, false, current)
	before := b.rows(t)
	b.refused(t, b.postJWT(compact), before, 400, openid4vci.InvalidEncryptionParameters)
	b.encrypting(t, false, current, older)
	b.credentials(t, b.postJWT(compact), 3)
}

// Section 8.3.1.2, C15: each way in which encryption can be wrong; refusals are plain, and nothing is issued.
func TestSection8312EncryptionParameters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		own := newKey(t)
		sealedAs := func(text string) func(t *testing.T, b *bench) *httptest.ResponseRecorder {
			return func(t *testing.T, b *bench) *httptest.ResponseRecorder {
				key := b.metadata(t).CredentialRequestEncryption.JWKS.Keys[0]
				compact, err := jose.EncryptDeflated([]byte(text), key, jose.A256GCM)
				check(t, err)
				return b.postJWT(compact)
			}
		}
		jwk := jose.PublicJWK(&own.PublicKey)
		raw, err := json.Marshal(jwk)
		check(t, err)
		for _, tt := range []struct {
			name     string
			required bool
			post     func(t *testing.T, b *bench) *httptest.ResponseRecorder
		}{
			{"plain where encryption is required", true, func(t *testing.T, b *bench) *httptest.ResponseRecorder {
				return b.post(body(mpid, b.proofs(t, 1)...))
			}},
			{"no response key where encryption is required", true, func(t *testing.T, b *bench) *httptest.ResponseRecorder {
				compact, _ := b.sealed(t, b.metadata(t), nil)
				return b.postJWT(compact)
			}},
			{"another issuer's key", false, func(t *testing.T, b *bench) *httptest.ResponseRecorder {
				m := b.metadata(t)
				b.encrypting(t, false, newKey(t))
				compact, _ := b.sealed(t, m, own)
				return b.postJWT(compact)
			}},
			{"response key without alg", false, sealedAs(`{"credential_configuration_id":"` + mpid + `","credential_response_encryption":{"enc":"A256GCM","jwk":` + string(raw) + `}}`)},
			{"bomb", false, sealedAs(`{"x":"` + strings.Repeat("a", 16<<20) + `"}`)},
		} {
			t.Run(tt.name, func(t *testing.T) {
				b := newBenchOn(t, db)
				b.encrypting(t, tt.required, newKey(t))
				before := b.rows(t)
				rec := tt.post(t, b)
				b.refused(t, rec, before, 400, openid4vci.InvalidEncryptionParameters)
				if media := rec.Header().Get("Content-Type"); !strings.HasPrefix(media, "application/json") {
					t.Errorf("Content-Type %s", media)
				}
			})
		}
	})
}

// A refusal of an encrypted request is readable, and the nonce can be used again.
func TestSection10RefusalsAreNeverEncrypted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		m := b.metadata(t)
		b.access.Scopes = nil
		compact, asked := b.sealed(t, m, newKey(t))
		if asked == nil {
			t.Fatal("nothing was asked")
		}
		before := b.rows(t)
		b.refused(t, b.postJWT(compact), before, 403, "insufficient_scope")
	})
}
