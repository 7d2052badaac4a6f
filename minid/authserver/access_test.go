package authserver_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lommebok.example/minid/authserver"
	"lommebok.example/specs/jose"
)

// failing fails in the verbs that the endpoints call.
type failing struct{ authserver.Store }

func (failing) PushRequest(context.Context, authserver.Hash, authserver.Request) error {
	return errDisk
}

func (failing) ClaimRequest(context.Context, authserver.Claim) (*authserver.Request, error) {
	return nil, errDisk
}

func (failing) ApproveRequest(context.Context, authserver.Open, authserver.Grant, authserver.Code) error {
	return errDisk
}

func (failing) RedeemCode(context.Context, authserver.Redemption, authserver.Issuing) (*authserver.Grant, error) {
	return nil, errDisk
}

func (failing) TokenAccess(context.Context, authserver.Hash, time.Time) (*authserver.Access, error) {
	return nil, errDisk
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// forge signs a proof that Prover would not make: whatever header and payload the changes leave.
func (w *wallet) forge(path, token string, change func(header, payload map[string]any)) string {
	w.t.Helper()
	jwk := jose.PublicJWK(&w.key.PublicKey)
	header := map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": map[string]any{"kty": jwk.Kty, "crv": jwk.Crv, "x": jwk.X, "y": jwk.Y}}
	payload := map[string]any{
		"jti": rand.Text(), "htm": "POST", "htu": issuer + path, "iat": w.now.Unix(), "nonce": w.server.Nonces.Current(),
	}
	if token != "" {
		payload["ath"] = ath(token)
	}
	change(header, payload)
	return w.sign(w.key, header, payload)
}

func (w *wallet) sign(key *ecdsa.PrivateKey, header, payload map[string]any) string {
	w.t.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := json.Marshal(payload)
	if err != nil {
		w.t.Fatal(err)
	}
	input := b64(h) + "." + b64(p)
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		w.t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + b64(signature)
}

func ath(token string) string {
	sum := sha256.Sum256([]byte(token))
	return b64(sum[:])
}

type badProof struct {
	headers []string
	code    string
}

// badProofs are proofs that each break one rule of RFC 9449 section 4.3.
func badProofs(w *wallet, path, token string) map[string]badProof {
	w.t.Helper()
	one := func(change func(header, payload map[string]any)) badProof {
		return badProof{[]string{w.forge(path, token, change)}, "invalid_dpop_proof"}
	}
	set := func(member string, value any) badProof {
		return one(func(_, payload map[string]any) { payload[member] = value })
	}
	head := func(member string, value any) badProof {
		return one(func(header, _ map[string]any) { header[member] = value })
	}
	lack := func(member string) badProof {
		return one(func(header, payload map[string]any) { delete(header, member); delete(payload, member) })
	}
	good := w.forge(path, token, func(_, _ map[string]any) {})
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	jwk := jose.PublicJWK(&w.key.PublicKey)
	parts := strings.Split(good, ".")
	list := map[string]badProof{
		"none":           {nil, "invalid_dpop_proof"},
		"two headers":    {[]string{good, w.forge(path, token, func(_, _ map[string]any) {})}, "invalid_dpop_proof"},
		"two in one":     {[]string{good + ", " + good}, "invalid_dpop_proof"},
		"typ":            head("typ", "jwt"),
		"alg none":       {[]string{b64([]byte(`{"typ":"dpop+jwt","alg":"none"}`)) + "." + parts[1] + "."}, "invalid_dpop_proof"},
		"alg HS256":      head("alg", "HS256"),
		"private jwk":    head("jwk", map[string]any{"kty": jwk.Kty, "crv": jwk.Crv, "x": jwk.X, "y": jwk.Y, "d": jwk.X}),
		"jwk off curve":  head("jwk", map[string]any{"kty": jwk.Kty, "crv": jwk.Crv, "x": jwk.Y, "y": jwk.X}),
		"no jwk":         lack("jwk"),
		"kid beside jwk": head("kid", "key"),
		"crit":           head("crit", []string{"exp"}),
		"htm":            set("htm", "GET"),
		"htu":            set("htu", issuer+"/par"),
		"htu other host": set("htu", "http://evil.example"+path),
		"iat -61 s":      set("iat", w.now.Unix()-61),
		"iat +61 s":      set("iat", w.now.Unix()+61),
		"no iat":         lack("iat"),
		"no jti":         lack("jti"),
		"B14 1 MB jti":   set("jti", strings.Repeat("j", 1<<20)),
		"B14 129 B jti":  set("jti", strings.Repeat("j", 129)),
		"signature cut":  {[]string{good[:len(good)-2]}, "invalid_dpop_proof"},
		"signature of another": {[]string{w.sign(other, map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk},
			map[string]any{"jti": "a", "htm": "POST", "htu": issuer + path, "iat": w.now.Unix(), "nonce": w.server.Nonces.Current()})}, "invalid_dpop_proof"},
		"2 MB":      {[]string{good + strings.Repeat("A", 2<<20)}, "invalid_dpop_proof"},
		"JSON form": {[]string{`{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`}, "invalid_dpop_proof"},
	}
	if token != "" {
		list["no ath"] = lack("ath")
		list["ath of another token"] = set("ath", ath("another"))
	}
	return list
}

func badNonces(w *wallet) map[string]string {
	now := w.now
	w.now = now.Add(-2 * time.Minute)
	old := w.server.Nonces.Current()
	w.now = now
	return map[string]string{"absent": "", "old": old, "forged": w.server.Nonces.Current() + "A"}
}

// wantChallenge fails unless the answer is 401 with the challenge of RFC 9449 section 7.1.
func wantChallenge(t *testing.T, w *wallet, rec *httptest.ResponseRecorder, code string) {
	t.Helper()
	wantError(t, rec, 401, code)
	challenge := rec.Header().Get("WWW-Authenticate")
	if !strings.HasPrefix(challenge, `DPoP error="`+code+`", error_description="`) || !strings.HasSuffix(challenge, `, algs="ES256"`) ||
		strings.Count(challenge, `"`) != 6 {
		t.Errorf("WWW-Authenticate: %s", challenge)
	}
	if rec.Header().Get("DPoP-Nonce") != w.server.Nonces.Current() {
		t.Error("no DPoP-Nonce to go on with")
	}
}

func TestProofsAtTheResource(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		token := w.token().AccessToken
		for name, bad := range badProofs(w, "/credential", token) {
			t.Run("B11 "+name, func(t *testing.T) {
				r := post("/credential", nil, "Authorization", "DPoP "+token)
				r.Header["Dpop"] = bad.headers
				wantChallenge(t, w, w.do(r), bad.code)
			})
		}
		for name, nonce := range badNonces(w) {
			t.Run("B13 nonce "+name, func(t *testing.T) {
				proof, err := w.prover.Proof("POST", issuer+"/credential", nonce, token, w.now)
				if err != nil {
					t.Fatal(err)
				}
				wantChallenge(t, w, w.do(post("/credential", nil, "Authorization", "DPoP "+token, "DPoP", proof)), "use_dpop_nonce")
			})
		}
		t.Run("jti twice", func(t *testing.T) {
			proof := w.proof("POST", "/credential", token)
			if rec := w.do(post("/credential", nil, "Authorization", "DPoP "+token, "DPoP", proof)); rec.Code != http.StatusOK {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
			wantChallenge(t, w, w.do(post("/credential", nil, "Authorization", "DPoP "+token, "DPoP", proof)), "invalid_dpop_proof")
		})
		t.Run("B15 another key", func(t *testing.T) {
			wantChallenge(t, w, w.world.wallet().use(token), "invalid_token")
		})
		t.Run("A05 the names that a request gives the host count for nothing", func(t *testing.T) {
			r := w.request(token)
			r.Host = "evil.example"
			r.Header.Set("X-Forwarded-Host", "evil.example")
			if rec := w.do(r); rec.Code != http.StatusOK {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
		})
		t.Run("the nonce of the minute before is good", func(t *testing.T) {
			proof := w.proof("POST", "/credential", token)
			w.now = w.now.Add(59 * time.Second)
			if rec := w.do(post("/credential", nil, "Authorization", "DPoP "+token, "DPoP", proof)); rec.Code != http.StatusOK {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
		})
	})
}

func TestTokensAtTheResource(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		token := w.token().AccessToken
		swapped := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' {
				return r - 'a' + 'A'
			}
			return r
		}, token)
		for name, authorization := range map[string][]string{
			"C01 none": nil, "B16 as Bearer": {"Bearer " + token}, "Basic": {"Basic " + token}, "scheme alone": {"DPoP"}, "no scheme": {token},
			"two headers": {"DPoP " + token, "DPoP " + token}, "two in one": {"DPoP " + token + ",DPoP " + token}, "two blanks": {"DPoP  " + token},
			"B17 truncated": {"DPoP " + token[:42]}, "B17 extended": {"DPoP " + token + "A"}, "B17 padded": {"DPoP " + token + "="}, "B17 other case": {"DPoP " + swapped},
			"B17 of elsewhere": {"DPoP " + strings.Repeat("A", 43)}, "C01 a JWT with alg none": {"DPoP eyJhbGciOiJub25lIn0.e30."},
		} {
			t.Run(name, func(t *testing.T) {
				r := post("/credential", nil, "DPoP", w.proof("POST", "/credential", token))
				r.Header["Authorization"] = authorization
				if len(authorization) == 1 && strings.HasPrefix(authorization[0], "DPoP ") {
					r.Header.Set("DPoP", w.proof("POST", "/credential", authorization[0][5:]))
				}
				wantChallenge(t, w, w.do(r), "invalid_token")
			})
		}
		for name, r := range map[string]*http.Request{
			"B16 token in the query":              post("/credential?access_token="+token, nil, "DPoP", w.proof("POST", "/credential", token)),
			"B16 token in the query beside":       post("/credential?access_token="+token, nil, "DPoP", w.proof("POST", "/credential", token), "Authorization", "DPoP "+token),
			"B16 token in the body":               post("/credential", map[string][]string{"access_token": {token}}, "DPoP", w.proof("POST", "/credential", token)),
			"B16 DPoP in the query, not a header": post("/credential?DPoP="+w.proof("POST", "/credential", token)+"&access_token="+token, nil),
		} {
			t.Run(name, func(t *testing.T) { wantChallenge(t, w, w.do(r), "invalid_token") })
		}
		t.Run("the scheme in any case", func(t *testing.T) {
			for _, scheme := range []string{"dpop", "DPOP", "dPoP"} {
				rec := w.do(post("/credential", nil, "Authorization", scheme+" "+token, "DPoP", w.proof("POST", "/credential", token)))
				if rec.Code != http.StatusOK {
					t.Errorf("%s: %d %s", scheme, rec.Code, rec.Body)
				}
			}
		})
		t.Run("a query of other things", func(t *testing.T) {
			rec := w.do(post("/credential?a=b", nil, "Authorization", "DPoP "+token, "DPoP", w.proof("POST", "/credential", token)))
			if rec.Code != http.StatusOK {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
		})
		t.Run("ten minutes old", func(t *testing.T) {
			w.now = w.now.Add(10*time.Minute - time.Second)
			if rec := w.use(token); rec.Code != http.StatusOK {
				t.Errorf("a second before: %d", rec.Code)
			}
			w.now = w.now.Add(time.Second)
			wantChallenge(t, w, w.use(token), "invalid_token")
		})
	})
}

// A25, N17: what happened is in the log; who it happened to, and with which secrets, is not.
func TestNothingPersonalOrSecretIsLogged(t *testing.T) {
	w := newWorld(t).wallet()
	uri := w.push()
	page := w.authorize(uri)
	_, form := w.consentForm(page)
	answer := w.answer(page, "yes")
	code := w.landed(answer).Get("code")
	redeemed := w.redeem(code)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(redeemed.Body.Bytes(), &token); err != nil {
		t.Fatal(err)
	}
	w.use(token.AccessToken)
	w.redeem(code)
	w.use(token.AccessToken)
	w.get("/authorize?client_id=wallet&request_uri=" + uri)
	log := w.log.String()
	for what, secret := range map[string]string{
		"identity number": pid, "request_uri": uri, "code": code, "token": token.AccessToken, "verifier": verifier, "form token": form,
		"cookie": w.cookies[0].Value, "state": "the state",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", what)
		}
	}
	for _, event := range []string{`"granted"`, `"token"`, `"invalid_grant"`, `"invalid_token"`, `"invalid_request"`} {
		if !strings.Contains(log, event) {
			t.Errorf("the log does not tell of %s: %s", event, log)
		}
	}
	for name, rec := range map[string]*httptest.ResponseRecorder{"page": page, "redirect": answer, "token": redeemed} {
		if strings.Contains(rec.Body.String()+rec.Header().Get("Location"), pid) {
			t.Errorf("the %s holds the identity number", name)
		}
	}
}
