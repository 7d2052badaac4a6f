package server_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/api"
	"lommebok.example/verifier/server"
)

// A party with a key of its own authenticates with an assertion, each of which is taken once.
func TestRelyingPartyWithPrivateKeyJWT(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		key := newKey(t)
		jwks, err := json.Marshal(jose.JWKS{Keys: []jose.JWK{jose.PublicJWK(&key.PublicKey)}})
		check(t, err)
		s.ownParty(t, "", "client: {method: private_key_jwt, jwks: "+string(jwks)+"}\n", nil)
		signer, err := jose.NewSigner(key, jose.Header{Typ: "JWT"})
		check(t, err)
		try := func(change map[string]any) answer {
			claims := map[string]any{"iss": "school", "sub": "school", "aud": s.url + "/api", "jti": "1", "exp": s.now().Add(time.Minute).Unix()}
			for name, value := range change {
				claims[name] = value
			}
			assertion, err := signer.SignJSON(claims)
			check(t, err)
			return post(t, s.url+"/api/token", url.Values{
				"grant_type": {"client_credentials"}, "client_assertion": {assertion},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			})
		}
		is(t, try(nil), http.StatusOK)
		a := try(nil)
		is(t, a, http.StatusUnauthorized)
		sees(t, a, "jti has been used")
		is(t, try(map[string]any{"jti": "2", "aud": s.url + "/api/token"}), http.StatusOK)
		for name, change := range map[string]map[string]any{
			"another audience": {"jti": "3", "aud": "https://elsewhere.example"},
			"over":             {"jti": "4", "exp": s.now().Add(-time.Minute).Unix()},
			"another subject":  {"jti": "5", "sub": demoParty},
		} {
			a := try(change)
			if a.status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		a = post(t, s.url+"/api/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"school"}})
		is(t, a, http.StatusUnauthorized)
	})
}

func TestTokenMetadata(t *testing.T) {
	s := newService(t)
	a := s.browser(t).get("/.well-known/oauth-authorization-server/api")
	is(t, a, http.StatusOK)
	sees(t, a, `"issuer":"`+s.url+`/api"`, `"token_endpoint":"`+s.url+`/api/token"`, `"client_credentials"`, `"private_key_jwt"`, `"client_secret_basic"`)
}

// A party may bring its access certificate; broken files stop the start.
func TestAccessCertificateOfAParty(t *testing.T) {
	s := newService(t)
	root, key := newKey(t), newKey(t)
	at := s.now().Add(-day)
	ca, err := x5c.NewRoot(root, x5c.Subject{Country: "NO", CommonName: "Access CA", URI: "https://ca.example"}, at, 900*day)
	check(t, err)
	leaf, err := x5c.Issue(x5c.AccessCertificate, ca, root, key.Public(), x5c.Subject{Country: "NO", CommonName: "The school", URI: "https://school.example"}, at, 400*day)
	check(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	files := map[string][]byte{
		"school.pem": x5c.EncodePEM(leaf), "school.key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
	s.ownParty(t, "", "access: school\nclient: {method: client_secret_basic}\n", files)
	got := s.party(t, "school").ask(map[string]any{"preset": "name", "purpose": "p"})
	link, err := openid4vp.ParseRequestURI(got.Links.Cross, rules)
	check(t, err)
	if link.ClientID != openid4vp.X509HashClientID(leaf) {
		t.Errorf("asks as %s", link.ClientID)
	}
	for _, name := range []string{"school.pem", "school.key.pem"} {
		path := filepath.Join(s.cfg.RelyingPartiesDir, name)
		check(t, os.Remove(path))
		if _, err := server.New(t.Context(), s.cfg, server.Deps{DB: s.db, Now: s.now, Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, server.ErrConfig) {
			t.Errorf("started without %s: %v", name, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was made", name)
		}
		check(t, os.WriteFile(path, files[name], 0o600))
	}
}

// A browser is sent back by http on a developer's own machine alone, and a party that cannot be is told so at the start.
func TestRedirectsOfPartiesAreHTTPS(t *testing.T) {
	s := newService(t)
	s.ownParty(t, "", "client: {method: client_secret_basic}\n", nil)
	s.cfg.URL, s.cfg.WalletURL, s.cfg.InsecureAllowHTTP = "https://verifier.example", "", false
	s.start(t)
	refusedAs(t, s.party(t, demoParty).do(http.MethodPost, "/api/presentations", pidRequest), http.StatusBadRequest, api.InvalidRedirect)
	file := filepath.Join(s.cfg.RelyingPartiesDir, "school.yaml")
	raw, err := os.ReadFile(file)
	check(t, err)
	check(t, os.WriteFile(file, bytes.Replace(raw, []byte("https://school.example/back"), []byte("HTTP://localhost/back"), 1), 0o600))
	if _, err := s.tryBuild(); !errors.Is(err, server.ErrConfig) || !strings.Contains(err.Error(), "redirects") {
		t.Errorf("started with a redirect by http: %v", err)
	}
}
