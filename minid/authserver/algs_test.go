package authserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lommebok.example/minid/authserver"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/x5c"
)

var curves = map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}

func keyOn(t testing.TB, alg string) *ecdsa.PrivateKey {
	t.Helper()
	curve, ok := curves[alg]
	if !ok {
		t.Fatalf("no curve for %s", alg)
	}
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signsBy makes the provider sign by another algorithm.
func (m *maker) signsBy(alg string) {
	m.t.Helper()
	begin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	m.key = keyOn(m.t, alg)
	subject := x5c.Subject{Country: "NO", CommonName: "Signer", URI: "https://provider.example"}
	leaf, err := x5c.Issue(x5c.WalletProvider, m.root, m.rootKey, m.key.Public(), subject, begin, 400*24*time.Hour)
	if err != nil {
		m.t.Fatal(err)
	}
	m.chain = []*x509.Certificate{leaf}
}

func (w *world) metadata() (m oauth2.ServerMetadata) {
	w.t.Helper()
	rec := w.do(httptest.NewRequest(http.MethodGet, "/.well-known/oauth-authorization-server", nil))
	if err := json.Unmarshal(rec.Body.Bytes(), &m); err != nil {
		w.t.Fatal(err)
	}
	return m
}

// Each algorithm that the metadata name for wallet attestations and their proofs is taken, in each pair (ABCA section 8; EUDI TS3
// section 2.6 wants all three).
func TestEachAlgorithmOfAttestationsIsTaken(t *testing.T) {
	w, m := attesting(t, openSQLite(t))
	named := w.metadata()
	if len(named.ClientAttestationSigningAlgValuesSupported) != 3 || len(named.ClientAttestationPoPSigningAlgValues) != 3 {
		t.Fatalf("%v, %v", named.ClientAttestationSigningAlgValuesSupported, named.ClientAttestationPoPSigningAlgValues)
	}
	for _, statement := range named.ClientAttestationSigningAlgValuesSupported {
		for _, pop := range named.ClientAttestationPoPSigningAlgValues {
			t.Run(statement+", proof "+pop, func(t *testing.T) {
				m.signsBy(statement)
				u := w.unit(m)
				u.instance = keyOn(t, pop)
				u.key, u.says.Key = u.instance, &u.instance.PublicKey
				if rec := u.do(u.par()); rec.Code != http.StatusCreated {
					t.Errorf("%d %s", rec.Code, rec.Body)
				}
			})
		}
	}
}

// A credential that is asked for by scope and by authorization_details is authorized once, by the latter (OpenID4VCI section 5.1.2).
func TestAuthorizationDetailsWinOverScope(t *testing.T) {
	w := newWorld(t).wallet()
	token := w.token("scope", "student pid", "authorization_details", `[{"type":"openid_credential","credential_configuration_id":"student_sdjwt"}]`)
	of := map[string]int{}
	for _, d := range token.AuthorizationDetails {
		of[d.CredentialConfigurationID] += len(d.CredentialIdentifiers)
	}
	a := accessOf(t, w.use(token.AccessToken))
	if of["student_sdjwt"] != 1 || len(token.AuthorizationDetails) != len(a.Authorized) {
		t.Errorf("token %+v, access %+v", token, a)
	}
}

// Each method, grant, response type and scope that the metadata name is served, and its neighbours are not.
func TestWhatTheMetadataNameIsServed(t *testing.T) {
	w := newWorld(t, offering).wallet()
	m := w.metadata()
	refusals := map[string]string{}
	for _, grant := range append([]string{"password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, m.GrantTypesSupported...) {
		form := tokenForm("unknown", "grant_type", grant, "pre-authorized_code", "unknown", "refresh_token", "unknown")
		rec := w.do(post("/token", form, "DPoP", w.proof("POST", "/token", "")))
		var e authserver.AccessError
		if err := json.Unmarshal(rec.Body.Bytes(), &struct{ Error *string }{&e.Code}); err != nil {
			t.Fatal(err)
		}
		refusals[grant] = e.Code
	}
	for _, grant := range m.GrantTypesSupported {
		if refusals[grant] != "invalid_grant" {
			t.Errorf("%s: %s", grant, refusals[grant])
		}
		delete(refusals, grant)
	}
	if len(m.GrantTypesSupported) != 3 || len(refusals) != 4 {
		t.Errorf("grants %v, others %v", m.GrantTypesSupported, refusals)
	}
	for grant, code := range refusals {
		if code != "unsupported_grant_type" {
			t.Errorf("%s: %s", grant, code)
		}
	}
	for parameter, values := range map[string][]string{
		"scope": m.ScopesSupported, "response_type": m.ResponseTypesSupported, "response_mode": m.ResponseModesSupported,
		"code_challenge_method": m.CodeChallengeMethodsSupported,
	} {
		if len(values) == 0 {
			t.Errorf("no %s is named", parameter)
		}
		for _, value := range values {
			if rec := w.do(post("/par", parForm(parameter, value))); rec.Code != http.StatusCreated {
				t.Errorf("%s %s: %d %s", parameter, value, rec.Code, rec.Body)
			}
		}
	}
}
