package authserver_test

import (
	"crypto/ecdsa"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
)

// asserting is a world whose client wallet has a registered key.
func asserting(t testing.TB, db *database.DB, key *ecdsa.PrivateKey) *world {
	return worldOn(t, db, func(s *authserver.Server) {
		s.InsecureAllowAnyClient = false
		s.Clients[0].Auth, s.Clients[0].Keys = oauth2.AuthPrivateKeyJWT, jose.JWKS{Keys: []jose.JWK{jose.PublicJWK(&key.PublicKey)}}
	})
}

func (w *world) claims(jti string) map[string]any {
	return map[string]any{"iss": "wallet", "sub": "wallet", "aud": issuer, "jti": jti, "exp": w.now.Add(time.Minute).Unix(), "iat": w.now.Unix()}
}

func assert(t testing.TB, key *ecdsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(key, jose.Header{Typ: "JWT"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := signer.SignJSON(claims)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func asserted(assertion string, pairs ...string) []string {
	return append([]string{"client_assertion_type", oidc.AssertionType, "client_assertion", assertion}, pairs...)
}

func TestWalletWithPrivateKeyJWT(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		key := newKey(t)
		w := asserting(t, db, key).wallet()
		code := w.code(asserted(assert(t, key, w.claims("1")))...)
		if rec := w.redeem(code, asserted(assert(t, key, w.claims("2")))...); rec.Code != http.StatusOK {
			t.Errorf("token: %d %s", rec.Code, rec.Body)
		}
	})
}

// B18: client assertions of wallets.
func TestWalletAssertionRefused(t *testing.T) {
	key, stranger := newKey(t), newKey(t)
	cases := map[string]func(w *world, claims map[string]any) string{
		"aud is the token endpoint": func(_ *world, c map[string]any) string { c["aud"] = issuer + "/token"; return "" },
		"aud is a list":             func(_ *world, c map[string]any) string { c["aud"] = []string{issuer}; return "" },
		"aud is another server":     func(_ *world, c map[string]any) string { c["aud"] = "https://other.example"; return "" },
		"no aud":                    func(_ *world, c map[string]any) string { delete(c, "aud"); return "" },
		"exp more than 5 min ahead": func(w *world, c map[string]any) string { c["exp"] = w.now.Add(6 * time.Minute).Unix(); return "" },
		"exp has passed":            func(w *world, c map[string]any) string { c["exp"] = w.now.Add(-11 * time.Second).Unix(); return "" },
		"no exp":                    func(_ *world, c map[string]any) string { delete(c, "exp"); return "" },
		"no jti":                    func(_ *world, c map[string]any) string { delete(c, "jti"); return "" },
		"iss is another":            func(_ *world, c map[string]any) string { c["iss"] = "other"; return "" },
		"sub is another":            func(_ *world, c map[string]any) string { c["sub"] = "other"; return "" },
		"another client's key":      func(_ *world, c map[string]any) string { return assert(t, stranger, c) },
		"alg none": func(_ *world, c map[string]any) string {
			parts := strings.Split(assert(t, key, c), ".")
			return jose.EncodeBase64URL([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
		},
		"alg HS256": func(_ *world, c map[string]any) string {
			parts := strings.Split(assert(t, key, c), ".")
			return jose.EncodeBase64URL([]byte(`{"alg":"HS256"}`)) + "." + parts[1] + "." + parts[2]
		},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := asserting(t, db, key).wallet()
		for name, bend := range cases {
			t.Run(name, func(t *testing.T) {
				code := w.code(asserted(assert(t, key, w.claims("1 "+name)))...)
				made := func(jti string) string {
					c := w.claims(jti)
					if text := bend(w.world, c); text != "" {
						return text
					}
					return assert(t, key, c)
				}
				for _, rec := range []*httptest.ResponseRecorder{
					w.do(post("/par", parForm(asserted(made("2 "+name))...))), w.redeem(code, asserted(made("3 "+name))...),
				} {
					wantError(t, rec, 401, "invalid_client")
				}
			})
		}
	})
}

func TestWalletAssertionIsTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		key := newKey(t)
		w := asserting(t, db, key).wallet()
		assertion := assert(t, key, w.claims("1"))
		requests := make([]*http.Request, racers)
		for i := range requests {
			requests[i] = post("/par", parForm(asserted(assertion)...))
		}
		if count := w.race(requests); count["201"] != 1 || count["401 invalid_client"] != racers-1 {
			t.Errorf("%v, want one winner", count)
		}
		wantError(t, w.do(post("/par", parForm())), 401, "invalid_client") // without
		wantError(t, w.do(post("/par", parForm(asserted(assert(t, key, w.claims("2")), "client_assertion_type", "x")...))), 401, "invalid_client")
		wantError(t, w.do(post("/par", parForm(asserted(assert(t, key, w.claims("3")), "client_id", "other")...))), 401, "invalid_client")
	})
}
