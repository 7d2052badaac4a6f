package authclient_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid/authclient"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
)

var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// op is a provider that does as it is told.
type op struct {
	t      *testing.T
	url    string
	key    oidc.Key
	pushed url.Values
	redeem url.Values
	token  func(*oidc.IDToken) // spoils the ID token
	status int                 // of the token endpoint; 0 for 200
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newOP(t *testing.T) *op {
	t.Helper()
	key, err := oidc.NewKey(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	o := &op{t: t, key: key}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

func (o *op) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(v); err != nil {
			o.t.Error(err)
		}
	}
	if err := r.ParseForm(); err != nil {
		o.t.Error(err)
	}
	switch r.URL.Path {
	case oidc.ConfigurationPath:
		answer(http.StatusOK, oidc.ProviderMetadata{
			ServerMetadata: oauth2.ServerMetadata{
				Issuer: o.url, AuthorizationEndpoint: o.url + "/authorize", TokenEndpoint: o.url + "/token", JWKSURI: o.url + "/keys",
				PushedAuthorizationRequestEndpoint: o.url + "/par",
			},
			EndSessionEndpoint: o.url + "/out",
		})
	case "/keys":
		answer(http.StatusOK, o.key.JWKS())
	case "/par":
		o.pushed = r.PostForm
		answer(http.StatusCreated, oauth2.PARResponse{RequestURI: "urn:x", ExpiresIn: 60})
	case "/token":
		o.redeem = r.PostForm
		if o.status != 0 {
			answer(o.status, map[string]string{"error": "invalid_grant"})
			return
		}
		answer(http.StatusOK, map[string]string{"access_token": "a", "token_type": "Bearer", "id_token": o.idToken()})
	}
}

func (o *op) idToken() string {
	claims := oidc.IDToken{
		Issuer: o.url, Audience: jose.Audience{"party"}, Subject: "s", ACR: oidc.ACRSubstantial, AMR: []string{oidc.AMRWallet},
		AuthTime: now.Unix(), IssuedAt: now.Unix(), Expires: now.Unix() + 60, Nonce: o.pushed.Get("nonce"),
	}
	if o.token != nil {
		o.token(&claims)
	}
	signer, err := oidc.NewIDTokenSigner(o.key)
	if err != nil {
		o.t.Error(err)
		return ""
	}
	signed, err := signer.SignJSON(claims)
	if err != nil {
		o.t.Error(err)
	}
	return signed
}

func (o *op) client() *authclient.Client {
	return &authclient.Client{
		Issuer: o.url, InsecureAllowHTTP: true, Now: func() time.Time { return now },
		Fetch: fetch.New(fetch.Config{Timeout: 5 * time.Second, InsecureAllowLoopback: true}),
	}
}

func TestRequestIsBoundToItsAnswer(t *testing.T) {
	o, key := newOP(t), newKey(t)
	party := &authclient.Party{ID: "party", RedirectURI: "https://party.example/cb", Key: key}
	address, pending, err := o.client().Begin(context.Background(), party, authclient.Ask{ACR: oidc.ACRSubstantial, Locale: "nn", Anew: true})
	if err != nil || address != o.url+"/authorize?client_id=party&request_uri=urn%3Ax" {
		t.Fatalf("%s, %v", address, err)
	}
	for name, want := range map[string]string{
		"state": pending.State, "nonce": pending.Nonce, "code_challenge": oauth2.S256(pending.Verifier), "code_challenge_method": "S256",
		"acr_values": oidc.ACRSubstantial, "ui_locales": "nn", "prompt": "login", "redirect_uri": party.RedirectURI, "client_assertion_type": oidc.AssertionType,
	} {
		if got := o.pushed.Get(name); got != want || want == "" {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	u, err := jose.Parse(o.pushed.Get("client_assertion"), jose.Rules{Typ: "JWT", MaxBytes: 4 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Verify(&key.PublicKey); err != nil {
		t.Error(err)
	}
	login, err := o.client().Finish(context.Background(), party, *pending, url.Values{"iss": {o.url}, "code": {"c"}})
	if err != nil || login.Claims.Subject != "s" || o.redeem.Get("code_verifier") != pending.Verifier || o.redeem.Get("code") != "c" {
		t.Fatalf("%+v, %v, sent %v", login, err, o.redeem)
	}
}

// Each thing that is wrong with an answer refuses it, before or after the token endpoint.
func TestAnswersRefused(t *testing.T) {
	for name, c := range map[string]struct {
		query  url.Values
		token  func(*oidc.IDToken)
		status int
		want   error
		asked  bool // whether the token endpoint is asked at all
	}{
		"of another issuer":        {query: url.Values{"iss": {"https://other.example"}, "code": {"c"}}, want: authclient.ErrAnswer},
		"of no issuer":             {query: url.Values{"code": {"c"}}, want: authclient.ErrAnswer},
		"an error":                 {query: url.Values{"error": {"access_denied"}}, want: authclient.Refused("access_denied")},
		"an error of another":      {query: url.Values{"error": {"access_denied"}, "iss": {"https://other.example"}}, want: authclient.ErrAnswer},
		"code refused":             {status: http.StatusBadRequest, want: authclient.ErrProvider, asked: true},
		"another nonce":            {token: func(c *oidc.IDToken) { c.Nonce = "x" }, want: oidc.ErrNonce, asked: true},
		"token of another issuer":  {token: func(c *oidc.IDToken) { c.Issuer = "https://other.example" }, want: oidc.ErrIssuer, asked: true},
		"token for another client": {token: func(c *oidc.IDToken) { c.Audience = jose.Audience{"other"} }, want: oidc.ErrAudience, asked: true},
		"a level too low":          {token: func(c *oidc.IDToken) { c.ACR = oidc.ACRLow }, want: oidc.ErrACR, asked: true},
		"a login of before":        {token: func(c *oidc.IDToken) { c.AuthTime -= 3600 }, want: oidc.ErrAuthTime, asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOP(t)
			party := &authclient.Party{ID: "party", RedirectURI: "https://party.example/cb", Secret: "secret"}
			_, pending, err := o.client().Begin(context.Background(), party, authclient.Ask{ACR: oidc.ACRSubstantial, Anew: true})
			if err != nil {
				t.Fatal(err)
			}
			o.token, o.status = c.token, c.status
			q := c.query
			if q == nil {
				q = url.Values{"code": {"c"}}
			}
			if !q.Has("iss") && name != "of no issuer" {
				q.Set("iss", o.url)
			}
			if login, err := o.client().Finish(context.Background(), party, *pending, q); !errors.Is(err, c.want) {
				t.Errorf("%+v, %v, want %v", login, err, c.want)
			}
			if (o.redeem != nil) != c.asked {
				t.Errorf("the token endpoint was asked: %v", o.redeem != nil)
			}
		})
	}
}
