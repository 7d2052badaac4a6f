package issuance_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
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
	check(t, err)
	return key
}

// signsBy makes the wallet provider sign by another algorithm.
func (b *bench) signsBy(t testing.TB, alg string) {
	t.Helper()
	rootKey := newKey(t)
	subject := x5c.Subject{Country: "NO", CommonName: "Provider", URI: "https://provider.example"}
	begin := b.at.Add(-48 * time.Hour)
	var err error
	b.makers.key = keyOn(t, alg)
	b.makers.root, err = x5c.NewRoot(rootKey, subject, begin, 3*365*24*time.Hour)
	check(t, err)
	subject.CommonName = "Provider signer"
	leaf, err := x5c.Issue(x5c.WalletProvider, b.makers.root, rootKey, b.makers.key.Public(), subject, begin, 365*24*time.Hour)
	check(t, err)
	b.makers.chain = []*x509.Certificate{leaf}
}

// Each algorithm that the metadata name for a configuration is taken, of key proofs and of key attestations (OpenID4VCI section
// 12.2.4, F.4; EUDI TS3 section 2.6), and the key stands in the credential.
func TestEachAlgorithmOfProofsIsTaken(t *testing.T) {
	b := newBench(t)
	b.access.Scopes = append(b.access.Scopes, "eudiw:no:aldersbevis")
	for id, c := range b.metadata(t).CredentialConfigurationsSupported {
		if !strings.HasPrefix(id, "pid_") && id != mpid && id != "proof_of_age" {
			continue
		}
		for typ, named := range c.ProofTypesSupported {
			if len(named.ProofSigningAlgValuesSupported) == 0 {
				t.Errorf("%s: no algorithm of %s", id, typ)
			}
			for _, alg := range named.ProofSigningAlgValuesSupported {
				t.Run(fmt.Sprintf("%s, %s %s", id, typ, alg), func(t *testing.T) {
					b.signsBy(t, alg)
					key := keyOn(t, alg)
					k := b.keysOf(key)
					k.Nonce = b.Nonces.New()
					text := byAttestation(id, b.signed(t, k, b.makers))
					if typ == openid4vci.ProofTypeJWT && named.KeyAttestationsRequired != nil {
						text = body(id, b.attestedProof(t, key, k, b.Nonces.New()))
					} else if typ == openid4vci.ProofTypeJWT {
						proof, err := openid4vci.SignProof(key, issuerURL, b.Nonces.New(), "wallet", b.at)
						check(t, err)
						text = body(id, proof)
					}
					issued := b.credentials(t, b.post(text), 1)[0]
					if c.Format == openid4vci.FormatSDJWTVC {
						b.sdjwt(t, issued, key)
					} else {
						b.mdoc(t, issued, key)
					}
				})
			}
		}
	}
}

// Each enc and each zip that the metadata name works both ways, in each pair (section 10); the answer 202 is encrypted as well.
func TestSection10EachEncAndZipThatIsNamed(t *testing.T) {
	b := newBench(t)
	m := b.metadata(t)
	in, out := m.CredentialRequestEncryption, m.CredentialResponseEncryption
	if len(in.EncValuesSupported) != 2 || len(out.EncValuesSupported) != 2 || len(in.ZipValuesSupported) != 1 || len(out.ZipValuesSupported) != 1 {
		t.Fatalf("%+v, %+v", in, out)
	}
	for _, encIn := range in.EncValuesSupported {
		for _, encOut := range out.EncValuesSupported {
			for _, zip := range append([]string{""}, out.ZipValuesSupported...) {
				t.Run(encIn+" "+encOut+" "+zip, func(t *testing.T) {
					of, back := *in, *out
					of.EncValuesSupported, back.EncValuesSupported, of.ZipValuesSupported, back.ZipValuesSupported = []string{encIn}, []string{encOut}, nil, nil
					if zip != "" {
						of.ZipValuesSupported, back.ZipValuesSupported = []string{zip}, []string{zip}
					}
					for id, status := range map[string]int{mpid: http.StatusOK, diploma: http.StatusAccepted} {
						own := newKey(t)
						asked, err := back.Asks(&own.PublicKey)
						check(t, err)
						request := openid4vci.CredentialRequest{
							CredentialConfigurationID: id, Proofs: &openid4vci.Proofs{Type: "jwt", JWTs: b.proofs(t, 1)}, ResponseEncryption: asked,
						}
						compact, err := request.Encrypt(&of)
						check(t, err)
						rec := b.postJWT(compact)
						wantHeader(t, rec.Body.String(), asked)
						raw, err := openid4vci.OpenCredentialResponse(rec.Body.String(), asked, own)
						check(t, err)
						if _, err := openid4vci.ParseCredentialResponse(rec.Code, raw, 1); err != nil || rec.Code != status || rec.Header().Get("Content-Type") != "application/jwt" {
							t.Errorf("%s: %d %v, %v", id, rec.Code, rec.Header(), err)
						}
					}
				})
			}
		}
	}
}

// wantHeader fails unless the response is encrypted as it was asked for: alg of the key, its kid, enc, and zip where it was given.
func wantHeader(t *testing.T, compact string, asked *openid4vci.ResponseEncryptionKey) {
	t.Helper()
	raw, err := jose.DecodeBase64URL(compact[:max(strings.Index(compact, "."), 0)])
	check(t, err)
	var h struct{ Alg, Enc, Kid, Zip string }
	check(t, json.Unmarshal(raw, &h))
	if h.Alg != asked.JWK.Alg || h.Kid != asked.JWK.Kid || h.Enc != asked.Enc || h.Zip != asked.Zip {
		t.Errorf("header %s, asked %+v", raw, asked)
	}
}

// What was issued is not kept: neither the credential nor its signature, its salts or the holder's key stand in any table (OpenID4VCI
// sections 15.3, 15.4.1).
func TestNothingOfWhatWasIssuedIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		text, keys := b.asking(t, mpid, 2)
		texts := b.credentials(t, b.post(text), 2)
		all := everything(t, db)
		if !strings.Contains(all, mpid) {
			t.Fatal("what was issued is not found, so that nothing else would be")
		}
		for i, issued := range texts {
			c, _ := b.sdjwt(t, issued, keys[i])
			parts := strings.Split(strings.SplitN(issued, "~", 2)[0], ".")
			secrets := map[string]string{
				"payload": parts[1], "signature": parts[2], "holder's key": jose.PublicJWK(&keys[i].PublicKey).X, "thumbprint": jose.Thumbprint(&keys[i].PublicKey),
			}
			for _, d := range c.SDJWT().Disclosures {
				secrets["salt of "+d.Name] = d.Salt
			}
			for what, secret := range secrets {
				raw, err := jose.DecodeBase64URL(secret)
				if strings.Contains(all, secret) || err == nil && strings.Contains(all, string(raw)) {
					t.Errorf("the %s is kept", what)
				}
			}
		}
	})
}

// everything is what all tables hold.
func everything(t testing.TB, db *database.DB) string {
	t.Helper()
	list := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if db.Dialect == database.Postgres {
		list = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
	}
	var tables []string
	check(t, db.R.Raw(list).Scan(&tables).Error)
	var b strings.Builder
	for _, table := range tables {
		var rows []map[string]any
		check(t, db.R.Raw("SELECT * FROM "+table).Scan(&rows).Error)
		for _, row := range rows {
			for _, value := range row {
				if raw, ok := value.([]byte); ok {
					value = string(raw)
				}
				fmt.Fprintln(&b, value)
			}
		}
	}
	return b.String()
}
