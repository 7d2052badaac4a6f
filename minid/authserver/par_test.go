package authserver_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lommebok.example/minid/authserver"
	"lommebok.example/specs/oauth2"
)

func TestPARAnswer(t *testing.T) {
	w := newWorld(t).wallet()
	rec := w.do(post("/par", parForm()))
	var answer oauth2.PARResponse
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || rec.Code != http.StatusCreated {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if answer.ExpiresIn != 90 || !strings.HasPrefix(answer.RequestURI, "urn:ietf:params:oauth:request_uri:") || len(answer.RequestURI) < 70 {
		t.Errorf("answer %+v", answer)
	}
	if rec.Header().Get("Cache-Control") != "no-cache, no-store" || rec.Header().Get("DPoP-Nonce") != w.server.Nonces.Current() {
		t.Errorf("headers %v", rec.Header())
	}
}

func TestPARRefuses(t *testing.T) {
	details := func(s string) []string { return []string{"scope", "", "authorization_details", s} }
	cases := map[string]struct {
		change []string
		status int
		code   string
	}{
		"B03 no client":                        {[]string{"client_id", ""}, 400, "invalid_request"},
		"B05 request_uri inside":               {[]string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, 400, "invalid_request"},
		"B05 request_uri to loopback":          {[]string{"request_uri", "https://127.0.0.1/"}, 400, "invalid_request"},
		"B05 request object":                   {[]string{"request", "a.b.c"}, 400, "invalid_request"},
		"B06 PKCE missing":                     {[]string{"code_challenge", "", "code_challenge_method", ""}, 400, "invalid_request"},
		"B06 PKCE plain":                       {[]string{"code_challenge_method", "plain"}, 400, "invalid_request"},
		"B06 PKCE method missing means plain":  {[]string{"code_challenge_method", ""}, 400, "invalid_request"},
		"B06 PKCE challenge missing":           {[]string{"code_challenge", ""}, 400, "invalid_request"},
		"B06 PKCE challenge short":             {[]string{"code_challenge", "AAAA"}, 400, "invalid_request"},
		"B06 PKCE challenge padded":            {[]string{"code_challenge", oauth2.S256(verifier) + "="}, 400, "invalid_request"},
		"B23 implicit":                         {[]string{"response_type", "token"}, 400, "unsupported_response_type"},
		"B23 hybrid":                           {[]string{"response_type", "code id_token"}, 400, "unsupported_response_type"},
		"B23 no response_type":                 {[]string{"response_type", ""}, 400, "invalid_request"},
		"response_mode fragment":               {[]string{"response_mode", "fragment"}, 400, "invalid_request"},
		"no redirect_uri":                      {[]string{"redirect_uri", ""}, 400, "invalid_request"},
		"no scope":                             {[]string{"scope", ""}, 400, "invalid_scope"},
		"only unknown scopes":                  {[]string{"scope", "openid profile"}, 400, "invalid_scope"},
		"the empty scope of a configuration":   {[]string{"scope", " "}, 400, "invalid_scope"},
		"details: not JSON":                    {details("{"), 400, "invalid_authorization_details"},
		"details: too deep":                    {details(strings.Repeat("[", 40) + strings.Repeat("]", 40)), 400, "invalid_authorization_details"},
		"details: other type":                  {details(`[{"type":"payment"}]`), 400, "invalid_authorization_details"},
		"details: unknown configuration":       {details(`[{"type":"openid_credential","credential_configuration_id":"x"}]`), 400, "invalid_authorization_details"},
		"details: another issuer in locations": {details(`[{"type":"openid_credential","credential_configuration_id":"pid_mdoc","locations":["https://x.example"]}]`), 400, "invalid_authorization_details"},
		"resource of another":                  {[]string{"resource", "https://x.example"}, 400, "invalid_target"},
		"state too long":                       {[]string{"state", strings.Repeat("s", 4097)}, 400, "invalid_request"},
		"state not printable ASCII":            {[]string{"state", "å"}, 400, "invalid_request"},
		"state with NUL":                       {[]string{"state", "a\x00b"}, 400, "invalid_request"},
		"dpop_jkt that is no thumbprint":       {[]string{"dpop_jkt", "abc"}, 400, "invalid_request"},
	}
	w := newWorld(t).wallet()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			rec := w.do(post("/par", parForm(c.change...)))
			wantError(t, rec, c.status, c.code)
			if rec.Header().Get("DPoP-Nonce") == "" {
				t.Error("no DPoP-Nonce")
			}
		})
	}
}

func TestPARRefusesForms(t *testing.T) {
	w := newWorld(t).wallet()
	twice := parForm()
	twice.Add("scope", "pid")
	many := parForm()
	for i := range 65 {
		many.Set(strings.Repeat("x", i+1), "1")
	}
	get := httptest.NewRequest(http.MethodGet, issuer+"/par?"+parForm().Encode(), nil)
	query := post("/par?"+parForm().Encode(), nil)
	asJSON := post("/par", parForm())
	asJSON.Header.Set("Content-Type", "application/json")
	broken := post("/par", nil)
	broken.Body = http.NoBody
	for name, c := range map[string]struct {
		r      *http.Request
		status int
	}{
		"GET": {get, 405}, "parameters in the query": {query, 400}, "another content type": {asJSON, 400}, "a parameter twice": {post("/par", twice), 400},
		"G11 65 fields and more": {post("/par", many), 400}, "G11 64 KiB and more": {post("/par", parForm("x", strings.Repeat("x", 64<<10))), 413},
		"an empty body": {broken, 400},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, w.do(c.r), c.status, "invalid_request") })
	}
}

func TestPARAccepts(t *testing.T) {
	w := newWorld(t).wallet()
	for name, c := range map[string][]string{
		"unknown scopes beside a known one": {"scope", "openid student offline_access"},
		"authorization_details":             {"scope", "", "authorization_details", `[{"type":"openid_credential","credential_configuration_id":"pid_mdoc","future":1}]`},
		"this issuer in locations":          {"authorization_details", `[{"type":"openid_credential","credential_configuration_id":"pid_mdoc","locations":["` + issuer + `"]}]`},
		"resource of this issuer":           {"resource", issuer},
		"no state":                          {"state", ""},
		"a long state":                      {"state", strings.Repeat("s", 4096)},
		"another registered redirect_uri":   {"redirect_uri", "com.example.wallet:/cb"},
		"unknown parameters":                {"prompt", "login", "acr_values", "x"},
		"response_mode query":               {"response_mode", "query"},
	} {
		t.Run(name, func(t *testing.T) {
			if rec := w.do(post("/par", parForm(c...))); rec.Code != http.StatusCreated {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
		})
	}
}

// B01: what is nearly the registered redirect_uri is not it.
func TestRedirectURIOfARegisteredClientIsExact(t *testing.T) {
	w := newWorld(t).wallet()
	for _, uri := range []string{
		"https://wallet.example/cb", "https://wallet.example/cb?tenant=1&", "https://wallet.example/cb?tenant=2", "https://wallet.example/cb?tenant=1&a=b",
		"https://wallet.example/cb/?tenant=1", "https://wallet.example/CB?tenant=1", "https://WALLET.example/cb?tenant=1", "HTTPS://wallet.example/cb?tenant=1",
		"http://wallet.example/cb?tenant=1", "https://wallet.example:443/cb?tenant=1", "https://wallet.example:8443/cb?tenant=1", "https://wallet.example.evil.example/cb?tenant=1",
		"https://evil.example/cb?tenant=1", "https://wallet.example@evil.example/cb?tenant=1", "https://evil.example#@wallet.example/cb?tenant=1",
		"https://wallet.example/cb?tenant=1#", "https://wallet.example/cb?tenant=1#x", "https://wallet.example//cb?tenant=1", "https://wallet.example/./cb?tenant=1",
		"https://wallet.example/a/../cb?tenant=1", "https://wallet.example/%63b?tenant=1", "https://wallet.example/%2e%2e/cb?tenant=1", "https://wallet.example\\cb?tenant=1",
		"https://wallet.example/cb?tenant=1 ", " https://wallet.example/cb?tenant=1", "https://wallet.example/cb\t?tenant=1", "https://wallet.example/cb%00?tenant=1",
		"//wallet.example/cb?tenant=1", "/cb?tenant=1", "wallet.example/cb?tenant=1", "https:wallet.example/cb?tenant=1", "https:///cb?tenant=1",
		"com.example.wallet:/cb2", "com.example.wallet://cb", "COM.example.wallet:/cb", "com.example.wallet:cb", "javascript:alert(1)", "https://xn--wallet.example/cb?tenant=1",
	} {
		t.Run(uri, func(t *testing.T) {
			wantError(t, w.do(post("/par", parForm("redirect_uri", uri))), 400, "invalid_request")
		})
	}
}

func TestRedirectURIOfAnyClient(t *testing.T) {
	w := newWorld(t, func(s *authserver.Server) { s.InsecureAllowAnyClient = true }).wallet()
	for uri, ok := range map[string]bool{
		"https://wallet.example/cb": true, "https://wallet.example": true, "https://wallet.example:8443/cb?a=b": true, "https://192.0.2.1/cb": true, "https://[2001:db8::1]/cb": true,
		"http://localhost:8082/cb": true, "http://127.0.0.1/cb": true, "http://[::1]:9/cb": true, "com.example.wallet:/cb": true, "haip-vci://": true, "openid4vci://cb": true,
		"http://wallet.example/cb": false, "http://localhost.evil.example/cb": false, "http://127.0.0.1.evil.example/": false, "http://0.0.0.0/": false, "http://[::2]/": false,
		"https://wallet.example/cb#": false, "https://wallet.example/cb#f": false, "https://me@wallet.example/": false, "https://localhost;script-src.example/": false,
		"https://a,b.example/": false, "https://'self'.example/": false, "https:///cb": false, "https:cb": false, "https://": false, "/cb": false, "cb": false,
		"javascript:alert(1)": false, "JavaScript:alert(1)": false, "data:text/html,x": false, "file:///etc/passwd": false, "about:blank": false, "blob:https://x": false,
		"mailto:a@b.example": false, "view-source:https://x.example": false, "intent://x#Intent;end": false, "https://wallet.example/å": false, "https://wallet.example/a b": false,
		"https://wallet.example/\r\nSet-Cookie: a=b": false, "https://wallet.example/" + strings.Repeat("a", 2000): false, "https://wallet.example\\@evil.example/": false,
	} {
		t.Run(uri, func(t *testing.T) {
			rec := w.do(post("/par", parForm("client_id", "any-wallet", "redirect_uri", uri)))
			if ok && rec.Code != http.StatusCreated {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
			if !ok {
				wantError(t, rec, 400, "invalid_request")
			}
		})
	}
	t.Run("a registered client keeps its own", func(t *testing.T) {
		wantError(t, w.do(post("/par", parForm("redirect_uri", "https://wallet.example/cb"))), 400, "invalid_request")
	})
	for name, id := range map[string]string{"not ASCII": "lommebok-å", "too long": strings.Repeat("x", 256), "control": "a\nb"} {
		t.Run("client_id "+name, func(t *testing.T) {
			wantError(t, w.do(post("/par", parForm("client_id", id, "redirect_uri", "https://wallet.example/cb"))), 401, "invalid_client")
		})
	}
}

func TestPARWithProof(t *testing.T) {
	w := newWorld(t).wallet()
	other := w.world.wallet()
	if rec := w.do(post("/par", parForm("dpop_jkt", w.prover.JKT()), "DPoP", w.proof("POST", "/par", ""))); rec.Code != http.StatusCreated {
		t.Errorf("proof and dpop_jkt that agree: %d %s", rec.Code, rec.Body)
	}
	wantError(t, w.do(post("/par", parForm("dpop_jkt", other.prover.JKT()), "DPoP", w.proof("POST", "/par", ""))), 400, "invalid_dpop_proof")
	proof := w.proof("POST", "/par", "")
	if rec := w.do(post("/par", parForm(), "DPoP", proof)); rec.Code != http.StatusCreated {
		t.Errorf("a proof: %d %s", rec.Code, rec.Body)
	}
	wantError(t, w.do(post("/par", parForm(), "DPoP", proof)), 400, "invalid_dpop_proof")
	without, err := w.prover.Proof("POST", issuer+"/par", "", "", w.now)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, w.do(post("/par", parForm(), "DPoP", without)), 400, "use_dpop_nonce")
}

func TestMetadata(t *testing.T) {
	for issuer, path := range map[string]string{
		"https://issuer.example":        "/.well-known/oauth-authorization-server",
		"https://issuer.example/tenant": "/.well-known/oauth-authorization-server/tenant",
	} {
		w := newWorld(t, func(s *authserver.Server) { s.Issuer = issuer })
		rec := w.do(httptest.NewRequest(http.MethodGet, path, nil))
		var got map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("%s: %d %v %s", issuer, rec.Code, rec.Header(), rec.Body)
		}
		want := map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
			"pushed_authorization_request_endpoint": issuer + "/par", "require_pushed_authorization_requests": true,
			"response_types_supported": []any{"code"}, "grant_types_supported": []any{"authorization_code"}, "code_challenge_methods_supported": []any{"S256"},
			"dpop_signing_alg_values_supported": []any{"ES256"}, "authorization_response_iss_parameter_supported": true,
			"token_endpoint_auth_methods_supported": []any{"none"}, "authorization_details_types_supported": []any{"openid_credential"},
			"scopes_supported": []any{"student", "pid"}, "response_modes_supported": []any{"query"}, "ui_locales_supported": []any{"nb", "nn", "en", "se"},
		}
		gotJSON, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		wantJSON, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(gotJSON, wantJSON) {
			t.Errorf("metadata\n%s\nwant\n%s", gotJSON, wantJSON)
		}
	}
}

func TestCheckFindsMistakes(t *testing.T) {
	good := newWorld(t).server
	for name, change := range map[string]func(*authserver.Server){
		"http issuer":                  func(s *authserver.Server) { s.InsecureAllowHTTP = false },
		"issuer without host":          func(s *authserver.Server) { s.Issuer = "https:///x" },
		"issuer with slash":            func(s *authserver.Server) { s.Issuer = "https://issuer.example/" },
		"issuer with query":            func(s *authserver.Server) { s.Issuer = "https://issuer.example?a" },
		"neither wallets nor services": func(s *authserver.Server) { s.Catalog = nil },
		"no store":                     func(s *authserver.Server) { s.Store = nil },
		"client without redirect":      func(s *authserver.Server) { s.Clients = []authserver.Client{{ID: "a", Name: "a"}} },
		"client without name": func(s *authserver.Server) {
			s.Clients = []authserver.Client{{ID: "a", RedirectURIs: []string{redirect}}}
		},
		"client with bad redirect": func(s *authserver.Server) {
			s.Clients = []authserver.Client{{ID: "a", Name: "a", RedirectURIs: []string{"http://x.example"}}}
		},
		"client twice": func(s *authserver.Server) { s.Clients = append(s.Clients[:1:1], s.Clients[0]) },
	} {
		bad := authserver.Server{
			Issuer: good.Issuer, Store: good.Store, SignIn: good.SignIn, Catalog: good.Catalog, Nonces: good.Nonces, Clients: good.Clients,
			InsecureAllowHTTP: true, Site: good.Site, Now: good.Now, Log: good.Log,
		}
		if err := bad.Check(); err != nil {
			t.Fatalf("the good server: %v", err)
		}
		change(&bad)
		if err := bad.Check(); err == nil {
			t.Errorf("%s is not found", name)
		}
	}
}
