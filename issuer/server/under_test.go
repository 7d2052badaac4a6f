package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/oidc"
)

// An issuer below a path of its host has its documents where wallets look for them (OpenID4VCI 1.0 section 12.2.2, RFC 8414 section
// 3.1, draft-ietf-oauth-sd-jwt-vc section 4, OpenID Connect Discovery 1.0 section 4), and nothing beside its path.
func TestAnIssuerBelowAPath(t *testing.T) {
	s := newServiceUnder(t, openAt(t, dbtest.SQLite(t)), "/stat/lommebok")
	host := strings.TrimSuffix(s.url, s.under)
	for path, member := range map[string]string{
		"/.well-known/openid-credential-issuer/stat/lommebok":   "credential_issuer",
		"/.well-known/oauth-authorization-server/stat/lommebok": "issuer",
		"/.well-known/jwt-vc-issuer/stat/lommebok":              "issuer",
		"/stat/lommebok" + oidc.ConfigurationPath:               "issuer",
	} {
		a := s.answers(path)
		var document map[string]any
		if err := json.Unmarshal(a.body, &document); err != nil || a.status != http.StatusOK || document[member] != s.url {
			t.Errorf("%s: %d, %s is %v, want %s (%v)", path, a.status, member, document[member], s.url, err)
			continue
		}
		for name, value := range document {
			if address, ok := value.(string); ok && (strings.HasSuffix(name, "_endpoint") || name == "jwks_uri") && !strings.HasPrefix(address, s.url+"/") {
				t.Errorf("%s: %s is %s, not below %s", path, name, address, s.url)
			}
		}
	}
	for path, want := range map[string]int{
		"/":                                     http.StatusNotFound,
		"/health":                               http.StatusNotFound,
		"/stat":                                 http.StatusNotFound,
		"/stat/lommebokA/health":                http.StatusNotFound,
		"/.well-known/openid-credential-issuer": http.StatusNotFound,
		"/.well-known/openid-credential-issuer/stat":   http.StatusNotFound,
		"/.well-known/oauth-authorization-server/stat": http.StatusNotFound,
		"/stat/lommebok":        http.StatusPermanentRedirect,
		"/stat/lommebok/health": http.StatusOK,
	} {
		if a := s.answers(path); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	p := s.person(t, stjerne)
	p.get("/mine")
	p.signInWithCode()
	p.is(http.StatusOK)
	address, err := url.Parse(host)
	check(t, err)
	for _, c := range p.jar.Cookies(address) {
		if c.Name != "lommebok_issuer_stat_lommebok_session" && strings.HasSuffix(c.Name, "session") {
			t.Errorf("the cookie %s may be that of another issuer on this host", c.Name)
		}
	}
}

// answers is what the handler says of a path on the whole host, whatever the description has.
func (s *service) answers(path string) answer {
	w := httptest.NewRecorder()
	s.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}
