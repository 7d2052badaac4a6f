package issuance_test

import (
	"encoding/json"
	"fmt"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/jose"
)

const mpid = "no.minid.mpid_sd_jwt_vc"

// describable is what an error_description may hold (RFC 6749 section 5.2).
var describable = regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]+$`)

// refused fails unless the answer is this refusal and nothing was written.
func (b *bench) refused(t *testing.T, rec *httptest.ResponseRecorder, before rows, status int, code string) {
	t.Helper()
	var e struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	check(t, json.Unmarshal(rec.Body.Bytes(), &e))
	if rec.Code != status || e.Code != code {
		t.Fatalf("got %d %s (%s), want %d %s", rec.Code, e.Code, e.Description, status, code)
	}
	if !describable.MatchString(e.Description) {
		t.Errorf("error_description %q", e.Description)
	}
	if !strings.Contains(e.Description, "section") && !strings.Contains(e.Description, "appendix ") {
		t.Errorf("error_description %q names no section", e.Description)
	}
	if rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control %q", rec.Header().Get("Cache-Control"))
	}
	if after := b.rows(t); after != before {
		t.Errorf("rows were %+v and are %+v", before, after)
	}
	for _, personal := range []string{karies, "Karies", "Eksakt"} {
		if strings.Contains(rec.Body.String()+b.log.String(), personal) {
			t.Errorf("%q is in the answer or the log", personal)
		}
	}
	if !strings.Contains(b.log.String(), `"code":"`+code+`"`) {
		t.Errorf("the log lacks the code:\n%s", b.log)
	}
}

func TestRequestRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		tests := []struct {
			name   string
			change func(b *bench)
			body   func(t *testing.T, b *bench) string
			status int
			code   string
		}{
			{"not JSON", nil, fixed("{"), 400, "invalid_credential_request"},
			{"no object", nil, fixed("[]"), 400, "invalid_credential_request"},
			{"member twice", nil, fixed(`{"credential_configuration_id":"a","credential_configuration_id":"b"}`), 400, "invalid_credential_request"},
			{"too deep", nil, fixed(`{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`), 400, "invalid_credential_request"},
			{"too large", nil, fixed(`{"x":"` + strings.Repeat("a", 256<<10) + `"}`), 413, "invalid_credential_request"},
			{"nothing asked for", nil, fixed(`{}`), 400, "invalid_credential_request"},
			{"both identifiers", nil, fixed(`{"credential_configuration_id":"a","credential_identifier":"b"}`), 400, "invalid_credential_request"},
			{"response encryption in a plain request", nil, fixed(`{"credential_configuration_id":"` + mpid + `","credential_response_encryption":{}}`), 400, "invalid_encryption_parameters"},
			{"unknown configuration", nil, ask("no.such"), 400, "unknown_credential_configuration"},
			{"unknown identifier", nil, fixed(`{"credential_identifier":"x"}`), 400, "unknown_credential_identifier"},
			{"identifier of a configuration", nil, fixed(`{"credential_identifier":"` + mpid + `"}`), 400, "unknown_credential_identifier"},
			{"configuration where identifiers were given", func(b *bench) {
				b.access.Authorized = []authserver.Authorized{{ConfigurationID: mpid, Identifiers: []string{"i"}}}
			}, ask(mpid), 400, "invalid_credential_request"},
			{"token for another scope", nil, ask("proof_of_age"), 403, "insufficient_scope"},
			{"level too low", func(b *bench) { b.access.Level = minid.LevelSubstantial }, ask("pid_sd_jwt_vc"), 403, "insufficient_scope"},
			{"level none", func(b *bench) { b.access.Level = minid.LevelNone }, ask(mpid), 403, "insufficient_scope"},
			{"sign-in too old", func(b *bench) { b.access.AuthTime = b.at.Add(-15*time.Minute - time.Second) }, ask(mpid), 403, "insufficient_scope"},
			{"sign-in too old for a PID", func(b *bench) { b.access.AuthTime = b.at.Add(-10*time.Minute - time.Second) }, ask("pid_mso_mdoc"), 403, "insufficient_scope"},
			{"account locked", func(b *bench) { b.state = minid.StateLocked }, ask(mpid), 400, "credential_request_denied"},
			{"account closed", func(b *bench) { b.state = minid.StateClosed }, ask(mpid), 400, "credential_request_denied"},
			{"account gone", func(b *bench) { b.access.PersonID = "bo" }, ask(mpid), 400, "credential_request_denied"},
			{"token of another number", func(b *bench) { b.access.PID = stjerne }, ask(mpid), 400, "credential_request_denied"},
			{"attends no school", nil, ask("no.sikt.elevbevis_sd_jwt_vc"), 400, "credential_request_denied"},
			{"no proofs", nil, fixed(`{"credential_configuration_id":"` + mpid + `"}`), 400, "invalid_proof"},
			{"proof of an earlier draft", nil, fixed(`{"credential_configuration_id":"` + mpid + `","proof":{"proof_type":"jwt","jwt":"x"}}`), 400, "invalid_proof"},
			{"empty list of proofs", nil, fixed(`{"credential_configuration_id":"` + mpid + `","proofs":{"jwt":[]}}`), 400, "invalid_proof"},
			{"two proof types", nil, fixed(`{"credential_configuration_id":"` + mpid + `","proofs":{"jwt":["a"],"attestation":["b"]}}`), 400, "invalid_proof"},
			{"key attestation", nil, fixed(`{"credential_configuration_id":"` + mpid + `","proofs":{"attestation":["b"]}}`), 400, "invalid_proof"},
			{"eleven proofs", nil, func(t *testing.T, b *bench) string { return body(mpid, b.proofs(t, 11)...) }, 400, "invalid_proof"},
			{"nonce of somebody else", nil, withNonce(func(*bench) string { return strings.Repeat("A", 54) }), 400, "invalid_nonce"},
			{"nonce that is no base64", nil, withNonce(func(*bench) string { return "nonce" }), 400, "invalid_nonce"},
			{"nonce changed", nil, withNonce(func(b *bench) string { return anotherSignature("." + b.Nonces.New())[1:] }), 400, "invalid_nonce"},
			{"nonce too old", nil, withNonce(func(b *bench) string {
				nonce := b.Nonces.New()
				b.at = b.at.Add(301 * time.Second)
				return nonce
			}), 400, "invalid_nonce"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				b := newBenchOn(t, db)
				if tt.change != nil {
					tt.change(b)
				}
				text, before := tt.body(t, b), b.rows(t)
				rec := b.post(text)
				b.refused(t, rec, before, tt.status, tt.code)
				if challenge := rec.Header().Get("WWW-Authenticate"); (tt.status == 403) != strings.Contains(challenge, `DPoP error="insufficient_scope", scope="eudiw:no:`) {
					t.Errorf("WWW-Authenticate %q", challenge)
				}
			})
		}
	})
}

func fixed(text string) func(*testing.T, *bench) string {
	return func(*testing.T, *bench) string { return text }
}

func ask(configuration string) func(*testing.T, *bench) string {
	return func(t *testing.T, b *bench) string {
		text, _ := b.asking(t, configuration, 1)
		return text
	}
}

func withNonce(nonce func(b *bench) string) func(*testing.T, *bench) string {
	return func(t *testing.T, b *bench) string {
		n := nonce(b)
		return body(mpid, b.proof(t, n))
	}
}

// forge signs a proof whose header and claims are what the test makes of good ones.
func (b *bench) forge(t testing.TB, change func(header, claims map[string]any)) string {
	t.Helper()
	key := newKey(t)
	jwk := jose.PublicJWK(&key.PublicKey)
	header := map[string]any{"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": map[string]any{"kty": jwk.Kty, "crv": jwk.Crv, "x": jwk.X, "y": jwk.Y}}
	claims := map[string]any{"aud": issuerURL, "iat": b.at.Unix(), "nonce": b.Nonces.New(), "iss": "wallet"}
	change(header, claims)
	return signRaw(t, key, header, claims)
}

func TestBadKeyProofsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		type m = map[string]any
		jwk := func(h m) m { return h["jwk"].(m) }
		tests := map[string]func(h, c m){
			"typ":           func(h, _ m) { h["typ"] = "JWT" },
			"no typ":        func(h, _ m) { delete(h, "typ") },
			"alg none":      func(h, _ m) { h["alg"] = "none" },
			"alg HS256":     func(h, _ m) { h["alg"] = "HS256" },
			"alg ES384":     func(h, _ m) { h["alg"] = "ES384" },
			"unknown crit":  func(h, _ m) { h["crit"] = []string{"x"} },
			"no key":        func(h, _ m) { delete(h, "jwk") },
			"jwk and kid":   func(h, _ m) { h["kid"] = "1" },
			"kid alone":     func(h, _ m) { delete(h, "jwk"); h["kid"] = "did:x" },
			"untrusted x5c": func(h, _ m) { delete(h, "jwk"); h["x5c"] = []string{"AAAA"} },
			"private jwk":   func(h, _ m) { jwk(h)["d"] = "AQ" },
			"symmetric jwk": func(h, _ m) { h["jwk"] = m{"kty": "oct", "k": "AQ"} },
			"off-curve jwk": func(h, _ m) { jwk(h)["x"] = jwk(h)["y"] },
			"another key": func(h, _ m) {
				other := jose.PublicJWK(&newKey(t).PublicKey)
				jwk(h)["x"], jwk(h)["y"] = other.X, other.Y
			},
			"aud of another":               func(_, c m) { c["aud"] = "https://other.example" },
			"aud with a slash":             func(_, c m) { c["aud"] = issuerURL + "/" },
			"no aud":                       func(_, c m) { delete(c, "aud") },
			"iss of another":               func(_, c m) { c["iss"] = "other-wallet" },
			"iat an hour ago":              func(_, c m) { c["iat"] = c["iat"].(int64) - 3600 },
			"iat in an hour":               func(_, c m) { c["iat"] = c["iat"].(int64) + 3600 },
			"iat as text":                  func(_, c m) { c["iat"] = "now" },
			"no iat":                       func(_, c m) { delete(c, "iat") },
			"no nonce":                     func(_, c m) { delete(c, "nonce") },
			"empty nonce":                  func(_, c m) { c["nonce"] = "" },
			"key attestation that is none": func(h, _ m) { h["key_attestation"] = "x" },
			"key attestation of a number":  func(h, _ m) { h["key_attestation"] = 1 },
		}
		b := newBenchOn(t, db)
		for name, change := range tests {
			t.Run(name, func(t *testing.T) {
				b.log.Reset()
				before := b.rows(t)
				b.refused(t, b.post(body(mpid, b.forge(t, change))), before, 400, "invalid_proof")
			})
		}
		t.Run("the good one is accepted", func(t *testing.T) {
			b.credentials(t, b.post(body(mpid, b.forge(t, func(_, _ m) {}))), 1)
		})
		t.Run("without iss it is accepted", func(t *testing.T) {
			b.credentials(t, b.post(body(mpid, b.forge(t, func(_, c m) { delete(c, "iss") }))), 1)
		})
	})
}

// anotherSignature changes the first letter of the signature, whatever it is.
func anotherSignature(jwt string) string {
	first := strings.LastIndexByte(jwt, '.') + 1
	letter := "A"
	if jwt[first] == 'A' {
		letter = "B"
	}
	return jwt[:first] + letter + jwt[first+1:]
}

func TestOneBadProofStopsTheBatchAndCostsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		b.credentials(t, b.post(body(mpid, b.proofs(t, 2)...)), 2)
		good := b.proofs(t, 10)
		for n := range good {
			t.Run(fmt.Sprint("proof ", n+1), func(t *testing.T) {
				b.log.Reset()
				batch := append([]string{}, good...)
				batch[n] = anotherSignature(batch[n])
				before := b.rows(t)
				b.refused(t, b.post(body(mpid, batch...)), before, 400, "invalid_proof")
			})
		}
		t.Run("one key twice", func(t *testing.T) {
			b.log.Reset()
			batch := append([]string{}, good...)
			batch[9] = batch[0]
			before := b.rows(t)
			b.refused(t, b.post(body(mpid, batch...)), before, 400, "invalid_proof")
		})
		for name, change := range map[string]func(header, claims map[string]any){
			"a key off the curve": func(h, _ map[string]any) {
				jwk := h["jwk"].(map[string]any)
				jwk["x"] = jwk["y"]
			},
			"a private key":    func(h, _ map[string]any) { h["jwk"].(map[string]any)["d"] = "AQ" },
			"a symmetric key":  func(h, _ map[string]any) { h["jwk"] = map[string]any{"kty": "oct", "k": "AQ"} },
			"a forged c_nonce": func(_, c map[string]any) { c["nonce"] = strings.Repeat("A", 54) },
		} {
			t.Run("the last with "+name, func(t *testing.T) {
				b.log.Reset()
				code := "invalid_proof"
				if name == "a forged c_nonce" {
					code = "invalid_nonce"
				}
				before := b.rows(t)
				b.refused(t, b.post(body(mpid, append(good[:9:9], b.forge(t, change))...)), before, 400, code)
			})
		}
		t.Run("then the good batch still goes through", func(t *testing.T) {
			b.credentials(t, b.post(body(mpid, good...)), 10)
		})
	})
}

func TestANonceIsUsedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		nonce := b.Nonces.New()
		b.credentials(t, b.post(body(mpid, b.proof(t, nonce))), 1)
		before := b.rows(t)
		b.refused(t, b.post(body(mpid, b.proof(t, nonce))), before, 400, "invalid_nonce")
		b.refused(t, b.post(body(mpid, b.proof(t, b.Nonces.New()), b.proof(t, nonce))), before, 400, "invalid_nonce")
	})
}

// The DPoP proof is spent with the intent or with the refusal, once; when it has been used, nothing else is.
func TestAUsedProofStopsTheIssuance(t *testing.T) {
	b := newBench(t)
	nonce := b.Nonces.New()
	text, before := body(mpid, b.proof(t, nonce)), b.rows(t)
	b.replay = &authserver.AccessError{Code: "invalid_dpop_proof", Status: http.StatusUnauthorized}
	rec := b.post(text)
	if rec.Code != http.StatusUnauthorized || !strings.Contains(rec.Body.String(), "invalid_dpop_proof") || b.rows(t) != before {
		t.Errorf("%d %s, rows %+v", rec.Code, rec.Body, b.rows(t))
	}
	b.replay, b.spent = nil, 0
	if rec := b.post("{"); rec.Code != http.StatusBadRequest || b.spent != 1 {
		t.Errorf("%d %s, spent %d times", rec.Code, rec.Body, b.spent)
	}
	b.spent = 0
	b.credentials(t, b.post(text), 1)
	if b.spent != 1 {
		t.Errorf("spent %d times", b.spent)
	}
}

func TestContentTypeOtherThanJSONRefused(t *testing.T) {
	b := newBench(t)
	for _, media := range []string{"", "text/plain", "application/jwt", "application/jose", "application/x-www-form-urlencoded"} {
		b.log.Reset()
		r := httptest.NewRequest(http.MethodPost, "/credential", strings.NewReader(body(mpid, b.proofs(t, 1)...)))
		r.Header.Set("Content-Type", media)
		before := b.rows(t)
		b.refused(t, b.do(r), before, 400, "invalid_credential_request")
	}
}

func TestRefusalNamesTheLevel(t *testing.T) {
	b := newBench(t)
	b.access.Level = minid.LevelSubstantial
	rec := b.post(body("pid_sd_jwt_vc", b.proofs(t, 1)...))
	if !strings.Contains(rec.Body.String(), "demands assurance level high; the sign-in reached substantial") {
		t.Errorf("%s", rec.Body)
	}
}
