package authserver_test

import (
	"bytes"
	"crypto"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/oauth2"
)

// noSessions: nobody is signed in at the provider's own pages.
type noSessions struct{}

func (noSessions) Session(*gin.Context) *minid.Session { return nil }
func (noSessions) End(*gin.Context) error              { return nil }

// oneKey is a ring of one.
type oneKey struct{ key crypto.Signer }

func (k oneKey) Current() keys.Key { return keys.Key{ID: "one", Signer: k.key} }
func (k oneKey) Live() []keys.Key  { return []keys.Key{k.Current()} }

const taxSecret = "a-secret-of-the-service-that-is-long-enough"

// withTax lets the server log people in at the service of servicesFile.
func withTax(t testing.TB) func(*authserver.Server) {
	t.Helper()
	services, err := authserver.ParseServices([]byte(servicesFile))
	if err != nil {
		t.Fatal(err)
	}
	services[0].Secret = authserver.HashOf(taxSecret)
	return func(s *authserver.Server) {
		s.OpenID = &authserver.OpenID{
			Services: services, Keys: oneKey{newKey(t)}, Secret: bytes.Repeat([]byte{5}, 32), Sessions: noSessions{}, Calls: fetch.New(fetch.Config{}),
		}
	}
}

// byTax is the request with the service's secret.
func byTax(r *http.Request) *http.Request {
	r.SetBasicAuth("tax", taxSecret)
	return r
}

// Who has no number is nobody: all of them would be the same person at the service, by the sub that is made of it.
func TestWhoHasNoNumberIsNotLoggedIn(t *testing.T) {
	w := newWorld(t, withTax(t)).wallet()
	rec := w.do(byTax(post("/par", url.Values{
		"response_type": {"code"}, "redirect_uri": {"https://tax.example/cb"}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {oauth2.S256(verifier)}, "code_challenge_method": {"S256"},
	})))
	var pushed oauth2.PARResponse
	if err := json.Unmarshal(rec.Body.Bytes(), &pushed); err != nil || rec.Code != http.StatusCreated {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	for _, c := range []struct {
		pid    string
		status int
		to     string
	}{{"", http.StatusInternalServerError, ""}, {pid, http.StatusSeeOther, "https://tax.example/cb?code="}} {
		w.person.session.PID = c.pid
		rec := w.get("/authorize?" + url.Values{"client_id": {"tax"}, "request_uri": {pushed.RequestURI}}.Encode())
		if to := rec.Header().Get("Location"); rec.Code != c.status || !strings.HasPrefix(to, c.to) || c.to == "" && to != "" {
			t.Errorf("with the number %q: %d to %q", c.pid, rec.Code, to)
		}
	}
}
