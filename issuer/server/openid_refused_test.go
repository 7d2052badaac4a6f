package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
)

// request is a good request of the service with a secret; pairs change it, "" takes a parameter away.
func (rp *relyingParty) request(pairs ...string) url.Values {
	form := url.Values{
		"client_id": {rp.id}, "response_type": {"code"}, "redirect_uri": {rp.config.RedirectURL}, "scope": {"openid"}, "state": {"the state"},
		"nonce": {"the nonce"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if form.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			form.Del(pairs[i])
		}
	}
	return form
}

func TestServiceRequestsRefused(t *testing.T) {
	_, _, tax := withServices(t, sqlite(t))
	if status, body := tax.send("/par", tax.request()); status != http.StatusCreated {
		t.Fatalf("%d %v", status, body)
	}
	for name, c := range map[string]struct {
		pairs []string
		code  string
	}{
		"no state":          {[]string{"state", ""}, "invalid_request"},
		"no nonce":          {[]string{"nonce", ""}, "invalid_request"},
		"no challenge":      {[]string{"code_challenge", ""}, "invalid_request"},
		"plain challenge":   {[]string{"code_challenge_method", "plain"}, "invalid_request"},
		"no openid":         {[]string{"scope", "profile"}, "invalid_scope"},
		"a wallet's scope":  {[]string{"scope", "no.minid.mpid"}, "invalid_scope"},
		"implicit":          {[]string{"response_type", "id_token"}, "unsupported_response_type"},
		"details":           {[]string{"authorization_details", "[]"}, "invalid_authorization_details"},
		"request_uri":       {[]string{"request_uri", "https://169.254.169.254/x"}, "invalid_request"},
		"request":           {[]string{"request", "e30.e30."}, "invalid_request"},
		"prompt consent":    {[]string{"prompt", "consent"}, "invalid_request"},
		"prompt none login": {[]string{"prompt", "none login"}, "invalid_request"},
		"max_age negative":  {[]string{"max_age", "-1"}, "invalid_request"},
		"max_age words":     {[]string{"max_age", "soon"}, "invalid_request"},
		"forged acr":        {[]string{"acr_values", "idporten-loa-highest"}, "invalid_request"},
		"form_post":         {[]string{"response_mode", "form_post"}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, body := tax.send("/par", tax.request(c.pairs...)); status != http.StatusBadRequest || body["error"] != c.code {
				t.Errorf("%d %v, want 400 %s", status, body, c.code)
			}
		})
	}
	if status, body := tax.send("/token", url.Values{"grant_type": {"password"}}); status != http.StatusBadRequest || body["error"] != "unsupported_grant_type" {
		t.Errorf("password grant: %d %v", status, body)
	}
}

// mutations of an address that a careless comparison takes for it.
func mutations(good string) []string {
	u, _ := url.Parse(good)
	list := []string{
		"", strings.ToUpper(good), good + "/", good + "?", good + "?x=1", good + "#", good + "#x", good + "/..", good + "/../cb", good + "%2f",
		good + "%00", good + " ", " " + good, good + "\t", good + "x", good[:len(good)-1], "http" + good[5:], "//" + u.Host + u.Path, u.Path,
		"https://" + u.Host + ":443" + u.Path, "https://" + u.Host + ":8443" + u.Path, "https://" + u.Host + "." + u.Path,
		"https://user@" + u.Host + u.Path, "https://" + u.Host + "@evil.example" + u.Path, "https://evil.example" + u.Path,
		"https://" + u.Host + ".evil.example" + u.Path, "https://evil.example/" + good, "https://evil.example#" + good, "https://evil.example?" + good,
		"https://sub." + u.Host + u.Path, "https:/" + u.Host + u.Path, "https:" + u.Host + u.Path, "https:///" + u.Host + u.Path,
		"https://" + u.Host + "//" + u.Path[1:], "https://" + u.Host + "/./" + u.Path[1:], "https://" + u.Host + "/%2e" + u.Path,
		"https://" + u.Host + `\` + u.Path[1:], `https:\\` + u.Host + u.Path, "https://" + u.Host + "\\@evil.example" + u.Path,
		"https://" + strings.ToUpper(u.Host) + u.Path, "https://" + u.Host + strings.ToUpper(u.Path), "javascript:alert(1)", "data:text/html,x", "*",
	}
	return list[1:]
}

func TestRedirectMutations(t *testing.T) {
	s, _, tax := withServices(t, sqlite(t))
	for _, uri := range mutations(tax.config.RedirectURL) {
		if status, body := tax.send("/par", tax.request("redirect_uri", uri)); status != http.StatusBadRequest || body["error"] != "invalid_request" {
			t.Errorf("redirect_uri %q: %d %v", uri, status, body)
		}
	}
	p := s.person(t, stjerne)
	for _, uri := range mutations("https://tax.example/out") {
		p.get("/endsession?" + url.Values{"client_id": {"tax"}, "post_logout_redirect_uri": {uri}}.Encode())
		if p.status != http.StatusBadRequest || p.left != "" {
			t.Errorf("post_logout_redirect_uri %q: %d, left to %q", uri, p.status, p.left)
		}
	}
	for name, query := range map[string]string{"no client": "post_logout_redirect_uri=https://tax.example/out", "unknown client": "client_id=x", "hint": "id_token_hint=e30.e30.e30"} {
		if p.get("/endsession?" + query); p.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, p.status)
		}
	}
}

// B18: what a client assertion must be.
func TestClientAssertions(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s, student, tax := withServices(t, db)
		now := s.now().Unix()
		n := 0
		good := func() map[string]any {
			n++
			return map[string]any{"iss": student.id, "sub": student.id, "aud": s.url, "iat": now, "exp": now + 300, "jti": fmt.Sprint("jti", n)}
		}
		try := func(assertion string, pairs ...string) (int, any) {
			form := student.request(append([]string{"client_assertion_type", oidc.AssertionType, "client_assertion", assertion}, pairs...)...)
			r, err := http.NewRequest(http.MethodPost, s.url+"/par", strings.NewReader(form.Encode()))
			check(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			answer := do(t, r)
			var body map[string]any
			check(t, json.Unmarshal(answer.body, &body))
			return answer.status, body["error"]
		}
		sign := func(key any, claims map[string]any) string {
			signer, err := jose.NewSigner(student.key, jose.Header{})
			if other, ok := key.(*relyingParty); ok {
				signer, err = jose.NewSigner(newKey(other.t), jose.Header{})
			}
			check(t, err)
			signed, err := signer.SignJSON(claims)
			check(t, err)
			return signed
		}
		for name, c := range map[string]struct {
			change map[string]any
			status int
		}{
			"aud is the issuer":         {nil, 201},
			"aud is the token endpoint": {map[string]any{"aud": s.url + "/token"}, 201},
			"aud is a list":             {map[string]any{"aud": []string{s.url}}, 401},
			"aud is another server":     {map[string]any{"aud": "https://other.example"}, 401},
			"aud is the PAR endpoint":   {map[string]any{"aud": s.url + "/par"}, 401},
			"no aud":                    {map[string]any{"aud": nil}, 401},
			"exp too far":               {map[string]any{"exp": now + 311}, 401},
			"expired":                   {map[string]any{"exp": now - 10}, 401},
			"no exp":                    {map[string]any{"exp": 0}, 401},
			"not yet":                   {map[string]any{"nbf": now + 60}, 401},
			"from the future":           {map[string]any{"iat": now + 60}, 401},
			"no jti":                    {map[string]any{"jti": ""}, 401},
			"iss of another":            {map[string]any{"iss": "tax"}, 401},
			"sub of another":            {map[string]any{"sub": "tax"}, 401},
		} {
			t.Run(name, func(t *testing.T) {
				claims := good()
				maps.Copy(claims, c.change)
				if status, code := try(sign(nil, claims)); status != c.status || c.status == 401 && code != "invalid_client" {
					t.Errorf("%d %v, want %d", status, code, c.status)
				}
			})
		}
		used := sign(nil, good())
		try(used)
		unsigned := jose.EncodeBase64URL([]byte(`{"alg":"none"}`)) + "." + strings.Split(sign(nil, good()), ".")[1] + "."
		hmac := jose.EncodeBase64URL([]byte(`{"alg":"HS256"}`)) + "." + strings.Join(strings.Split(sign(nil, good()), ".")[1:], ".")
		for name, assertion := range map[string]string{"jti replayed": used, "alg none": unsigned, "HS256": hmac, "another key": sign(tax, good()), "nonsense": "x"} {
			if status, code := try(assertion); status != 401 || code != "invalid_client" {
				t.Errorf("%s: %d %v", name, status, code)
			}
		}
		if status, code := try(sign(nil, good()), "client_secret", taxSecret); status != 400 || code != "invalid_request" {
			t.Errorf("two methods: %d %v", status, code)
		}
		if status, code := try("", "client_assertion", "", "client_assertion_type", "", "client_secret", taxSecret); status != 401 || code != "invalid_client" {
			t.Errorf("the method of another: %d %v", status, code)
		}
		if status, code := try("", "client_assertion", "", "client_assertion_type", ""); status != 401 || code != "invalid_client" {
			t.Errorf("nothing: %d %v", status, code)
		}
	})
}

// B26: what is asked of the login is held, and the token tells what happened.
func TestLoginAsAsked(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s, student, tax := withServices(t, db)
		p := s.person(t, stjerne)
		p.get(tax.push("prompt", "none"))
		if q := tax.landed(p); q.Get("error") != "login_required" {
			t.Errorf("nobody is signed in: %v", q)
		}
		p.get(tax.push())
		p.signInWithCode()
		first := s.now().Unix()
		tax.redeem(tax.landed(p))
		s.add(time.Minute)
		p.get(tax.push("prompt", "none"))
		_, _, claims := tax.redeem(tax.landed(p))
		if claims["auth_time"] != float64(first) {
			t.Errorf("prompt=none: %v", claims)
		}
		p.get(tax.push("max_age", "3600"))
		tax.redeem(tax.landed(p))
		for _, pairs := range [][]string{{"prompt", "none", "max_age", "59"}, {"prompt", "none", "acr_values", "idporten-loa-high"}} {
			p.get(tax.push(pairs...))
			if q := tax.landed(p); q.Get("error") != "login_required" {
				t.Errorf("%v: %v", pairs, q)
			}
		}
		for _, pairs := range [][]string{{"prompt", "login"}, {"max_age", "0"}, {"max_age", "5"}} {
			s.add(time.Minute)
			p.get(student.push(pairs...))
			p.signInWithCode()
			if _, _, claims := student.redeem(student.landed(p)); claims["auth_time"] != float64(s.now().Unix()) {
				t.Errorf("%v: %v", pairs, claims)
			}
		}
		p.get(tax.push("acr_values", "idporten-loa-high"))
		p.sees("tax nb")
		p.get("/login/cancel")
		if q := tax.landed(p); q.Get("error") != "unmet_authentication_requirements" {
			t.Errorf("a level that cannot be reached: %v", q)
		}
	})
}

// A code twice is invalid_grant and ends the tokens of the first; what belongs to one service is nothing to another.
func TestTokensOfServices(t *testing.T) {
	s, student, tax := withServices(t, sqlite(t))
	p := s.person(t, stjerne)
	p.get(tax.push())
	p.signInWithCode()
	q := tax.landed(p)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {tax.config.RedirectURL}, "code_verifier": {tax.verifier}}
	if status, body := student.send("/token", maps.Clone(form)); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("another service's code: %d %v", status, body)
	}
	token, _, _ := tax.redeem(q)
	about := func() url.Values { return url.Values{"token": {token.AccessToken}} }
	if status, body := tax.send("/tokeninfo", about()); status != 200 || body["active"] != true || body["pid"] != stjerne || body["acr"] != "idporten-loa-substantial" {
		t.Errorf("introspection: %d %v", status, body)
	}
	if status, body := student.send("/tokeninfo", about()); status != 200 || len(body) != 1 || body["active"] != false {
		t.Errorf("introspection by another: %d %v", status, body)
	}
	student.send("/revoke", about())
	if _, body := tax.send("/tokeninfo", about()); body["active"] != true {
		t.Error("another service revoked the token")
	}
	if status, _ := tax.send("/revoke", about()); status != 200 {
		t.Errorf("revocation: %d", status)
	}
	if _, body := tax.send("/tokeninfo", about()); body["active"] != false {
		t.Error("the token outlived its revocation")
	}
	p.get(tax.push())
	q = tax.landed(p)
	token, _, _ = tax.redeem(q)
	form.Set("code", q.Get("code"))
	form.Set("code_verifier", tax.verifier)
	if status, body := tax.send("/token", form); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("a code twice: %d %v", status, body)
	}
	if _, body := tax.send("/tokeninfo", about()); body["active"] != false {
		t.Error("the token outlived the second use of its code")
	}
}
