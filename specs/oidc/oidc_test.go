package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
)

const issuer = "https://login.example"

var now = time.Unix(1_795_000_000, 0)

func newKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func named(t testing.TB) oidc.Key {
	t.Helper()
	key, err := oidc.NewKey(newKey(t, elliptic.P256()))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func token() oidc.IDToken {
	return oidc.IDToken{
		Issuer: issuer, Audience: jose.Audience{"client"}, Subject: "sub", PID: "00000000000", ACR: oidc.ACRSubstantial,
		AMR: []string{oidc.AMRTOTP}, AuthTime: now.Unix() - 60, IssuedAt: now.Unix(), Expires: now.Unix() + 120, ID: "id",
		Locale: "nb", Nonce: "nonce", Session: "sid",
	}
}

func expected() oidc.Expect {
	return oidc.Expect{Issuer: issuer, ClientID: "client", Nonce: "nonce", ACR: oidc.ACRSubstantial, At: now}
}

func sign(t testing.TB, key oidc.Key, typ string, v any) string {
	t.Helper()
	signer, err := jose.NewSigner(key.Signer, jose.Header{Kid: key.ID, Typ: typ})
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signer.SignJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func TestIDToken(t *testing.T) {
	key, other := named(t), named(t)
	signer, err := oidc.NewIDTokenSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	good, err := signer.SignJSON(token())
	if err != nil {
		t.Fatal(err)
	}
	got, err := oidc.VerifyIDToken(good, key.JWKS(), expected())
	if err != nil || !reflect.DeepEqual(*got, token()) {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		change func(*oidc.IDToken)
		expect func(*oidc.Expect)
		want   error
	}{
		"another issuer":      {change: func(c *oidc.IDToken) { c.Issuer += "/" }, want: oidc.ErrIssuer},
		"another audience":    {change: func(c *oidc.IDToken) { c.Audience = jose.Audience{"other"} }, want: oidc.ErrAudience},
		"a second audience":   {change: func(c *oidc.IDToken) { c.Audience = jose.Audience{"client", "other"} }, want: oidc.ErrAudience},
		"another nonce":       {change: func(c *oidc.IDToken) { c.Nonce = "x" }, want: oidc.ErrNonce},
		"no nonce":            {change: func(c *oidc.IDToken) { c.Nonce = "" }, want: oidc.ErrNonce},
		"no sub":              {change: func(c *oidc.IDToken) { c.Subject = "" }, want: oidc.ErrToken},
		"no exp":              {change: func(c *oidc.IDToken) { c.Expires = 0 }, want: oidc.ErrToken},
		"expired":             {expect: func(e *oidc.Expect) { e.At = now.Add(131 * time.Second) }, want: oidc.ErrExpired},
		"from the future":     {change: func(c *oidc.IDToken) { c.IssuedAt += 11 }, want: oidc.ErrExpired},
		"level too low":       {expect: func(e *oidc.Expect) { e.ACR = oidc.ACRHigh }, want: oidc.ErrACR},
		"level made up":       {change: func(c *oidc.IDToken) { c.ACR = "idporten-loa-highest" }, want: oidc.ErrACR},
		"login too old":       {expect: func(e *oidc.Expect) { e.Aged, e.MaxAge = true, 30*time.Second }, want: oidc.ErrAuthTime},
		"no auth_time":        {change: func(c *oidc.IDToken) { c.AuthTime = 0 }, expect: func(e *oidc.Expect) { e.Aged, e.MaxAge = true, 1e18 }, want: oidc.ErrAuthTime},
		"login young enough":  {expect: func(e *oidc.Expect) { e.Aged, e.MaxAge = true, time.Minute }},
		"higher than asked":   {expect: func(e *oidc.Expect) { e.ACR = oidc.ACRLow }},
		"any level":           {expect: func(e *oidc.Expect) { e.ACR = "" }},
		"just within the exp": {expect: func(e *oidc.Expect) { e.At = now.Add(129 * time.Second) }},
	} {
		t.Run(name, func(t *testing.T) {
			claims, e := token(), expected()
			if c.change != nil {
				c.change(&claims)
			}
			if c.expect != nil {
				c.expect(&e)
			}
			if _, err := oidc.VerifyIDToken(sign(t, key, "JWT", claims), key.JWKS(), e); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := oidc.VerifyIDToken(good, other.JWKS(), expected()); !errors.Is(err, oidc.ErrKey) {
		t.Errorf("key of another: %v", err)
	}
	forged := sign(t, oidc.Key{Signer: other.Signer, ID: key.ID}, "JWT", token())
	if _, err := oidc.VerifyIDToken(forged, key.JWKS(), expected()); !errors.Is(err, oidc.ErrKey) {
		t.Errorf("signed by another with our kid: %v", err)
	}
	if _, err := oidc.VerifyIDToken(sign(t, key, "logout+jwt", token()), key.JWKS(), expected()); !errors.Is(err, oidc.ErrToken) {
		t.Errorf("typ of another: %v", err)
	}
}

func TestHintMayHaveExpired(t *testing.T) {
	key := named(t)
	old := token()
	old.Expires -= 1_000_000
	if got, err := oidc.ReadHint(sign(t, key, "JWT", old), key.JWKS(), issuer); err != nil || got.Subject != "sub" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := oidc.ReadHint(sign(t, key, "JWT", old), key.JWKS(), "https://other.example"); !errors.Is(err, oidc.ErrIssuer) {
		t.Errorf("another issuer: %v", err)
	}
	old.Audience = jose.Audience{"a", "b"}
	if _, err := oidc.ReadHint(sign(t, key, "JWT", old), key.JWKS(), issuer); !errors.Is(err, oidc.ErrToken) {
		t.Errorf("two audiences: %v", err)
	}
}

func TestLogoutToken(t *testing.T) {
	key := named(t)
	signer, err := oidc.NewLogoutTokenSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	good, err := signer.SignJSON(oidc.NewLogoutToken(issuer, "client", "sub", "sid", "id", now))
	if err != nil {
		t.Fatal(err)
	}
	got, err := oidc.VerifyLogoutToken(good, key.JWKS(), issuer, "client", now)
	if err != nil || got.Session != "sid" || got.Subject != "sub" {
		t.Fatalf("%+v, %v", got, err)
	}
	nonce := ""
	for name, c := range map[string]struct {
		change func(*oidc.LogoutToken)
		typ    string
		want   error
	}{
		"typ of an ID token": {typ: "JWT", want: oidc.ErrToken},
		"no typ":             {typ: "-", want: oidc.ErrToken},
		"with nonce":         {change: func(l *oidc.LogoutToken) { l.Nonce = &nonce }, want: oidc.ErrToken},
		"no events":          {change: func(l *oidc.LogoutToken) { l.Events = nil }, want: oidc.ErrToken},
		"another event":      {change: func(l *oidc.LogoutToken) { l.Events = map[string]json.RawMessage{"x": json.RawMessage("{}")} }, want: oidc.ErrToken},
		"event no object": {change: func(l *oidc.LogoutToken) {
			for name := range l.Events {
				l.Events[name] = json.RawMessage("null")
			}
		}, want: oidc.ErrToken},
		"no jti":           {change: func(l *oidc.LogoutToken) { l.ID = "" }, want: oidc.ErrToken},
		"nobody":           {change: func(l *oidc.LogoutToken) { l.Subject, l.Session = "", "" }, want: oidc.ErrToken},
		"another issuer":   {change: func(l *oidc.LogoutToken) { l.Issuer = "x" }, want: oidc.ErrIssuer},
		"another audience": {change: func(l *oidc.LogoutToken) { l.Audience = jose.Audience{"x"} }, want: oidc.ErrAudience},
		"expired":          {change: func(l *oidc.LogoutToken) { l.Expires -= 131 }, want: oidc.ErrExpired},
		"no exp":           {change: func(l *oidc.LogoutToken) { l.Expires = 0 }, want: oidc.ErrExpired},
		"sid alone":        {change: func(l *oidc.LogoutToken) { l.Subject = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			l, typ := oidc.NewLogoutToken(issuer, "client", "sub", "sid", "id", now), oidc.LogoutTokenType
			if c.change != nil {
				c.change(&l)
			}
			if c.typ != "" {
				typ = strings.TrimPrefix(c.typ, "-")
			}
			if _, err := oidc.VerifyLogoutToken(sign(t, key, typ, l), key.JWKS(), issuer, "client", now); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestKeyMustBeP256(t *testing.T) {
	if _, err := oidc.NewKey(newKey(t, elliptic.P384())); !errors.Is(err, oidc.ErrKey) {
		t.Errorf("P-384: %v", err)
	}
}

func TestParameters(t *testing.T) {
	for in, want := range map[string]oidc.Prompt{"": "", "none": oidc.PromptNone, "login": oidc.PromptLogin} {
		if got, err := oidc.ParsePrompt(in); err != nil || got != want {
			t.Errorf("prompt %q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"none login", "consent", "LOGIN", " login", "select_account"} {
		if _, err := oidc.ParsePrompt(in); !errors.Is(err, oidc.ErrParameter) {
			t.Errorf("prompt %q: %v", in, err)
		}
	}
	for in, want := range map[string]time.Duration{"0": 0, "1": time.Second, "3600": time.Hour, "2147483647": 10 * 365 * 24 * time.Hour} {
		if got, given, err := oidc.ParseMaxAge(in); err != nil || !given || got != want {
			t.Errorf("max_age %q: %v, %v, %v", in, got, given, err)
		}
	}
	if _, given, err := oidc.ParseMaxAge(""); given || err != nil {
		t.Errorf("no max_age: %v, %v", given, err)
	}
	for _, in := range []string{"-1", "1.5", "1 ", "x", "99999999999", "+1", "0x1"} {
		if _, _, err := oidc.ParseMaxAge(in); !errors.Is(err, oidc.ErrParameter) {
			t.Errorf("max_age %q: %v", in, err)
		}
	}
	for in, want := range map[string]string{
		"": "", " ": "", oidc.ACRHigh: oidc.ACRHigh, oidc.ACRHigh + " " + oidc.ACRSubstantial: oidc.ACRSubstantial,
		"selfregistered-email " + oidc.ACRHigh: oidc.ACRHigh,
	} {
		if got, err := oidc.ParseACRValues(in); err != nil || got != want {
			t.Errorf("acr_values %q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"Level4", "idporten-loa-highest", "idporten-loa-HIGH", "high"} {
		if _, err := oidc.ParseACRValues(in); !errors.Is(err, oidc.ErrParameter) {
			t.Errorf("acr_values %q: %v", in, err)
		}
	}
	supported := []string{"nb", "nn", "en"}
	for in, want := range map[string]string{"": "", "se nn": "nn", "no": "nb", "nb-NO": "nb", "EN-gb nb": "en", "fr": "", "../nb": ""} {
		if got := oidc.ParseUILocales(in, supported); got != want {
			t.Errorf("ui_locales %q: %q, want %q", in, got, want)
		}
	}
}

func TestProviderMetadata(t *testing.T) {
	good := oidc.ProviderMetadata{
		ServerMetadata: oauth2.ServerMetadata{
			Issuer: issuer, AuthorizationEndpoint: issuer + "/authorize", TokenEndpoint: issuer + "/token", JWKSURI: issuer + "/jwks.json",
			PushedAuthorizationRequestEndpoint: issuer + "/par",
		},
		EndSessionEndpoint: issuer + "/endsession",
	}
	write := func(change func(*oidc.ProviderMetadata)) []byte {
		m := good
		change(&m)
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	if m, err := oidc.ParseProvider(write(func(*oidc.ProviderMetadata) {}), issuer, false); err != nil || m.TokenEndpoint != issuer+"/token" {
		t.Fatalf("%+v, %v", m, err)
	}
	for name, change := range map[string]func(*oidc.ProviderMetadata){
		"another issuer": func(m *oidc.ProviderMetadata) { m.Issuer += "/" },
		"no token":       func(m *oidc.ProviderMetadata) { m.TokenEndpoint = "" },
		"http":           func(m *oidc.ProviderMetadata) { m.JWKSURI = "http://login.example/jwks.json" },
		"a script":       func(m *oidc.ProviderMetadata) { m.AuthorizationEndpoint = "javascript:alert(1)" },
		"a fragment":     func(m *oidc.ProviderMetadata) { m.AuthorizationEndpoint += "#x" },
	} {
		if _, err := oidc.ParseProvider(write(change), issuer, false); !errors.Is(err, oidc.ErrProvider) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzIDToken(f *testing.F) {
	key := named(f)
	f.Add(sign(f, key, "JWT", token()))
	f.Add(sign(f, key, "", map[string]any{"iss": issuer, "aud": []string{"client"}}))
	f.Add("e30.e30.e30")
	f.Fuzz(func(t *testing.T, compact string) {
		got, err := oidc.VerifyIDToken(compact, key.JWKS(), expected())
		if err == nil && (got.Issuer != issuer || got.Nonce != "nonce") {
			t.Errorf("taken: %+v", got)
		}
		if _, err := oidc.VerifyLogoutToken(compact, key.JWKS(), issuer, "client", now); err == nil {
			t.Errorf("an ID token was taken as a logout token")
		}
	})
}

func FuzzParameters(f *testing.F) {
	for _, seed := range []string{"none", "0", oidc.ACRHigh + " x", "nb-NO nn"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := oidc.ParsePrompt(s); err == nil && p != "" && p != oidc.PromptNone && p != oidc.PromptLogin {
			t.Errorf("prompt %q", p)
		}
		if age, _, err := oidc.ParseMaxAge(s); err == nil && age < 0 {
			t.Errorf("max_age %v", age)
		}
		if acr, err := oidc.ParseACRValues(s); err == nil && acr != "" && !oidc.Reaches(acr, oidc.ACRLow) {
			t.Errorf("acr_values %q", acr)
		}
	})
}
