package openid4vp

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
)

func TestSection83EncryptionKey(t *testing.T) {
	good, second := encryptionJWK(t, "good"), encryptionJWK(t, "second")
	with := func(change func(*jose.JWK)) jose.JWK {
		k := encryptionJWK(t, "changed")
		change(&k)
		return k
	}
	cases := []struct {
		name string
		keys []jose.JWK
		enc  []string
		kid  string // "" : none is usable
		want jose.Enc
	}{
		{"the first of two", []jose.JWK{good, second}, nil, "good", jose.A128GCM},
		{"use absent", []jose.JWK{with(func(k *jose.JWK) { k.Use = "" })}, nil, "changed", jose.A128GCM},
		{"use sig is passed by", []jose.JWK{with(func(k *jose.JWK) { k.Use = "sig" }), good}, nil, "good", jose.A128GCM},
		{"no alg is passed by", []jose.JWK{with(func(k *jose.JWK) { k.Alg = "" }), good}, nil, "good", jose.A128GCM},
		{"another alg is passed by", []jose.JWK{with(func(k *jose.JWK) { k.Alg = "ECDH-ES+A256KW" }), good}, nil, "good", jose.A128GCM},
		{"no kid is passed by", []jose.JWK{with(func(k *jose.JWK) { k.Kid = "" }), good}, nil, "good", jose.A128GCM},
		{"another curve is passed by", []jose.JWK{with(func(k *jose.JWK) { k.Crv = "P-384" }), good}, nil, "good", jose.A128GCM},
		{"X25519 is passed by", []jose.JWK{{Kty: "OKP", Crv: "X25519", X: "WPX7", Kid: "x", Use: "enc", Alg: "ECDH-ES"}, good}, nil, "good", jose.A128GCM},
		{"off the curve is passed by", []jose.JWK{with(func(k *jose.JWK) { k.X = k.Y }), good}, nil, "good", jose.A128GCM},
		{"kty OKP on P-256 is passed by", []jose.JWK{with(func(k *jose.JWK) { k.Kty = "OKP" }), good}, nil, "good", jose.A128GCM},
		{"A256GCM is preferred", []jose.JWK{good}, []string{"A128GCM", "A128CBC-HS256", "A256GCM"}, "good", jose.A256GCM},
		{"A128GCM alone", []jose.JWK{good}, []string{"A128CBC-HS256", "A128GCM"}, "good", jose.A128GCM},
		{"no enc that we know", []jose.JWK{good}, []string{"A128CBC-HS256"}, "", ""},
		{"no key", nil, nil, "", ""},
		{"none usable", []jose.JWK{with(func(k *jose.JWK) { k.Use = "sig" })}, nil, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := ClientMetadata{JWKS: &jose.JWKS{Keys: c.keys}, EncryptedResponseEncValuesSupported: c.enc}
			key, err := m.EncryptionKey()
			if c.kid == "" {
				if !errors.Is(err, ErrEncryptionKey) {
					t.Fatalf("got %+v, %v", key, err)
				}
				return
			}
			if err != nil || key.JWK.Kid != c.kid || key.Enc != c.want {
				t.Fatalf("got %+v, %v", key, err)
			}
			pub, err := key.JWK.PublicKey()
			if want := jose.ThumbprintBytes(pub); err != nil || !bytes.Equal(key.Thumbprint, want[:]) {
				t.Fatal("the thumbprint is another key's")
			}
		})
	}
	if _, err := (&ClientMetadata{}).EncryptionKey(); !errors.Is(err, ErrEncryptionKey) {
		t.Errorf("no jwks: %v", err)
	}
}

func TestSection51ForeignKeysAreRead(t *testing.T) {
	raw := `{"jwks":{"keys":[{"kty":"OKP","crv":"X448","x":"pK5I","kid":"b","use":"enc","alg":"ECDH-ES"},{"kty":"AKP","alg":"ML-KEM","pub":"AA","kid":"m"}]},
	 "vp_formats_supported":{"mso_mdoc":{},"ldp_vc":{"proof_type_values":["x"]}},"client_name":"ignored"}`
	var m ClientMetadata
	if err := jose.Unmarshal([]byte(raw), &m); err != nil {
		t.Fatal(err)
	}
	if !m.VPFormatsSupported.Supports("mso_mdoc") || m.VPFormatsSupported.Supports("dc+sd-jwt") || m.VPFormatsSupported.Supports("ldp_vc") {
		t.Error("supported is mso_mdoc alone")
	}
	if err := m.check(true); !errors.Is(err, ErrEncryptionKey) {
		t.Errorf("got %v", err)
	}
	if (*VPFormats)(nil).Supports("mso_mdoc") {
		t.Error("no formats support nothing")
	}
	twice := goodRequest(t).ClientMetadata
	twice.JWKS.Keys = append(twice.JWKS.Keys, twice.JWKS.Keys[0])
	if err := twice.check(true); !errors.Is(err, ErrClientMetadata) {
		t.Errorf("a kid twice: %v", err)
	}
}

func TestSection83EncryptAndParse(t *testing.T) {
	key := newKey(t)
	jwk := jose.PublicJWK(&key.PublicKey)
	jwk.Kid, jwk.Alg = "request-7", "ECDH-ES"
	m := ClientMetadata{JWKS: &jose.JWKS{Keys: []jose.JWK{encryptionJWK(t, "x"), jwk}}, EncryptedResponseEncValuesSupported: []string{"A256GCM"}}
	m.JWKS.Keys[0].Use = "sig"
	sent := Response{VPToken: map[string][]string{"pid": {"a~b~c"}, "mdl": {"o2", "o3"}}, State: "s"}
	jwe, thumbprint, err := EncryptResponse(sent, m)
	if err != nil {
		t.Fatal(err)
	}
	if want := jose.ThumbprintBytes(&key.PublicKey); !bytes.Equal(thumbprint, want[:]) {
		t.Error("the thumbprint is another key's")
	}
	post, err := ParsePost(Form(jwe), ResponseModeDirectPostJWT)
	if err != nil || post.Error != nil {
		t.Fatalf("%+v, %v", post, err)
	}
	head, err := jose.PeekJWE(post.JWE)
	if err != nil || head.Kid != "request-7" || head.Enc != "A256GCM" || head.Alg != "ECDH-ES" {
		t.Fatalf("%+v, %v", head, err)
	}
	plaintext, err := jose.Decrypt(post.JWE, key, jose.A256GCM)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseResponse(plaintext)
	if err != nil || !reflect.DeepEqual(*got, sent) {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, _, err := EncryptResponse(Response{}, m); !errors.Is(err, ErrResponse) {
		t.Errorf("an empty answer: %v", err)
	}
	if _, _, err := EncryptResponse(sent, ClientMetadata{}); !errors.Is(err, ErrEncryptionKey) {
		t.Errorf("no key: %v", err)
	}
}

func TestSection81Response(t *testing.T) {
	cases := []struct {
		name, raw string
		ok        bool
	}{
		{"one", `{"vp_token":{"a":["x"]}}`, true},
		{"state and unknown members", `{"vp_token":{"a":["x","y"],"b":["z"]},"state":"s","iss":"w","code":1}`, true},
		{"a string instead of an array", `{"vp_token":{"a":"x"}}`, false},
		{"an object as presentation", `{"vp_token":{"a":[{}]}}`, false},
		{"an empty array", `{"vp_token":{"a":[]}}`, false},
		{"null", `{"vp_token":{"a":null}}`, false},
		{"an empty presentation", `{"vp_token":{"a":[""]}}`, false},
		{"null as presentation", `{"vp_token":{"a":[null]}}`, false},
		{"no entries", `{"vp_token":{}}`, false},
		{"as many as are read", `{"vp_token":{"a":["x"],"b":["x"` + strings.Repeat(`,"x"`, 62) + `]}}`, true},
		{"one more", `{"vp_token":{"a":["x"],"b":["x"` + strings.Repeat(`,"x"`, 63) + `]}}`, false},
		{"no vp_token", `{"state":"s"}`, false},
		{"vp_token a string", `{"vp_token":"{\"a\":[\"x\"]}"}`, false},
		{"vp_token an array", `{"vp_token":["x"]}`, false},
		{"an identifier twice", `{"vp_token":{"a":["x"],"a":["y"]}}`, false},
		{"state a number", `{"vp_token":{"a":["x"]},"state":1}`, false},
		{"an error", `{"error":"access_denied"}`, false},
		{"not JSON", `x`, false},
		{"empty", ``, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, err := ParseResponse([]byte(c.raw))
			if (err == nil) != c.ok || err != nil && (!errors.Is(err, ErrResponse) || r != nil) {
				t.Fatalf("got %+v, %v", r, err)
			}
		})
	}
}

func TestSection82Post(t *testing.T) {
	cases := []struct {
		name, body string
		want       *Post // nil: refused
	}{
		{"answer", "response=a.b.c.d.e", &Post{JWE: "a.b.c.d.e"}},
		{"unknown parameters", "response=a&x=1&x=2&state=s", &Post{JWE: "a"}},
		{"refusal", "error=access_denied&error_description=no%20consent&state=s", &Post{Error: &ErrorResponse{"access_denied", "no consent", "s"}}},
		{"refusal without more", "error=access_denied", &Post{Error: &ErrorResponse{Code: "access_denied"}}},
		{"neither", "state=s", nil},
		{"empty", "", nil},
		{"both", "response=a&error=access_denied", nil},
		{"response empty", "response=", nil},
		{"response twice", "response=a&response=b", nil},
		{"error twice", "error=a&error=b", nil},
		{"state twice", "error=a&state=b&state=c", nil},
		{"in the clear", "vp_token=%7B%22a%22%3A%5B%22x%22%5D%7D&state=s", nil},
		{"in the clear beside", "vp_token=%7B%7D&response=a", nil},
		{"error not ASCII", "error=%C3%A5", nil},
		{"error with a quotation mark", "error=%22", nil},
		{"error with a line break", "error=a%0Ab", nil},
		{"error too long", "error=" + strings.Repeat("a", 65), nil},
		{"description with a backslash", "error=a&error_description=%5C", nil},
		{"description too long", "error=a&error_description=" + strings.Repeat("a", 1025), nil},
		{"state with other characters", "error=a&state=%3Cb%3E", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			form, err := url.ParseQuery(c.body)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParsePost(form, ResponseModeDirectPostJWT)
			if !reflect.DeepEqual(got, c.want) || c.want == nil && !errors.Is(err, ErrResponse) {
				t.Fatalf("got %+v, %v", got, err)
			}
		})
	}
	full := ErrorResponse{AccessDenied, "no consent", "s"}
	if got, err := ParsePost(full.Form(), ResponseModeDirectPostJWT); err != nil || *got.Error != full {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSection82PostAnswer(t *testing.T) {
	cases := []struct {
		name, raw, uri string
		ok             bool
	}{
		{"empty", `{}`, "", true},
		{"redirect with a fragment", `{"redirect_uri":"https://v.example/cb#response_code=0915"}`, "https://v.example/cb#response_code=0915", true},
		{"redirect with a query, unknown members", `{"redirect_uri":"https://v.example/cb?c=1","x":1}`, "https://v.example/cb?c=1", true},
		{"http", `{"redirect_uri":"http://v.example/cb"}`, "", false},
		{"javascript", `{"redirect_uri":"javascript:alert(1)"}`, "", false},
		{"relative", `{"redirect_uri":"/cb"}`, "", false},
		{"a number", `{"redirect_uri":1}`, "", false},
		{"array", `[]`, "", false},
		{"null", `null`, "", false},
		{"nothing", ``, "", false},
		{"HTML", `<html>`, "", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a, err := ParsePostAnswer([]byte(c.raw), Rules{})
			if (err == nil) != c.ok || c.ok && a.RedirectURI != c.uri || !c.ok && !errors.Is(err, ErrResponse) {
				t.Fatalf("got %+v, %v", a, err)
			}
		})
	}
	if _, err := ParsePostAnswer([]byte(`{"redirect_uri":"http://localhost:8081/cb"}`), Rules{InsecureAllowHTTP: true}); err != nil {
		t.Error(err)
	}
}

func FuzzParseResponse(f *testing.F) {
	f.Add([]byte(`{"vp_token":{"a":["x"]},"state":"s"}`))
	f.Add([]byte(`{"vp_token":{"a":[]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := ParseResponse(raw)
		if err != nil {
			return
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseResponse(out)
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

func FuzzParsePost(f *testing.F) {
	f.Add("response=a.b.c.d.e")
	f.Add("error=access_denied&state=s")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		p, err := ParsePost(form, ResponseModeDirectPostJWT)
		if err == nil && (p.JWE == "") == (p.Error == nil) {
			t.Fatalf("got %+v", p)
		}
	})
}

func FuzzParsePostAnswer(f *testing.F) {
	f.Add([]byte(`{"redirect_uri":"https://v.example/cb#c=1"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := ParsePostAnswer(raw, Rules{})
		if err == nil && a.RedirectURI != "" && !strings.HasPrefix(strings.ToLower(a.RedirectURI), "https://") {
			t.Fatalf("got %q", a.RedirectURI)
		}
	})
}
