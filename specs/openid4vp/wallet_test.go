package openid4vp

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
)

func TestSection510WalletMetadata(t *testing.T) {
	const both = `{"vp_formats_supported":{"dc+sd-jwt":{"sd-jwt_alg_values":["ES256"],"kb-jwt_alg_values":["ES256"]},"mso_mdoc":{"issuerauth_alg_values":[-7],"deviceauth_alg_values":[-7]}}}`
	const mdocOnly = `{"vp_formats_supported":{"mso_mdoc":{}}}`
	either := strings.Replace(strings.TrimSuffix(query, "]}"), `"id":"pid"`, `"id":"sd"`, 1) +
		`,{"id":"m","format":"mso_mdoc","meta":{"doctype_value":"x"}}],"credential_sets":[{"options":[["sd"],["m"]]}]}`
	with := func(member string) string { return `{` + member + `,` + both[1:] }
	for _, c := range []struct{ name, raw, query, code string }{
		{"both formats", both, query, ""},
		{"a format without limits", `{"vp_formats_supported":{"dc+sd-jwt":null}}`, query, ""},
		{"unknown members are let by", with(`"issuer":"https://w.example","x":[1]`), query, ""},
		{"no JSON", `x`, query, InvalidRequest},
		{"an array", `[]`, query, InvalidRequest},
		{"null", `null`, query, InvalidRequest},
		{"a member twice", `{"vp_formats_supported":{},"vp_formats_supported":{}}`, query, InvalidRequest},
		{"no formats", `{"issuer":"x"}`, query, InvalidRequest},
		{"a format of another type", `{"vp_formats_supported":{"dc+sd-jwt":"ES256"}}`, query, InvalidRequest},
		{"a private key", with(`"jwks":{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}]}`), query, InvalidRequest},
		{"not the format of the query", mdocOnly, query, VPFormatsNotSupported},
		{"one of two that will do", mdocOnly, either, ""},
		{"none of two", `{"vp_formats_supported":{"jwt_vc_json":{}}}`, either, VPFormatsNotSupported},
		{"another algorithm of the key binding", strings.Replace(both, `"kb-jwt_alg_values":["ES256"]`, `"kb-jwt_alg_values":["EdDSA"]`, 1), query, VPFormatsNotSupported},
		{"another algorithm of the issuer", strings.Replace(both, `"sd-jwt_alg_values":["ES256"]`, `"sd-jwt_alg_values":["ES384"]`, 1), query, VPFormatsNotSupported},
		{"another prefix", with(`"client_id_prefixes_supported":["openid_federation"]`), query, InvalidRequest},
		{"this prefix too", with(`"client_id_prefixes_supported":["openid_federation","x509_hash"]`), query, ""},
		{"another algorithm for requests", with(`"request_object_signing_alg_values_supported":["RS256"]`), query, InvalidRequest},
		{"another response mode", with(`"response_modes_supported":["direct_post"]`), query, InvalidRequest},
		{"another response type", with(`"response_types_supported":["id_token"]`), query, InvalidRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := dcql.Parse([]byte(c.query))
			if err != nil {
				t.Fatal(err)
			}
			m, err := ParseWalletMetadata(c.raw)
			if err == nil {
				err = m.Fits("x509_hash:abc", ResponseModeDirectPostJWT, q)
			}
			if c.code == "" {
				checkRefusal(t, err, "", nil)
				return
			}
			checkRefusal(t, err, c.code, ErrWallet)
		})
	}
}

// The key with which a wallet wants its request objects encrypted is taken when it comes with algorithms that are known.
func TestSection510KeyForTheRequestObject(t *testing.T) {
	key := newKey(t)
	jwk := jose.PublicJWK(&key.PublicKey)
	jwk.Kid, jwk.Use, jwk.Alg = "w", "enc", "ECDH-ES"
	for name, c := range map[string]struct {
		change func(m *WalletMetadata)
		want   jose.Enc
	}{
		"no algorithms":     {func(*WalletMetadata) {}, jose.A128GCM},
		"ours":              {func(m *WalletMetadata) { m.RequestObjectEncryptionEncValuesSupported = []string{"A128GCM", "A256GCM"} }, jose.A256GCM},
		"no keys":           {func(m *WalletMetadata) { m.JWKS = nil }, ""},
		"another alg":       {func(m *WalletMetadata) { m.RequestObjectEncryptionAlgValuesSupported = []string{"RSA-OAEP"} }, ""},
		"another enc":       {func(m *WalletMetadata) { m.RequestObjectEncryptionEncValuesSupported = []string{"A128CBC-HS256"} }, ""},
		"no key to our use": {func(m *WalletMetadata) { m.JWKS.Keys[0].Use = "sig" }, ""},
	} {
		m := &WalletMetadata{JWKS: &jose.JWKS{Keys: []jose.JWK{jwk}}}
		c.change(m)
		got := m.EncryptionKey()
		if (got == nil) != (c.want == "") || got != nil && got.Enc != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	sealed, err := jose.EncryptJWT("a.b.c", jwk, jose.A256GCM)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := jose.PeekJWE(sealed); err != nil || h.Cty != "JWT" {
		t.Errorf("%+v, %v", h, err)
	}
	if plain, err := jose.Decrypt(sealed, key); err != nil || string(plain) != "a.b.c" {
		t.Errorf("%s, %v", plain, err)
	}
}

func TestSection82PostInTheClear(t *testing.T) {
	full := Response{VPToken: map[string][]string{"a": {"x"}}, State: "s"}
	form, err := full.Form()
	if err != nil {
		t.Fatal(err)
	}
	if p, err := ParsePost(form, ResponseModeDirectPost); err != nil || p.Response.State != "s" || p.Response.VPToken["a"][0] != "x" {
		t.Errorf("%+v, %v", p, err)
	}
	for name, body := range map[string]string{
		"encrypted": "response=a.b.c.d.e", "beside an error": form.Encode() + "&error=access_denied", "no JSON": "vp_token=x",
		"empty": "vp_token=%7B%7D", "null": "vp_token=null", "not an array": `vp_token={"a":"x"}`, "nothing": "state=s",
	} {
		values, err := url.ParseQuery(body)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := ParsePost(values, ResponseModeDirectPost); !errors.Is(err, ErrResponse) || p != nil {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if p, err := ParsePost(url.Values{"error": {"access_denied"}}, ResponseModeDirectPost); err != nil || p.Error == nil {
		t.Errorf("%+v, %v", p, err)
	}
}

func FuzzParseWalletMetadata(f *testing.F) {
	f.Add(`{"vp_formats_supported":{"dc+sd-jwt":null}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		m, err := ParseWalletMetadata(raw)
		if err == nil {
			if _, e := json.Marshal(m); e != nil || len(m.VPFormatsSupported) == 0 {
				t.Fatalf("%+v, %v", m, e)
			}
		}
	})
}
