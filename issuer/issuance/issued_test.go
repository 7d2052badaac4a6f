package issuance_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/signing"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

// batch asks for n copies and gives them with their holder keys.
func (b *bench) batch(t testing.TB, configuration string, n int) ([]string, []*ecdsa.PrivateKey) {
	t.Helper()
	text, keys := b.asking(t, configuration, n)
	return b.credentials(t, b.post(text), n), keys
}

// asking is a request as a wallet makes it, with a key attestation where the type demands one.
func (b *bench) asking(t testing.TB, configuration string, n int) (string, []*ecdsa.PrivateKey) {
	t.Helper()
	keys, proofs, nonce := make([]*ecdsa.PrivateKey, n), make([]string, n), b.Nonces.New()
	for i := range keys {
		keys[i] = newKey(t)
		var err error
		proofs[i], err = openid4vci.SignProof(keys[i], issuerURL, nonce, "wallet", b.at)
		check(t, err)
	}
	if typ, ok := b.Types.ByID(configuration); ok && typ.KeyAttestation != nil {
		proofs = []string{b.attestedProof(t, keys[0], b.keysOf(keys...), nonce)}
	}
	return body(configuration, proofs...), keys
}

func (b *bench) sdjwt(t testing.TB, text string, key *ecdsa.PrivateKey) (*sdjwtvc.Credential, map[string]any) {
	t.Helper()
	c, err := sdjwtvc.ParseIssued(text)
	check(t, err)
	check(t, c.VerifySignature())
	_, err = b.anchors.Verify(c.Chain(), x5c.CredentialIssuer, b.at)
	check(t, err)
	check(t, c.VerifyValidity(b.at))
	claims, err := c.Claims()
	check(t, err)
	holder, err := c.HolderKey()
	check(t, err)
	if !holder.Equal(&key.PublicKey) {
		t.Error("cnf is not the holder's key")
	}
	return c, claims
}

func (b *bench) mdoc(t testing.TB, text string, key *ecdsa.PrivateKey) *mdoc.IssuerSigned {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	check(t, err)
	m, err := mdoc.ParseIssuerSigned(raw)
	check(t, err)
	check(t, m.VerifySignature())
	check(t, m.VerifyDigests())
	check(t, m.VerifyValidity(b.at))
	_, err = b.anchors.Verify(m.Chain(), x5c.DocumentSigner, b.at)
	check(t, err)
	holder, err := m.DeviceKey()
	check(t, err)
	if !holder.Equal(&key.PublicKey) {
		t.Error("deviceKey is not the holder's key")
	}
	return m
}

func TestPIDAsSDJWTVC(t *testing.T) {
	b := newBench(t)
	texts, keys := b.batch(t, "pid_sd_jwt_vc", 1)
	c, claims := b.sdjwt(t, texts[0], keys[0])
	if c.VCT() != "urn:eudi:pid:1" {
		t.Errorf("vct %s", c.VCT())
	}
	if claims["iss"] != issuerURL {
		t.Errorf("iss %v", claims["iss"])
	}
	shown, err := c.Select([][]any{{"place_of_birth", "country"}})
	check(t, err)
	part, err := sdjwtvc.ParseIssued(shown.String())
	check(t, err)
	check(t, part.VerifySignature())
	claims, err = part.Claims()
	check(t, err)
	if !reflect.DeepEqual(claims["place_of_birth"], map[string]any{"country": "NO"}) || claims["given_name"] != nil {
		t.Errorf("shows %v", claims)
	}
}

func TestPIDAsMDoc(t *testing.T) {
	b := newBench(t)
	texts, keys := b.batch(t, "pid_mso_mdoc", 1)
	m := b.mdoc(t, texts[0], keys[0])
	if m.DocType() != "eu.europa.ec.eudi.pid.1" {
		t.Errorf("docType %s", m.DocType())
	}
}

func TestStudentCredentialNamesTheSchoolAndNotThePerson(t *testing.T) {
	b := newBench(t)
	b.Accounts = account(stjerne)
	b.access.PID = stjerne
	texts, keys := b.batch(t, "no.sikt.elevbevis_sd_jwt_vc", 1)
	_, claims := b.sdjwt(t, texts[0], keys[0])
	if claims["school_name"] != "Granskaret videregående skole" || claims["role"] != "elev" {
		t.Errorf("%v", claims)
	}
	for name, value := range claims {
		if text, ok := value.(string); ok && (strings.Contains(text, stjerne) || strings.Contains(text, "Stjerne")) {
			t.Errorf("%s names the person", name)
		}
	}
}

// account is everybody's, and in order.
type account string

func (a account) Standing(context.Context, string) (minid.State, string, error) {
	return minid.StateNormal, string(a), nil
}

func TestProofOfAge(t *testing.T) {
	b := newBench(t)
	b.access.Authorized = []authserver.Authorized{{ConfigurationID: "proof_of_age", Identifiers: []string{"mine"}}}
	key := newKey(t)
	proof, err := openid4vci.SignProof(key, issuerURL, b.Nonces.New(), "wallet", b.at)
	check(t, err)
	raw, err := json.Marshal(map[string]any{"credential_identifier": "mine", "proofs": map[string]any{"jwt": []string{proof}}})
	check(t, err)
	m := b.mdoc(t, b.credentials(t, b.post(string(raw)), 1)[0], key)
	want := map[string]any{"age_over_15": true, "age_over_18": true}
	if got := m.Claims()["eu.europa.ec.av.1"]; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// What two copies have in common must be what a crowd has in common (OpenID4VCI 1.0 section 15.4.1).
func TestCopiesOfABatchDoNotLink(t *testing.T) {
	b := newBench(t)
	texts, keys := b.batch(t, mpid, 10)
	midnight := time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)
	salts, indices := map[string]bool{}, map[uint64]bool{}
	for i, text := range texts {
		c, claims := b.sdjwt(t, text, keys[i])
		for name, want := range map[string]time.Time{"iat": midnight, "nbf": midnight, "exp": midnight.Add(30 * 24 * time.Hour)} {
			if n, ok := claims[name].(json.Number); !ok || n.String() != json.Number(itoa(want.Unix())).String() {
				t.Errorf("%s is %v", name, claims[name])
			}
		}
		ref := c.Status()
		if ref == nil || indices[ref.Index] || !strings.HasPrefix(ref.URI, issuerURL+"/statuslists/") {
			t.Fatalf("status %v", ref)
		}
		indices[ref.Index] = true
		for _, d := range c.SDJWT().Disclosures {
			if salts[d.Salt] {
				t.Error("a salt is there twice")
			}
			salts[d.Salt] = true
		}
	}
	texts, keys = b.batch(t, "pid_mso_mdoc", 10)
	for i, text := range texts {
		m := b.mdoc(t, text, keys[i])
		if ref := m.Status(); ref == nil || indices[ref.Index] {
			t.Errorf("status %v", ref)
		}
		if !m.ValidFrom().Equal(midnight) || !m.ValidUntil().Equal(midnight.Add(14*24*time.Hour)) {
			t.Errorf("valid %s to %s", m.ValidFrom(), m.ValidUntil())
		}
	}
	if r := b.rows(t); r.Issuances != 2 || r.Entries != 20 || r.Allocated != 20 {
		t.Errorf("%+v", r)
	}
}

func mounted(t testing.TB, b *bench) http.Handler {
	t.Helper()
	r := gin.New()
	check(t, b.Mount(r))
	return r
}

func itoa(n int64) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}

func TestIssuanceIsRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		b.batch(t, mpid, 3)
		var got struct {
			PersonID, ClientID, ConfigurationID, Level, State string
			Copies                                            int
			ExpiresAt                                         int64
		}
		check(t, db.R.Raw("SELECT * FROM issuer_issuances").Scan(&got).Error)
		if got.PersonID != "anna" || got.ClientID != "wallet" || got.ConfigurationID != mpid || got.Level != "high" ||
			got.State != "issued" || got.Copies != 3 || got.ExpiresAt != time.Date(2026, 12, 23, 0, 0, 0, 0, time.UTC).Unix() {
			t.Errorf("%+v", got)
		}
		if !strings.Contains(b.log.String(), `"msg":"issued"`) || strings.Contains(b.log.String(), karies) {
			t.Errorf("log:\n%s", b.log)
		}
	})
}

// A certificate that ends before the credential: nothing is signed, nothing is left behind, and the nonce is good once more
// when the certificate is.
func TestWhatFailsTheLintLeavesNothingBehind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for _, configuration := range []string{mpid, "pid_mso_mdoc"} {
			b := newBenchOn(t, db)
			b.batch(t, configuration, 1)
			text, _ := b.asking(t, configuration, 2)
			before, good := b.rows(t), b.Signers
			ends := b.config
			ends.Until = b.at.Add(10 * 24 * time.Hour)
			b.Signers = unchanging(signing.New(ends))
			rec := b.post(text)
			if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" || strings.Contains(rec.Body.String(), "certificate") || strings.Contains(rec.Body.String(), `"credential"`) {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
			if after := b.rows(t); after != before || b.events["lint_error "+configuration] != 1 {
				t.Errorf("rows were %+v and are %+v, counted %v", before, after, b.events)
			}
			if !strings.Contains(b.log.String(), "outlives the signer's certificate") {
				t.Errorf("log:\n%s", b.log)
			}
			b.Signers = good
			b.credentials(t, b.post(text), 2)
		}
	})
}

func TestMetadata(t *testing.T) {
	b := newBench(t)
	rec := b.do(httptest.NewRequest(http.MethodGet, "/.well-known/openid-credential-issuer", nil))
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s", rec.Code, rec.Header().Get("Content-Type"))
	}
	m, err := openid4vci.ParseIssuerMetadata(rec.Body.Bytes(), issuerURL, openid4vci.Rules{})
	check(t, err)
	if m.CredentialEndpoint != issuerURL+"/credential" || m.NonceEndpoint != issuerURL+"/nonce" || m.BatchCredentialIssuance.BatchSize != 10 {
		t.Errorf("%+v", m)
	}
	if n := len(m.CredentialConfigurationsSupported); n != len(b.Types.All()) {
		t.Errorf("%d configurations", n)
	}
	c := m.CredentialConfigurationsSupported["pid_mso_mdoc"]
	if c.DocType != "eu.europa.ec.eudi.pid.1" || c.Scope != "eudiw:no:pid:mdoc" || !reflect.DeepEqual(c.CryptographicBindingMethodsSupported, []string{"cose_key"}) ||
		!reflect.DeepEqual(c.CredentialSigningAlgValuesSupported.COSE, []int64{-7}) {
		t.Errorf("%+v", c)
	}
	if strings.Contains(rec.Body.String(), "authorization_servers") {
		t.Error("authorization_servers is there, and the issuer is its own")
	}
}

func TestMetadataStandsBetweenHostAndPath(t *testing.T) {
	b := newBench(t)
	b.Issuer = "https://issuer.example/tenant"
	b.handler = mounted(t, b)
	if rec := b.do(httptest.NewRequest(http.MethodGet, "/.well-known/openid-credential-issuer/tenant", nil)); rec.Code != http.StatusOK {
		t.Errorf("status %d", rec.Code)
	}
}

func TestNonceEndpoint(t *testing.T) {
	b := newBench(t)
	seen := map[string]bool{}
	for range 100 {
		rec := b.do(httptest.NewRequest(http.MethodPost, "/nonce", nil))
		if rec.Code != http.StatusOK || rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("DPoP-Nonce") != "next" {
			t.Fatalf("%d %v", rec.Code, rec.Header())
		}
		n, err := openid4vci.ParseNonceResponse(rec.Body.Bytes())
		check(t, err)
		if _, ours := b.Nonces.Use(n.CNonce); seen[n.CNonce] || !ours {
			t.Fatal("a nonce twice, or not valid")
		}
		seen[n.CNonce] = true
	}
	if rec := b.do(httptest.NewRequest(http.MethodGet, "/nonce", nil)); rec.Code == http.StatusOK {
		t.Error("GET gives a nonce")
	}
}
